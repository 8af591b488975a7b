import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginAttempt, forgiveAttempt, forgottenAt, type Lockout } from '../../src/limit-objects/lockout.ts';
import { addressKey } from '../../src/limit-objects/subject.ts';
import { type Bucket, type BucketPolicy, takeTokens } from '../../src/limit-objects/token-bucket.ts';
import { uploadFingerprint } from '../../src/shared/upload-fingerprint.ts';

const MINUTE_MS = 60_000;

/** A bucket that goes millisecond by millisecond and token by token, in whole numbers without a limit. */
function naiveBucket({ capacity, windowMs }: BucketPolicy) {
  const full = BigInt(capacity) * BigInt(windowMs);
  let units = full;
  return {
    units: () => units,
    pass(milliseconds: number) {
      for (let passed = 0; passed < milliseconds; passed++) {
        units += BigInt(capacity);
        if (units > full) units = full;
      }
    },
    take(wanted: number) {
      let granted = 0;
      for (; granted < wanted && units >= BigInt(windowMs); granted++) units -= BigInt(windowMs);
      return granted;
    },
  };
}

describe('the token bucket', () => {
  const policy = { capacity: 60, windowMs: MINUTE_MS };

  it.each<[what: string, bucket: Bucket | undefined, now: number, wanted: number, taken: object]>([
    ['is full at first', undefined, 0, 1, { granted: 1, remaining: 59, retryAfterMs: 0, resetMs: 1000 }],
    ['gives a block', undefined, 0, 10, { granted: 10, remaining: 50, resetMs: 10_000 }],
    ['gives what it has', { units: 3 * MINUTE_MS, updatedAt: 0 }, 0, 10, { granted: 3, remaining: 0 }],
    ['says when there is more', { units: 0, updatedAt: 0 }, 0, 1, { granted: 0, retryAfterMs: 1000, resetMs: 60_000 }],
    ['refills evenly', { units: 0, updatedAt: 0 }, 2_500, 5, { granted: 2, remaining: 0, retryAfterMs: 500 }],
    ['is not there a millisecond early', { units: 0, updatedAt: 0 }, 999, 1, { granted: 0, retryAfterMs: 1 }],
    ['is there on time', { units: 0, updatedAt: 0 }, 1000, 1, { granted: 1 }],
    ['holds no more than its capacity', { units: 0, updatedAt: 0 }, 1e12, 100, { granted: 60, remaining: 0 }],
    ['gains nothing when the clock goes back', { units: 0, updatedAt: 5000 }, 0, 1, { granted: 0 }],
    ['shrinks with its capacity', { units: 900 * MINUTE_MS, updatedAt: 0 }, 0, 100, { granted: 60 }],
  ])('%s', (_, bucket, now, wanted, expected) => {
    expect(takeTokens(bucket, { policy, wanted, now }).taken).toMatchObject(expected);
  });

  it('does not give the same milliseconds twice to a clock that goes back and forth', () => {
    let bucket: Bucket | undefined = { units: 0, updatedAt: 1000 };
    for (const now of [0, 1000, 0, 1000]) ({ bucket } = takeTokens(bucket, { policy, wanted: 1, now }));
    expect(takeTokens(bucket, { policy, wanted: 1, now: 1999 }).taken.granted).toBe(0);
  });

  it('lets through what a naive reference lets through, call by call', () => {
    const calls = fc.array(fc.record({ afterMs: fc.nat(3000), wanted: fc.integer({ min: 1, max: 20 }) }));
    const sizes = fc.record({
      capacity: fc.integer({ min: 1, max: 500 }),
      windowMs: fc.integer({ min: 1, max: 5000 }),
    });
    fc.assert(
      fc.property(sizes, calls, (sized, steps) => {
        let now = 1_700_000_000_000;
        let bucket: Bucket | undefined;
        const naive = naiveBucket(sized);
        for (const { afterMs, wanted } of steps) {
          now += afterMs;
          naive.pass(afterMs);
          const next = takeTokens(bucket, { policy: sized, wanted, now });
          bucket = next.bucket;
          expect(next.taken.granted).toBe(naive.take(wanted));
          expect(BigInt(next.bucket.units)).toBe(naive.units());
        }
      }),
      { numRuns: 60 },
    );
  });

  it('grants a token at the time that it named, and none before', () => {
    const sizes = fc.record({ capacity: fc.integer({ min: 1, max: 10_000 }), units: fc.nat(59_999) });
    fc.assert(
      fc.property(sizes, ({ capacity, units }) => {
        const sized = { capacity, windowMs: MINUTE_MS };
        const at = (now: number) => takeTokens({ units, updatedAt: 0 }, { policy: sized, wanted: 1, now }).taken;
        const { granted, retryAfterMs } = at(0);
        expect(granted).toBe(0);
        expect(at(retryAfterMs).granted).toBe(1);
        if (retryAfterMs > 0) expect(at(retryAfterMs - 1).granted).toBe(0);
      }),
    );
  });
});

