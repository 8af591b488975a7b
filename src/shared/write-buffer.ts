export type WriteBuffer<T> = {
  /** Adds an entry. @returns whether the caller must flush: nobody else is about to. */
  add(entry: T): boolean;
  /** Takes out what has been gathered. */
  take(): T[];
};

/**
 * Gathers entries of many requests, so that one of them writes for all. Whoever is told to flush does so within
 * `delayMs`; if it dies first, the next entry after twice that time finds another.
 */
export function createWriteBuffer<T>({ delayMs, now }: { delayMs: number; now: () => number }): WriteBuffer<T> {
  let entries: T[] = [];
  let flushDueMs = 0;
  return {
    add(entry) {
      entries.push(entry);
      if (entries.length > 1 && now() < flushDueMs + delayMs) return false;
      flushDueMs = now() + delayMs;
      return true;
    },
    take() {
      const taken = entries;
      entries = [];
      return taken;
    },
  };
}
