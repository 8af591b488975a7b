import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  audioFrames,
  audioLikeness,
  MIN_AUDIO_LIKENESS,
} from '../../src/modules/library/likeness/audio-fingerprint.ts';
import {
  bandsNear,
  compareFingerprints,
  type FiledFingerprints,
  fingerprintsOf,
} from '../../src/modules/library/likeness/fingerprints.ts';
import {
  bitCount,
  imageDistance,
  imagePieces,
  MAX_IMAGE_DISTANCE,
} from '../../src/modules/library/likeness/image-hash.ts';
import { shinglesOf } from '../../src/modules/library/likeness/shingles.ts';
import { seeded } from './extraction.fixtures.ts';

/** Judged collections lie outside of the repository: where they are absent, what is measured on them is skipped. */
const DATA = join(process.env['COMMONPLACE_DATA'] ?? join(import.meta.dirname, '../../../shared/data'), 'collections');

const ofText = (text: string) => fingerprintsOf({ kind: 'text', text, measurements: {} });
const ofImage = (perceptualHash: string) =>
  fingerprintsOf({ kind: 'text', text: '', measurements: { image: { perceptualHash } } });
const ofAudio = (fingerprint: string) =>
  fingerprintsOf({ kind: 'text', text: '', measurements: { audio: { fingerprint } } });

/** Whether one is looked up where the other is filed. */
const finds = (one: FiledFingerprints, other: FiledFingerprints): boolean => {
  const filed = new Set(other.bands);
  return bandsNear(one).some((band) => filed.has(band));
};

const areAlike = (one: FiledFingerprints, other: FiledFingerprints) =>
  finds(one, other) && compareFingerprints(one, other) !== undefined;

const resemblance = (a: Set<number>, b: Set<number>) => {
  const shared = [...a].filter((shingle) => b.has(shingle)).length;
  return shared / (a.size + b.size - shared);
};

const corpora = ['cranfield', 'xquad-en', 'xquad-zh'].filter((name) => existsSync(join(DATA, name, 'corpus.jsonl')));

describe.skipIf(corpora.length === 0)('edits of real texts', () => {
  const random = seeded(7);
  const textsOf = (corpus: string): string[] =>
    readFileSync(join(DATA, corpus, 'corpus.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line): string => JSON.parse(line).text)
      .filter((text) => text.length > 300)
      .slice(0, 400);
  const sentences = (text: string) => text.split(/(?<=[.。!?])\s*/);
  const replaceWords = (share: number) => (text: string) =>
    text.replace(/\p{Script=Han}|[^\s\p{Script=Han}]+/gu, (word) =>
      random() < share ? `zq${Math.floor(random() * 1e6)}` : word,
    );
  /** What may be done to a text, and how many of the results must be found at least. */
  const EDITS: [name: string, edit: (text: string) => string, recall: number][] = [
    ['set differently', (text) => text.toUpperCase().replace(/\s+/g, '\n').replace(/[,;]/g, ''), 0.99],
    ['with 2 % of the words replaced', replaceWords(0.02), 0.98],
    ['with 5 % of the words replaced', replaceWords(0.05), 0.95],
    ['with its sentences in another order', (text) => sentences(text).reverse().join(' '), 0.97],
    [
      'continued by a quarter',
      (text) =>
        `Draft.\n${text}\n${text
          .slice(0, text.length / 4)
          .split('')
          .reverse()
          .join('')}`,
      0.97,
    ],
  ];

  it.each(corpora)('of %s are found, and nothing else is taken for them', (corpus) => {
    const texts = textsOf(corpus);
    const filed = texts.map(ofText);
    const shingles = texts.map(shinglesOf);
    /** Places of the texts that an edited one is told to be like. */
    const alike = (edited: string) => {
      const own = ofText(edited);
      return filed.flatMap((candidate, at) => (areAlike(own, candidate) ? [at] : []));
    };
    const samples = texts.flatMap((text, at) => (at % 4 === 0 ? [{ text, at }] : []));
    for (const [name, edit, recall] of EDITS) {
      const results = samples.map(({ text, at }) => ({ at, edited: edit(text) }));
      const told = results.map(({ at, edited }) => ({ at, edited, like: alike(edited) }));
      const found = told.filter(({ at, like }) => like.includes(at));
      expect(found.length / samples.length, name).toBeGreaterThanOrEqual(recall);
      const wrong = told.flatMap(({ at, edited, like }) =>
        like.filter((other) => other !== at && resemblance(shinglesOf(edited), shingles[other] ?? new Set()) < 0.25),
      );
      expect(wrong, name).toEqual([]);
    }
  });

  it('have about the resemblance that is said', () => {
    const errors = textsOf(corpora[0] ?? '')
      .slice(0, 100)
      .map((text, at) => {
        const edited = replaceWords((at % 10) / 100)(text);
        const likeness = compareFingerprints(ofText(text), ofText(edited));
        return likeness ? Math.abs(likeness.similarity - resemblance(shinglesOf(text), shinglesOf(edited))) : 0;
      });
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(0.05);
    expect(Math.max(...errors)).toBeLessThan(0.2);
  });
});

describe('texts', () => {
  it.each([
    ['', 0],
    ['Too short to tell.', 0],
    ['😀 '.repeat(500), 0],
    ['the same three '.repeat(500), 0],
  ])('that say too little are like nothing (%#)', (text, bands) =>
    expect(ofText(text)).toEqual({ textSignature: null, imageHash: null, audioFingerprint: null, bands: Array(bands) }),
  );

  it('of any kind have a signature of one size, and are like themselves', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 0, maxLength: 400 }), (text) => {
        const print = ofText(text);
        const isTold = print.textSignature !== null;
        expect(print.textSignature?.length).toBe(isTold ? 172 : undefined);
        expect(print.bands).toHaveLength(isTold ? 16 : 0);
        expect(print.bands.every((band) => Number.isSafeInteger(band) && band >= 0)).toBe(true);
        expect(compareFingerprints(print, ofText(text))?.similarity).toBe(isTold ? 1 : undefined);
      }),
      { numRuns: 200 },
    );
  });

  it('without a single space are read to their end in little time', () => {
    expect(shinglesOf('鷺'.repeat(1_000_000)).size).toBeLessThan(10);
    expect(shinglesOf('x'.repeat(3_000_000)).size).toBeLessThan(10_000);
  });
});

