import { and, between, eq, lte, or, type SQL, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { requireChange } from '../../db/sql.ts';
import { type IdempotencyRow, idempotencyKeys } from './idempotency.table.ts';

/** One attempt at a request with a key. */
export type AttemptKey = Pick<IdempotencyRow, 'ownerId' | 'requestHash' | 'attemptId'>;

type Claim = AttemptKey & Pick<IdempotencyRow, 'fingerprint' | 'leasedUntil' | 'expiresAt'>;

const SWEPT_AT_ONCE = 1_000;

/** Rows of requests with a key. Every change but a claim names the attempt, and does nothing for one that was overtaken. */
export function createIdempotencyRepository(database: Database) {
  const { orm } = database;
  const table = idempotencyKeys;

  const sameRequest = ({ ownerId, requestHash }: Pick<AttemptKey, 'ownerId' | 'requestHash'>) =>
    and(eq(table.ownerId, ownerId), eq(table.requestHash, requestHash));

  const own = (attempt: AttemptKey, ...conditions: SQL[]) =>
    and(sameRequest(attempt), eq(table.attemptId, attempt.attemptId), ...conditions);

  return {
    /** Makes the request this attempt's, unless another works on it or has done it. @returns the row as it is then. */
    async claim(claim: Claim, now: number): Promise<IdempotencyRow> {
      const isAbandoned = and(
        eq(table.state, 'running'),
        lte(table.leasedUntil, now),
        sql`coalesce(${table.fingerprint} = excluded.fingerprint, true)`,
      );
      const fresh = { ...claim, state: 'running', answer: null } as const;
      const insert = orm
        .insert(table)
        .values(fresh)
        .onConflictDoUpdate({
          target: [table.ownerId, table.requestHash],
          set: fresh,
          setWhere: sql`${or(lte(table.expiresAt, now), isAbandoned)}`,
        });
      const read: Statement<IdempotencyRow[]> = orm.select().from(table).where(sameRequest(claim));
      const [, [row]] = await database.commitAside([insert, read]);
      if (!row) throw new Error('The database answered an insert without its row.');
      return row;
    },

    /** Belongs into the batch by which the request takes effect, and undoes it for an attempt that was overtaken. */
    markCommitted(attempt: AttemptKey, refusal: () => Error): Statement[] {
      const mark = orm.update(table).set({ state: 'committed' }).where(own(attempt));
      return [mark, requireChange(database, refusal)];
    },

    storeAnswer(attempt: AttemptKey, answer: Pick<IdempotencyRow, 'answer' | 'fingerprint'>): Statement {
      return orm
        .update(table)
        .set({ ...answer, state: 'answered' })
        .where(own(attempt));
    },

    /** Ends an attempt without an answer: what has not taken effect may be tried again. */
    release(attempt: AttemptKey, now: number): Statement[] {
      return [
        orm.delete(table).where(own(attempt, eq(table.state, 'running'))),
        orm.update(table).set({ leasedUntil: now }).where(own(attempt)),
      ];
    },

    /** Forgets some of what is due, oldest first, and commits something with it. */
    async removeExpired(now: number, also: Statement): Promise<void> {
      const due = orm
        .select({ rowid: sql`rowid` })
        .from(table)
        // With a beginning, SQLite goes to it in the index instead of walking the index from its start.
        .where(between(table.expiresAt, 1, now))
        .orderBy(table.expiresAt)
        .limit(SWEPT_AT_ONCE);
      await database.commit([orm.delete(table).where(sql`rowid in ${due}`), also]);
    },
  };
}
