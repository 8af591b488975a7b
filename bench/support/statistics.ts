/** The value below which this share of the values lies (nearest rank). NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** Median of the rounds and half the distance between the extreme ones. */
export type Spread = { median: number; plusMinus: number };

export const spreadOf = (rounds: readonly number[]): Spread => ({
  median: median(rounds),
  plusMinus: (Math.max(...rounds) - Math.min(...rounds)) / 2,
});
