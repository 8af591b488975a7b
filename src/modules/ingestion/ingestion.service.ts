import type { Database, Statement } from '../../db/client.ts';
import { isGuardFailure } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { JobQueue } from '../../platform/queue/job-queue.ts';
import type { Actor } from '../../shared/actor.ts';
import { notFound } from '../../shared/app-error.ts';
import type { PageRequest } from '../../shared/page.ts';
import type { AuditService } from '../audit/audit.service.ts';
import { deletionNotCancellable, jobHasEnded, jobNotRetryable } from './ingestion.errors.ts';
import { createJobsRepository } from './ingestion.repository.ts';
import type { Job, JobStatus, JobType } from './ingestion.table.ts';
import { followJob } from './job-following.ts';
import { type Failure, hasEnded } from './job-lifecycle.ts';

export type { Job, JobType } from './ingestion.table.ts';

/** What the subject of a job becomes when the job ends without success. Committed together with the job's end. */
export type FailureStatements = (job: Job, failure: Failure) => Statement[];

type Deps = {
  database: Database;
  clock: Clock;
  ids: Ids;
  queue: JobQueue;
  requestId: string;
  failureStatements: FailureStatements;
  /** What follows a job's end without success, outside the database. */
  afterFailure: (job: Job) => Promise<void>;
  audit: AuditService;
};

export type ListJobs = PageRequest & {
  status?: JobStatus | undefined;
  type?: JobType | undefined;
  documentId?: string | undefined;
};

export type PreparedJob = { job: Job; insert: Statement };

const CANCELLED: Failure = { code: 'cancelled', message: 'It was cancelled; retry the job to go on where it stopped.' };
const SUPERSEDED: Failure = { code: 'superseded', message: 'A later change made this job unnecessary.' };

/** Verbs of people on their jobs, and how other modules make jobs. */
export function createJobsService({
  database,
  clock,
  ids,
  queue,
  requestId,
  failureStatements,
  afterFailure,
  audit,
}: Deps) {
  const repository = createJobsRepository(database);

  const get = async (actor: Actor, id: string): Promise<Job> => {
    const job = await repository.find(actor.userId, id);
    if (!job) throw notFound('job');
    return job;
  };

  const prepare = (ownerId: string, work: { type: JobType; subjectId: string | null }): PreparedJob => {
    const job = newJob({ id: ids.next(), ownerId, ...work, requestId, now: clock.now() });
    return { job, insert: repository.insert(job) };
  };

  /** Commits a change of state that depends on the job's present one. */
  const transition = async (statements: Statement[], refused: Error): Promise<void> => {
    try {
      await database.commit(statements);
    } catch (error) {
      throw isGuardFailure(error) ? refused : error;
    }
  };

  return {
    get,

    list(actor: Actor, { status, type, documentId, ...page }: ListJobs) {
      return repository.list(actor.userId, { ...page, filter: { status, type, subjectId: documentId } });
    },

    /**
     * A job as a statement, to be committed with the change that it follows from; then wake it.
     * The row alone is enough: a job that nobody woke is found by the sweep.
     */
    prepare,

    /** Any number of jobs as one statement. */
    prepareMany(works: { ownerId: string; type: JobType; subjectId: string }[]): { jobs: Job[]; insert: Statement } {
      const now = clock.now();
      const prepared = works.map((work) => newJob({ id: ids.next(), ...work, requestId, now }));
      return { jobs: prepared, insert: repository.insertMany(prepared) };
    },

    wake: (jobIds: string[]) => queue.wake(jobIds),

    /** Which of the subjects have a job that has not ended. */
    openSubjects: (ownerId: string, subjectIds: string[]) => repository.openSubjects(ownerId, subjectIds),

    /** A job on the library as a whole. */
    async start(actor: Actor, type: JobType): Promise<Job> {
      const { job, insert } = prepare(actor.userId, { type, subjectId: null });
      audit.making({ type: 'job', id: job.id });
      await database.commit([insert]);
      await queue.wake([job.id]);
      return job;
    },

    /** What attempts on the subject that were stopped from outside may have left: they may not have noticed yet. */
    stoppedAttempts: (ownerId: string, subjectId: string) => repository.stoppedAttempts(ownerId, subjectId),

    /** Whether a document is being read, or waits to be. */
    async isBeingRead(ownerId: string, documentId: string): Promise<boolean> {
      return (await repository.openSubjects(ownerId, [documentId], 'process_document')).size > 0;
    },

    /** Ends the unfinished jobs on a subject, because what is committed with this replaces them. */
    supersede(ownerId: string, subjectId: string): Statement {
      return repository.cancelAll(ownerId, { subjectId, failure: SUPERSEDED, now: clock.now() });
    },

    /** The same for subjects of several owners. */
    supersedeMany: (subjects: { ownerId: string; subjectId: string }[]): Statement =>
      repository.cancelMany(subjects, { failure: SUPERSEDED, now: clock.now() }),

    /** The job's states as they change: {@link followJob}. */
    follow: (actor: Actor, { first, ...how }: { first: Job; seenVersion: number; isGone: () => boolean }) =>
      followJob(first, { ...how, clock, look: () => get(actor, first.id) }),

    /** Whether somebody who has seen this version of the job has seen its end. */
    isOver: (job: Job, seenVersion: number): boolean => hasEnded(job.status) && job.version === seenVersion,

    async cancel(actor: Actor, id: string): Promise<Job> {
      const job = await get(actor, id);
      if (hasEnded(job.status)) throw jobHasEnded();
      if (job.type === 'delete_document' || job.type === 'delete_collection') throw deletionNotCancellable();
      const cancelled = repository.cancel(actor.userId, { id, failure: CANCELLED, now: clock.now() });
      await transition([...cancelled, ...failureStatements(job, CANCELLED)], jobHasEnded());
      await afterFailure(job);
      return get(actor, id);
    },

    async retry(actor: Actor, id: string): Promise<Job> {
      const job = await get(actor, id);
      const mayRetry = job.status === 'failed' || job.status === 'cancelled';
      if (!mayRetry || job.errorCode === SUPERSEDED.code) throw jobNotRetryable();
      await transition(repository.restart(actor.userId, { id, now: clock.now() }), jobNotRetryable());
      await queue.wake([id]);
      return get(actor, id);
    },
  };
}

export type JobsService = ReturnType<typeof createJobsService>;

type NewJob = Pick<Job, 'id' | 'ownerId' | 'type' | 'subjectId' | 'requestId'> & { now: number };

function newJob({ now, ...identity }: NewJob): Job {
  return {
    ...identity,
    status: 'queued',
    step: null,
    checkpoint: {},
    progressPercentage: 0,
    totalItems: 0,
    processedItems: 0,
    attempts: 0,
    dueAt: now,
    leaseToken: null,
    errorCode: null,
    errorMessage: null,
    result: null,
    startedAt: null,
    finishedAt: null,
    version: 1,
    createdAt: now,
    updatedAt: now,
    steps: [],
  };
}
