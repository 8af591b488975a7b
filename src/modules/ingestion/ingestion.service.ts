import type { Database, Statement } from '../../db/client.ts';
import { type Condition, isGuardFailure } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { JobQueue } from '../../platform/queue/job-queue.ts';
import type { Actor } from '../../shared/actor.ts';
import { notFound } from '../../shared/app-error.ts';
import type { Page, PageRequest } from '../../shared/page.ts';
import type { AuditService } from '../audit/audit.service.ts';
import { type ItemCounts, itemCounts, type JobView, viewOf } from './batch-view.ts';
import { createBatchesRepository, type ListItems } from './batches.repository.ts';
import { batchNotRetryable, deletionNotCancellable, jobHasEnded, jobNotRetryable } from './ingestion.errors.ts';
import { createJobsRepository } from './ingestion.repository.ts';
import type { Job, JobStatus, JobType } from './ingestion.table.ts';
import { followJob } from './job-following.ts';
import { ALL_ITEMS_FAILED, type Failure, hasEnded } from './job-lifecycle.ts';
import { type NewBatch, newBatch, newJob } from './new-job.ts';

export type { JobView } from './batch-view.ts';
export type { ListItems } from './batches.repository.ts';
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
  waitUntil: (work: Promise<unknown>) => void;
};

export type ListJobs = PageRequest & {
  status?: JobStatus | undefined;
  type?: JobType | undefined;
  documentId?: string | undefined;
};

export type PreparedJob = { job: Job; insert: Statement };

