import { FRAMES_PER_SECOND, type Semitones } from './audio-pitch.ts';

const BITS = 32;
const HEX_DIGITS = 8;
/** Pitch classes that are compared with each other: semitones, thirds and fourths apart. Enough pairs for all bits. */
const INTERVALS = [1, 4, 5];
const PAIRS = INTERVALS.flatMap((interval) =>
  Array.from({ length: 12 }, (_, low) => ({ low, high: (low + interval) % 12 })),
).slice(0, BITS);
/** Each frame is the sum of so many, and is compared with the one half a second before: small shifts matter less. */
const SMOOTHED_FRAMES = 3;
const COMPARED_FRAMES = FRAMES_PER_SECOND / 2;
/** Two recordings may begin so much apart. */
const MAX_SHIFT_SECONDS = 10;
/** Shorter overlaps are alike by chance. */
const MIN_OVERLAP_SECONDS = 3;
/** 100 dB below full scale. */
const SILENCE = 1e-10;

/**
 * An acoustic fingerprint: for each eighth of a second 32 bits, one for each of 32 pairs of pitch classes, that says
 * whether the first of the two gained on the second in half a second. Independent of loudness, and much the same with
 * noise and after lossy coding. Undefined where there is too little sound. Signs of changing differences are taken from
 * J. Haitsma and T. Kalker, A Highly Robust Audio Fingerprinting System (2002), pitch classes for bands from L. Lalinský's
 * Chromaprint.
 */
export function fingerprintOf({ frames }: Semitones): string | undefined {
  const loudest = frames.reduce((most, frame) => Math.max(most, ...frame), 0);
  if (loudest < SILENCE || frames.length < MIN_OVERLAP_SECONDS * FRAMES_PER_SECOND) return undefined;
  const chroma = frames.map(pitchClasses);
  const smooth = chroma.slice(0, 1 - SMOOTHED_FRAMES).map((_, i) => addUp(chroma.slice(i, i + SMOOTHED_FRAMES)));
  return smooth
    .slice(COMPARED_FRAMES)
    .map((now, i) => toHex(wordOf(smooth[i] ?? now, now)))
    .join('');
}

/** How alike two fingerprints are where they fit best: 1 for the same recording, about 0 for unrelated ones. */
export function fingerprintSimilarity(a: string, b: string): number {
  const [x, y] = [fromHex(a), fromHex(b)];
  const reach = MAX_SHIFT_SECONDS * FRAMES_PER_SECOND;
  const minOverlap = Math.min(x.length, y.length, MIN_OVERLAP_SECONDS * FRAMES_PER_SECOND);
  let best = 0;
  for (let shift = -reach; shift <= reach; shift++) {
    const from = Math.max(0, -shift);
    const to = Math.min(x.length, y.length - shift);
    if (to - from < Math.max(1, minOverlap)) continue;
    let differing = 0;
    for (let i = from; i < to; i++) differing += countBits((x[i] ?? 0) ^ (y[i + shift] ?? 0));
    // Unrelated ones differ in half of the bits.
    best = Math.max(best, 1 - (2 * differing) / (BITS * (to - from)));
  }
  return best;
}

function wordOf(before: Float64Array, now: Float64Array): number {
  let word = 0;
  for (const { low, high } of PAIRS) {
    const lead = (now[low] ?? 0) - (now[high] ?? 0);
    const formerLead = (before[low] ?? 0) - (before[high] ?? 0);
    word = (word << 1) | (lead > formerLead ? 1 : 0);
  }
  return word >>> 0;
}

function pitchClasses(frame: Float64Array): Float64Array {
  const classes = new Float64Array(12);
  for (let i = 0; i < frame.length; i++) classes[i % 12] = (classes[i % 12] ?? 0) + Math.sqrt(frame[i] ?? 0);
  return classes;
}

const addUp = (lists: Float64Array[]): Float64Array =>
  Float64Array.from({ length: 12 }, (_, i) => lists.reduce((sum, list) => sum + (list[i] ?? 0), 0));

const toHex = (word: number) => word.toString(16).padStart(HEX_DIGITS, '0');

const fromHex = (text: string): Uint32Array =>
  Uint32Array.from({ length: Math.floor(text.length / HEX_DIGITS) }, (_, i) =>
    Number.parseInt(text.slice(i * HEX_DIGITS, (i + 1) * HEX_DIGITS), 16),
  );

function countBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
