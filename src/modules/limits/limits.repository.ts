import { and, desc, eq, gt, gte, lt, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { type LimitEvent, limitEvents } from './limits.table.ts';

type Kind = LimitEvent['kind'];

/** Rows of who came near a limit. They are told by many isolates, late and more than once. */
export function createLimitsRepository(database: Database) {
  const { orm } = database;

  return {
    /** Adds what was gathered to what is known: refusals are summed up, the rest is as it was seen last. */
    record(events: LimitEvent[]): Statement {
      const newer = (name: string) =>
        sql`iif(excluded.seen_at >= seen_at, excluded.${sql.raw(name)}, ${sql.raw(name)})`;
      return orm
        .insert(limitEvents)
        .values(events)
        .onConflictDoUpdate({
          target: limitEvents.subject,
          set: {
            userId: sql`coalesce(excluded.user_id, user_id)`,
            policy: newer('policy'),
            quota: newer('quota'),
            remaining: newer('remaining'),
            blockedUntil: newer('blocked_until'),
            refusals: sql`refusals + excluded.refusals`,
            refusedAt: sql`coalesce(max(refused_at, excluded.refused_at), refused_at, excluded.refused_at)`,
            seenAt: sql`max(seen_at, excluded.seen_at)`,
          },
        });
    },

    /** Those of a kind that were seen since then, the latest first. */
    selectSince(kind: Kind, { since, limit }: { since: number; limit: number }): Statement<LimitEvent[]> {
      return orm
        .select()
        .from(limitEvents)
        .where(and(eq(limitEvents.kind, kind), gte(limitEvents.seenAt, since)))
        .orderBy(desc(limitEvents.seenAt))
        .limit(limit);
    },

    remove: (subject: string): Statement => orm.delete(limitEvents).where(eq(limitEvents.subject, subject)),

    /** @returns how many there were. */
    async removeBefore(before: number): Promise<number> {
      const [removed] = await database.commit([
        orm
          .delete(limitEvents)
          .where(and(gt(limitEvents.seenAt, 0), lt(limitEvents.seenAt, before)))
          .returning({ subject: limitEvents.subject }),
      ]);
      return removed.length;
    },
  };
}
