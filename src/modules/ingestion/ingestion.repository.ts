import { and, desc, eq, isNotNull, ne, type SQL, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { createRepository } from '../../db/repository.ts';
import { inJson, requireChange, requireThat } from '../../db/sql.ts';
import { type Job, type JobStatus, type JobType, processingJobs } from './ingestion.table.ts';
import { type Failure, LeaseLostError } from './job-lifecycle.ts';

/** Proof of owning an attempt. */
export type Lease = { jobId: string; leaseToken: string };

export type Progress = Partial<
  Pick<Job, 'step' | 'checkpoint' | 'progressPercentage' | 'totalItems' | 'processedItems' | 'steps'>
>;

type End = { /** With the last one done, or interrupted. */ steps: Job['steps']; now: number };

const MAX_STOPPED_ATTEMPTS = 50;

/** Rows of `processing_jobs`. Verbs of the worker go by lease, verbs of people by owner. */
export function createJobsRepository(database: Database) {
  const { orm } = database;
  const rows = createRepository(database, processingJobs);
  const table = processingJobs;
  const leased = ({ jobId, leaseToken }: Lease) => and(eq(table.id, jobId), eq(table.leaseToken, leaseToken));
  const counted = { version: sql`${table.version} + 1` };

  return {
    find: (ownerId: string, id: string) => rows.find(ownerId, id),
    list: rows.list,
    insert: rows.insert,
    select: rows.select,

    /** Those whose row meets the condition, if there is one, when the statement runs. */
    insertMany: (jobs: Job[], where?: SQL): Statement => rows.insertMany(jobs, where === undefined ? {} : { where }),

    /** Records progress and extends the lease; changes nothing when the lease is lost. */
    advance(lease: Lease, { progress, now, leaseMs }: { progress: Progress; now: number; leaseMs: number }): Statement {
      return orm
        .update(table)
        .set({ ...counted, ...progress, dueAt: now + leaseMs, updatedAt: now })
        .where(leased(lease));
    },

    /** Undoes its batch unless the lease is still held. */
    requireLease: ({ jobId, leaseToken }: Lease): Statement =>
      requireThat(database, {
        condition: sql`exists (select 1 from processing_jobs where id = ${jobId} and lease_token = ${leaseToken})`,
        refusal: () => new LeaseLostError(`Job ${jobId} is no longer this attempt's.`),
      }),

    /** Ends the job for good; the second statement undoes the batch when the lease is lost. */
    succeed(lease: Lease, { result, steps, now }: End & { result: Job['result'] }): Statement[] {
      const done = orm
        .update(table)
        .set({
          ...counted,
          status: 'succeeded',
          result,
          steps,
          step: null,
          dueAt: null,
          leaseToken: null,
          progressPercentage: 100,
          processedItems: sql`${table.totalItems}`,
          errorCode: null,
          errorMessage: null,
          finishedAt: now,
          updatedAt: now,
        })
        .where(leased(lease));
      return [done, requireChange(database)];
    },

    fail(lease: Lease, { failure, steps, now }: End & { failure: Failure }): Statement[] {
      const failed = orm
        .update(table)
        .set({ ...counted, ...ended('failed', { failure, now }), steps })
        .where(leased(lease));
      return [failed, requireChange(database)];
    },

    /** Gives the job back, to be taken again at `dueAt`. */
    postpone(
      lease: Lease,
      {
        failure,
        dueAt,
        steps,
        now,
        spent,
      }: End & { failure: Failure; dueAt: number /** Whether it counts. */; spent: boolean },
    ): Statement[] {
      const postponed = orm
        .update(table)
        .set({
          ...counted,
          status: 'queued',
          dueAt,
          steps,
          leaseToken: null,
          ...(spent ? {} : { attempts: sql`${table.attempts} - 1` }),
          ...errorOf(failure),
          updatedAt: now,
        })
        .where(leased(lease));
      return [postponed, requireChange(database)];
    },

    /** Stops a job that has not ended; a running attempt notices at its next sign of life. */
    cancel(ownerId: string, { id, failure, now }: { id: string; failure: Failure; now: number }): Statement[] {
      const cancelled = orm
        .update(table)
        .set({ ...counted, ...ended('cancelled', { failure, now }) })
        .where(and(eq(table.ownerId, ownerId), eq(table.id, id), isNotNull(table.dueAt)));
      return [cancelled, requireChange(database)];
    },

    /** Starts a failed or cancelled job again from its last checkpoint, with fresh attempts. */
    restart(ownerId: string, { id, now }: { id: string; now: number }): Statement[] {
      const restarted = orm
        .update(table)
        .set({
          ...counted,
          status: 'queued',
          dueAt: now,
          attempts: 0,
          errorCode: null,
          errorMessage: null,
          finishedAt: null,
          updatedAt: now,
        })
        .where(and(eq(table.ownerId, ownerId), eq(table.id, id), sql`${table.status} in ('failed', 'cancelled')`));
      return [restarted, requireChange(database)];
    },

    /** Ends every unfinished job on the subject. */
    cancelAll(
      ownerId: string,
      { subjectId, failure, now }: { subjectId: string; failure: Failure; now: number },
    ): Statement {
      return orm
        .update(table)
        .set({ ...counted, ...ended('cancelled', { failure, now }) })
        .where(and(eq(table.ownerId, ownerId), eq(table.subjectId, subjectId), isNotNull(table.dueAt)));
    },

    /** The same for subjects of several owners. */
    cancelMany(
      subjects: { ownerId: string; subjectId: string }[],
      { failure, now }: { failure: Failure; now: number },
    ): Statement {
      const open = sql`select job.id from json_each(${JSON.stringify(subjects)}) as subject
        cross join processing_jobs as job on job.owner_id = subject.value ->> 'ownerId'
        and job.subject_id = subject.value ->> 'subjectId' where job.due_at is not null`;
      return orm
        .update(table)
        .set({ ...counted, ...ended('cancelled', { failure, now }) })
        .where(sql`${table.id} in (${open})`);
    },

    /** Removes those that have succeeded. */
    removeSucceeded(subjects: { ownerId: string; type: JobType; subjectId: string }[]): Statement {
      const done = sql`select job.id from json_each(${JSON.stringify(subjects)}) as subject
        cross join processing_jobs as job on job.owner_id = subject.value ->> 'ownerId'
        and job.subject_id = subject.value ->> 'subjectId'
        where job.type = subject.value ->> 'type' and job.status = 'succeeded' and job.parent_id is null`;
      return orm.delete(table).where(sql`${table.id} in (${done})`);
    },

    /** Which of the subjects have a job that has not ended. */
    async openSubjects(ownerId: string, subjectIds: string[], type?: JobType): Promise<Set<string>> {
      const open = await orm
        .select({ subjectId: table.subjectId })
        .from(table)
        .where(
          and(
            eq(table.ownerId, ownerId),
            inJson(table.subjectId, subjectIds),
            isNotNull(table.dueAt),
            // Analysing changes nothing in which other stores must agree with the catalogue.
            type ? eq(table.type, type) : ne(table.type, 'analyse_document'),
          ),
        );
      return new Set(open.flatMap((row) => row.subjectId ?? []));
    },

    /** What attempts on the subject that were stopped from outside may have left: they may not have noticed yet. */
    async stoppedAttempts(ownerId: string, subjectId: string): Promise<{ lastAt: number; mostItems: number }> {
      const stopped = await orm
        .select({ status: table.status, finishedAt: table.finishedAt, totalItems: table.totalItems })
        .from(table)
        .where(and(eq(table.ownerId, ownerId), eq(table.subjectId, subjectId), isNotNull(table.startedAt)))
        .orderBy(desc(table.createdAt))
        .limit(MAX_STOPPED_ATTEMPTS);
      return {
        lastAt: Math.max(0, ...stopped.map((job) => (job.status === 'cancelled' ? (job.finishedAt ?? 0) : 0))),
        mostItems: Math.max(0, ...stopped.map((job) => job.totalItems)),
      };
    },
  };
}

export type JobsRepository = ReturnType<typeof createJobsRepository>;

const errorOf = (failure: Failure) => ({ errorCode: failure.code, errorMessage: failure.message });

function ended(status: JobStatus, { failure, now }: { failure: Failure; now: number }) {
  return { status, ...errorOf(failure), dueAt: null, leaseToken: null, finishedAt: now, updatedAt: now };
}
