import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LibraryIndexClient } from '../src/index-object/client.ts';
import type { SearchFilter } from '../src/index-object/index.types.ts';
import { createResidentMemory, MAX_RESIDENT_BYTES } from '../src/index-object/resident-memory.ts';
import {
  aDocument,
  aSearch,
  chunksOf,
  idsOf,
  indexed,
  indexOf,
  newOwner,
  vectorFor,
  vectorsOf,
} from './support/indexed-documents.ts';

async function found(index: LibraryIndexClient, query: string, filter: SearchFilter = {}): Promise<string[]> {
  return idsOf((await index.search(aSearch(query, { filter }))).hits);
}

describe('a document in the index', () => {
  it('is found once its content is committed, and not before', async () => {
    const index = indexOf(newOwner());
    const document = aDocument('a');
    expect(await index.beginGeneration(document)).toEqual({ accepted: true });
    expect(await index.appendChunks(document, chunksOf(['Herons nest in colonies.']))).toEqual({ ok: true, chunks: 1 });
    await index.putVectors('a', await vectorsOf(['Herons nest in colonies.']));
    expect(await found(index, 'heron')).toEqual([]);
    expect((await index.search(aSearch('heron', { mode: 'semantic', vector: await vectorFor('heron') }))).hits).toEqual(
      [],
    );
    expect(await index.statistics()).toMatchObject({ documents: 0, chunks: 0, vectors: 0, staged: 1 });

    expect(await index.commitGeneration(document)).toEqual({ ok: true, chunks: 1 });
    expect(await found(index, 'heron')).toEqual(['a']);
    expect(await index.statistics()).toMatchObject({ documents: 1, chunks: 1, vectors: 1, staged: 0 });
  });

  it('takes chunks and commits that come twice as one', async () => {
    const index = indexOf(newOwner());
    const document = aDocument('a');
    await index.beginGeneration(document);
    await index.appendChunks(document, chunksOf(['one oak', 'two oaks']));
    expect(await index.appendChunks(document, chunksOf(['one oak', 'two oaks', 'three oaks']))).toEqual({
      ok: true,
      chunks: 3,
    });
    expect(await index.commitGeneration(document)).toEqual({ ok: true, chunks: 3 });
    expect(await index.commitGeneration(document)).toEqual({ ok: true, chunks: 3 });
    const { hits } = await index.search(aSearch('oak'));
    expect(hits.map((hit) => hit.ordinal).sort()).toEqual([0, 1, 2]);
  });

  it('swaps old content for new at once, and keeps nothing of the old', async () => {
    const index = indexOf(newOwner());
    await indexed(index, aDocument('a'), ['falcons', 'eagles', 'owls']);
    const next = aDocument('a', { revision: 2, title: 'Water birds' });
    await index.beginGeneration(next);
    await index.appendChunks(next, chunksOf(['herons', 'storks']));
    expect(await found(index, 'falcons')).toEqual(['a']);
    expect((await index.describeDocuments({ ids: ['a'] })).documents[0]).toMatchObject({ revision: 1, chunks: 3 });
    await index.commitGeneration(next);
    expect(await found(index, 'falcons')).toEqual([]);
    expect(await found(index, 'herons')).toEqual(['a']);
    expect(await found(index, 'water birds')).toEqual(['a', 'a']);
    expect(await index.statistics()).toMatchObject({ documents: 1, chunks: 2, vectors: 0, staged: 0 });
  });

  it('finds and shows rows with the names of their columns, also when its title has changed', async () => {
    const index = indexOf(newOwner());
    const document = aDocument('a', { title: 'Aviary' });
    await index.beginGeneration(document);
    const [first, second] = chunksOf(['Species\tWingspan\nowl\t90', 'heron\t180']);
    if (first === undefined || second === undefined) throw new Error('No chunks');
    await index.appendChunks(document, [first, { ...second, header: 'Species\tWingspan' }]);
    await index.commitGeneration(document);
    for (const title of ['Aviary', 'Bird house']) {
      await index.updateDocument(aDocument('a', { title, revision: title.length }));
      const { hits } = await index.search(aSearch('wingspan of herons', { match: 'all' }));
      expect(hits).toMatchObject([{ ordinal: 1, title, snippet: { text: 'Species\tWingspan\nheron\t180' } }]);
    }
  });

  it('refuses content that is older than what it has, incomplete, or was never begun', async () => {
    const index = indexOf(newOwner());
    await indexed(index, aDocument('a', { revision: 5 }), ['new']);
    expect(await index.beginGeneration(aDocument('a', { revision: 4 }))).toEqual({ accepted: false, reason: 'stale' });
    const old = aDocument('a', { revision: 4 });
    expect(await index.appendChunks(old, chunksOf(['old']))).toEqual({ ok: false, reason: 'unknown_generation' });
    expect(await index.commitGeneration(old)).toEqual({ ok: false, reason: 'unknown_generation' });
    const next = aDocument('a', { revision: 6 });
    await index.beginGeneration(next);
    await index.appendChunks(next, chunksOf(['half']));
    expect(await index.commitGeneration(next, 2)).toEqual({ ok: false, reason: 'incomplete', chunks: 1 });
    expect(await found(index, 'new')).toEqual(['a']);
  });

  it('starts over when content is begun again', async () => {
    const index = indexOf(newOwner());
    const document = aDocument('a');
    await index.beginGeneration(document);
    await index.appendChunks(document, chunksOf(['from the attempt that died', 'its second chunk']));
    await index.beginGeneration(document);
    await index.appendChunks(document, chunksOf(['from the attempt that lived']));
    expect(await index.commitGeneration(document)).toEqual({ ok: true, chunks: 1 });
    expect(await found(index, 'died')).toEqual([]);
    expect(await found(index, 'lived')).toEqual(['a']);
  });

  it('is the same after a restart, and goes on from staged content', async () => {
    const owner = newOwner();
    const index = indexOf(owner);
    await indexed(index, aDocument('a', { title: 'Birds' }), ['Herons nest in colonies.', 'Owls hunt at night.']);
    const staged = aDocument('b');
    await index.beginGeneration(staged);
    await index.appendChunks(staged, chunksOf(['Foxes too.']));
    const search = aSearch('owls at night', { mode: 'hybrid', vector: await vectorFor('owls at night') });
    const before = (await index.search(search)).hits;
    await evictDurableObject(env.LIBRARY_INDEX.get(env.LIBRARY_INDEX.idFromName(owner)));
    const again = indexOf(owner);
    expect((await again.search(search)).hits).toEqual(before);
    expect(before[0]).toMatchObject({ documentId: 'a', ordinal: 1, title: 'Birds' });
    expect(await again.commitGeneration(staged, 1)).toEqual({ ok: true, chunks: 1 });
    expect(await found(again, 'foxes')).toEqual(['b']);
  });

  it('leaves nothing behind when it is removed, and does not come back', async () => {
    const index = indexOf(newOwner());
    await indexed(index, aDocument('a'), ['secret plans', 'more plans']);
    await indexed(index, aDocument('b'), ['public plans']);
    const late = aDocument('a', { revision: 2 });
    await index.beginGeneration(late);
    await index.appendChunks(late, chunksOf(['secret again']));
    expect(await index.removeDocument('a')).toEqual({ chunks: 0, vectors: 0 });
    expect(await found(index, 'plans')).toEqual(['b']);
    expect(await found(index, 'secret')).toEqual([]);
    expect(await index.appendChunks(late, chunksOf(['x']))).toEqual({ ok: false, reason: 'unknown_generation' });
    expect(await index.commitGeneration(late)).toEqual({ ok: false, reason: 'unknown_generation' });
    expect(await index.beginGeneration(late)).toEqual({ accepted: false, reason: 'removed' });
    expect(await index.updateDocument(late)).toEqual({ ok: false, reason: 'removed' });
    expect(await index.statistics()).toMatchObject({ documents: 1, chunks: 1, vectors: 1, staged: 0 });
    // The freed places are given to the next document, without anything of the old one.
    await indexed(index, aDocument('c'), ['garden plans', 'garden tools']);
    expect((await found(index, 'plans')).sort()).toEqual(['b', 'c']);
    expect(await found(index, 'secret')).toEqual([]);
    await index.clear();
    expect(await index.statistics()).toMatchObject({ documents: 0, chunks: 0, vectors: 0, staged: 0, model: null });
    await indexed(index, aDocument('a'), ['after']);
    expect(await found(index, 'after')).toEqual(['a']);
  });

  it('with 2,000 chunks is taken in four calls and found by its last', async () => {
    const index = indexOf(newOwner());
    const document = aDocument('long');
    const chunks = chunksOf(Array.from({ length: 2000 }, (_, i) => `paragraph ${i} about subject${i % 7}`));
    await index.beginGeneration(document);
    for (let i = 0; i < 4; i++) await index.appendChunks(document, chunks.slice(i * 500, (i + 1) * 500));
    expect(await index.commitGeneration(document, 2000)).toEqual({ ok: true, chunks: 2000 });
    expect((await index.search(aSearch('paragraph 1999'))).hits[0]).toMatchObject({ ordinal: 1999 });
    const page = await index.search(aSearch('subject3', { limit: 50, offset: 250 }));
    expect(page).toMatchObject({ more: false });
    expect(page.hits).toHaveLength(36);
    expect(await index.updateDocument({ ...document, revision: 2, title: 'Encyclopaedia' })).toEqual({ ok: true });
    expect((await index.search(aSearch('encyclopaedia', { limit: 200 }))).hits).toHaveLength(200);
    expect(await index.removeDocument('long')).toEqual({ chunks: 0, vectors: 0 });
  });
});

