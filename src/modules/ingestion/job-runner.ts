import type { Config } from '../../config.ts';
import type { Database, Statement } from '../../db/client.ts';
import { isGuardFailure } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { type Actor, jobActor } from '../../shared/actor.ts';
import { createBatchesRepository } from './batches.repository.ts';
import { createJobsRepository, type Lease, type Progress } from './ingestion.repository.ts';
import type { Job, JobType } from './ingestion.table.ts';
import {
  ALL_ITEMS_FAILED,
  decideOutcome,
  type Failure,
  LeaseLostError,
  MAX_ATTEMPTS,
  type Outcome,
} from './job-lifecycle.ts';

/** What a handler may tell the row while it works. */
export type Attempt = {
  job: Job;
  /** The job, acting for its owner. */
  actor: Actor;
  /** Records that a step is done, so that no later attempt repeats it. @throws LeaseLostError */
  checkpoint(progress: Progress): Promise<void>;
  /** Shows that this attempt still owns the job, before it does what outlives it. @throws LeaseLostError */
  prove(): Promise<void>;
  /** A statement that undoes its batch unless this attempt still owns the job. */
  requireLease(): Statement;
  /** Extends the lease and records progress, at most every third of the lease. @throws LeaseLostError */
  heartbeat(progress?: Progress): Promise<void>;
};

/** What a finished job leaves: its result, and the changes of state committed together with its end. */
export type Completion = {
  result: Job['result'];
  statements: Statement[];
  /** Ids of jobs that the statements make, to be woken once they are there. */
  makes?: string[];
};

export type JobHandler = {
  run(attempt: Attempt): Promise<Completion>;
  /** What becomes of the subject when the job ends without success. */
  onFailure(job: Job, failure: Failure): Statement[];
  /** What makes the other stores follow at once; if it cannot, a job committed by `onFailure` does. */
  afterFailure?(job: Job): Promise<void>;
};

export type JobHandlers = Record<JobType, JobHandler>;

type Deps = { database: Database; clock: Clock; config: Config; logger: Logger; handlers: JobHandlers };

/** How an attempt ended; `retryDelayMs` when it should be woken again. */
export type AttemptReport = {
  outcome: 'not_due' | 'succeeded' | 'failed' | 'retry' | 'lease_lost';
  retryDelayMs?: number;
  /** Jobs that it has made. */
  made?: string[];
};

/**
 * Runs one attempt of a job: claim, work, commit. Safe when called twice, late, or by two workers at once: only the
 * holder of the lease can change the row, and each commit proves that it still holds it.
 */
export function createJobRunner({ database, clock, config, logger, handlers }: Deps) {
  const repository = createJobsRepository(database);
  const batches = createBatchesRepository(database);
  const leaseMs = config.JOB_LEASE_MS;

  /** The last item to end ends its batch. */
  const closeBatch = ({ parentId: id }: Job): Statement[] =>
    id === null ? [] : [batches.close({ id, now: clock.now(), failure: ALL_ITEMS_FAILED })];

  const beginAttempt = (job: Job, lease: Lease): Attempt => {
    let lastSignMs = clock.now();
    const advance = async (progress: Progress) => {
      lastSignMs = clock.now();
      const statement = repository.advance(lease, { progress, now: lastSignMs, leaseMs });
      const [result] = await database.commit([statement as Statement<D1Result>]);
      if (result.meta.changes === 0) throw new LeaseLostError(`Job ${job.id} is no longer this attempt's.`);
    };
    return {
      job,
      actor: jobActor(job),
      checkpoint: advance,
      prove: () => advance({}),
      requireLease: () => repository.requireLease(lease),
      async heartbeat(progress = {}) {
        if (clock.now() - lastSignMs > leaseMs / 3) await advance(progress);
      },
    };
  };

  const settle = async (job: Job, { lease, outcome }: { lease: Lease; outcome: Outcome }): Promise<AttemptReport> => {
    const now = clock.now();
    const { failure } = outcome;
    if (outcome.type === 'fail') {
      const failed = repository.fail(lease, { failure, now });
      await database.commit([...failed, ...handlers[job.type].onFailure(job, failure), ...closeBatch(job)]);
      await handlers[job.type].afterFailure?.(job);
      return { outcome: 'failed' };
    }
    const spent = outcome.type === 'retry';
    await database.commit(repository.postpone(lease, { failure, dueAt: now + outcome.delayMs, now, spent }));
    return { outcome: 'retry', retryDelayMs: outcome.delayMs };
  };

  const work = async (job: Job, lease: Lease): Promise<AttemptReport> => {
    try {
      // A job that took its worker down with it each time never got to say so.
      if (job.attempts > MAX_ATTEMPTS) throw new Error('The job was lost with its worker too often.');
      const completion = await handlers[job.type].run(beginAttempt(job, lease));
      const succeeded = repository.succeed(lease, { result: completion.result, now: clock.now() });
      await database.commit([...succeeded, ...completion.statements, ...closeBatch(job)]);
      return { outcome: 'succeeded', ...(completion.makes && { made: completion.makes }) };
    } catch (error) {
      if (error instanceof LeaseLostError || isGuardFailure(error)) return { outcome: 'lease_lost' };
      const outcome = decideOutcome(error, { attempts: job.attempts, random: Math.random });
      if (outcome.type !== 'wait') {
        logger.error('job.attempt_failed', error, { jobId: job.id, type: job.type, attempt: job.attempts });
      }
      return settle(job, { lease, outcome }).catch((reason: unknown) => {
        if (isGuardFailure(reason)) return { outcome: 'lease_lost' as const };
        throw reason;
      });
    }
  };

  return {
    async run(jobId: string): Promise<AttemptReport & { job?: Job }> {
      const leaseToken = crypto.randomUUID();
      const job = await repository.claim(jobId, { leaseToken, now: clock.now(), leaseMs });
      if (!job) return { outcome: 'not_due' };
      return { ...(await work(job, { jobId, leaseToken })), job };
    },

    /** Jobs that have been due for longer than a wake-up takes. */
    lost: (graceMs: number) => repository.dueSince(clock.now() - graceMs),
  };
}
