export type Throttle = {
  /** Whether it is time again; whoever hears so does the work. */
  isDue(): boolean;
};

/** Lets something be done at most once in that time, the first time at once. */
export function createThrottle({ everyMs, now }: { everyMs: number; now: () => number }): Throttle {
  let dueAt = Number.NEGATIVE_INFINITY;
  return {
    isDue() {
      if (now() < dueAt) return false;
      dueAt = now() + everyMs;
      return true;
    },
  };
}
