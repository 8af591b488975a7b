import { MIN_SHINGLES, mix, shinglesOf } from './shingles.ts';

const BINS = 128;
const BIN_SHIFT = 25;
const BAND_ROWS = 3;
export const TEXT_BANDS = 16;
const EMPTY = 0xffffffff;
const VALUE_SEED = 0x51ed270b;
/** Two texts have the same byte in one of so many bins by chance. */
const CHANCE = 1 / 256;

/**
 * Texts whose estimated resemblance is at least this are reported. Measured on generated edits of 1,381 abstracts
 * (English) and 157 paragraphs (Chinese), without any false report: found are 100 % of texts with 2 % of the words
 * replaced, 99 % with 5 %, 94 % with 10 %, all that are set differently, re-ordered or continued by a quarter, and 83 %
 * of halves. SimHash of 64 bits with bands that find a distance of 3 finds 22 %, 3 %, none and none of them.
 */
export const MIN_TEXT_LIKENESS = 0.4;

/** What is stored of a text: one byte a bin, and the bands by which it is looked up. */
export type TextSignature = { bins: Uint8Array; bands: number[] };

/**
 * A MinHash signature by one permutation (Li, Owen and Zhang, NIPS 2012): shingles fall into bins, and each bin keeps its
 * smallest. Empty bins take the value of another (optimal densification: Shrivastava, ICML 2017), and of each value one
 * byte is kept (b-bit minwise hashing: Li and König, 2010). Undefined for texts that say too little.
 */
export function textSignature(text: string): TextSignature | undefined {
  const shingles = shinglesOf(text);
  if (shingles.size < MIN_SHINGLES) return undefined;
  const smallest = new Uint32Array(BINS).fill(EMPTY);
  for (const shingle of shingles) {
    const bin = shingle >>> BIN_SHIFT;
    const value = mix(shingle ^ VALUE_SEED);
    if (value < (smallest[bin] ?? 0)) smallest[bin] = value;
  }
  const values = smallest.map((value, bin) => (value === EMPTY ? borrowed(smallest, bin) : value));
  return { bins: Uint8Array.from(values, (value) => value & 0xff), bands: bandsOf(values) };
}

/** The value of a bin that has one, found in an order that is the same for all texts. */
function borrowed(smallest: Uint32Array, bin: number): number {
  for (let attempt = 1; ; attempt++) {
    const value = smallest[mix(bin * 0x10001 + attempt) % BINS] ?? EMPTY;
    if (value !== EMPTY) return mix(value + attempt);
  }
}

const bandsOf = (values: Uint32Array): number[] =>
  Array.from({ length: TEXT_BANDS }, (_, band) =>
    values
      .subarray(band * BAND_ROWS, (band + 1) * BAND_ROWS)
      .reduce((hash, value) => mix(Math.imul(hash, 31) ^ value), band),
  );

/** The estimated share of shingles that two texts have in common of all that either has (Jaccard), from 0 to 1. */
export function textLikeness(a: Uint8Array, b: Uint8Array): number {
  const same = a.reduce((count, byte, at) => (byte === b[at] ? count + 1 : count), 0);
  return Math.max(0, (same / BINS - CHANCE) / (1 - CHANCE));
}
