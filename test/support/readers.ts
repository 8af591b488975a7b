import { env } from 'cloudflare:workers';
import { newUser } from './actors.ts';
import { type Call, call } from './app.ts';
import { uploaded } from './library.ts';
import { unrecorded } from './statement-recorder.ts';

const database = unrecorded(env.DB);

export type Entry = { id: string; query: string; [field: string]: unknown };

/** Somebody with a document about leases, who searches. */
export async function newReader() {
  const user = await newUser();
  const { token } = user;
  const content = '# Lease\n\nThe notice period is three months. The rent is due on the first.\n';
  const { document } = await uploaded({ token, content, filename: 'lease.md' });
  const ask = <T = any>(path: string, options: Call = {}) => call<T>(`/v1${path}`, { token, ...options });
  const search = async (q: string, rest = 'mode=keyword') =>
    (await ask(`/search?q=${encodeURIComponent(q)}&${rest}`)).body;
  const list = async (rest = '') => (await ask<{ items: Entry[] }>(`/queries?${rest}`)).body.items;
  return { ...user, document, ask, search, list };
}

/** Searches of long ago, as they would stand there. */
export async function insertQueries(
  ownerId: string,
  ...rows: { text: string; age?: number; results?: number; time?: number | undefined }[]
) {
  const insert = database.prepare(`insert into queries (id, owner_id, query_text, text_key, query_type, status,
    response_time_ms, result_count, created_at, updated_at) values (?, ?, ?, ?, 'keyword', 'succeeded', 4, ?, ?, 1)`);
  await database.batch(
    rows.map(({ text, age = 0, results = 1, time = Date.now() - age }) =>
      insert.bind(crypto.randomUUID(), ownerId, text, text, results, time),
    ),
  );
}