/** What a job is to do, and the batch or job that it belongs to. */
export type Work = {
  type: JobType;
  subjectId: string | null;
  parentId?: string | null;
  /** What it has to know beside its subject. */
  checkpoint?: Job['checkpoint'];
};

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
  waitUntil,
}: Deps) {
  const repository = createJobsRepository(database);
  const batches = createBatchesRepository(database);

  const get = async (actor: Actor, id: string): Promise<JobView> => {
    const { userId: ownerId } = actor;
    const [[job], counts] = await database.commit([repository.select(ownerId, id), batches.countItems(ownerId, [id])]);
    if (!job) throw notFound('job');
    return viewOf(job, { counts, now: clock.now() });
  };

  const prepare = (ownerId: string, work: Work): PreparedJob => {
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

  const cancelBatch = async (actor: Actor, batch: Job): Promise<void> => {
    const ending = { id: batch.id, failure: CANCELLED, now: clock.now() };
    const cancelled = [...repository.cancel(actor.userId, ending), batches.cancelItems(actor.userId, ending)];
    await transition([...cancelled, ...failureStatements(batch, CANCELLED)], jobHasEnded());
  };

  /** Starts again what failed of a batch, or was cancelled. */
  const retryBatch = async (actor: Actor, { id }: Job): Promise<void> => {
    const { userId: ownerId } = actor;
    const now = clock.now();
    const restart = batches.restartItems(ownerId, { id, now, replaced: SUPERSEDED.code });
    const reopen = batches.reopen(ownerId, { id, now });
    const [restarted] = await database.commit([...restart, reopen] as const).catch((error: unknown) => {
      throw isGuardFailure(error) ? batchNotRetryable() : error;
    });
    await queue.wake(restarted.map((item) => item.id));
  };

  return {
    get,

    async list(actor: Actor, { status, type, documentId, ...page }: ListJobs): Promise<Page<JobView>> {
      const filter = { status, type, subjectId: documentId };
      const { items, nextCursor } = await repository.list(actor.userId, { ...page, filter });
      const ids = items.filter((job) => job.type === 'batch').map(({ id }) => id);
      const counts = ids.length > 0 ? await batches.countItems(actor.userId, ids) : [];
      return { items: items.map((job) => viewOf(job, { counts, now: clock.now() })), nextCursor };
    },

    /** The jobs that belong to a batch, or that a job has made for what came out of its document. */
    async listItems(actor: Actor, items: ListItems & { id: string }): Promise<Page<Job>> {
      const page = await batches.list(actor.userId, items);
      if (!page) throw notFound('job');
      return page;
    },

    /** What a batch's items are at. */
    async countItems(ownerId: string, id: string): Promise<ItemCounts> {
      return itemCounts(id, await batches.countItems(ownerId, [id]));
    },

    stoppedSubjects: (ownerId: string, batchId: string) => batches.stoppedSubjects(ownerId, batchId),

    /** A batch and its items as statements, to be committed with what they work on; then wake the jobs. */
    prepareBatch(ownerId: string, parts: NewBatch): { batch: JobView; jobIds: string[]; inserts: Statement[] } {
      const now = clock.now();
      const { batch, open, refused } = newBatch(parts, { ownerId, requestId, nextId: ids.next, now });
      const counts = [
        { parentId: batch.id, status: 'queued' as const, total: open.length },
        { parentId: batch.id, status: 'failed' as const, total: refused.length },
      ];
      return {
        batch: viewOf(batch, { counts, now }),
        jobIds: open.map(({ id }) => id),
        inserts: [repository.insertMany([batch]), repository.insertMany(open), repository.insertMany(refused)],
      };
    },

    /**
     * A job as a statement, to be committed with the change that it follows from; then wake it.
     * The row alone is enough: a job that nobody woke is found by the sweep.
     */
    prepare,

    /** Any number of jobs as one statement. */
    prepareMany(
      works: (Work & { ownerId: string; subjectId: string })[],
      where?: Condition,
    ): { jobs: Job[]; insert: Statement } {
      const now = clock.now();
      const prepared = works.map((work) => newJob({ id: ids.next(), ...work, requestId, now }));
      return { jobs: prepared, insert: repository.insertMany(prepared, where) };
    },

    wake: (jobIds: string[]) => queue.wake(jobIds),

    /** The same after the answer: on one machine the jobs would run before it. */
    wakeAfterAnswer: (jobIds: string[]): void => waitUntil(clock.sleep(0).then(() => queue.wake(jobIds))),

    /** Which of the subjects have a job that has not ended. */
    openSubjects: (ownerId: string, subjectIds: string[], type?: JobType) =>
      repository.openSubjects(ownerId, subjectIds, type),

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

    /** Forgets jobs of a kind on these subjects that have done their work: what is done every hour is not news. */
    forgetSucceeded: (subjects: { ownerId: string; type: JobType; subjectId: string }[]): Statement =>
      repository.removeSucceeded(subjects),

    /** The job's states as they change: {@link followJob}. */
    follow: (actor: Actor, { first, ...how }: { first: JobView; seenVersion: number; isGone: () => boolean }) =>
      followJob(first, { ...how, clock, look: () => get(actor, first.id) }),

    /** Whether somebody who has seen this version of the job has seen its end. */
    isOver: (job: Job, seenVersion: number): boolean => hasEnded(job.status) && job.version === seenVersion,

    async cancel(actor: Actor, id: string): Promise<JobView> {
      const job = await get(actor, id);
      if (hasEnded(job.status)) throw jobHasEnded();
      if (job.type === 'batch') {
        await cancelBatch(actor, job);
        return get(actor, id);
      }
      if (job.type.startsWith('delete_')) throw deletionNotCancellable();
      const cancelled = repository.cancel(actor.userId, { id, failure: CANCELLED, now: clock.now() });
      const closing =
        job.parentId === null ? [] : [batches.close({ id: job.parentId, now: clock.now(), failure: ALL_ITEMS_FAILED })];
      await transition([...cancelled, ...failureStatements(job, CANCELLED), ...closing], jobHasEnded());
      await afterFailure(job);
      return get(actor, id);
    },

    async retry(actor: Actor, id: string): Promise<JobView> {
      const job = await get(actor, id);
      if (job.type === 'batch') {
        await retryBatch(actor, job);
        return get(actor, id);
      }
      const mayRetry = job.status === 'failed' || job.status === 'cancelled';
      if (!mayRetry || job.errorCode === SUPERSEDED.code) throw jobNotRetryable();
      if (job.subjectId === null && job.parentId !== null) throw jobNotRetryable();
      const now = clock.now();
      const reopening = job.parentId === null ? [] : [batches.reopen(actor.userId, { id: job.parentId, now })];
      await transition([...repository.restart(actor.userId, { id, now }), ...reopening], jobNotRetryable());
      await queue.wake([id]);
      return get(actor, id);
    },
  };
}

export type JobsService = ReturnType<typeof createJobsService>;
