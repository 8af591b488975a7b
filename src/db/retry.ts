import { type RetryPolicy, retry } from '../shared/attempts.ts';

/** Messages of D1 that mean: nothing is wrong with the statement, try again. */
const TRANSIENT =
  /network connection lost|storage caused object to be reset|reset because its code was updated|internal error|overloaded|connection closed|timed out|too many requests/i;

/** Whether the same statement may succeed when sent again. */
export function isTransient(error: unknown): boolean {
  return error instanceof Error && TRANSIENT.test(error.message);
}

const READ_POLICY: RetryPolicy = { attempts: 3, firstDelayMs: 25, isTransient };

/** Reads are idempotent: they are tried again when the database could not answer. */
export const retryRead = <T>(call: () => Promise<T>): Promise<T> => retry(call, READ_POLICY);
