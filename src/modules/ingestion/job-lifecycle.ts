import type { JobStatus } from './ingestion.table.ts';

/** Attempts after which a job that keeps failing, or keeps being lost with its worker, is given up. */
export const MAX_ATTEMPTS = 10;

/** How often somebody looks whether a batch has ended that its last item did not end. */
export const LOOK_AT_BATCH_MS = 60_000;

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 5 * 60_000;

export const ENDED: readonly JobStatus[] = ['succeeded', 'failed', 'cancelled'];

export const hasEnded = (status: JobStatus) => ENDED.includes(status);

/** A failure that another attempt would only repeat. Its message is shown to the job's owner. */
export class PermanentJobError extends Error {
  override readonly name = 'PermanentJobError';
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The attempt no longer owns its job: it was cancelled, or its lease ran out and another attempt took over. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** It is too early: something else must end first. Waiting is no failed attempt. */
export class NotYetError extends Error {
  override readonly name = 'NotYetError';
  readonly delayMs: number;

  constructor(message: string, delayMs: number) {
    super(message);
    // Times are stored as whole numbers.
    this.delayMs = Math.ceil(delayMs);
  }
}

export type Failure = { code: string; message: string };

export const ALL_ITEMS_FAILED: Failure = {
  code: 'all_items_failed',
  message: 'None of the files could be read; the items of the batch say why.',
};

/** What becomes of a job whose attempt threw. */
export type Outcome =
  | { type: 'fail'; failure: Failure }
  | { type: 'retry' | 'wait'; delayMs: number; failure: Failure };

/**
 * Decides after a failed attempt: permanent errors end the job, others are tried again with exponential backoff and
 * jitter (half fixed, half random), until the attempts are used up.
 */
export function decideOutcome(error: unknown, job: { attempts: number; random: () => number }): Outcome {
  if (error instanceof PermanentJobError)
    return { type: 'fail', failure: { code: error.code, message: error.message } };
  if (error instanceof NotYetError) {
    return { type: 'wait', delayMs: error.delayMs, failure: { code: 'waiting', message: error.message } };
  }
  if (job.attempts >= MAX_ATTEMPTS) {
    return {
      type: 'fail',
      failure: {
        code: 'attempts_exhausted',
        message: `It failed ${job.attempts} times for reasons that may pass; retry it by hand.`,
      },
    };
  }
  return {
    type: 'retry',
    delayMs: retryDelayMs(job),
    failure: { code: 'temporary', message: 'A step failed for a reason that may pass; it will be tried again.' },
  };
}

/** How long to wait after that many failed attempts: exponential, half of it random, at most five minutes. */
export function retryDelayMs({ attempts, random }: { attempts: number; random: () => number }): number {
  const ceilingMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempts - 1));
  return Math.round(ceilingMs * (0.5 + 0.5 * random()));
}
