import { and, eq, gte, lte, type SQL, sql } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import type { Database, Statement } from '../../db/client.ts';
import { keyset } from '../../db/keyset.ts';
import { requireThat } from '../../db/sql.ts';
import { notFound } from '../../shared/app-error.ts';
import type { Page, PageRequest } from '../../shared/page.ts';
import { type Job, type JobStatus, type JobType, processingJobs } from './ingestion.table.ts';
import { LOOK_AT_BATCH_MS } from './job-lifecycle.ts';

/** Which jobs, whoever they belong to. What is undefined does not filter; all must hold. */
export type JobFilter = {
  userId?: string | undefined;
  type?: JobType | undefined;
  status?: JobStatus | undefined;
  errorCode?: string | undefined;
  /** Made at that time or later, in milliseconds since the epoch. */
  since?: number | undefined;
};

type Many = { limit: number; now: number };

const EVER = Number.MAX_SAFE_INTEGER;
/** A batch is retried by its items. Of an item that was refused, nothing was kept that could be read. */
const IS_RETRYABLE = sql`+${processingJobs.type} <> 'batch'
  and (${processingJobs.subjectId} is not null or ${processingJobs.parentId} is null)`;
/** Said without parameters, so that SQLite sees that the index over only these jobs will do. */
const UNSETTLED = sql`${processingJobs.status} <> 'succeeded'`;

/** Rows of jobs as administrators see them: those of everybody. */
export function createAdminJobsRepository(database: Database) {
  const { orm } = database;
  const table = processingJobs;

  /** The conditions, so put that SQLite finds the rows by what leaves the fewest: the plus takes an index away. */
  const matching = (filter: JobFilter): SQL | undefined => {
    const { userId, type, status, errorCode, since = 0 } = filter;
    const driver = driverOf(filter);
    const by = (column: SQLiteColumn, value: string | undefined, isDriving: boolean) => {
      if (value === undefined) return undefined;
      return isDriving ? eq(column, value) : sql`+${column} = ${value}`;
    };
    return and(
      by(table.ownerId, userId, driver === 'userId'),
      by(table.errorCode, errorCode, driver === 'errorCode'),
      by(table.status, status, driver === 'userId' || driver === 'status'),
      driver === 'status' ? UNSETTLED : undefined,
      by(table.type, type, driver === 'type'),
      // Walked from its one end or its other, an index must be entered at a value.
      gte(table.createdAt, since),
      lte(table.createdAt, EVER),
    );
  };

  const restarted = (now: number) => ({
    version: sql`${table.version} + 1`,
    status: 'queued' as const,
    dueAt: now,
    attempts: 0,
    errorCode: null,
    errorMessage: null,
    finishedAt: null,
    updatedAt: now,
  });

  const oneFailed = (id: string) => and(eq(table.id, id), sql`+${table.status} = 'failed'`, IS_RETRYABLE);

  const failed = (filter: JobFilter, { column, limit }: { column: SQLiteColumn; limit: number }) =>
    orm
      .select({ id: column })
      .from(table)
      .where(and(matching({ ...filter, status: 'failed' }), IS_RETRYABLE))
      .orderBy(table.createdAt, table.id)
      .limit(limit);

  const reopen = (which: SQL, now: number): Statement =>
    orm
      .update(table)
      .set({
        ...restarted(now),
        status: 'running',
        dueAt: now + LOOK_AT_BATCH_MS,
        startedAt: now,
        // What its items did before is no measure of their speed now.
        checkpoint: sql`json_object('endedBefore', (select count(*) from processing_jobs as item
          where item.parent_id = processing_jobs.id and item.status in ('succeeded', 'cancelled')))`,
      })
      .where(and(which, sql`+${table.type} = 'batch'`, sql`+${table.dueAt} is null`));

  return {
    async list(filter: JobFilter, page: PageRequest & { sort: 'createdAt' }): Promise<Page<Job>> {
      const keys = keyset(page, { sort: table.createdAt, id: table.id });
      const rows = await orm
        .select()
        .from(table)
        .where(and(matching(filter), keys.after))
        .orderBy(...keys.orderBy)
        .limit(keys.limit);
      return keys.page(rows);
    },

    select: (id: string): Statement<Job[]> => orm.select().from(table).where(eq(table.id, id)),

    /** Undoes the batch unless there is such a job. */
    requireJob(id: string): Statement {
      const condition = sql`exists ${orm.select({ id: table.id }).from(table).where(eq(table.id, id))}`;
      return requireThat(database, { condition, refusal: () => notFound('job') });
    },

    /** Starts a failed job again from its last checkpoint, with fresh attempts. */
    restart: (id: string, now: number): Statement<{ id: string }[]> =>
      orm.update(table).set(restarted(now)).where(oneFailed(id)).returning({ id: table.id }),

    /** The same for the oldest of those that match. */
    restartMany: (filter: JobFilter, { limit, now }: Many): Statement<{ id: string }[]> =>
      orm
        .update(table)
        .set(restarted(now))
        .where(sql`${table.id} in ${failed(filter, { column: table.id, limit })}`)
        .returning({ id: table.id }),

    /** Opens the batch again of which that job is an item: before the job, while that shows that it has failed. */
    reopen: (id: string, now: number): Statement =>
      reopen(sql`${table.id} = ${orm.select({ id: table.parentId }).from(table).where(oneFailed(id))}`, now),

    /** The same for those that `restartMany` is about to start again. */
    reopenMany: (filter: JobFilter, { limit, now }: Many): Statement =>
      reopen(sql`${table.id} in ${failed(filter, { column: table.parentId, limit })}`, now),
  };
}

function driverOf({ userId, errorCode, status, type }: JobFilter): keyof JobFilter | undefined {
  if (userId !== undefined) return 'userId';
  if (errorCode !== undefined) return 'errorCode';
  if (status !== undefined && status !== 'succeeded') return 'status';
  return type === undefined ? undefined : 'type';
}
