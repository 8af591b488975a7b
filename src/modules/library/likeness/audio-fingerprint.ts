import { bitCount } from './image-hash.ts';
import { mix } from './shingles.ts';

/** Eight a second: about a minute. */
const MAX_FRAMES = 512;
const FRAME_DIGITS = 8;
/** Frames by which a recording is found, as they are, chosen alike in all recordings: some survive any encoding. */
const INDEXED_FRAMES = 48;
/** Silence and the like, which every recording has. */
const MIN_SET_BITS = 4;

const MAX_SHIFT = 32;
const MIN_OVERLAP = 32;

/**
 * The share of bits in which two recordings' frames may differ at their best alignment to be reported. Measured on made
 * melodies of 6 to 40 seconds: with noise, muffled, in six bits, quieter or begun later, they differ in a tenth at most,
 * and all are found; unrelated ones agree in two thirds of four seconds at most, and in little more than half of forty.
 */
const MAX_BIT_ERRORS = 0.3;
/** The same as a likeness. */
export const MIN_AUDIO_LIKENESS = 1 - 2 * MAX_BIT_ERRORS;

/** The frames of a fingerprint written as 8 hex digits each; undefined when there are too few to compare. */
export function audioFrames(fingerprint: string): Uint32Array | undefined {
  const digits = fingerprint.slice(0, MAX_FRAMES * FRAME_DIGITS);
  if (!/^([\da-f]{8})+$/i.test(digits)) return undefined;
  const frames = Uint32Array.from({ length: digits.length / FRAME_DIGITS }, (_, at) =>
    Number.parseInt(digits.slice(at * FRAME_DIGITS, (at + 1) * FRAME_DIGITS), 16),
  );
  return frames.length < MIN_OVERLAP ? undefined : frames;
}

/** What a recording's frames may be looked up by, each once. */
export function audioKeys(frames: Uint32Array): number[] {
  const telling = frames.filter((frame) => {
    const set = bitCount(frame);
    return set >= MIN_SET_BITS && set <= 32 - MIN_SET_BITS;
  });
  return [...new Set(telling)];
}

/** Those of the keys under which the recording is filed. */
export const audioBands = (frames: Uint32Array): number[] =>
  audioKeys(frames)
    .sort((a, b) => mix(a) - mix(b))
    .slice(0, INDEXED_FRAMES);

/** From 0 for recordings that agree by chance only to 1 for the same frames, at the best alignment. */
export function audioLikeness(a: Uint32Array, b: Uint32Array): number {
  let best = 0;
  for (let shift = -MAX_SHIFT; shift <= MAX_SHIFT; shift++) best = Math.max(best, likenessAt(a, b, shift));
  return best;
}

function likenessAt(a: Uint32Array, b: Uint32Array, shift: number): number {
  const from = Math.max(0, shift);
  const to = Math.min(a.length, b.length + shift);
  if (to - from < MIN_OVERLAP) return 0;
  let errors = 0;
  for (let at = from; at < to; at++) errors += bitCount((a[at] ?? 0) ^ (b[at - shift] ?? 0));
  return Math.max(0, 1 - (2 * errors) / (32 * (to - from)));
}
