import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EmbeddingsUnavailableError } from '../../src/platform/embeddings/embeddings.ts';
import { createHashingEmbeddings } from '../../src/platform/embeddings/hashing.ts';
import {
  dequantize,
  joinVectors,
  PackedEmbeddingsError,
  packEmbeddings,
  quantize,
  quantizeAll,
  unpackEmbeddings,
  vectorsByText,
} from '../../src/platform/embeddings/quantize.ts';
import { createWorkersAiEmbeddings } from '../../src/platform/embeddings/workers-ai.ts';

const vectors = fc
  .array(
    fc.integer({ min: -1_000_000, max: 1_000_000 }).map((value) => value / 1_000_000),
    { minLength: 1, maxLength: 32 },
  )
  .map((values) => Float32Array.from(values));

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

describe('the built-in embedding', () => {
  const embeddings = createHashingEmbeddings();
  const one = async (text: string) => (await embeddings.embed([text], 'query'))[0] ?? new Float32Array();

  it('gives these values for ever: stored vectors depend on them', async () => {
    const vector = await one('Herons nest in colonies. 黑豹队');
    const largest = [...vector.entries()].sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, 4);
    expect(largest.map(([place, value]) => [place, Number(value.toFixed(4))])).toMatchInlineSnapshot(`
      [
        [
          207,
          -0.1611,
        ],
        [
          187,
          -0.1522,
        ],
        [
          221,
          -0.1477,
        ],
        [
          140,
          -0.1387,
        ],
      ]
    `);
    expect(await createHashingEmbeddings().embed(['Herons nest in colonies. 黑豹队'], 'document')).toEqual([vector]);
  });

  it('gives unit vectors, and zeros for a text without words', async () => {
    for (const text of ['a', 'the of and', 'Bäume', '茶', 'x'.repeat(5000)]) {
      const vector = await one(text);
      expect(vector).toHaveLength(384);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    }
    for (const text of ['', ' … !?']) expect((await one(text)).every((value) => value === 0)).toBe(true);
  });

  it('finds spellings, inflections and compounds nearer than other words', async () => {
    const near = async (a: string, b: string) => cosine(await one(a), await one(b));
    for (const [word, related] of [
      ['colour', 'colours'],
      ['organisation', 'organization'],
      ['Versicherung', 'Versicherungsvertrag'],
      ['café', 'CAFE'],
    ]) {
      expect(await near(word ?? '', related ?? ''), word).toBeGreaterThan(0.3);
      expect(await near(word ?? '', 'penguin'), word).toBeLessThan(0.25);
    }
  });
});

describe('quantised vectors', () => {
  it('are off by half a step at most, and quantise to themselves', () => {
    fc.assert(
      fc.property(vectors, (vector) => {
        const first = quantize(vector);
        const back = dequantize(first);
        for (const [i, value] of vector.entries())
          expect(Math.abs((back[i] ?? 0) - value)).toBeLessThanOrEqual(first.scale * 0.501);
        expect(quantize(back)).toEqual(first);
      }),
    );
  });

  it('come out of the archive as they went in', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 })),
        (rows) => {
          const quantized = quantizeAll(
            rows.map((row) => Float32Array.from(row)),
            5,
          );
          const packed = { model: 'm é', dimension: 5, chunksHash: 'abc', ...quantized };
          expect(unpackEmbeddings(packEmbeddings(packed))).toEqual(packed);
          const hashes = rows.map((_, at) => at.toString(16).padStart(32, '0'));
          const textHashes = Uint8Array.from(Buffer.from(hashes.join(''), 'hex'));
          const hashed = unpackEmbeddings(packEmbeddings({ ...packed, textHashes }));
          expect(hashed).toEqual({ ...packed, textHashes });
          // Vector by vector, by what was embedded, and together again.
          const known = new Map(vectorsByText(hashed));
          expect(joinVectors(hashes, { known, dimension: 5 })).toEqual({ ...quantized, textHashes });
        },
      ),
    );
  });

  it('are refused when damaged', () => {
    const packed = {
      model: 'm',
      dimension: 2,
      chunksHash: 'h',
      codes: Int8Array.of(1, 2, 3, 4),
      scales: Float32Array.of(1, 2),
    };
    const bytes = packEmbeddings(packed);
    const changed = (at: number, value: number) => bytes.map((byte, i) => (i === at ? value : byte));
    const damaged = [
      new Uint8Array(),
      bytes.slice(0, 8),
      bytes.slice(0, -1),
      changed(0, 0),
      changed(4, 9),
      changed(5, 255),
      changed(9, 0),
    ];
    for (const each of damaged) expect(() => unpackEmbeddings(each)).toThrow(PackedEmbeddingsError);
    expect(() => packEmbeddings({ ...packed, dimension: 3 })).toThrow(PackedEmbeddingsError);
    const textHashes = new Uint8Array(32);
    expect(() => packEmbeddings({ ...packed, textHashes: textHashes.subarray(1) })).toThrow(PackedEmbeddingsError);
    const hashed = packEmbeddings({ ...packed, textHashes });
    expect(() => unpackEmbeddings(hashed.slice(0, -1))).toThrow(PackedEmbeddingsError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        expect(() => unpackEmbeddings(noise)).toThrow(PackedEmbeddingsError);
      }),
    );
  });
});

describe('embeddings of Workers AI', () => {
  const FAST = { firstDelayMs: 1, timeoutMs: 30 };
  const answer = (texts: string[]) => ({ shape: [texts.length, 2], data: texts.map((text) => [text.length, 0]) });

  function service(...answers: ((texts: string[]) => unknown)[]) {
    const batches: number[] = [];
    const run = async (_model: string, { text }: { text: string[] }) => {
      batches.push(text.length);
      return (answers.shift() ?? answer)(text);
    };
    return { batches, embeddings: createWorkersAiEmbeddings({ run }, { model: 'm', dimension: 2, policy: FAST }) };
  }

  it('come in batches of a hundred, as unit vectors, in order', async () => {
    const { batches, embeddings } = service();
    const embedded = await embeddings.embed(
      Array.from({ length: 250 }, (_, i) => 'x'.repeat(i)),
      'document',
    );
    expect(batches).toEqual([100, 100, 50]);
    expect(embedded).toHaveLength(250);
    expect([embedded[0], embedded[9]]).toEqual([Float32Array.of(0, 0), Float32Array.of(1, 0)]);
  });

  it('are asked for again when the answer is late, wrong or an error, three times at most', async () => {
    const wrong = () => ({ data: [[1, 2, 3]] });
    const late = () => new Promise(() => undefined);
    const failing = () => Promise.reject(new Error('3040: out of capacity'));
    const mended = service(failing, late);
    expect(await mended.embeddings.embed(['abc'], 'query')).toEqual([Float32Array.of(1, 0)]);
    const broken = service(wrong, late, failing);
    await expect(broken.embeddings.embed(['abc'], 'query')).rejects.toThrow(EmbeddingsUnavailableError);
    expect([mended.batches, broken.batches]).toEqual([
      [1, 1, 1],
      [1, 1, 1],
    ]);
  });
});
