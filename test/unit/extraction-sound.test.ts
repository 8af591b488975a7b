import { describe, expect, it } from 'vitest';
import { measureFeatures } from '../../src/modules/ingestion/extraction/audio-features.ts';
import { fingerprintOf, fingerprintSimilarity } from '../../src/modules/ingestion/extraction/audio-fingerprint.ts';
import { integratedLoudness } from '../../src/modules/ingestion/extraction/audio-loudness.ts';
import { chromaOf, measureSemitones } from '../../src/modules/ingestion/extraction/audio-pitch.ts';
import { type Sound, toAnalysisSignal } from '../../src/modules/ingestion/extraction/audio-sound.ts';
import { estimateTempo } from '../../src/modules/ingestion/extraction/audio-tempo.ts';
import { measureTimbre } from '../../src/modules/ingestion/extraction/audio-timbre.ts';
import {
  chords,
  clicks,
  cMajorSong,
  decibels,
  eMinorSong,
  mono,
  noise,
  samplesOf,
  sine,
  stereo,
} from './extraction-sound.fixtures.ts';

describe('loudness (the cases of EBU Tech 3341)', () => {
  const tone = (seconds: number, level: number, rate = 48_000) =>
    sine(seconds, { hertz: 1000, amplitude: decibels(level) }, rate);
  const joined = (...parts: Float32Array[]) => Float32Array.from(parts.flatMap((part) => [...part]));
  it.each<[string, Sound, number]>([
    ['1: a stereo tone at -23 dBFS', stereo(tone(5, -23), 48_000), -23],
    ['2: a stereo tone at -33 dBFS', stereo(tone(5, -33), 48_000), -33],
    ['at 44.1 kHz', stereo(tone(5, -23, 44_100), 44_100), -23],
    ['3: what is far softer does not count', stereo(joined(tone(4, -36), tone(12, -23), tone(4, -36)), 48_000), -23],
    ['4: nor does near silence', stereo(joined(tone(3, -72), tone(3, -36), tone(12, -23), tone(3, -36)), 48_000), -23],
    ['one channel has half of the power', mono(tone(5, -23), 48_000), -26],
  ])('%s', (_name, sound, expected) => {
    expect(integratedLoudness(sound)).toBeCloseTo(expected, 0);
    expect(Math.abs((integratedLoudness(sound) ?? 0) - expected)).toBeLessThan(0.11);
  });

  it('5.1: surrounds count more, the low effects not at all', () => {
    const silent = new Float32Array(5 * 48_000);
    const channels = (at: number) => Array.from({ length: 6 }, (_, i) => (i === at ? tone(5, -23) : silent));
    const [left, effects, surround] = [0, 3, 4].map((at) =>
      integratedLoudness({ sampleRate: 48_000, channels: channels(at) }),
    );
    expect(effects).toBeUndefined();
    expect((surround ?? 0) - (left ?? 0)).toBeCloseTo(1.49, 1);
  });
});

describe('tempo', () => {
  const tempoOf = async (samples: Float32Array) =>
    estimateTempo((await measureTimbre(toAnalysisSignal(mono(samples)))).onsets);

  it.each([50, 60, 74, 90, 100, 120, 128, 140, 150, 174, 200])('of clicks at %i BPM', async (bpm) => {
    expect(Math.abs(((await tempoOf(clicks(20, bpm))) ?? 0) - bpm)).toBeLessThan(0.6);
  });

  it('is not found where there is no beat', async () => {
    expect(await tempoOf(noise(20))).toBeUndefined();
    expect(await tempoOf(sine(20, { hertz: 440 }))).toBeUndefined();
    expect(await tempoOf(new Float32Array(44_100 * 10))).toBeUndefined();
  });
});

describe('pitch', () => {
  const chroma = async (samples: Float32Array) => chromaOf(await measureSemitones(toAnalysisSignal(mono(samples))));
  const keyOf = async (samples: Float32Array) => (await measureFeatures(mono(samples))).key;

  it.each([
    [440, 9],
    [261.63, 0],
    [739.99, 6],
    [123.47, 11],
  ])('a sine of %d Hz is of pitch class %i', async (hertz, pitchClass) => {
    const found = await chroma(sine(4, { hertz }));
    expect(found.indexOf(Math.max(...found))).toBe(pitchClass);
    expect(found.filter((value) => value > 0.5)).toHaveLength(1);
  });

  it('finds the key of chord progressions', async () => {
    expect(await keyOf(chords(cMajorSong))).toBe('C major');
    expect(await keyOf(chords(eMinorSong))).toBe('E minor');
    expect(await keyOf(chords(cMajorSong.map((chord) => chord.map((note) => note + 3))))).toBe('D# major');
  });

  it('finds no key in noise', async () => {
    expect(await keyOf(noise(10))).toBeUndefined();
  });
});

