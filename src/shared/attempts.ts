/** How often and how long something outside is tried. */
export type AttemptPolicy = {
  /** Calls in all, at least 1. */
  attempts: number;
  /** After this a call counts as failed, transiently. */
  timeoutMs: number;
  /** The wait before the second call is random below twice this; it doubles with every further one. */
  firstDelayMs: number;
  /** Whether the same call may succeed later. */
  isTransient: (error: unknown) => boolean;
};

export class AttemptTimeoutError extends Error {
  override readonly name = 'AttemptTimeoutError';
}

/** Runs an idempotent call with a time limit, again after a random wait while it fails transiently. */
export async function attempt<T>(call: () => Promise<T>, policy: AttemptPolicy): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await withTimeout(call(), policy.timeoutMs);
    } catch (error) {
      const transient = error instanceof AttemptTimeoutError || policy.isTransient(error);
      if (!transient || tried >= policy.attempts) throw error;
      const delayMs = Math.random() * policy.firstDelayMs * 2 ** tried;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
}

async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new AttemptTimeoutError(`No answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
