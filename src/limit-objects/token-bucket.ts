/** `capacity` calls in one go, and as many again over every window: `capacity` tokens that come back evenly. */
export type BucketPolicy = { capacity: number; windowMs: number };

/**
 * How full a bucket was when. A token is `windowMs` units and `capacity` units come back every millisecond, so that all
 * of it is whole numbers and nothing is ever rounded.
 */
export type Bucket = { units: number; updatedAt: number };

export type Taken = {
  granted: number;
  /** Whole tokens that are left. */
  remaining: number;
  /** Until there is a token again; 0 while there are some. */
  retryAfterMs: number;
  /** Until the bucket is full. */
  resetMs: number;
};

export type TakeRequest = { policy: BucketPolicy /** At least 1. */; wanted: number };

/** Takes as many of the wanted tokens as there are. A bucket that nobody has seen yet is full. */
export function takeTokens(
  bucket: Bucket | undefined,
  { policy, wanted, now }: TakeRequest & { now: number },
): { bucket: Bucket; taken: Taken } {
  const { capacity, windowMs } = policy;
  const before = unitsAt(bucket, { policy, now });
  const granted = Math.min(wanted, Math.floor(before / windowMs));
  const units = before - granted * windowMs;
  const missing = Math.max(0, windowMs - units);
  return {
    // A clock that went back must not give the same milliseconds twice.
    bucket: { units, updatedAt: Math.max(now, bucket?.updatedAt ?? now) },
    taken: {
      granted,
      remaining: Math.floor(units / windowMs),
      retryAfterMs: Math.ceil(missing / capacity),
      resetMs: Math.ceil((capacity * windowMs - units) / capacity),
    },
  };
}

function unitsAt(bucket: Bucket | undefined, { policy, now }: { policy: BucketPolicy; now: number }): number {
  const full = policy.capacity * policy.windowMs;
  if (!bucket) return full;
  const elapsedMs = Math.max(0, now - bucket.updatedAt);
  return Math.min(full, bucket.units + elapsedMs * policy.capacity);
}
