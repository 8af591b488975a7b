import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { createCorpus } from '../bench/support/corpus.ts';
import { randomFrom } from '../scripts/random.ts';
import { createResidentMemory } from '../src/index-object/resident-memory.ts';
import { createSettings } from '../src/index-object/settings.ts';
import { BLOCK_SLOTS, createVectorBlocks, type VectorBlocks } from '../src/index-object/vector-blocks.ts';
import { createVectors } from '../src/index-object/vectors.ts';
import { quantizeAll } from '../src/platform/embeddings/quantize.ts';
import { embeddings, newOwner } from './support/indexed-documents.ts';

const VECTORS = 20_000;
const NEAREST = 10;
const QUERIES = 60;
const RESIDENT_BYTES = 32 * 1024 * 1024;
const SHOWN = 1;
const HIDDEN = 2;

const random = randomFrom(11);
const corpus = createCorpus(random);
const sentences = Array.from({ length: VECTORS }, () => corpus.paragraph().split('. ')[0] ?? '');
const queries = Array.from({ length: QUERIES }, (_, i) => corpus.queryFrom(sentences[i * 300] ?? '', 4));
const allowed = Uint8Array.of(0, 1, 0);

/** Every fifth vector belongs to a generation that nobody may find. */
const generationOf = (slot: number) => (slot % 5 === 0 ? HIDDEN : SHOWN);

async function withVectors(work: (blocks: VectorBlocks, sql: SqlStorage) => void): Promise<void> {
  const { codes, scales } = quantizeAll(await embeddings.embed(sentences, 'document'), embeddings.dimension);
  const object = env.LIBRARY_INDEX.get(env.LIBRARY_INDEX.idFromName(newOwner()));
  await runInDurableObject(object, (_, { storage }) => {
    const blocks = createVectorBlocks(storage.sql, createResidentMemory(RESIDENT_BYTES));
    for (const generation of [SHOWN, HIDDEN]) {
      const entries = Array.from({ length: VECTORS }, (_, slot) => ({
        slot,
        codes: codes.subarray(slot * embeddings.dimension, (slot + 1) * embeddings.dimension),
        scale: scales[slot] ?? 0,
      }));
      const ofGeneration = entries.filter(({ slot }) => generationOf(slot) === generation);
      blocks.put(generation, embeddings.dimension, ofGeneration);
    }
    work(blocks, storage.sql);
  });
}

/** The nearest of all vectors that may be found, one by one. */
function nearestOfAll(blocks: VectorBlocks, query: Float32Array): number[] {
  const scored: { slot: number; score: number }[] = [];
  blocks.scan(query, ({ numbers, generations, scales, sums, factor }) => {
    for (const [i, sum] of sums.entries()) {
      const slot = (numbers[Math.floor(i / BLOCK_SLOTS)] ?? 0) * BLOCK_SLOTS + (i % BLOCK_SLOTS);
      if (generations[i] === SHOWN) scored.push({ slot, score: sum * (scales[i] ?? 0) * factor });
    }
  });
  scored.sort((a, b) => b.score - a.score || a.slot - b.slot);
  return scored.slice(0, NEAREST).map(({ slot }) => slot);
}

describe('the shortlist of many vectors', () => {
  it('has at least 99 % of the ten nearest, scores them exactly, and none that may not be found', async () => {
    const vectors = await embeddings.embed(queries, 'query');
    await withVectors((blocks, sql) => {
      const { nearest } = createVectors(sql, { blocks, settings: createSettings(sql) });
      let common = 0;
      for (const values of vectors) {
        const list = blocks.shortlist(values, allowed);
        expect(list?.slots.length).toBeLessThan(VECTORS / 10);
        const { found } = nearest({ values, allowed, wanted: NEAREST });
        expect(found.every(({ slot }) => generationOf(slot) === SHOWN)).toBe(true);
        const exact = nearestOfAll(blocks, values);
        common += found.filter(({ slot }) => exact.includes(slot)).length;
      }
      expect(common / (QUERIES * NEAREST)).toBeGreaterThanOrEqual(0.99);
    });
  });

  it('gives way to all vectors when few may be found, when pages are deep, and when memory is short', async () => {
    const [values = new Float32Array()] = await embeddings.embed(queries, 'query');
    await withVectors((blocks, sql) => {
      const { nearest } = createVectors(sql, { blocks, settings: createSettings(sql) });
      const deep = nearest({ values, allowed, wanted: 5_000 }).found;
      expect(deep).toHaveLength(5_000);
      const shown = nearest({ values, allowed, wanted: 100 }).found;
      expect(shown.slice(0, NEAREST)).toEqual(deep.slice(0, NEAREST));
      expect(nearest({ values, allowed: new Uint8Array(3), wanted: NEAREST }).found).toEqual([]);

      const small = createVectorBlocks(sql, createResidentMemory(1_000));
      expect(small.shortlist(values, allowed)).toBeUndefined();

      blocks.clear(0, VECTORS - 1_001);
      expect(nearest({ values, allowed, wanted: NEAREST }).found.every(({ slot }) => slot > VECTORS - 1_001)).toBe(
        true,
      );
    });
  });
});
