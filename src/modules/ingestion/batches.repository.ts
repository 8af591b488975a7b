import { and, eq, isNotNull, ne, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { keyset } from '../../db/keyset.ts';
import { also, inJson, requireChange } from '../../db/sql.ts';
import type { Page, PageRequest } from '../../shared/page.ts';
import { type Job, type JobStatus, processingJobs } from './ingestion.table.ts';
import { type Failure, LOOK_AT_BATCH_MS } from './job-lifecycle.ts';

/** How many items of one parent have a status. */
export type StatusCount = { parentId: string | null; status: JobStatus; total: number };

export type ListItems = PageRequest & { status?: JobStatus | undefined };

const OPEN = sql`('queued', 'running')`;

/** Rows of `processing_jobs` that belong together: batches, and their items. */
export function createBatchesRepository(database: Database) {
  const { orm } = database;
  const table = processingJobs;
  const counted = { version: sql`${table.version} + 1` };
  const reopened = { errorCode: null, errorMessage: null, finishedAt: null, leaseToken: null };
  const own = (ownerId: string, id: string) =>
    and(eq(table.ownerId, ownerId), eq(table.id, id), eq(table.type, 'batch'));
  const itemsOf = (ownerId: string, id: string) => and(eq(table.parentId, id), also(table.ownerId, ownerId));

  return {
    /** From an index alone. */
    countItems: (ownerId: string, parentIds: string[]): Statement<StatusCount[]> =>
      orm
        .select({ parentId: table.parentId, status: table.status, total: sql<number>`count(*)`.as('total') })
        .from(table)
        .where(and(inJson(table.parentId, parentIds), also(table.ownerId, ownerId)))
        .groupBy(table.parentId, table.status),

    /** Undefined when there is no such job. */
    async list(
      ownerId: string,
      { id, status, ...request }: ListItems & { id: string },
    ): Promise<Page<Job> | undefined> {
      const { after, orderBy, limit, page } = keyset(request, { sort: table.createdAt, id: table.id });
      const wanted = status === undefined ? undefined : sql`+${table.status} = ${status}`;
      const parent: Statement<unknown[]> = orm
        .select({ id: table.id })
        .from(table)
        .where(and(eq(table.ownerId, ownerId), eq(table.id, id)));
      const items: Statement<Job[]> = orm
        .select()
        .from(table)
        .where(and(itemsOf(ownerId, id), wanted, after))
        .orderBy(...orderBy)
        .limit(limit);
      const [[there], rows] = await database.commit([parent, items]);
      return there === undefined ? undefined : page(rows);
    },

    /** Ends an open batch of which no item is open: well if anything succeeded. Costs two looks into an index if one is. */
    close({ id, now, failure }: { id: string; now: number; failure: Failure }): Statement {
      const has = (status: string) =>
        sql`exists (select 1 from processing_jobs as item where item.parent_id = ${id} and item.status = ${status})`;
      const failed = sql`not ${has('succeeded')} and ${has('failed')}`;
      return orm
        .update(table)
        .set({
          ...counted,
          status: sql`case when ${has('succeeded')} then 'succeeded' when ${has('failed')} then 'failed' else 'cancelled' end`,
          errorCode: sql`case when ${failed} then ${failure.code} end`,
          errorMessage: sql`case when ${failed} then ${failure.message} end`,
          dueAt: null,
          leaseToken: null,
          finishedAt: now,
          updatedAt: now,
        })
        .where(
          and(
            eq(table.id, id),
            eq(table.type, 'batch'),
            sql`+${table.dueAt} is not null`,
            sql`not exists (select 1 from processing_jobs as item where item.parent_id = ${id} and item.status in ${OPEN})`,
          ),
        );
    },

    /** Ends every unfinished item. */
    cancelItems: (ownerId: string, { id, failure, now }: { id: string; failure: Failure; now: number }): Statement =>
      orm
        .update(table)
        .set({
          ...counted,
          status: 'cancelled',
          errorCode: failure.code,
          errorMessage: failure.message,
          dueAt: null,
          leaseToken: null,
          finishedAt: now,
          updatedAt: now,
        })
        .where(and(itemsOf(ownerId, id), sql`${table.status} in ${OPEN}`)),

    /**
     * Starts the items again that failed or were cancelled, if nothing has replaced them and there are bytes to read; the
     * second statement undoes the batch when there is none. @returns their ids, from the first statement.
     */
    restartItems: (
      ownerId: string,
      { id, now, replaced }: { id: string; now: number; replaced: string },
    ): [Statement<{ id: string }[]>, Statement] => [
      orm
        .update(table)
        .set({ ...counted, ...reopened, status: 'queued', dueAt: now, attempts: 0, updatedAt: now })
        .where(
          and(
            itemsOf(ownerId, id),
            sql`${table.status} in ('failed', 'cancelled')`,
            isNotNull(table.subjectId),
            ne(table.errorCode, replaced),
          ),
        )
        .returning({ id: table.id }),
      requireChange(database),
    ],

    /** Opens a batch again whose items have been started again; what they did before is no measure of their speed now. */
    reopen: (ownerId: string, { id, now }: { id: string; now: number }): Statement =>
      orm
        .update(table)
        .set({
          ...counted,
          ...reopened,
          status: 'running',
          dueAt: now + LOOK_AT_BATCH_MS,
          startedAt: now,
          checkpoint: sql`json_object('endedBefore', (select count(*) from processing_jobs as item
            where item.parent_id = ${id} and item.status in ('succeeded', 'failed', 'cancelled')))`,
          updatedAt: now,
        })
        .where(own(ownerId, id)),

    /** What items that were stopped after they had begun worked on. */
    async stoppedSubjects(ownerId: string, id: string): Promise<string[]> {
      const stopped = await orm
        .select({ subjectId: table.subjectId })
        .from(table)
        .where(and(itemsOf(ownerId, id), eq(table.status, 'cancelled'), isNotNull(table.startedAt)));
      return stopped.flatMap(({ subjectId }) => subjectId ?? []);
    },
  };
}

export type BatchesRepository = ReturnType<typeof createBatchesRepository>;
