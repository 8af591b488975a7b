/** How many attempts are free, and how long one has to wait after them. */
export type LockoutPolicy = {
  /** Attempts in a window that cost no wait. */
  limit: number;
  windowMs: number;
  /** The first wait; every further one is twice as long as the one before. */
  firstWaitMs: number;
  maxWaitMs: number;
};

/** What is remembered of a subject: times in milliseconds since the epoch. */
export type Lockout = {
  /** When the last attempts were made: those in the window, and no more than the limit. */
  attempts: number[];
  /** Waits imposed since there was last a window without an attempt. */
  waits: number;
  blockedUntil: number;
};

/**
 * Counts an attempt before it is made, as if it had failed: of any number of simultaneous ones no more get through than
 * are allowed. One that is refused is not counted, so a wait has an end.
 * @returns `retryAfterMs` 0 when the attempt may be made.
 */
export function beginAttempt(
  before: Lockout | undefined,
  { policy, now }: { policy: LockoutPolicy; now: number },
): { state: Lockout; retryAfterMs: number } {
  const known = before ?? { attempts: [], waits: 0, blockedUntil: 0 };
  if (now < known.blockedUntil) return { state: known, retryAfterMs: known.blockedUntil - now };
  const recent = known.attempts.filter((time) => time > now - policy.windowMs);
  const waits = recent.length === 0 ? 0 : known.waits;
  const attempts = [...recent, now].slice(-policy.limit);
  if (attempts.length < policy.limit) return { state: { attempts, waits, blockedUntil: 0 }, retryAfterMs: 0 };
  const waitMs = Math.min(policy.maxWaitMs, policy.firstWaitMs * 2 ** waits);
  return { state: { attempts, waits: waits + 1, blockedUntil: now + waitMs }, retryAfterMs: 0 };
}

/** Takes back one attempt that turned out to be right, and the wait that it caused. */
export function forgiveAttempt(state: Lockout): Lockout {
  return { ...state, attempts: state.attempts.slice(0, -1), blockedUntil: 0 };
}

/** When nothing of the state matters any more. */
export function forgottenAt({ attempts, blockedUntil }: Lockout, { windowMs }: LockoutPolicy): number {
  return Math.max(blockedUntil, (attempts.at(-1) ?? 0) + windowMs);
}
