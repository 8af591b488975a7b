import type { Signal } from './audio-sound.ts';
import { forEachSpectrum } from './audio-spectrum.ts';

/** 2.7 Hz between lines at 22,050 Hz, less than half a semitone from 100 Hz on. */
const FRAME_SIZE = 8192;
/** Frames a second: fingerprints of different cuts and encodings must fall onto each other. */
export const FRAMES_PER_SECOND = 8;
const LOWEST_NOTE = 45;
const HIGHEST_NOTE = 96;
const CONCERT_PITCH_HZ = 440;
const CONCERT_PITCH_NOTE = 69;

/** Power of each semitone (MIDI notes 45 to 96: 110 Hz to 2,093 Hz) for each eighth of a second. */
export type Semitones = { frames: Float64Array[] };

export async function measureSemitones(signal: Signal): Promise<Semitones> {
  const hop = Math.max(1, Math.round(signal.sampleRate / FRAMES_PER_SECOND));
  const notes = noteOfLines(signal.sampleRate);
  const lines = new Float64Array(HIGHEST_NOTE - LOWEST_NOTE + 1);
  for (const note of notes) if (note >= 0) lines[note] = (lines[note] ?? 0) + 1;
  const frames: Float64Array[] = [];
  await forEachSpectrum(signal, { size: FRAME_SIZE, hop }, (power) => {
    const bands = new Float64Array(lines.length);
    for (let k = 0; k < notes.length; k++) {
      const note = notes[k] ?? -1;
      if (note >= 0) bands[note] = (bands[note] ?? 0) + (power[k] ?? 0);
    }
    // High notes have more lines, of which each has its share of any noise.
    frames.push(bands.map((sum, note) => sum / Math.max(1, lines[note] ?? 1)));
  });
  return { frames };
}

function noteOfLines(sampleRate: number): Int16Array {
  return Int16Array.from({ length: FRAME_SIZE / 2 + 1 }, (_, k) => {
    const hertz = (k * sampleRate) / FRAME_SIZE;
    const note = Math.round(CONCERT_PITCH_NOTE + 12 * Math.log2(hertz / CONCERT_PITCH_HZ));
    return note >= LOWEST_NOTE && note <= HIGHEST_NOTE ? note - LOWEST_NOTE : -1;
  });
}

/** How much of each of the twelve pitch classes there is, from C to B; the largest is 1. All zero in silence. */
export function chromaOf({ frames }: Semitones): number[] {
  const chroma = new Array<number>(12).fill(0);
  for (const frame of frames) {
    for (let i = 0; i < frame.length; i++) {
      const pitchClass = (LOWEST_NOTE + i) % 12;
      chroma[pitchClass] = (chroma[pitchClass] ?? 0) + Math.sqrt(frame[i] ?? 0);
    }
  }
  const largest = Math.max(...chroma);
  return largest < 1e-6 ? chroma.fill(0) : chroma.map((value) => value / largest);
}

const PITCH_NAMES = ['C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B'];
/** How well each pitch class fits a key on C: C. L. Krumhansl, Cognitive Foundations of Musical Pitch (1990), p. 30. */
const PROFILES = {
  major: [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
  minor: [6.33, 2.68, 3.52, 5.38, 2.6, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
};
const MIN_CORRELATION = 0.6;
/** Noise has all pitch classes to much the same amount. */
const MIN_CONTRAST = 0.25;

/** The key whose profile the chroma correlates with best, e.g. `C major`. Undefined where there is no tonality. */
export function estimateKey(chroma: number[]): string | undefined {
  if (Math.max(...chroma) - Math.min(...chroma) < MIN_CONTRAST) return undefined;
  const keys = Object.entries(PROFILES).flatMap(([mode, profile]) =>
    PITCH_NAMES.map((name, tonic) => ({
      key: `${name} ${mode}`,
      fit: correlation(
        chroma,
        chroma.map((_, i) => profile[(i - tonic + 12) % 12] ?? 0),
      ),
    })),
  );
  const best = keys.reduce((a, b) => (b.fit > a.fit ? b : a));
  return best.fit >= MIN_CORRELATION ? best.key : undefined;
}

function correlation(a: number[], b: number[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [product, squaresA, squaresB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [(a[i] ?? 0) - meanA, (b[i] ?? 0) - meanB];
    product += x * y;
    squaresA += x * x;
    squaresB += y * y;
  }
  return product / Math.sqrt(squaresA * squaresB || 1);
}
