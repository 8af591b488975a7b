import { setTimeout as sleep } from 'node:timers/promises';

/** How two samples of durations lie to each other, in measures that no machine's speed enters. */
export type Comparison = {
  /** Difference of the medians, as a share of the larger one. */
  medianShift: number;
  /** How often one of the first is longer than one of the second (Mann–Whitney U over n·m): 0.5 when they are alike. */
  superiority: number;
};

/** What is told apart: enough for a hash that was left out, more than what a busy machine does to two alike. */
const MIN_SHIFT = 0.3;
const MIN_SUPERIORITY = 0.8;

export function compare(first: readonly number[], second: readonly number[]): Comparison {
  const [a, b] = [medianOf(first), medianOf(second)];
  const wins = first.flatMap((x) => second.map((y) => (x > y ? 1 : x === y ? 0.5 : 0)));
  return {
    medianShift: Math.abs(a - b) / Math.max(a, b),
    superiority: wins.reduce<number>((sum, win) => sum + win, 0) / wins.length,
  };
}

/** Whether somebody who can only measure would tell the two kinds apart. Both measures must say so. */
export const isToldApart = ({ medianShift, superiority }: Comparison): boolean =>
  medianShift > MIN_SHIFT && Math.max(superiority, 1 - superiority) > MIN_SUPERIORITY;

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

type Trial = () => Promise<unknown>;
type Rounds = {
  samples: number;
  rounds?: number /** Between two trials, for work that goes on after them. */;
  pauseMs?: number;
};

/**
 * Measures two kinds of work, one after the other in changing order, so that what else the machine does meets both.
 * Rounds are repeated while they tell the two apart: a real difference does so in each, a busy moment in one.
 * @returns the last round's comparison.
 */
export async function measureApart(pair: [Trial, Trial], { rounds = 3, ...round }: Rounds): Promise<Comparison> {
  const comparison = compare(...(await measureRound(pair, round)));
  return isToldApart(comparison) && rounds > 1 ? measureApart(pair, { ...round, rounds: rounds - 1 }) : comparison;
}

async function measureRound(pair: [Trial, Trial], { samples, pauseMs = 0 }: Rounds): Promise<[number[], number[]]> {
  const durations: [number[], number[]] = [[], []];
  for (let at = 0; at < samples; at++) {
    for (const kind of at % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      durations[kind].push(await timed(pair[kind]));
      if (pauseMs > 0) await sleep(pauseMs);
    }
  }
  return durations;
}

async function timed(trial: Trial): Promise<number> {
  const start = performance.now();
  await trial();
  return performance.now() - start;
}
