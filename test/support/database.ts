import { env } from 'cloudflare:workers';
import { createDatabase, type Database, type DatabaseOptions } from '../../src/db/client.ts';
import { createMeter, type Meter } from '../../src/db/metered-d1.ts';
import { isTransient } from '../../src/db/retry.ts';
import { users } from '../../src/modules/identity/identity.table.ts';
import type { collections, documents, tags } from '../../src/modules/library/library.table.ts';
import { TimeoutError } from '../../src/shared/attempts.ts';
import { type Breaker, createBreaker } from '../../src/shared/breaker.ts';

export const COOL_DOWN_MS = 1000;
export const THRESHOLD = 5;

/** A database as services open it, with its meter, and a breaker whose clock the test moves. */
export function openDatabase(options: Partial<DatabaseOptions> & { d1?: D1Database } = {}): {
  database: Database;
  meter: Meter;
  breaker: Breaker;
  clock: { now: number };
} {
  const meter = createMeter();
  const clock = { now: 0 };
  const breaker = createBreaker({
    name: 'The database',
    threshold: THRESHOLD,
    coolDownMs: COOL_DOWN_MS,
    now: () => clock.now,
    counts: (error) => error instanceof TimeoutError || isTransient(error),
  });
  const { d1 = env.DB, ...others } = options;
  return { database: createDatabase(d1, { meter, breaker, timeoutMs: 5000, ...others }), meter, breaker, clock };
}

/** A row of `users`, for what belongs to one. @returns its id. */
export async function insertUser(database: Database): Promise<string> {
  const id = crypto.randomUUID();
  await database.orm.insert(users).values({
    id,
    email: id,
    emailKey: id,
    username: id,
    usernameKey: id,
    passwordHash: 'none',
    createdAt: 1,
    updatedAt: 1,
  });
  return id;
}

export type NewTag = typeof tags.$inferInsert;
export type NewFolder = typeof collections.$inferInsert;
export type NewFile = typeof documents.$inferInsert;

const TIMES = { createdAt: 1000, updatedAt: 1000 };

export const newTag = (ownerId: string, { name = 'A tag', ...values }: Partial<NewTag> = {}): NewTag => ({
  id: crypto.randomUUID(),
  ownerId,
  name,
  nameKey: name.toLowerCase(),
  ...TIMES,
  ...values,
});

export const newFolder = (ownerId: string, values: Partial<NewFolder> = {}): NewFolder => ({
  id: crypto.randomUUID(),
  ownerId,
  name: 'A folder',
  ...TIMES,
  ...values,
});

export const newFile = (ownerId: string, values: Partial<NewFile> = {}): NewFile => ({
  id: crypto.randomUUID(),
  ownerId,
  title: 'A file',
  filename: 'a.txt',
  mediaType: 'text/plain',
  sizeBytes: 1,
  contentId: crypto.randomUUID(),
  sha256: '0'.repeat(64),
  ...TIMES,
  ...values,
});

/**
 * D1 whose n-th call (from 1) misbehaves as the plan says: fails with a message, never answers, or works as ever. The
 * test can read how often it was called and with what bookmark its sessions began.
 */
export function unreliable(d1: D1Database, plan: (call: number) => string | 'hang' | undefined) {
  const seen = { calls: 0, sessions: [] as (string | undefined)[] };
  const misbehave = (call: number): Promise<never> | undefined => {
    const what = plan(call);
    if (what === undefined) return undefined;
    return what === 'hang' ? new Promise<never>(() => {}) : Promise.reject(new Error(what));
  };
  const session = (start?: string) => {
    seen.sessions.push(start);
    const inner = d1.withSession(start);
    return {
      prepare: (sql: string) => inner.prepare(sql),
      getBookmark: () => inner.getBookmark(),
      batch: <T>(statements: D1PreparedStatement[]): Promise<D1Result<T>[]> => {
        seen.calls += 1;
        return misbehave(seen.calls) ?? inner.batch<T>(statements);
      },
    };
  };
  return { seen, d1: new Proxy(d1, { get: (_, name) => (name === 'withSession' ? session : undefined) }) };
}
