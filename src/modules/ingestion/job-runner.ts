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
import { createStepClock, type StepClock } from './job-steps.ts';
import { createJobTurnsRepository } from './job-turns.repository.ts';

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
  /**
   * Notes progress, which costs nothing; extends the lease and records what was noted, at most every third of the lease.
   * @throws LeaseLostError
   */
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
  outcome: 'succeeded' | 'failed' | 'retry' | 'lease_lost';
  retryDelayMs?: number;
  /** A job that waits for the place of this one, and is to be woken. */
  next?: string | undefined;
  /** Jobs that it has made. */
  made?: string[];
};

/** A job that was taken for one attempt. */
export type Claim = { job: Job; lease: Lease };

type Settlement = { lease: Lease; outcome: Outcome; steps: StepClock };

/**
 * Runs one attempt of the job whose turn it is: claim, work, commit. Safe when called twice, late, or by two workers at
 * once: only the holder of the lease can change the row, and each commit proves that it still holds it.
 */
export function createJobRunner({ database, clock, config, logger, handlers }: Deps) {
  const repository = createJobsRepository(database);
  const batches = createBatchesRepository(database);
  const turns = createJobTurnsRepository(database);
  const leaseMs = config.JOB_LEASE_MS;
  const places = { perOwner: config.JOBS_PER_USER, inAll: config.JOBS_AT_ONCE };

  /** The last item to end ends its batch. */
  const closeBatch = ({ parentId: id }: Job): Statement[] =>
    id === null ? [] : [batches.close({ id, now: clock.now(), failure: ALL_ITEMS_FAILED })];

  const beginAttempt = (job: Job, { lease, steps }: { lease: Lease; steps: StepClock }): Attempt => {
    let lastSignMs = clock.now();
    let noted: Progress = {};
    const note = (progress: Progress) => {
      const { step, totalItems, processedItems } = progress;
      steps.note({ name: step ?? undefined, totalItems, processedItems }, clock.now());
      noted = { ...noted, ...progress };
    };
    const advance = async (progress: Progress) => {
      note(progress);
      lastSignMs = clock.now();
      const told = { ...noted, steps: steps.steps() };
      noted = {};
      const statement = repository.advance(lease, { progress: told, now: lastSignMs, leaseMs });
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
        note(progress);
        if (clock.now() - lastSignMs > leaseMs / 3) await advance({});
      },
    };
  };

  /** Ends the attempt. @returns who waits for its place. */
  const leave = async (statements: Statement[]): Promise<string | undefined> => {
    const [next] = await database.commitAndRead(statements, turns.selectNext({ now: clock.now(), places }));
    return next?.id;
  };

  const settle = async (job: Job, { lease, outcome, steps: clocked }: Settlement): Promise<AttemptReport> => {
    const now = clock.now();
    const { failure } = outcome;
    const steps = clocked.end(now, false);
    if (outcome.type === 'fail') {
      const failed = repository.fail(lease, { failure, steps, now });
      const next = await leave([...failed, ...handlers[job.type].onFailure(job, failure), ...closeBatch(job)]);
      await handlers[job.type].afterFailure?.(job);
      return { outcome: 'failed', next };
    }
    const spent = outcome.type === 'retry';
    const dueAt = now + outcome.delayMs;
    const next = await leave(repository.postpone(lease, { failure, dueAt, steps, now, spent }));
    return { outcome: 'retry', retryDelayMs: outcome.delayMs, next };
  };

  /** Whoever took the lease away has its place, or gave it up: somebody may wait for it. */
  const leaveLost = async (): Promise<AttemptReport> => ({ outcome: 'lease_lost', next: await leave([]) });

  return {
    /** Takes the job whose turn it is, preferably this one; undefined when none is due, or none has a place. */
    async claim(jobId: string): Promise<Claim | undefined> {
      const leaseToken = crypto.randomUUID();
      const statements = turns.claim(jobId, { leaseToken, leaseMs, now: clock.now(), places });
      const [[job]] = await database.commit(statements);
      return job && { job, lease: { jobId: job.id, leaseToken } };
    },

    async work({ job, lease }: Claim): Promise<AttemptReport> {
      const steps = createStepClock(job, clock.now());
      try {
        // A job that took its worker down with it each time never got to say so.
        if (job.attempts > MAX_ATTEMPTS) throw new Error('The job was lost with its worker too often.');
        const completion = await handlers[job.type].run(beginAttempt(job, { lease, steps }));
        const now = clock.now();
        const succeeded = repository.succeed(lease, { result: completion.result, steps: steps.end(now, true), now });
        const next = await leave([...succeeded, ...completion.statements, ...closeBatch(job)]);
        return { outcome: 'succeeded', next, ...(completion.makes && { made: completion.makes }) };
      } catch (error) {
        if (error instanceof LeaseLostError || isGuardFailure(error)) return leaveLost();
        const outcome = decideOutcome(error, { attempts: job.attempts, random: Math.random });
        if (outcome.type !== 'wait') {
          logger.error('job.attempt_failed', error, { jobId: job.id, type: job.type, attempt: job.attempts });
        }
        return settle(job, { lease, outcome, steps }).catch((reason: unknown) => {
          if (isGuardFailure(reason)) return leaveLost();
          throw reason;
        });
      }
    },

    /**
     * Queues jobs again whose worker is gone, and says which are to be woken: those, and others that wait in vain, as
     * many as there are places. Each of these wakes another one when it ends.
     */
    async recover(graceMs: number): Promise<string[]> {
      const now = clock.now();
      const [released, , overdue] = await database.commit([
        turns.release(now),
        turns.markOverdue(now - graceMs),
        turns.selectOverdue({ now, places }),
      ]);
      return [...new Set([...released, ...overdue].map(({ id }) => id))];
    },
  };
}
