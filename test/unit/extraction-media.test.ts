import { describe, expect, it } from 'vitest';
import { decodeFlac } from '../../src/modules/ingestion/extraction/audio-flac.ts';
import { decodeSound } from '../../src/modules/ingestion/extraction/audio-samples.ts';
import type { Extraction } from '../../src/modules/ingestion/extraction/extract.ts';
import { ExtractionError } from '../../src/modules/ingestion/extraction/extractor.ts';
import { bytesOf, extract, mutate, reasonOf, seeded, textOf } from './extraction.fixtures.ts';
import {
  bmp,
  exifSegment,
  gif,
  heif,
  iptcSegment,
  jpeg,
  landscape,
  png,
  tiff,
  webp,
  xmpSegment,
} from './extraction-images.fixtures.ts';
import { aiff, avi, type FlacCoding, flac, matroska, mp3, mp4, wav } from './extraction-media.fixtures.ts';
import { chords, cMajorSong, decibels, noise, sine } from './extraction-sound.fixtures.ts';

const audioOf = ({ document }: Extraction) => document.measurements?.['audio'] ?? {};
const videoOf = ({ document }: Extraction) => document.measurements?.['video'] ?? {};

describe('recordings', () => {
  it('WAV: tags, format, and everything that is measured', async () => {
    const song = chords(cMajorSong);
    const info: [string, string][] = [
      ['INAM', 'Morning song'],
      ['IART', 'Ada'],
      ['ICMT', 'first take'],
    ];
    const extraction = await extract(wav([song, song], { info }), 'take1.wav');
    expect(extraction).toMatchObject({ kind: 'audio', document: { title: 'Morning song', wanted: ['transcript'] } });
    expect(textOf(extraction)).toBe('Morning song – Ada WAV sound recording, 0:08 minutes first take');
    expect(extraction.document.metadata).toMatchObject({
      title: 'Morning song',
      artist: 'Ada',
      format: 'wav',
      key: 'C major',
    });
    expect(audioOf(extraction)).toMatchObject({
      durationMs: 8000,
      analysedMs: 8000,
      bitrate: 1_411_200,
      sampleRate: 44_100,
      channels: 2,
      codec: 'PCM',
      key: 'C major',
      mfcc: { mean: expect.any(Array), deviation: expect.any(Array) },
      fingerprint: expect.stringMatching(/^[0-9a-f]+$/),
    });
  });

  it.each<[string, Uint8Array]>([
    ['8 bits', wav([sine(3, { hertz: 1000, amplitude: decibels(-20) })], { bits: 8 })],
    ['24 bits', wav([sine(3, { hertz: 1000, amplitude: decibels(-20) })], { bits: 24 })],
    ['32 bits', wav([sine(3, { hertz: 1000, amplitude: decibels(-20) })], { bits: 32 })],
    ['floats', wav([sine(3, { hertz: 1000, amplitude: decibels(-20) })], { bits: 32, float: true })],
    ['AIFF', aiff(sine(3, { hertz: 1000, amplitude: decibels(-20) }))],
  ])('%s: the same tone has the same loudness and centroid', async (_name, bytes) => {
    const audio = audioOf(await extract(bytes));
    expect(audio['loudnessLufs']).toBeCloseTo(-23, 0);
    expect(Math.abs(Number(audio['spectralCentroidHz']) / 1000 - 1)).toBeLessThan(_name === '8 bits' ? 2 : 0.05);
  });

  it.each<FlacCoding>(['verbatim', 'fixed', 'linear'])('FLAC: every sample comes back (%s)', async (coding) => {
    const to16 = (samples: Float32Array) => Int16Array.from(samples, (sample) => Math.round(sample * 20_000));
    const [left, right] = [to16(sine(0.3, { hertz: 440 })), to16(sine(0.3, { hertz: 523 }))];
    const bytes = flac(left, right, coding);
    const sound = await decodeFlac(bytes);
    const count = Math.floor(left.length / 4096) * 4096;
    const decoded = sound?.channels.map((channel) => Array.from(channel, (value) => value * 32_768));
    expect(decoded).toEqual([[...left.subarray(0, count)], [...right.subarray(0, count)]]);
    const extraction = await extract(bytes);
    expect(extraction.document).toMatchObject({ title: 'Waves', metadata: { format: 'flac', sampleRate: 44_100 } });
  });

  it('MP3: tags in any encoding, and its sound', async () => {
    const bytes = mp3(200, [
      ['TIT2', 'Größe'],
      ['TPE1', '坂本'],
      ['TALB', 'Late hours'],
      ['TRCK', '3/12'],
      ['TYER', '2008'],
      ['TCON', 'Jazz'],
    ]);
    const extraction = await extract(bytes, 'track.bin');
    expect(extraction.document.metadata).toMatchObject({
      title: 'Größe',
      artist: '坂本',
      album: 'Late hours',
      track: 3,
      year: 2008,
      genre: ['Jazz'],
      format: 'mp3',
    });
    expect(textOf(extraction)).toMatch(/^Größe – 坂本 – Late hours \(2008\) MP3 sound recording, 0:05 minutes, Jazz$/);
    expect((await decodeSound(bytes))?.channels[0]?.length).toBe(200 * 1152);
  });

  it('a recording without a tag is found by its format, and its title is that of its file', async () => {
    const extraction = await extract(wav([noise(1)]));
    expect(extraction.document.title).toBeUndefined();
    expect(textOf(extraction)).toBe('WAV sound recording, 0:01 minutes');
  });

  it('analyses a long file no longer than a minute of it', async () => {
    const rate = 8000;
    const tenMinutes = new Float32Array(600 * rate).map((_, i) => 0.3 * Math.sin(i / 7));
    const audio = audioOf(await extract(wav([tenMinutes], { rate })));
    expect(audio).toMatchObject({ durationMs: 600_000, analysedMs: 60_000 });
  });
});

