import type { Sound } from '../../src/modules/ingestion/extraction/audio-sound.ts';
import { seeded } from './extraction.fixtures.ts';

/** Sounds made on the spot, of which everything is known. */

const RATE = 44_100;

type Tone = { hertz: number; amplitude?: number };

/** One channel of so many seconds, each sample by its time. */
export function samplesOf(seconds: number, sample: (time: number, index: number) => number, rate = RATE): Float32Array {
  return Float32Array.from({ length: Math.round(seconds * rate) }, (_, i) => sample(i / rate, i));
}

export const decibels = (value: number): number => 10 ** (value / 20);

export const sine = (seconds: number, { hertz, amplitude = 0.5 }: Tone, rate = RATE): Float32Array =>
  samplesOf(seconds, (time) => amplitude * Math.sin(2 * Math.PI * hertz * time), rate);

export const mono = (samples: Float32Array, sampleRate = RATE): Sound => ({ sampleRate, channels: [samples] });

export const stereo = (samples: Float32Array, sampleRate = RATE): Sound => ({
  sampleRate,
  channels: [samples, samples],
});

export function noise(seconds: number, amplitude = 0.3, seed = 1): Float32Array {
  const random = seeded(seed);
  return samplesOf(seconds, () => amplitude * (2 * random() - 1));
}

/** Clicks of 10 ms at a steady pace, some of them off the beat and softer where asked for. */
export function clicks(seconds: number, bpm: number): Float32Array {
  const random = seeded(3);
  const period = 60 / bpm;
  return samplesOf(seconds, (time) => {
    const since = time % period;
    return since < 0.01 ? 0.8 * (2 * random() - 1) * Math.exp(-since * 300) : 0;
  });
}

const pitch = (note: number) => 440 * 2 ** ((note - 69) / 12);

/** Chords of MIDI notes, each of a second, with three overtones. */
export function chords(progression: number[][], rate = RATE): Float32Array {
  return samplesOf(
    progression.length,
    (time) => {
      const notes = progression[Math.floor(time)] ?? [];
      const fade = Math.min(1, 20 * (time % 1), 20 * (1 - (time % 1)));
      const tones = notes.flatMap((note) =>
        [1, 2, 3].map((overtone) => [overtone * pitch(note), 0.5 ** overtone] as const),
      );
      return fade * 0.2 * tones.reduce((sum, [hertz, level]) => sum + level * Math.sin(2 * Math.PI * hertz * time), 0);
    },
    rate,
  );
}

const MAJOR = [0, 4, 7];
const MINOR = [0, 3, 7];
const triad = (root: number, shape: number[]) => shape.map((step) => root + step);

/** C F G C Am F G C, each chord a second. */
export const cMajorSong = [
  triad(60, MAJOR),
  triad(65, MAJOR),
  triad(67, MAJOR),
  triad(60, MAJOR),
  triad(57, MINOR),
  triad(65, MAJOR),
  triad(55, MAJOR),
  triad(60, MAJOR),
];

/** Em Am B Em C Am B Em. */
export const eMinorSong = [
  triad(64, MINOR),
  triad(57, MINOR),
  triad(59, MAJOR),
  triad(64, MINOR),
  triad(60, MAJOR),
  triad(57, MINOR),
  triad(59, MAJOR),
  triad(52, MINOR),
];