describe('the lock-out', () => {
  const policy = { limit: 3, windowMs: 15 * MINUTE_MS, firstWaitMs: MINUTE_MS, maxWaitMs: 8 * MINUTE_MS };
  /** Waits that attempts at these minutes meet, in minutes. */
  const waits = (minutes: number[]) => {
    let state: Lockout | undefined;
    return minutes.map((minute) => {
      const begun = beginAttempt(state, { policy, now: minute * MINUTE_MS });
      state = begun.state;
      return begun.retryAfterMs / MINUTE_MS;
    });
  };

  it.each<[what: string, minutes: number[], waits: number[]]>([
    ['lets the first ones pass', [0, 0, 0], [0, 0, 0]],
    ['then makes wait', [0, 0, 0, 0, 0.5], [0, 0, 0, 1, 0.5]],
    ['lets one pass after the wait, and doubles it', [0, 0, 0, 1, 1, 2, 3, 3], [0, 0, 0, 0, 2, 1, 0, 4]],
    ['does not make longer waits for asking during one', [0, 0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 1, 0, 2]],
    ['has a longest wait', [0, 0, 0, 1, 3, 7, 15, 15], [0, 0, 0, 0, 0, 0, 0, 8]],
    ['forgets attempts one by one', [0, 10, 16, 17, 17], [0, 0, 0, 0, 1]],
    ['forgets the waits with the last attempt', [0, 0, 0, 1, 16.5, 16.5, 16.5, 16.5], [0, 0, 0, 0, 0, 0, 0, 1]],
  ])('%s', (_, minutes, expected) => {
    expect(waits(minutes)).toEqual(expected);
  });

  it('takes back an attempt and the wait that it caused', () => {
    let state: Lockout | undefined;
    for (let attempt = 0; attempt < 3; attempt++) ({ state } = beginAttempt(state, { policy, now: 0 }));
    const forgiven = forgiveAttempt(state ?? { attempts: [], waits: 0, blockedUntil: 0 });
    expect(beginAttempt(forgiven, { policy, now: 0 }).retryAfterMs).toBe(0);
    expect(forgiveAttempt({ attempts: [], waits: 0, blockedUntil: 5 }).attempts).toEqual([]);
  });

  it('never lets more attempts pass in a window than the limit and those that were waited for', () => {
    const steps = fc.array(fc.nat(3 * MINUTE_MS), { minLength: 20, maxLength: 200 });
    fc.assert(
      fc.property(steps, (pauses) => {
        let state: Lockout | undefined;
        let now = 0;
        const passed: { at: number; waited: boolean }[] = [];
        for (const pause of pauses) {
          now += pause;
          const waited = (state?.blockedUntil ?? 0) > 0;
          const begun = beginAttempt(state, { policy, now });
          state = begun.state;
          if (begun.retryAfterMs === 0) passed.push({ at: now, waited });
          expect(state.attempts.length).toBeLessThanOrEqual(policy.limit);
          expect(state.blockedUntil - now).toBeLessThanOrEqual(policy.maxWaitMs);
        }
        for (const { at } of passed) {
          const free = passed.filter((one) => one.at <= at && one.at > at - policy.windowMs && !one.waited);
          expect(free.length).toBeLessThanOrEqual(policy.limit);
        }
      }),
    );
  });

  it('may be forgotten when neither a wait nor an attempt counts any more', () => {
    const { state } = beginAttempt(undefined, { policy, now: MINUTE_MS });
    expect(forgottenAt(state, policy)).toBe(16 * MINUTE_MS);
    expect(forgottenAt({ ...state, blockedUntil: 99 * MINUTE_MS }, policy)).toBe(99 * MINUTE_MS);
  });
});

describe('an address', () => {
  it.each([
    ['192.0.2.1', ' 192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['192.0.2.1', '::ffff:192.0.2.1', true],
    ['2001:db8:1:2::1', '2001:0DB8:0001:0002:ffff:1:2:3', true],
    ['2001:db8::', '2001:db8:0:0:1::', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['::1', '::2', true],
  ])('%s and %s: same network %s', (one, other, isSame) => {
    expect(addressKey(one) === addressKey(other)).toBe(isSame);
    expect(addressKey(one)).toMatch(/^[\da-f]{64}$/);
  });
});

describe('the fingerprint of an upload', () => {
  const file = { filename: 'a.md', mediaType: 'text/markdown', sha256: 'x' };
  const print = uploadFingerprint(file, { title: 'A', tags: 'b' });

  it('does not depend on the order of fields', () => {
    expect(uploadFingerprint(file, { tags: 'b', title: 'A' })).toBe(print);
  });

  it.each([
    ['name', uploadFingerprint({ ...file, filename: 'b.md' }, { title: 'A', tags: 'b' })],
    ['bytes', uploadFingerprint({ ...file, sha256: 'y' }, { title: 'A', tags: 'b' })],
    ['field', uploadFingerprint(file, { title: 'B', tags: 'b' })],
    ['missing field', uploadFingerprint(file, { title: 'A' })],
  ])('depends on every %s', (_, other) => {
    expect(other).not.toBe(print);
  });
});
