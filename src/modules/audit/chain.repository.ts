import { and, desc, eq, gt, lt, lte, type SQL, sql } from 'drizzle-orm';
import { bulkInsert } from '../../db/bulk.ts';
import type { Database, Statement } from '../../db/client.ts';
import { requireThat } from '../../db/sql.ts';
import { auditLogs, auditSeals } from './audit.table.ts';
import type { Seal } from './chain.ts';

/** A seal that somebody noted elsewhere. */
export type Anchor = Seal;

const NEWEST = Number.MAX_SAFE_INTEGER;

/** Rows of `audit_seals`, and of `audit_logs` as the chain goes through them. */
export function createChainRepository(database: Database) {
  const { orm } = database;

  // With a bound SQLite goes to the end of the table; without one it counts as reading all of it.
  const lastSeal = (to = NEWEST) =>
    orm.select().from(auditSeals).where(lte(auditSeals.seq, to)).orderBy(desc(auditSeals.seq)).limit(1);
  const lastSealed = () => sql<number>`coalesce((select seq from audit_seals
    where seq < ${NEWEST} order by seq desc limit 1), 0)`;

  return {
    /** The newest seal, and the entries behind it. */
    async findUnsealed(limit: number) {
      const entries = orm
        .select()
        .from(auditLogs)
        .where(gt(auditLogs.seq, lastSealed()))
        .orderBy(auditLogs.seq)
        .limit(limit);
      const [[last], unsealed] = await database.commitAside([lastSeal(), entries]);
      return { last, unsealed };
    },

    /** Adds seals unless others were added since `lastSeq` was the newest: then the refusal. */
    async addSeals(
      seals: Seal[],
      { lastSeq, now, refusal }: { lastSeq: number; now: number; refusal: () => Error },
    ): Promise<void> {
      const rows = seals.map((seal) => ({ ...seal, createdAt: now }));
      await database.commitAside([
        requireThat(database, { condition: sql`${lastSealed()} = ${lastSeq}`, refusal }),
        bulkInsert(database, auditSeals, { rows, onConflict: 'fail' }),
      ]);
    },

    /** A stretch of the log with its seals, the ends of the log, and the seal that bears the anchor's number. */
    async readStretch({ after, limit, anchor }: { after: number; limit: number; anchor: Anchor | undefined }) {
      const within = (seq: typeof auditLogs.seq | typeof auditSeals.seq): SQL | undefined =>
        and(gt(seq, after), lte(seq, after + limit));
      const lastEntry = orm
        .select({ seq: auditLogs.seq })
        .from(auditLogs)
        .where(lt(auditLogs.seq, NEWEST))
        .orderBy(desc(auditLogs.seq))
        .limit(1);
      // Where SQLite remembers the highest number that it has ever given.
      const counter: Statement<{ seq: number }[]> = orm.all<{ seq: number }>(
        sql`select seq from sqlite_sequence where name = 'audit_logs'`,
      );
      const [entries, seals, [before], [head], [last], [counted], [anchored]] = await database.commit([
        orm.select().from(auditLogs).where(within(auditLogs.seq)).orderBy(auditLogs.seq),
        orm.select().from(auditSeals).where(within(auditSeals.seq)).orderBy(auditSeals.seq),
        lastSeal(after),
        lastSeal(),
        lastEntry,
        counter,
        orm
          .select()
          .from(auditSeals)
          .where(eq(auditSeals.seq, anchor?.seq ?? 0)),
      ]);
      return {
        entries,
        seals,
        previousHash: before?.hash,
        head,
        lastEntry: last?.seq ?? 0,
        counted: counted?.seq ?? 0,
        anchored: anchored?.hash,
      };
    },
  };
}
