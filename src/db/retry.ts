/** Messages of D1 that mean: nothing is wrong with the statement, try again. */
const TRANSIENT =
  /network connection lost|storage caused object to be reset|reset because its code was updated|internal error|overloaded|connection closed|timed out|too many requests/i;

/** Whether the same statement may succeed when sent again. */
export function isTransient(error: unknown): boolean {
  return error instanceof Error && TRANSIENT.test(error.message);
}

const MAX_ATTEMPTS = 3;
const FIRST_DELAY_MS = 25;

/** Delay before the given retry (from 1): exponential with full jitter. */
export function retryDelayMs(retry: number, random: () => number = Math.random): number {
  return random() * FIRST_DELAY_MS * 2 ** retry;
}

/** Runs an idempotent call, again after a short random delay when it fails transiently, three times at most. */
export async function retryTransient<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (attempt >= MAX_ATTEMPTS || !isTransient(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, retryDelayMs(attempt)));
    }
  }
}
