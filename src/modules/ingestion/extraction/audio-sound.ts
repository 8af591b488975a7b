/** Decoded sound: one list of samples from -1 to 1 for each channel, all of the same length. */
export type Sound = { sampleRate: number; channels: Float32Array[] };

/** One channel. */
export type Signal = { sampleRate: number; samples: Float32Array };

/** What is analysed hears nothing above half of it. */
export const ANALYSIS_RATE = 22_050;

/** Zero crossings of the filter on either side: enough that what is folded back is 50 dB below. */
const CROSSINGS = 12;
const PHASES = 512;

/** The mean of all channels at {@link ANALYSIS_RATE}, or at the sound's own rate if that is lower. */
export function toAnalysisSignal(sound: Sound): Signal {
  const mono = mixDown(sound);
  if (sound.sampleRate <= ANALYSIS_RATE) return { sampleRate: sound.sampleRate, samples: mono };
  return { sampleRate: ANALYSIS_RATE, samples: decimate(mono, sound.sampleRate / ANALYSIS_RATE) };
}

function mixDown({ channels }: Sound): Float32Array {
  const [first = new Float32Array(), ...others] = channels;
  if (others.length === 0) return first;
  const mono = first.slice();
  for (const channel of others) {
    for (let i = 0; i < mono.length; i++) mono[i] = (mono[i] ?? 0) + (channel[i] ?? 0);
  }
  return mono.map((sample) => sample / channels.length);
}

/** Samples at a lower rate, by a windowed sinc filter. */
function decimate(samples: Float32Array, ratio: number): Float32Array {
  const reach = CROSSINGS * ratio;
  const kernel = Float32Array.from({ length: CROSSINGS * PHASES + 2 }, (_, i) => windowedSinc(i / PHASES));
  const result = new Float32Array(Math.floor(samples.length / ratio));
  for (let i = 0; i < result.length; i++) {
    const centre = i * ratio;
    const last = Math.min(samples.length - 1, Math.floor(centre + reach));
    let sum = 0;
    for (let k = Math.max(0, Math.ceil(centre - reach)); k <= last; k++) {
      sum += (samples[k] ?? 0) * (kernel[Math.round((Math.abs(k - centre) / ratio) * PHASES)] ?? 0);
    }
    result[i] = sum / ratio;
  }
  return result;
}

/** Cut off a little below the new limit: the filter's slope must end there. */
function windowedSinc(x: number): number {
  const cutoff = 0.9;
  const window = x >= CROSSINGS ? 0 : 0.5 + 0.5 * Math.cos((Math.PI * x) / CROSSINGS);
  return x === 0 ? cutoff : (window * Math.sin(Math.PI * x * cutoff)) / (Math.PI * x);
}

/** Lets whoever waits for this isolate have a turn: analyses compute for seconds. */
export const giveWay = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
