import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LibraryIndexClient } from '../src/index-object/client.ts';
import type { IndexedDocument } from '../src/index-object/index.types.ts';
import { SLICE_CHUNKS } from '../src/index-object/rewording.ts';
import {
  aDocument,
  aSearch,
  chunksOf,
  idsOf,
  indexed,
  indexOf,
  newOwner,
  vectorFor,
} from './support/indexed-documents.ts';

async function found(index: LibraryIndexClient, query: string, changes = {}): Promise<string[]> {
  return idsOf((await index.search(aSearch(query, changes))).hits).sort();
}

async function anIndex(texts: Record<string, string>, changes: Partial<IndexedDocument> = {}) {
  const index = indexOf(newOwner());
  for (const [documentId, text] of Object.entries(texts)) await indexed(index, aDocument(documentId, changes), [text]);
  return index;
}

describe('operators of a query', () => {
  it('find, leave out and restrict as a reader of the texts would', async () => {
    const vocabulary = ['heron', 'stork', 'egret', 'crane', 'nest'];
    const texts = new Map<string, string>();
    for (let i = 0; i < 31; i++) texts.set(`d${i}`, vocabulary.filter((_, bit) => ((i + 1) >> bit) & 1).join(' '));
    const index = await anIndex(Object.fromEntries(texts));
    const word = fc.constantFrom(...vocabulary);
    const has = (text: string, part: string) => ` ${text} `.includes(` ${part} `);
    const matchers = fc.oneof(
      word.map((w) => ({ says: w, holds: (text: string) => has(text, w) })),
      fc.tuple(word, word).map(([a, b]) => ({ says: `"${a} ${b}"`, holds: (text: string) => has(text, `${a} ${b}`) })),
      fc.tuple(word, word).map(([a, b]) => ({
        says: `${a} OR “${b}”`,
        holds: (text: string) => has(text, a) || has(text, b),
      })),
      word.map((w) => ({ says: `-${w}`, holds: (text: string) => !has(text, w) })),
      fc
        .tuple(word, word)
        .map(([a, b]) => ({ says: `-"${a} ${b}"`, holds: (text: string) => !has(text, `${a} ${b}`) })),
      word.map((w) => ({ says: `${w.slice(0, 2)}*`, holds: (text: string) => has(text, w) })),
      word.map((w) => ({ says: `body:${w}`, holds: (text: string) => has(text, w) })),
      word.map((w) => ({ says: `title:${w}`, holds: () => false })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(matchers, { minLength: 1, maxLength: 4 }), async (parts) => {
        const query = parts.map(({ says }) => says).join(' ');
        const isWanted = parts.some(({ says }) => !says.startsWith('-'));
        const expected = [...texts].filter(([, text]) => isWanted && parts.every(({ holds }) => holds(text)));
        expect(await found(index, query, { match: 'all', limit: 100 }), query).toEqual(
          expected.map(([id]) => id).sort(),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('hold for any word too, and for likeness of meaning what is excluded', async () => {
    const index = await anIndex({ a: 'herons and storks', b: 'herons and cranes', c: 'cranes in the reeds' });
    expect(await found(index, 'heron crane -stork', { match: 'any' })).toEqual(['b', 'c']);
    expect(await found(index, 'reeds body:heron')).toEqual(['a', 'b']);
    const vector = await vectorFor('herons and storks');
    expect(await found(index, 'herons -storks', { mode: 'hybrid', vector })).toEqual(['b', 'c']);
    expect(await found(index, 'herons -storks', { mode: 'semantic', vector })).toEqual(['b', 'c']);
    expect(await found(index, '-storks')).toEqual([]);
  });

  it('tell title, headings and body apart', async () => {
    const index = indexOf(newOwner());
    const document = aDocument('a', { title: 'Lease of the flat' });
    await index.beginGeneration(document);
    const [chunk] = chunksOf(['Rent is due monthly.']);
    if (chunk === undefined) throw new Error('No chunk');
    await index.appendChunks(document, [{ ...chunk, headings: ['Payments and fees'] }]);
    await index.commitGeneration(document);
    for (const query of [
      'title:lease',
      'title:"the flat"',
      'heading:pay*',
      'body:rents',
      'title:lease heading:fee rent',
    ])
      expect(await found(index, query), query).toEqual(['a']);
    for (const query of ['title:rent', 'body:lease', 'heading:lease', 'title:"flat lease"', 'rent -title:lease'])
      expect(await found(index, query), query).toEqual([]);
  });

  it('put words that stand near each other first', async () => {
    const filler = 'of this and that and more ';
    const index = await anIndex({
      far: `red ${filler} of those kite ${filler}`,
      near: `${filler} of those red kite ${filler}`,
    });
    expect(idsOf((await index.search(aSearch('red kite'))).hits)).toEqual(['near', 'far']);
  });
});

describe('what a document is filed under', () => {
  const text = (text: string, version = 1) => ({ label: 'tag:1', text, version });

  it('is searched with its words, and follows its names', async () => {
    const index = indexOf(newOwner());
    const document = aDocument('a', { labels: ['tag:1'], labelTexts: [text('Meeting Notes')], notes: ['ask Ada'] });
    await indexed(index, document, ['about herons', 'about storks']);
    await indexed(index, aDocument('b'), ['a meeting of storks']);
    expect(await found(index, 'stork meeting note')).toEqual(['a', 'a', 'b']);
    expect(await found(index, 'stork meeting note', { match: 'all' })).toEqual(['a']);
    expect(await found(index, '"meeting notes"')).toEqual(['a', 'a']);
    expect(await found(index, 'ada stork', { match: 'all' })).toEqual(['a']);
    expect(await found(index, 'stork -meeting')).toEqual([]);
    expect(await found(index, 'body:notes')).toEqual([]);

    await index.putLabelTexts([text('Minutes', 2)]);
    await index.putLabelTexts([text('Older', 1)]);
    expect([await found(index, 'minutes'), await found(index, 'notes older')]).toEqual([['a', 'a'], []]);
    await index.updateDocument({ ...document, revision: 2, labels: [], labelTexts: [], notes: [] });
    expect(await found(index, 'minutes ada')).toEqual([]);
    await index.updateDocument({ ...document, revision: 3, notes: undefined });
    expect(await found(index, 'minutes')).toEqual(['a', 'a']);
    expect(await index.dropLabels(['tag:1'])).toBe(0);
    expect(await found(index, 'minutes')).toEqual([]);
  });
});

describe('documents in several languages', () => {
  it('are each found by the forms of their words', async () => {
    const index = indexOf(newOwner());
    await indexed(index, aDocument('de', { language: 'de', title: 'Straßenverzeichnis' }), [
      'Die Häuser in der Straße',
    ]);
    await indexed(index, aDocument('fr', { language: 'fr' }), ['Les chevaux nationaux']);
    await indexed(index, aDocument('en'), ['National horses of Müller']);
    const expected = {
      strasse: 'de',
      Haus: 'de',
      hauses: 'de',
      cheval: 'fr',
      '"chevaux national"': 'fr',
      mueller: 'en',
    };
    for (const [query, id] of Object.entries(expected)) expect(await found(index, query), query).toEqual([id]);
    expect(await found(index, 'national')).toEqual(['en', 'fr']);
    expect(await found(index, 'strass*')).toEqual(['de']);
    const { hits } = await index.search(aSearch('hauses'));
    expect(hits[0]?.snippet.highlights.map(([start, end]) => hits[0]?.snippet.text.slice(start, end))).toEqual([
      'Häuser',
    ]);
  });
});

describe('content with a former wording', () => {
  it('is found meanwhile as before and after, and is worded anew in slices', async () => {
    const owner = newOwner();
    const index = indexOf(owner);
    const texts = Array.from({ length: SLICE_CHUNKS + 5 }, (_, i) => `Straße number ${i}`);
    await indexed(index, aDocument('old', { language: null }), texts);
    await indexed(index, aDocument('new', { language: 'de' }), ['Eine Straße']);
    const stub = env.LIBRARY_INDEX.get(env.LIBRARY_INDEX.idFromName(owner));
    await runInDurableObject(stub, (_, { storage: { sql } }) => {
      const [row] = sql.exec<{ generation: number }>("SELECT generation FROM documents WHERE document_id = 'old'");
      const slots = 'SELECT slot FROM chunks WHERE generation = ?';
      sql.exec(`DELETE FROM chunks_fts WHERE rowid IN (${slots})`, row?.generation ?? 0);
      sql.exec(
        `INSERT INTO chunks_fts (rowid, title, headings, body)
          SELECT slot, '', '', 'straße number ' || ordinal FROM chunks WHERE generation = ?`,
        row?.generation ?? 0,
      );
      sql.exec("UPDATE generations SET wording = 'former' WHERE number = ?", row?.generation ?? 0);
    });
    await index.updateDocument(aDocument('old', { language: null, revision: 2 }));
    const counts = async () => [
      (await found(index, 'Straße', { limit: 200, offset: 100 })).length,
      (await found(index, 'strasse', { limit: 200 })).length,
    ];
    expect(await counts()).toEqual([SLICE_CHUNKS + 6 - 100, 1]);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await counts()).toEqual([SLICE_CHUNKS + 6 - 100, 200]);
    expect((await index.search(aSearch('strasse', { limit: 1, offset: 200 }))).hits).toHaveLength(1);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await counts()).toEqual([SLICE_CHUNKS + 6 - 100, 200]);
    expect(await runDurableObjectAlarm(stub)).toBe(false);
    const words = await runInDurableObject(stub, (_, { storage: { sql } }) =>
      sql.exec("SELECT DISTINCT wording FROM generations WHERE wording = 'former' OR reworded IS NOT NULL").toArray(),
    );
    expect(words).toEqual([]);
  });
});
