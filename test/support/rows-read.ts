import { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import { call } from './app.ts';
import { unrecorded } from './statement-recorder.ts';

/** What a question is answered with, and how many rows the one statement behind it has read. */
export async function rowsReadBy<T>(path: string, { token }: { token: string }): Promise<{ rows: number; body: T }> {
  const database = unrecorded(env.DB);
  const reads: number[] = [];
  // What an administrator reads leaves an entry in the audit log, after the answer.
  let isOfAudit = false;
  const counting = (session: D1DatabaseSession) => ({
    prepare: (sql: string) => {
      isOfAudit = /"?audit_(logs|seals)"?/.test(sql);
      return session.prepare(sql);
    },
    getBookmark: () => session.getBookmark(),
    batch: async <R>(statements: D1PreparedStatement[]) => {
      const results = await session.batch<R>(statements);
      if (!isOfAudit) reads.push(...results.map(({ meta }) => meta.rows_read));
      return results;
    },
  });
  const DB = new Proxy(database, {
    get: (_, name) => (name === 'withSession' ? (at?: string) => counting(database.withSession(at)) : undefined),
  });
  const bindings = { ...env, DB };
  // Afterwards this isolate knows the credential and the settings.
  await call(path, { token, bindings });
  reads.length = 0;
  const { body } = await call<T>(path, { token, bindings });
  expect(reads).toHaveLength(1);
  return { rows: reads[0] ?? 0, body };
}
