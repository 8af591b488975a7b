import { afterEach, describe, expect, it, vi } from 'vitest';
import { newUser } from './support/actors.ts';
import { deliver, loseWakeUps, pass } from './support/clockwork.ts';
import { listen } from './support/console.ts';
import { isolateThatDies } from './support/dying-isolate.ts';
import { ask, type Begun, begin, LEASE_MS, TRUSTED_MS } from './support/erasures.ts';
import { upload } from './support/library.ts';
import { traces } from './support/whereabouts.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Past the wait or the lease that the last attempt has left. */
const WAITS_MS = [0, TRUSTED_MS, LEASE_MS];
const EACH_AT_ENDS = 5;
const ONE_IN_BETWEEN = 5;
const NEVER = Number.POSITIVE_INFINITY;

async function begun(): Promise<{ erasure: Begun; userId: string }> {
  const owner = await newUser();
  loseWakeUps();
  await upload({
    token: owner.token,
    content: 'The heron stood still.',
    filename: 'heron.txt',
    fields: { tags: 'Bird' },
  });
  return { erasure: await begin(owner), userId: owner.user.id };
}

/** How many calls of stores each attempt of an undisturbed erasure makes. */
async function measure(): Promise<number[]> {
  const { erasure } = await begun();
  const counts: number[] = [];
  for (const wait of WAITS_MS) {
    pass(wait);
    const { bindings, calls } = isolateThatDies(NEVER);
    await deliver({ erasureId: erasure.job.id }, bindings);
    counts.push(calls());
  }
  expect(await ask(erasure)).toMatchObject({ status: 'succeeded' });
  vi.useRealTimers();
  return counts;
}

/** The calls at both ends are each of a kind; those between empty one table after another by the same statements. */
function deathsAmong(calls: number): number[] {
  const isNearEnd = (at: number) => at < EACH_AT_ENDS || at >= calls - EACH_AT_ENDS;
  return Array.from({ length: calls }, (_, at) => at).filter((at) => isNearEnd(at) || at % ONE_IN_BETWEEN === 0);
}

describe('an erasure whose worker dies', () => {
  it('at whatever call of a store, in any of its attempts, ends with nothing left', { timeout: 120_000 }, async () => {
    const counts = await measure();
    expect(Math.min(...counts)).toBeGreaterThan(10);
    let deaths = 0;
    for (const [dyingAttempt, count] of counts.entries()) {
      for (const atCall of deathsAmong(count)) {
        const { erasure, userId } = await begun();
        const { stop } = listen();
        for (const [attempt, wait] of WAITS_MS.entries()) {
          pass(wait);
          if (attempt === dyingAttempt) {
            await deliver({ erasureId: erasure.job.id }, isolateThatDies(atCall).bindings);
            // Then its lease runs out.
            pass(LEASE_MS);
            deaths += 1;
          }
          await deliver({ erasureId: erasure.job.id });
        }
        // What died behind the user's row left one more wait.
        pass(LEASE_MS);
        await deliver({ erasureId: erasure.job.id });
        stop();
        const where = `attempt ${dyingAttempt + 1}, call ${atCall}`;
        expect(await ask(erasure), where).toMatchObject({ status: 'succeeded', remaining: { objects: 0 } });
        expect(await traces([userId]), where).toEqual([]);
        vi.useRealTimers();
      }
    }
    expect(deaths).toBeGreaterThan(30);
  });
});