describe('timbre', () => {
  const timbreOf = (samples: Float32Array) => measureTimbre(toAnalysisSignal(mono(samples)));

  it.each([500, 1000, 4000])('the centroid of a sine of %i Hz is its frequency', async (hertz) => {
    const { spectralCentroidHz = 0 } = await timbreOf(sine(3, { hertz }));
    expect(Math.abs(spectralCentroidHz / hertz - 1)).toBeLessThan(0.03);
  });

  it('the centroid of white noise is the middle of what is heard', async () => {
    const { spectralCentroidHz = 0 } = await timbreOf(noise(5));
    expect(spectralCentroidHz).toBeGreaterThan(4700);
    expect(spectralCentroidHz).toBeLessThan(5700);
  });

  it('ten times the amplitude adds 2 √40 to the first coefficient and changes no other', async () => {
    const [soft, loud] = await Promise.all([timbreOf(noise(4, 0.05)), timbreOf(noise(4, 0.5))]);
    const differences = loud.mfcc.mean.map((value, i) => value - (soft.mfcc.mean[i] ?? 0));
    expect(differences[0]).toBeCloseTo(2 * Math.sqrt(40), 2);
    for (const difference of differences.slice(1)) expect(difference).toBeCloseTo(0, 2);
  });

  it('coefficients of what does not change hardly deviate, and differ between timbres', async () => {
    const [tone, hiss] = await Promise.all([timbreOf(sine(4, { hertz: 800 })), timbreOf(noise(4))]);
    expect(Math.max(...tone.mfcc.deviation)).toBeLessThan(0.5);
    expect(tone.mfcc.mean).toHaveLength(13);
    const distance = Math.hypot(...tone.mfcc.mean.slice(1).map((value, i) => value - (hiss.mfcc.mean[i + 1] ?? 0)));
    expect(distance).toBeGreaterThan(5);
  });
});

describe('fingerprints', () => {
  const printOf = async (samples: Float32Array, rate = 44_100) =>
    fingerprintOf(await measureSemitones(toAnalysisSignal(mono(samples, rate)))) ?? '';
  const song = chords([...cMajorSong, ...eMinorSong]);
  const hiss = noise(16, 0.02, 9);

  it('of one recording are alike: softer, noisier, begun later, at another rate', async () => {
    const original = await printOf(song);
    expect(original).toMatch(/^([0-9a-f]{8}){100,130}$/);
    expect(fingerprintSimilarity(original, original)).toBe(1);
    const softer = await printOf(song.map((sample) => sample * 0.3));
    const noisier = await printOf(song.map((sample, i) => sample + (hiss[i] ?? 0)));
    const later = await printOf(song.slice(44_100 * 2.53));
    const elsewhere = await printOf(chords([...cMajorSong, ...eMinorSong], 48_000), 48_000);
    expect(fingerprintSimilarity(original, softer)).toBeGreaterThan(0.98);
    expect(fingerprintSimilarity(original, noisier)).toBeGreaterThan(0.5);
    expect(fingerprintSimilarity(original, later)).toBeGreaterThan(0.5);
    expect(fingerprintSimilarity(original, elsewhere)).toBeGreaterThan(0.9);
  });

  it('of different ones are not', async () => {
    const [one, other, random] = await Promise.all([
      printOf(chords(cMajorSong)),
      printOf(chords(eMinorSong.map((chord) => chord.map((note) => note + 1)))),
      printOf(noise(16, 0.3, 5)),
    ]);
    expect(fingerprintSimilarity(one, other)).toBeLessThan(0.35);
    expect(fingerprintSimilarity(one, random)).toBeLessThan(0.3);
  });

  it('are not made of silence', async () => {
    expect(await printOf(new Float32Array(44_100 * 5))).toBe('');
  });
});

describe('all features', () => {
  it('of silence and of a click are few', async () => {
    expect(await measureFeatures(mono(new Float32Array(44_100 * 3)))).toEqual({ analysedMs: 3000 });
    expect(await measureFeatures(mono(new Float32Array(100)))).toEqual({});
  });

  it('stand finite sound of any kind', async () => {
    const spikes = samplesOf(3, (_, i) => (i % 997 === 0 ? 1 : 0), 8000);
    const features = await measureFeatures({ sampleRate: 8000, channels: [spikes, spikes.map((value) => -value)] });
    expect(JSON.stringify(features)).not.toMatch(/null|NaN/);
  });
});
