import { fingerprintOf } from './audio-fingerprint.ts';
import { integratedLoudness } from './audio-loudness.ts';
import { chromaOf, estimateKey, measureSemitones } from './audio-pitch.ts';
import { giveWay, type Sound, toAnalysisSignal } from './audio-sound.ts';
import { estimateTempo } from './audio-tempo.ts';
import { measureTimbre } from './audio-timbre.ts';
import type { AudioMeasurements } from './measurements.ts';

type Features = Pick<
  AudioMeasurements,
  'analysedMs' | 'loudnessLufs' | 'tempoBpm' | 'key' | 'spectralCentroidHz' | 'mfcc' | 'fingerprint'
>;

/** Less is a click or a beep. */
const MIN_MS = 500;
/** Less than a few chords has no key. */
const MIN_MS_FOR_KEY = 3000;

/** Everything that is measured of decoded sound. What does not show in it is left out. */
export async function measureFeatures(sound: Sound): Promise<Features> {
  const analysedMs = Math.round(((sound.channels[0]?.length ?? 0) / sound.sampleRate) * 1000);
  if (analysedMs < MIN_MS) return {};
  const loudness = integratedLoudness(sound);
  await giveWay();
  if (loudness === undefined) return { analysedMs };
  const signal = toAnalysisSignal(sound);
  await giveWay();
  const timbre = await measureTimbre(signal);
  const semitones = await measureSemitones(signal);
  const tempo = estimateTempo(timbre.onsets);
  const key = analysedMs < MIN_MS_FOR_KEY ? undefined : estimateKey(chromaOf(semitones));
  const fingerprint = fingerprintOf(semitones);
  return {
    analysedMs,
    loudnessLufs: rounded(loudness, 1),
    ...(tempo !== undefined && { tempoBpm: rounded(tempo, 1) }),
    ...(key !== undefined && { key }),
    ...(timbre.spectralCentroidHz !== undefined && { spectralCentroidHz: Math.round(timbre.spectralCentroidHz) }),
    mfcc: {
      mean: timbre.mfcc.mean.map((value) => rounded(value, 3)),
      deviation: timbre.mfcc.deviation.map((value) => rounded(value, 3)),
    },
    ...(fingerprint !== undefined && { fingerprint }),
  };
}

const rounded = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits;