describe('pictures', () => {
  const hex = (pieces: number[]) => pieces.map((piece) => piece.toString(16).padStart(4, '0')).join('');
  const bits = fc.uniqueArray(fc.nat(63), { maxLength: 24 });
  const pieces = fc.array(fc.nat(0xffff), { minLength: 4, maxLength: 4 });

  it('are found at every distance up to the greatest that is reported, and are not reported beyond', () => {
    fc.assert(
      fc.property(pieces, bits, (original, flipped) => {
        const changed = original.map((piece, at) =>
          flipped.filter((bit) => bit >> 4 === at).reduce((value, bit) => value ^ (1 << (bit & 15)), piece),
        );
        const [one, other] = [ofImage(hex(original)), ofImage(hex(changed))];
        expect(imageDistance(original, changed)).toBe(flipped.length);
        const isNear = flipped.length <= MAX_IMAGE_DISTANCE;
        expect(compareFingerprints(one, other) !== undefined).toBe(isNear);
        if (isNear) expect(finds(one, other)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('are not alike for what their cameras say, but for what is read in them', () => {
    const exif = 'Taken in May with a NIKON D70 at 50 mm, exposed for a sixtieth of a second at f/8 and ISO 200.';
    const print = (text: string) => fingerprintsOf({ kind: 'image', text, measurements: {} });
    expect(ofText(exif).bands).not.toEqual([]);
    expect(print(exif).bands).toEqual([]);
    expect(print(Array.from({ length: 200 }, (_, at) => `word${at}`).join(' ')).bands).not.toEqual([]);
  });

  it.each(['', 'f0e1', 'g0e1d2c3b4a59687', 'f0e1d2c3b4a5968700'])('with the hash “%s” have none', (hash) => {
    expect(imagePieces(hash)).toBeUndefined();
    expect(ofImage(hash).bands).toEqual([]);
  });

  it('have their bits counted right', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (value) => {
        expect(bitCount(value | 0)).toBe(value.toString(2).replaceAll('0', '').length);
      }),
    );
  });
});

describe('recordings', () => {
  const random = seeded(11);
  const frame = () => Math.floor(random() * 2 ** 32);
  const song = (frames: number) => Array.from({ length: frames }, frame);
  const write = (frames: number[]) => frames.map((value) => (value >>> 0).toString(16).padStart(8, '0')).join('');
  const noisy = (frames: number[], share: number) =>
    frames.map((value) =>
      Array.from({ length: 32 }, (_, bit) => bit).reduce((v, bit) => (random() < share ? v ^ (1 << bit) : v), value),
    );

  it.each([
    ['the same', 0, 0],
    ['begun three seconds later', 0, 24],
    ['encoded anew, with one bit in twenty wrong', 0.05, 0],
    ['encoded anew and begun later, with one bit in sixteen wrong', 0.0625, 17],
  ])('are found when they are %s', (_what, share, shift) => {
    let found = 0;
    for (let round = 0; round < 20; round++) {
      const original = song(400);
      if (areAlike(ofAudio(write(original)), ofAudio(write(noisy(original.slice(shift), share))))) found += 1;
    }
    expect(found).toBeGreaterThanOrEqual(19);
  });

  it('are not found when they are others', () => {
    const filed = Array.from({ length: 100 }, () => ofAudio(write(song(400))));
    const alike = filed.flatMap((one, at) => filed.slice(at + 1).filter((other) => areAlike(one, other)));
    expect(alike).toEqual([]);
    const [one, other] = [audioFrames(write(song(500))), audioFrames(write(song(500)))];
    expect(audioLikeness(one ?? new Uint32Array(), other ?? new Uint32Array())).toBeLessThan(MIN_AUDIO_LIKENESS / 2);
  });

  it('that are silent, short or no fingerprint are like nothing', () => {
    for (const fingerprint of ['', 'nonsense', write(song(10)), write(song(100)).slice(1)]) {
      expect(ofAudio(fingerprint).bands).toEqual([]);
    }
    expect(ofAudio('00000000'.repeat(400)).bands).toEqual([]);
  });
});
