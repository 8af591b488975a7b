import { and, asc, eq, gt, isNotNull, lt, lte, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { requireThat } from '../../db/sql.ts';
import { LeaseLostError } from '../ingestion/job-lifecycle.ts';
import { type Erasure, erasures, type Remains } from './erasure.table.ts';

/** Proof of owning an attempt. */
export type ErasureLease = { id: string; leaseToken: string };

type NewErasure = Pick<Erasure, 'id' | 'tokenHash' | 'subject' | 'dueAt' | 'createdAt' | 'updatedAt'>;

const MAX_DUE_PER_SWEEP = 100;

/** Rows of `erasures`. They are nobody's: workers go by lease, people by the hash of their receipt. */
export function createErasureRepository(database: Database) {
  const { orm } = database;
  const leased = ({ id, leaseToken }: ErasureLease) => and(eq(erasures.id, id), eq(erasures.leaseToken, leaseToken));
  const requireLease = (lease: ErasureLease): Statement =>
    requireThat(database, {
      condition: sql`exists (select 1 from ${erasures} where ${leased(lease)})`,
      refusal: () => new LeaseLostError(`Erasure ${lease.id} is no longer this attempt's.`),
    });
  const end = (lease: ErasureLease, changes: Partial<Erasure>): Statement[] => [
    requireLease(lease),
    orm
      .update(erasures)
      .set({ ...changes, leaseToken: null })
      .where(leased(lease)),
  ];

  return {
    requireLease,

    insert: (row: NewErasure): Statement => orm.insert(erasures).values(row),

    async findByToken(tokenHash: string): Promise<Erasure | undefined> {
      const rows = await orm.select().from(erasures).where(eq(erasures.tokenHash, tokenHash));
      return rows[0];
    },

    /** Takes a due erasure for one attempt; undefined when it is not due, is done, or somebody else was faster. */
    async claim(id: string, { leaseToken, now, leaseMs }: { leaseToken: string; now: number; leaseMs: number }) {
      const claimed = await orm
        .update(erasures)
        .set({
          // What was proven stays so while it is looked at once more.
          status: sql`case when ${erasures.status} = 'succeeded' then 'succeeded' else 'running' end`,
          leaseToken,
          dueAt: now + leaseMs,
          attempts: sql`${erasures.attempts} + 1`,
          startedAt: sql`coalesce(${erasures.startedAt}, cast(${now} as integer))`,
          updatedAt: now,
        })
        .where(and(eq(erasures.id, id), lte(erasures.dueAt, now)))
        .returning();
      return claimed[0];
    },

    /** Extends the lease. @throws LeaseLostError */
    async prolong(lease: ErasureLease, { now, leaseMs }: { now: number; leaseMs: number }): Promise<void> {
      const changes = { dueAt: now + leaseMs, updatedAt: now };
      await database.commit([requireLease(lease), orm.update(erasures).set(changes).where(leased(lease))]);
    },

    /** Notes when the user's row went; the first time counts. */
    fence: (lease: ErasureLease, now: number): Statement[] => [
      requireLease(lease),
      orm
        .update(erasures)
        .set({ fencedAt: sql`coalesce(${erasures.fencedAt}, cast(${now} as integer))`, updatedAt: now })
        .where(leased(lease)),
    ],

    /** Gives it back, to be taken again at `dueAt`. A wait is no attempt. */
    postpone: (
      lease: ErasureLease,
      { attempt, dueAt, now, remaining }: { attempt: number; dueAt: number; now: number; remaining?: Remains },
    ): Statement[] => end(lease, { attempts: attempt, dueAt, updatedAt: now, ...(remaining && { remaining }) }),

    /** Notes that nothing is left; one more look is due. */
    succeed: (
      lease: ErasureLease,
      { remaining, now, dueAt, expiresAt }: { remaining: Remains; now: number; dueAt: number; expiresAt: number },
    ): Statement[] =>
      end(lease, { status: 'succeeded', remaining, finishedAt: now, expiresAt, dueAt, attempts: 0, updatedAt: now }),

    /** After the last look: forgets whose erasure it was. */
    close: (lease: ErasureLease, { remaining, now }: { remaining: Remains; now: number }): Statement[] =>
      end(lease, { remaining, subject: null, dueAt: null, updatedAt: now }),

    /** Those that have been due since the given time: their wake-up or their worker was lost. */
    async dueSince(time: number): Promise<string[]> {
      const due = await orm
        .select({ id: erasures.id })
        .from(erasures)
        .where(and(isNotNull(erasures.dueAt), lte(erasures.dueAt, time)))
        .orderBy(asc(erasures.dueAt))
        .limit(MAX_DUE_PER_SWEEP);
      return due.map(({ id }) => id);
    },

    /** @returns how many there were. */
    async removeExpired(now: number): Promise<number> {
      const [removed] = await database.commit([
        orm
          .delete(erasures)
          .where(and(gt(erasures.expiresAt, 0), lt(erasures.expiresAt, now)))
          .returning({ id: erasures.id }),
      ]);
      return removed.length;
    },
  };
}
