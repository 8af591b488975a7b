import type { Signal } from './audio-sound.ts';
import { forEachSpectrum } from './audio-spectrum.ts';

const FRAMING = { size: 1024, hop: 256 };
const MEL_BANDS = 40;
const COEFFICIENTS = 13;
/** 100 dB below a full-scale sine. */
const FLOOR = 1e-10;

export type Timbre = {
  /** Mean over all frames that are not silent; undefined when all are. */
  spectralCentroidHz: number | undefined;
  mfcc: { mean: number[]; deviation: number[] };
  /** How much louder the bands become from frame to frame, and how many frames a second there are. */
  onsets: { envelope: Float64Array; rate: number };
};

/**
 * Spectral centroid, mel-frequency cepstral coefficients (40 bands after O'Shaughnessy, log10 of power, orthonormal
 * DCT-II) and the envelope of onsets (spectral flux of the bands), in one pass.
 */
export async function measureTimbre(signal: Signal): Promise<Timbre> {
  const filters = melFilters(signal.sampleRate);
  const cepstrum = createMoments(COEFFICIENTS);
  const centroid = { sum: 0, frames: 0 };
  const envelope: number[] = [];
  let previous: Float64Array | undefined;
  await forEachSpectrum(signal, FRAMING, (power) => {
    const bands = Float64Array.from(filters, (filter) => Math.log10(filter(power) + FLOOR));
    envelope.push(previous === undefined ? 0 : rise(previous, bands));
    previous = bands;
    cepstrum.add(toCepstrum(bands));
    const frequency = centroidOf(power, signal.sampleRate);
    if (frequency === undefined) return;
    centroid.sum += frequency;
    centroid.frames++;
  });
  return {
    spectralCentroidHz: centroid.frames === 0 ? undefined : centroid.sum / centroid.frames,
    mfcc: cepstrum.result(),
    onsets: { envelope: Float64Array.from(envelope), rate: signal.sampleRate / FRAMING.hop },
  };
}

function rise(before: Float64Array, after: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < after.length; i++) sum += Math.max(0, (after[i] ?? 0) - (before[i] ?? 0));
  return sum;
}

/** Mean frequency, weighted by magnitude. */
function centroidOf(power: Float64Array, sampleRate: number): number | undefined {
  let [weighted, sum] = [0, 0];
  for (let k = 0; k < power.length; k++) {
    const magnitude = Math.sqrt(power[k] ?? 0);
    weighted += k * magnitude;
    sum += magnitude;
  }
  return sum < 1e-4 ? undefined : ((weighted / sum) * sampleRate) / FRAMING.size;
}

const toMel = (hertz: number) => 2595 * Math.log10(1 + hertz / 700);
const fromMel = (mel: number) => 700 * (10 ** (mel / 2595) - 1);

/** Triangles that each reach from the middle of one neighbour to that of the other. */
function melFilters(sampleRate: number): ((power: Float64Array) => number)[] {
  const highest = toMel(sampleRate / 2);
  const edges = Array.from(
    { length: MEL_BANDS + 2 },
    (_, i) => (fromMel((highest * i) / (MEL_BANDS + 1)) * FRAMING.size) / sampleRate,
  );
  return Array.from({ length: MEL_BANDS }, (_, band) => {
    const [low = 0, middle = 0, high = 0] = edges.slice(band, band + 3);
    const first = Math.floor(low);
    const weights = Float64Array.from({ length: Math.ceil(high) - first + 1 }, (_, i) =>
      Math.max(0, Math.min((first + i - low) / (middle - low), (high - first - i) / (high - middle))),
    );
    return (power) => weights.reduce((sum, weight, i) => sum + weight * (power[first + i] ?? 0), 0);
  });
}

const COSINES = Array.from({ length: COEFFICIENTS }, (_, k) =>
  Float64Array.from(
    { length: MEL_BANDS },
    (_, i) => Math.sqrt((k === 0 ? 1 : 2) / MEL_BANDS) * Math.cos((Math.PI * k * (2 * i + 1)) / (2 * MEL_BANDS)),
  ),
);

const toCepstrum = (bands: Float64Array) =>
  Float64Array.from(COSINES, (cosine) => cosine.reduce((sum, value, i) => sum + value * (bands[i] ?? 0), 0));

/** Running means and deviations (Welford). */
function createMoments(size: number) {
  const [means, squares] = [new Float64Array(size), new Float64Array(size)];
  let count = 0;
  return {
    add(values: Float64Array) {
      count++;
      for (let i = 0; i < size; i++) {
        const [value, before] = [values[i] ?? 0, means[i] ?? 0];
        const after = before + (value - before) / count;
        means[i] = after;
        squares[i] = (squares[i] ?? 0) + (value - before) * (value - after);
      }
    },
    result: () => ({
      mean: Array.from(means),
      deviation: Array.from(squares, (sum) => Math.sqrt(sum / Math.max(1, count))),
    }),
  };
}
