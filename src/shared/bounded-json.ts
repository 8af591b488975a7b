import { z } from 'zod';

/** Deeper than people or honest programs nest, and far from what a recursive walk can bear. */
const MAX_DEPTH = 32;

/** Any JSON value that is not nested too deeply to be handled safely. */
export const boundedJson = z
  .unknown()
  .refine((value) => !isDeeperThan(value, MAX_DEPTH), `It is nested more than ${MAX_DEPTH} levels deep.`)
  .pipe(z.json());

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((child) => isDeeperThan(child, levels - 1));
}
