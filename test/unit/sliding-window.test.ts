import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CallWindow, takeFromWindow, type WindowPolicy } from '../../src/limit-objects/sliding-window.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const hourly: WindowPolicy = { limit: 10, windowMs: HOUR_MS };

/** Calls granted at these minutes to who wants one each time. */
function granted(minutes: number[], policy = hourly): number[] {
  let window: CallWindow = [];
  return minutes.map((minute) => {
    const next = takeFromWindow(window, { policy, wanted: 1, now: minute * MINUTE_MS });
    window = next.window;
    return next.taken.granted;
  });
}

const policies = fc.record({ limit: fc.integer({ min: 1, max: 50 }), windowMs: fc.integer({ min: 60, max: 10_000 }) });
const steps = fc.array(fc.record({ afterMs: fc.nat(400), wanted: fc.integer({ min: 1, max: 8 }) }), { maxLength: 200 });
const START = 1_700_000_000_000;

/** Plays the steps. @returns each call that was granted, by its time, and what was taken at each step. */
function play(policy: WindowPolicy, played: { afterMs: number; wanted: number }[]) {
  let now = START;
  let window: CallWindow = [];
  const calls: number[] = [];
  const taken = played.map(({ afterMs, wanted }) => {
    now += afterMs;
    const next = takeFromWindow(window, { policy, wanted, now });
    window = next.window;
    for (let call = 0; call < next.taken.granted; call++) calls.push(now);
    return { now, wanted, calls: [...calls], window, ...next.taken };
  });
  return { calls, taken };
}

describe('the sliding window', () => {
  it.each<[what: string, minutes: number[], granted: number[]]>([
    ['has room for its limit', Array(11).fill(0), [...Array(10).fill(1), 0]],
    ['does not start anew with the hour', [...Array(10).fill(59), 60, 61, 119], [...Array(10).fill(1), 0, 0, 0]],
    ['has room again when calls are an hour old', [...Array(10).fill(0), 60, 61, 61], [...Array(10).fill(1), 0, 1, 1]],
    ['has room for as many as have left it', [0, ...Array(9).fill(30), 61, 61], [...Array(11).fill(1), 0]],
  ])('%s', (_, minutes, expected) => {
    expect(granted(minutes)).toEqual(expected);
  });

  it('never lets more calls through in any stretch of its length than its limit', () => {
    fc.assert(
      fc.property(policies, steps, (policy, played) => {
        const { calls } = play(policy, played);
        for (const end of calls) {
          const within = calls.filter((time) => time <= end && time > end - policy.windowMs);
          expect(within.length).toBeLessThanOrEqual(policy.limit);
        }
      }),
    );
  });

  it('refuses none that a log would let through which remembers a sixtieth longer', () => {
    fc.assert(
      fc.property(policies, steps, (policy, played) => {
        const longer = policy.windowMs + Math.ceil(policy.windowMs / 60);
        for (const { now, wanted, granted: got, calls } of play(policy, played).taken) {
          const before = calls.slice(0, calls.length - got);
          const room = policy.limit - before.filter((time) => time > now - longer).length;
          expect(got).toBeGreaterThanOrEqual(Math.min(wanted, Math.max(0, room)));
        }
      }),
    );
  });

  it('has room at the time that it named, and not a millisecond before', () => {
    fc.assert(
      fc.property(policies, steps, (policy, played) => {
        for (const { now, window, remaining, retryAfterMs, resetMs } of play(policy, played).taken) {
          const at = (time: number) => takeFromWindow(window, { policy, wanted: 1, now: time }).taken;
          expect(retryAfterMs > 0).toBe(remaining === 0);
          if (remaining > 0) continue;
          expect(at(now + retryAfterMs).granted).toBe(1);
          expect(at(now + retryAfterMs - 1).granted).toBe(0);
          expect(at(now + resetMs).remaining).toBe(policy.limit - 1);
        }
      }),
    );
  });

  it('remembers 61 slots at most', () => {
    fc.assert(
      fc.property(policies, steps, (policy, played) => {
        for (const { window } of play({ ...policy, limit: 100_000 }, played).taken) {
          expect(window.length).toBeLessThanOrEqual(61);
        }
      }),
    );
  });

  it('gives nothing twice to a clock that goes back', () => {
    let window: CallWindow = [];
    for (const now of [HOUR_MS, 0, HOUR_MS, 0]) {
      ({ window } = takeFromWindow(window, { policy: hourly, wanted: 4, now }));
    }
    expect(window.reduce((sum, { calls }) => sum + calls, 0)).toBe(10);
  });

  it('follows a limit that is changed', () => {
    const { window } = takeFromWindow([], { policy: hourly, wanted: 10, now: 0 });
    const at = (limit: number) => takeFromWindow(window, { policy: { ...hourly, limit }, wanted: 5, now: 1 }).taken;
    expect(at(12)).toMatchObject({ granted: 2, remaining: 0 });
    expect(at(5)).toMatchObject({ granted: 0, remaining: 0 });
    expect(at(100)).toMatchObject({ granted: 5, remaining: 85, retryAfterMs: 0 });
  });
});
