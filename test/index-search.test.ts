import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createResidentMemory } from '../src/index-object/resident-memory.ts';
import { BLOCK_SLOTS, createVectorBlocks } from '../src/index-object/vector-blocks.ts';
import { quantizeAll } from '../src/platform/embeddings/quantize.ts';
import {
  aDocument,
  aSearch,
  chunksOf,
  embeddings,
  idsOf,
  indexed,
  indexOf,
  newOwner,
  vectorFor,
} from './support/indexed-documents.ts';

async function anIndex(texts: Record<string, string>) {
  const index = indexOf(newOwner());
  for (const [documentId, text] of Object.entries(texts)) await indexed(index, aDocument(documentId), [text]);
  return index;
}

describe('search by words', () => {
  it('wants all words first, and any word when that finds too little', async () => {
    const index = await anIndex({ both: 'red apples and green pears', apple: 'an apple a day', pear: 'a pear tree' });
    const all = await index.search(aSearch('apple pear', { match: 'all' }));
    expect([idsOf(all.hits), all.notices]).toEqual([['both'], []]);
    const auto = await index.search(aSearch('apple pear'));
    expect(auto.hits[0]).toMatchObject({ documentId: 'both', scores: { keyword: { rank: 1 } } });
    expect([auto.hits.length, auto.notices]).toEqual([3, ['any_word']]);
    const enough = await index.search(aSearch('apple pear', { limit: 1 }));
    expect([idsOf(enough.hits), enough.more, enough.notices]).toEqual([['both'], false, []]);
    const any = await index.search(aSearch('apple pear', { match: 'any', limit: 2 }));
    expect([any.hits.length, any.more, any.notices]).toEqual([2, true, []]);
  });

  it('passes over stop words unless there is nothing else', async () => {
    const index = await anIndex({ a: 'the heron and the stork', b: 'to be or not to be' });
    expect(idsOf((await index.search(aSearch('what is the heron', { match: 'any' }))).hits)).toEqual(['a']);
    expect(idsOf((await index.search(aSearch('not to be', { match: 'any' }))).hits)).toEqual(['b']);
  });

  it('honours phrases in quotes', async () => {
    const index = await anIndex({
      exact: 'the annual general meeting was long',
      apart: 'a general report; the annual meeting',
    });
    expect(idsOf((await index.search(aSearch('"annual general meeting"'))).hits)).toEqual(['exact']);
    expect(idsOf((await index.search(aSearch('"annual general" report', { match: 'any' }))).hits)).toEqual(['exact']);
    expect((await index.search(aSearch('"annual pears"'))).hits).toEqual([]);
  });

  it('finds inflected, accented and differently composed words', async () => {
    const index = await anIndex({
      a: 'Cafe\u0301s in Zürich were running late',
      b: 'Die Häuser am Fluss',
      c: 'ﬁnances ①',
    });
    for (const query of ['café', 'CAFES', 'zurich', 'runs']) {
      expect(idsOf((await index.search(aSearch(query))).hits), query).toEqual(['a']);
    }
    expect(idsOf((await index.search(aSearch('hauser'))).hits)).toEqual(['b']);
    expect(idsOf((await index.search(aSearch('finance'))).hits)).toEqual(['c']);
  });

  it('finds words of scripts without spaces, single characters too', async () => {
    const index = await anIndex({
      zh: '黑豹队的防守只丢了 308 分',
      ja: '東京都に住んでいます。カード',
      th: 'ประเทศไทยสวยงามมาก',
      ko: '한국어는 어렵지 않다',
      one: '茶',
    });
    const expected = {
      防守: 'zh',
      东西防守: 'zh',
      住んで: 'ja',
      カード: 'ja',
      ไทย: 'th',
      한국어: 'ko',
      茶: 'one',
      都: 'ja',
      分: 'zh',
    };
    for (const [query, id] of Object.entries(expected)) {
      expect(idsOf((await index.search(aSearch(query))).hits), query).toEqual([id]);
    }
  });

  it('weighs a word of the title more than one of the text', async () => {
    const index = indexOf(newOwner());
    await indexed(index, aDocument('text'), ['a contract about water and other matters']);
    await indexed(index, aDocument('title', { title: 'Contract' }), ['about water and other matters here']);
    expect(idsOf((await index.search(aSearch('contract'))).hits)).toEqual(['title', 'text']);
  });

  it('marks the words it found', async () => {
    const filler = 'Nothing of note is said in this sentence. ';
    const index = await anIndex({ a: `${filler.repeat(20)}The heron’s nests are high.${` ${filler}`.repeat(20)}` });
    const { snippet } = (await index.search(aSearch('heron nest')))?.hits[0] ?? {
      snippet: { text: '', highlights: [] },
    };
    expect(snippet.text.length).toBeLessThanOrEqual(240);
    expect(snippet.highlights.map(([start, end]) => snippet.text.slice(start, end))).toEqual(['heron', 'nests']);
  });

  it('says when a passage is heard, where it has a time', async () => {
    const index = indexOf(newOwner());
    const document = aDocument('talk');
    await index.beginGeneration(document);
    const [spoken, written] = chunksOf(['spoken heron', 'written heron']);
    if (!spoken || !written) throw new Error('unreachable');
    await index.appendChunks(document, [{ ...spoken, time: { startMs: 0, endMs: 4500 } }, written]);
    await index.commitGeneration(document, 2);
    const { hits } = await index.search(aSearch('heron'));
    expect(hits.map(({ ordinal, time }) => [ordinal, time]).sort()).toEqual([
      [0, { startMs: 0, endMs: 4500 }],
      [1, undefined],
    ]);
  });

  it('takes any text as a query', async () => {
    const index = await anIndex({ a: 'foo bar AND NEAR' });
    const operators = fc.constantFrom(
      '"',
      'AND',
      'OR',
      'NOT',
      'NEAR(',
      ')',
      '*',
      '^',
      ':',
      '-',
      '+',
      '{title}',
      "'",
      '\0',
      '茶',
      'foo',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.array(operators, { maxLength: 12 }).map((parts) => parts.join(' ')),
    );
    await fc.assert(
      fc.asyncProperty(text, fc.constantFrom('all' as const, 'any' as const, 'auto' as const), async (query, match) => {
        const result = await index.search(aSearch(query, { match }));
        expect(result.hits.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 200 },
    );
  });

  it('reads no more rows than it shows once the words are known', async () => {
    const index = indexOf(newOwner());
    for (let i = 0; i < 40; i++)
      await indexed(
        index,
        aDocument(`d${i}`),
        Array.from({ length: 10 }, (_, n) => `report ${i} number ${n}`),
      );
    await index.search(aSearch('report'));
    const { rowsRead, hits } = await index.search(aSearch('report', { limit: 5 }));
    // Four for each, and the newest document for the next page.
    expect([hits.length, rowsRead]).toEqual([5, 21]);
  });
});

describe('search by meaning', () => {
  it('is exact but for the rounding of vectors: recall@10 of at least 0.99 on random vectors', async () => {
    const dimension = 96;
    const random = randomNumbers(7);
    const vector = () => unit(Float32Array.from({ length: dimension }, () => random() + random() + random() - 1.5));
    const vectors = Array.from({ length: 2000 }, vector);
    const index = indexOf(newOwner());
    const document = aDocument('a');
    await index.beginGeneration(document);
    for (let i = 0; i < 4; i++)
      await index.appendChunks(document, chunksOf(vectors.map(() => 'x')).slice(i * 500, (i + 1) * 500));
    await index.putVectors('a', {
      model: 'm',
      dimension,
      ordinals: vectors.map((_, i) => i),
      ...quantizeAll(vectors, dimension),
    });
    await index.commitGeneration(document);
    let common = 0;
    const queries = Array.from({ length: 50 }, vector);
    for (const values of queries) {
      const exact = vectors
        .map((other, ordinal) => ({ ordinal, score: dot(values, other) }))
        .sort((a, b) => b.score - a.score)
        .slice(0, 10);
      const result = await index.queryVectors({ model: 'm', values, topK: 10 });
      if (!result.ok) throw new Error(result.reason);
      const ordinals = new Set(result.matches.map((match) => match.ordinal));
      common += exact.filter((match) => ordinals.has(match.ordinal)).length;
      expect(result.matches[0]?.score).toBeCloseTo(exact[0]?.score ?? 0, 2);
    }
    expect(common / (queries.length * 10)).toBeGreaterThanOrEqual(0.99);
  });

  it('finds the same when memory is too small and blocks are read on the way', async () => {
    const owner = newOwner();
    const index = indexOf(owner);
    const texts = Array.from({ length: 150 }, (_, i) => `note ${i} about ${['herons', 'taxes', 'gardens'][i % 3]}`);
    await indexed(index, aDocument('a'), texts);
    const { values } = await vectorFor('taxes');
    const sums = await runInDurableObject(env.LIBRARY_INDEX.get(env.LIBRARY_INDEX.idFromName(owner)), (_, state) =>
      [1_000_000, 10].map((bytes) => {
        const blocks = createVectorBlocks(state.storage.sql, createResidentMemory(bytes));
        const seen: number[][] = [];
        blocks.scan(values, ({ numbers, sums }) => {
          for (const [i, number] of numbers.entries())
            seen.push([number, ...sums.subarray(i * BLOCK_SLOTS, (i + 1) * BLOCK_SLOTS)]);
        });
        expect(blocks.memoryBytes()).toBeLessThanOrEqual(bytes);
        return seen;
      }),
    );
    expect(sums[1]).toEqual(sums[0]);
    expect(sums[0]).toHaveLength(3);
  });

  it('holds vectors of one model, and takes another when it has none left', async () => {
    const index = await anIndex({ a: 'first model' });
    const other = {
      model: 'other',
      dimension: 4,
      ordinals: [0],
      codes: Int8Array.of(127, 0, 0, 0),
      scales: Float32Array.of(1 / 127),
    };
    expect(await index.putVectors('a', other)).toEqual({
      ok: false,
      reason: 'model_mismatch',
      held: { model: embeddings.model, dimension: embeddings.dimension },
    });
    const wrong = await index.search(
      aSearch('first', { mode: 'hybrid', vector: { model: 'other', values: Float32Array.of(1, 0, 0, 0) } }),
    );
    expect([idsOf(wrong.hits), wrong.notices]).toEqual([['a'], ['semantic_unavailable']]);
    expect(await index.removeVectors('a')).toBe(1);
    expect(await index.putVectors('a', other)).toEqual({ ok: true, stored: 1, missing: 0 });
    expect(await index.statistics()).toMatchObject({ vectors: 1, model: 'other', dimension: 4 });
    expect(await index.putVectors('a', { ...other, scales: new Float32Array(2) })).toEqual({
      ok: false,
      reason: 'malformed',
    });
    expect(await index.putVectors('nobody', other)).toEqual({ ok: false, reason: 'unknown_document' });
    expect(await index.putVectors('a', { ...other, ordinals: [9] })).toEqual({ ok: true, stored: 0, missing: 1 });
  });

  it('fuses both sides, and takes vector candidates from elsewhere', async () => {
    const index = await anIndex({ words: 'herons and storks', other: 'heronry', far: 'tax law' });
    const hybrid = await index.search(aSearch('herons', { mode: 'hybrid', vector: await vectorFor('herons') }));
    expect(hybrid.hits[0]).toMatchObject({
      documentId: 'words',
      scores: { keyword: { rank: 1 }, semantic: { rank: expect.any(Number) } },
    });
    const vectorCandidates = [
      { documentId: 'far', ordinal: 0, score: 0.9 },
      { documentId: 'gone', ordinal: 0, score: 0.8 },
      { documentId: 'words', ordinal: 0, score: 0.7 },
    ];
    const hosted = await index.search(aSearch('herons', { mode: 'semantic', vectorCandidates }));
    expect(hosted.hits.map((hit) => [hit.documentId, hit.score])).toEqual([
      ['far', 0.9],
      ['words', 0.7],
    ]);
  });
});

function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}
