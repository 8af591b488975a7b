import { createExpiringCache } from '../shared/expiring-cache.ts';

/** The period of the binding in `wrangler.toml`, which a test holds to this. */
export const FLOOD_PERIOD_SECONDS = 10;

export type FloodWall = {
  /** Whether a call from the address may go on. When the platform does not answer, it may. */
  letsThrough(address: string): Promise<boolean>;
};

/**
 * Calls of which an isolate tells the platform as one, so that the binding's limit is that of calls divided by this. Of an
 * address that sends less in a period it asks nothing: the usual call waits for no wall.
 */
export const CALLS_PER_QUESTION = 20;
const MAX_ADDRESSES = 10_000;

type Counted = { calls: number; isStopped: boolean };

/**
 * The first wall, in front of everything: stops an address that sends far more than anyone has reason to. The platform
 * counts for each of its locations, approximately and next to the Worker.
 */
export function createFloodWall({ binding, now }: { binding: RateLimit; now: () => number }): FloodWall {
  const addresses = createExpiringCache<Counted>({
    ttlMs: FLOOD_PERIOD_SECONDS * 1000,
    maxEntries: MAX_ADDRESSES,
    now,
  });

  const isOverLimit = async (key: string): Promise<boolean> => {
    try {
      return !(await binding.limit({ key })).success;
    } catch {
      return false;
    }
  };

  return {
    async letsThrough(address) {
      let counted = addresses.get(address);
      if (!counted) {
        counted = { calls: 0, isStopped: false };
        addresses.set(address, counted);
      }
      counted.calls += 1;
      if (!counted.isStopped && counted.calls % CALLS_PER_QUESTION === 0)
        counted.isStopped = await isOverLimit(address);
      return !counted.isStopped;
    },
  };
}
