import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { ExtractionError } from '../../src/modules/ingestion/extraction/extractor.ts';
import { extractLargeFile } from '../../src/modules/ingestion/extraction/large-file.ts';
import { bytesOf, pdf } from './extraction.fixtures.ts';
import { avi, matroska, mp3, mp4 } from './extraction-media.fixtures.ts';

const MB = 1024 * 1024;

type Piece = { at: number; bytes: Uint8Array };

/** A file of so many bytes that holds nothing but these pieces, and how much of it was fetched. */
function sparse(size: number, pieces: Piece[]) {
  const fetched = { times: 0, bytes: 0 };
  const readRange = async ({ offset, length }: { offset: number; length: number }) => {
    fetched.times++;
    fetched.bytes += length;
    const range = new Uint8Array(length);
    for (const { at, bytes } of pieces) {
      const from = Math.max(at, offset);
      const to = Math.min(at + bytes.length, offset + length);
      if (from < to) range.set(bytes.subarray(from - at, to - at), from - offset);
    }
    return range;
  };
  return { size, readRange, fetched };
}

const read = (file: ReturnType<typeof sparse>, filename = 'file') =>
  extractLargeFile({ size: file.size, readRange: file.readRange, filename, mediaType: '' });

const box = (type: string, size: number) => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, size);
  bytes.set(bytesOf(type), 4);
  return bytes;
};

/** A film as cameras write it: what it says of itself comes after 90 MB of pictures. */
function film(tracks: Parameters<typeof mp4>[1]) {
  const small = mp4('isom', tracks, 'On the lake');
  const type = small.subarray(0, 16);
  const movie = small.subarray(16, -72);
  const at = 16 + 90 * MB;
  return sparse(at + movie.length, [
    { at: 0, bytes: type },
    { at: 16, bytes: box('mdat', 90 * MB) },
    { at, bytes: movie },
  ]);
}

describe('files that are too large to be held', () => {
  it('films: what they say of themselves, wherever it stands, for a few looks at them', async () => {
    const file = film([
      { handler: 'vide', codec: 'avc1', width: 1920, height: 1080 },
      { handler: 'soun', codec: 'mp4a' },
    ]);
    const { kind, document } = await read(file, 'lake.mp4');
    expect(kind).toBe('video');
    expect(document).toMatchObject({ title: 'On the lake', wanted: [] });
    expect(document.metadata).toMatchObject({ durationMs: 90_000, width: 1920, height: 1080 });
    expect(document.measurements?.['video']?.['bitrate']).toBe(Math.round((file.size * 8) / 90));
    expect(file.fetched.times).toBeLessThanOrEqual(6);
    expect(file.fetched.bytes).toBeLessThan(20 * MB);
  });

  it('recordings: sound in containers of films, MP3 by its tags, and how long it is by its rate', async () => {
    expect((await read(film([{ handler: 'soun', codec: 'mp4a' }]))).kind).toBe('audio');
    const head = mp3(200, [['TIT2', 'A long talk']]);
    const frame = mp3(1);
    const file = sparse(60 * MB, [{ at: 0, bytes: head }]);
    const { kind, document } = await read(file, 'talk.mp3');
    expect({ kind, title: document.title, wanted: document.wanted }).toEqual({
      kind: 'audio',
      title: 'A long talk',
      wanted: [],
    });
    // 128,000 bits a second.
    const seconds = Number(document.metadata['durationMs']) / 1000;
    expect(Math.abs(seconds - (60 * MB) / 16_000)).toBeLessThan(frame.length);
    expect(file.fetched.times).toBeLessThanOrEqual(8);
  });

  it('films of other containers: by their beginning', async () => {
    const head = matroska('matroska', ['V_VP9', 'A_OPUS']);
    const rest = 50 * MB - head.length - 9;
    const padding = Uint8Array.of(0xec, 1, 0, 0, 0, rest >> 24, (rest >> 16) & 255, (rest >> 8) & 255, rest & 255);
    for (const [name, bytes] of [
      ['a.mkv', new Uint8Array([...head, ...padding])],
      ['a.avi', avi('A walk')],
    ] as const) {
      const { kind, document } = await read(sparse(50 * MB, [{ at: 0, bytes }]), name);
      expect({ kind, title: document.title }).toEqual({ kind: 'video', title: 'A walk' });
    }
  });

  it.each<[string, Uint8Array, string, RegExp]>([
    ['an archive', zipSync({ 'a.txt': strToU8('x') }), 'too_large', /larger than 32 MB\. Unpack it/],
    [
      'a mailbox',
      bytesOf('From a@b.c Mon Jan  1 10:00:00 2024\nFrom: a@b.c\nSubject: Hi\n\nBody\n'.repeat(2000)),
      'too_large',
      /folders or years/,
    ],
    ['a PDF', pdf(['Hello']), 'too_large', /Split it/],
    ['text', bytesOf('words and words\n'.repeat(MB)), 'too_large', /Split it into parts/],
    ['a program', bytesOf('\x7fELF'), 'unsupported_format', /a program/],
  ])('refuses %s with what to do', async (_name, bytes, reason, sentence) => {
    const error = await read(sparse(50 * MB, [{ at: 0, bytes }])).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ExtractionError);
    expect(error).toMatchObject({ reason, message: expect.stringMatching(sentence) });
  });

  it('is tried again when the file cannot be fetched just now', async () => {
    const file = film([{ handler: 'vide', codec: 'avc1' }]);
    let times = 0;
    const readRange: typeof file.readRange = (range) => {
      if (++times === 3) return Promise.reject(new Error('The store is away.'));
      return file.readRange(range);
    };
    await expect(extractLargeFile({ ...file, readRange, filename: 'a.mp4', mediaType: '' })).rejects.toThrow(
      'The store is away.',
    );
  });
});