describe('films', () => {
  it('MP4 and MOV: duration, size, tracks, date, title', async () => {
    const tracks = [
      { handler: 'vide' as const, codec: 'avc1', width: 1920, height: 1080 },
      { handler: 'soun' as const, codec: 'mp4a' },
    ];
    const extraction = await extract(mp4('isom', tracks, 'The harvest'), 'film');
    expect(extraction).toMatchObject({ kind: 'video', document: { title: 'The harvest', wanted: ['transcript'] } });
    expect(videoOf(extraction)).toMatchObject({
      durationMs: 90_000,
      container: 'mp4',
      width: 1920,
      height: 1080,
      createdAt: '2023-11-20T00:00:00.000Z',
    });
    expect(videoOf(extraction)['tracks']).toHaveLength(2);
    expect(textOf(extraction)).toBe('The harvest MP4 video film, 1:30 minutes, 1920 × 1080 pixels');
    expect(videoOf(await extract(mp4('qt  ', tracks)))).toMatchObject({ container: 'mov', width: 1920 });
  });

  it('Matroska and WebM', async () => {
    const film = await extract(matroska('webm', ['V_VP9', 'A_OPUS']));
    expect(film.kind).toBe('video');
    expect(videoOf(film)).toMatchObject({ durationMs: 12_500, container: 'webm', width: 1280, height: 720 });
    expect(film.document.title).toBe('A walk');
    expect(videoOf(await extract(matroska('matroska', ['V_MPEG4/ISO/AVC'])))).toMatchObject({ container: 'matroska' });
  });

  it('AVI', async () => {
    const film = await extract(avi('Birthday 1999'));
    expect(film).toMatchObject({ kind: 'video', document: { title: 'Birthday 1999' } });
    expect(videoOf(film)).toMatchObject({
      durationMs: 10_000,
      container: 'avi',
      width: 640,
      height: 480,
      tracks: [{ type: 'video', codec: 'XVID' }, { type: 'audio' }],
    });
  });

  it('containers of films with sound alone are recordings', async () => {
    expect((await extract(mp4('isom', [{ handler: 'soun', codec: 'mp4a' }]))).kind).toBe('audio');
    expect((await extract(mp4('M4A ', [{ handler: 'soun', codec: 'mp4a' }], 'Voice memo'))).document.title).toBe(
      'Voice memo',
    );
    expect((await extract(matroska('webm', ['A_OPUS']))).kind).toBe('audio');
  });

  it('words at the beginning of a text do not make it a recording', async () => {
    for (const text of ['The big WAVE came at noon.', 'BMW built it in 1936.', 'An old AVI file, they said.']) {
      expect((await extract(bytesOf(text), 'a.txt')).kind).toBe('text');
    }
  });
});

describe('hostile pictures, recordings and films', () => {
  const size = { width: 90, height: 70 };
  const view = landscape(size);
  const exif = tiff({ 270: 'a caption', 34665: { 36867: '2008:03:15 09:52:01' }, 34853: { 1: 'N', 2: [[48, 1]] } });
  const segments = [exifSegment(exif), iptcSegment([[120, 'words']]), xmpSegment('<x><dc:title>t</dc:title></x>')];
  const originals: [string, Uint8Array][] = [
    ['png', png(size, view)],
    ['jpeg', jpeg(size, view, { segments })],
    ['webp', webp(size, view, [['EXIF', exif]])],
    ['gif', gif(size, (x, y) => x > y)],
    ['bmp', bmp(size, view)],
    ['heic', heif('heic', size, exif)],
    ['tiff', exif],
    ['wav', wav([sine(0.6, { hertz: 440 }, 8000)], { rate: 8000 })],
    ['aiff', aiff(sine(0.6, { hertz: 440 }, 8000))],
    ['flac', flac(new Int16Array(8192).fill(5), new Int16Array(8192), 'fixed')],
    ['mp3', mp3(30, [['TIT2', 'Name']])],
    ['mp4', mp4('isom', [{ handler: 'vide', codec: 'avc1', width: 10, height: 10 }], 'Film')],
    ['webm', matroska('webm', ['V_VP9', 'A_OPUS'])],
    ['avi', avi('Film')],
    ['svg', bytesOf('<svg><title>a</title><text>b</text></svg>')],
  ];

  it('each end in a document or an ExtractionError, soon', { timeout: 60_000 }, async () => {
    const random = seeded(20_261_125);
    let slowestMs = 0;
    for (let i = 0; i < 300; i++) {
      const [name, original] = originals[i % originals.length] ?? ['', new Uint8Array()];
      const startedAt = performance.now();
      const outcome = await extract(mutate(original, random), name).catch((error: unknown) => error);
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      const isExpected = outcome instanceof ExtractionError || (outcome instanceof Object && 'document' in outcome);
      expect(isExpected, `mutation ${i} of ${name}: ${String(outcome)}`).toBe(true);
      expect(JSON.stringify(outcome) ?? '').not.toMatch(/:null|NaN/);
    }
    expect(slowestMs).toBeLessThan(3000);
  });

  it('numbers that no file could hold are not believed', async () => {
    const silent = wav([new Float32Array(100)]);
    const view32 = new DataView(silent.buffer, silent.byteOffset);
    view32.setUint16(22, 0xffff, true);
    expect((await extract(silent)).kind).toBe('audio');
    expect(await reasonOf(extract(mp4('isom', []).slice(0, 30)))).toMatch(/malformed/);
  });
});
