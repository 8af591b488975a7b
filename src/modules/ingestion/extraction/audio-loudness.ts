import type { Sound } from './audio-sound.ts';

const BLOCK_SECONDS = 0.4;
/** Blocks overlap by three quarters. */
const STEPS_PER_BLOCK = 4;
const ABSOLUTE_GATE_LUFS = -70;
const RELATIVE_GATE_LU = -10;
const OFFSET_LU = -0.691;
/** Surround channels count more, by 1.5 dB; the one for low effects does not count. */
const SURROUND_WEIGHT = 1.41;

type Filter = { b0: number; b1: number; b2: number; a1: number; a2: number };

/**
 * Integrated loudness in LUFS after ITU-R BS.1770-4: K-weighting, blocks of 400 ms, gates at -70 LUFS and 10 LU below the
 * mean of what passes that. Undefined for silence, and for less than a block. A stereo sine of 1 kHz with a peak of
 * -23 dBFS has -23 LUFS (EBU Tech 3341, case 1).
 */
export function integratedLoudness({ sampleRate, channels }: Sound): number | undefined {
  const stepSamples = Math.round((BLOCK_SECONDS / STEPS_PER_BLOCK) * sampleRate);
  const weighted = channels.map((channel, i) => ({
    weight: channelWeight(i, channels.length),
    steps: stepEnergies(channel, { filters: kWeighting(sampleRate), stepSamples }),
  }));
  const powers: number[] = [];
  const steps = weighted[0]?.steps.length ?? 0;
  for (let first = 0; first + STEPS_PER_BLOCK <= steps; first++) {
    let power = 0;
    for (const { weight, steps: energies } of weighted) {
      for (let i = first; i < first + STEPS_PER_BLOCK; i++) power += weight * (energies[i] ?? 0);
    }
    powers.push(power / STEPS_PER_BLOCK);
  }
  const audible = powers.filter((power) => loudnessOf(power) > ABSOLUTE_GATE_LUFS);
  const gate = loudnessOf(mean(audible)) + RELATIVE_GATE_LU;
  const counted = audible.filter((power) => loudnessOf(power) > gate);
  return counted.length === 0 ? undefined : loudnessOf(mean(counted));
}

const loudnessOf = (power: number) => OFFSET_LU + 10 * Math.log10(power);

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** In the order of WAV: left, right, centre, low effects, surrounds. */
function channelWeight(index: number, count: number): number {
  if (count < 5 || index < 3) return 1;
  return index === 3 && count > 5 ? 0 : SURROUND_WEIGHT;
}

/** Mean square of the filtered samples of each step. */
function stepEnergies(
  samples: Float32Array,
  { filters, stepSamples }: { filters: Filter[]; stepSamples: number },
): Float64Array {
  const [shelf, highPass] = filters.map(createBiquad);
  const energies = new Float64Array(Math.floor(samples.length / stepSamples));
  if (shelf === undefined || highPass === undefined) return energies;
  for (let step = 0; step < energies.length; step++) {
    let sum = 0;
    for (let i = step * stepSamples; i < (step + 1) * stepSamples; i++) {
      const value = highPass(shelf(samples[i] ?? 0));
      sum += value * value;
    }
    energies[step] = sum / stepSamples;
  }
  return energies;
}

function createBiquad({ b0, b1, b2, a1, a2 }: Filter): (x: number) => number {
  let [z1, z2] = [0, 0];
  return (x) => {
    const y = b0 * x + z1;
    z1 = b1 * x - a1 * y + z2;
    z2 = b2 * x - a2 * y;
    return y;
  };
}

/**
 * The two filters for any rate; the standard gives their coefficients at 48 kHz only. The analogue prototypes that give
 * those: B. De Man, Evaluation of Implementations of the EBU R128 Loudness Measurement (2018).
 */
function kWeighting(sampleRate: number): Filter[] {
  const shelf = { frequency: 1681.974450955533, gain: 3.999843853973347, quality: 0.7071752369554196 };
  const highPass = { frequency: 38.13547087602444, quality: 0.5003270373238773 };
  const k = Math.tan((Math.PI * shelf.frequency) / sampleRate);
  const high = 10 ** (shelf.gain / 20);
  const band = high ** 0.4996667741545416;
  const norm = 1 + k / shelf.quality + k * k;
  const h = Math.tan((Math.PI * highPass.frequency) / sampleRate);
  const highNorm = 1 + h / highPass.quality + h * h;
  return [
    {
      b0: (high + (band * k) / shelf.quality + k * k) / norm,
      b1: (2 * (k * k - high)) / norm,
      b2: (high - (band * k) / shelf.quality + k * k) / norm,
      a1: (2 * (k * k - 1)) / norm,
      a2: (1 - k / shelf.quality + k * k) / norm,
    },
    {
      b0: 1,
      b1: -2,
      b2: 1,
      a1: (2 * (h * h - 1)) / highNorm,
      a2: (1 - h / highPass.quality + h * h) / highNorm,
    },
  ];
}
