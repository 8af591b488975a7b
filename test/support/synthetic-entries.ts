import { createIds } from '../../src/platform/ids.ts';
import { rawDatabase } from './audit.ts';

export type SyntheticEntry = {
  id: string;
  created_at: number;
  actor_type: string;
  actor_id: string | null;
  action: string;
  object_type: string | null;
  object_id: string | null;
  outcome: string;
  request_id: string;
  is_security: number;
  details: string;
};

const ids = (now: number) => createIds({ now: () => now, sleep: async () => {} });

/** An entry as it might have been left at that time. */
export const entryAt = (time: number, values: Partial<SyntheticEntry> = {}): SyntheticEntry => ({
  id: ids(time).next(),
  created_at: time,
  actor_type: 'user',
  actor_id: null,
  action: 'createTag',
  object_type: 'tag',
  object_id: null,
  outcome: 'succeeded',
  request_id: crypto.randomUUID(),
  is_security: 0,
  details: '{}',
  ...values,
});

/** Puts many entries at the end of the log. */
export async function addEntries(entries: SyntheticEntry[]): Promise<void> {
  const columns = Object.keys(entryAt(0));
  const values = columns.map((column) => `value ->> '${column}'`).join(', ');
  const insert = `insert into audit_logs (${columns.join(', ')}) select ${values} from json_each(?) where true`;
  for (let at = 0; at < entries.length; at += 2_000) {
    await rawDatabase()
      .prepare(insert)
      .bind(JSON.stringify(entries.slice(at, at + 2_000)))
      .run();
  }
}
