/** How often something outside is tried. */
export type RetryPolicy = {
  /** Calls in all, at least 1. */
  attempts: number;
  /** The wait before the second call is random below twice this; it doubles with every further one. */
  firstDelayMs: number;
  /** Whether the same call may succeed later. */
  isTransient: (error: unknown) => boolean;
};

/** The same for calls that must end in time; a call that did not counts as failed with a {@link TimeoutError}. */
export type AttemptPolicy = RetryPolicy & { timeoutMs: number };

export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

/** Runs an idempotent call with a time limit, again after a random wait while it fails transiently. */
export const attempt = <T>(call: () => Promise<T>, policy: AttemptPolicy): Promise<T> =>
  retry(() => withTimeout(call(), policy.timeoutMs), policy);

/** Runs an idempotent call, again after a random wait (exponential, full jitter) while it fails transiently. */
export async function retry<T>(call: () => Promise<T>, policy: RetryPolicy): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await call();
    } catch (error) {
      if (tried >= policy.attempts || !policy.isTransient(error)) throw error;
      const delayMs = Math.random() * policy.firstDelayMs * 2 ** tried;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
}

/** @throws TimeoutError when the work takes longer. It is not stopped, but nobody waits for it any more. */
export async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError(`No answer within ${timeoutMs} ms.`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