describe('attributes', () => {
  it('hide a document in the trash at once and show it when restored', async () => {
    const index = indexOf(newOwner());
    await indexed(index, aDocument('a'), ['tax return']);
    const semantic = aSearch('tax', { mode: 'semantic', vector: await vectorFor('tax') });
    await index.updateDocument(aDocument('a', { revision: 2, visible: false }));
    expect(await found(index, 'tax')).toEqual([]);
    expect((await index.search(semantic)).hits).toEqual([]);
    await index.updateDocument(aDocument('a', { revision: 3 }));
    expect(await found(index, 'tax')).toEqual(['a']);
    expect(idsOf((await index.search(semantic)).hits)).toEqual(['a']);
  });

  it('of an older revision change nothing', async () => {
    const index = indexOf(newOwner());
    await indexed(index, aDocument('a', { revision: 3, title: 'New title' }), ['text']);
    expect(await index.updateDocument(aDocument('a', { revision: 2, title: 'Old' }))).toEqual({
      ok: false,
      reason: 'stale',
    });
    expect((await index.search(aSearch('new title'))).hits[0]).toMatchObject({ title: 'New title' });
  });

  it('bring a new title to the words, and keep one that arrives while content is staged', async () => {
    const index = indexOf(newOwner());
    await indexed(index, aDocument('a', { title: 'Draft' }), ['text']);
    await index.updateDocument(aDocument('a', { revision: 2, title: 'Charter' }));
    expect(await found(index, 'draft')).toEqual([]);
    expect(await found(index, 'charter')).toEqual(['a']);
    const next = aDocument('a', { revision: 3, title: 'Charter' });
    await index.beginGeneration(next);
    await index.appendChunks(next, chunksOf(['other text']));
    await index.updateDocument(aDocument('a', { revision: 4, title: 'Constitution' }));
    await index.commitGeneration(next);
    expect(await found(index, 'charter')).toEqual([]);
    expect(await found(index, 'constitution')).toEqual(['a']);
    expect((await index.describeDocuments()).documents).toEqual([
      { documentId: 'a', revision: 4, contentRevision: 3, chunks: 1, vectors: 0, visible: true },
    ]);
  });

  it('filter as a plain filter over the documents does', async () => {
    const index = indexOf(newOwner());
    const kinds = ['pdf', 'text', 'image'];
    const documents = Array.from({ length: 30 }, (_, i) =>
      aDocument(`d${i}`, {
        kind: kinds[i % 3] ?? 'text',
        profile: i % 2 === 0 ? 'general' : 'contract',
        language: i % 5 === 0 ? null : i % 4 === 0 ? 'de' : 'en',
        createdAt: 1000 + i,
        labels: [`tag:${i % 4}`, `collection:${i % 3}`],
      }),
    );
    for (const document of documents) await indexed(index, document, ['common words']);
    const values = (items: string[]) => fc.option(fc.subarray(items, { minLength: 1 }), { nil: undefined });
    const bound = fc.option(fc.integer({ min: 995, max: 1035 }), { nil: undefined });
    const filters = fc.record({
      kinds: values(kinds),
      profiles: values(['general', 'contract']),
      languages: values(['de', 'en']),
      labels: fc.option(fc.array(fc.subarray(['tag:1', 'collection:1', 'tag:2', 'nowhere']), { maxLength: 2 }), {
        nil: undefined,
      }),
      documentIds: values(documents.map((document) => document.documentId)),
      createdFrom: bound,
      createdTo: bound,
    });
    const vector = await vectorFor('common');
    await fc.assert(
      fc.asyncProperty(filters, async (drawn) => {
        const filter: SearchFilter = JSON.parse(JSON.stringify(drawn));
        const expected = documents
          .filter(
            (document) =>
              (filter.kinds?.includes(document.kind) ?? true) &&
              (filter.profiles?.includes(document.profile) ?? true) &&
              (filter.languages === undefined || filter.languages.includes(document.language ?? '')) &&
              (filter.labels?.every((group) => group.some((label) => document.labels.includes(label))) ?? true) &&
              (filter.documentIds?.includes(document.documentId) ?? true) &&
              document.createdAt >= (filter.createdFrom ?? 0) &&
              document.createdAt <= (filter.createdTo ?? 2000),
          )
          .map((document) => document.documentId)
          .sort();
        const words = await index.search(aSearch('common', { filter, limit: 50 }));
        expect(idsOf(words.hits).sort()).toEqual(expected);
        const meaning = await index.search(aSearch('common', { mode: 'semantic', vector, filter, limit: 50 }));
        expect(idsOf(meaning.hits).sort()).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });
});

describe('owners and memory', () => {
  it('keep apart', async () => {
    const [mine, yours] = [indexOf(newOwner()), indexOf(newOwner())];
    await indexed(mine, aDocument('a'), ['my diary']);
    await indexed(yours, aDocument('a'), ['your ledger']);
    expect(await found(yours, 'diary')).toEqual([]);
    const vector = await vectorFor('my diary');
    const result = await yours.search(aSearch('diary', { mode: 'semantic', vector }));
    expect(result.hits.map((hit) => hit.snippet.text)).toEqual(['your ledger']);
    await mine.clear();
    expect(await found(yours, 'ledger')).toEqual(['a']);
  });

  it('stays below its bound by dropping what was used longest ago', () => {
    const memory = createResidentMemory(100);
    const released: string[] = [];
    const holder = (name: string) => ({ release: () => released.push(name) });
    const [a, b, c] = [holder('a'), holder('b'), holder('c')];
    expect([memory.claim(a, 40), memory.claim(b, 40)]).toEqual([true, true]);
    memory.touch(a);
    expect(memory.claim(c, 50)).toBe(true);
    expect([released, memory.bytes()]).toEqual([['b'], 90]);
    expect(memory.claim(b, 101)).toBe(false);
    expect(memory.bytes()).toBeLessThanOrEqual(100);
    expect(MAX_RESIDENT_BYTES).toBeLessThanOrEqual((128 * 1024 * 1024) / 2);
  });
});
