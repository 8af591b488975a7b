import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LibraryIndexClient } from '../src/index-object/client.ts';
import type { IndexSearchRequest, SearchHit, SearchPlace } from '../src/index-object/index.types.ts';
import { aDocument, aSearch, indexed, indexOf, newOwner, vectorFor } from './support/indexed-documents.ts';

const nameOf = ({ documentId, ordinal }: Pick<SearchHit, 'documentId' | 'ordinal'>) => `${documentId}#${ordinal}`;

/** The pages of a search, one after another, with something happening in between. */
async function* pagesOf(index: LibraryIndexClient, request: IndexSearchRequest): AsyncGenerator<SearchHit[]> {
  for (let place: SearchPlace | undefined, more = true; more; more = place !== undefined) {
    const { hits, next } = await index.search({ ...request, place });
    yield hits;
    place = next;
  }
}

async function walk(index: LibraryIndexClient, request: IndexSearchRequest): Promise<SearchHit[]> {
  const hits: SearchHit[] = [];
  for await (const page of pagesOf(index, request)) hits.push(...page);
  return hits;
}

/** A library as a model knows it: which documents there are, and how many passages each has. */
type Model = Map<string, { revision: number; passages: number; isVisible: boolean }>;

type Step = { kind: 'add' | 'grow' | 'shrink' | 'rename' | 'hide' | 'show' | 'remove'; pick: number };

const steps = fc.array(
  fc.record(
    {
      kind: fc.constantFrom('add', 'add', 'grow', 'shrink', 'rename', 'hide', 'show', 'remove'),
      pick: fc.nat({ max: 99 }),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 5 },
) as fc.Arbitrary<Step[]>;

let made = 0;

const textsOf = (id: string, passages: number) =>
  Array.from(
    { length: passages },
    (_, i) => `heron ${'stork '.repeat((i * 7 + id.length) % 5)} ${i % 2 ? 'pear' : ''}`,
  );

async function put(index: LibraryIndexClient, model: Model, { id, passages }: { id: string; passages: number }) {
  const revision = (model.get(id)?.revision ?? 0) + 1;
  await indexed(index, aDocument(id, { revision, title: `T${(passages * 7) % 5}` }), textsOf(id, passages));
  model.set(id, { revision, passages, isVisible: true });
}

/** Something happens to the library, and to the model of it. */
async function happen(index: LibraryIndexClient, model: Model, { kind, pick }: Step): Promise<void> {
  if (kind === 'add') return put(index, model, { id: `new${made++}`, passages: (pick % 3) + 1 });
  const [id, known] = [...model][pick % model.size] ?? [];
  if (id === undefined || known === undefined) return;
  if (kind === 'grow') return put(index, model, { id, passages: known.passages + 1 });
  if (kind === 'shrink') return put(index, model, { id, passages: Math.max(1, known.passages - 1) });
  const revision = known.revision + 1;
  if (kind === 'remove') {
    await index.removeDocument(id);
    model.delete(id);
    return;
  }
  const isVisible = kind === 'rename' ? known.isVisible : kind === 'show';
  await index.updateDocument(aDocument(id, { revision, title: `Renamed ${pick} stork`, visible: isVisible }));
  model.set(id, { ...known, revision, isVisible });
}

/** What there is to be found. */
const namesIn = (model: Model): Set<string> =>
  new Set(
    [...model].flatMap(([documentId, { passages, isVisible }]) =>
      Array.from({ length: isVisible ? passages : 0 }, (_, ordinal) => nameOf({ documentId, ordinal })),
    ),
  );

type Amid = { model: Model; request: IndexSearchRequest; between: Step[][] };

/** A walk between whose pages something happens: what it shows, and what was there from its first page to its last. */
async function walkAmid(index: LibraryIndexClient, { model, request, between }: Amid) {
  let lasting = namesIn(model);
  const seen: SearchHit[] = [];
  let page = 0;
  for await (const hits of pagesOf(index, request)) {
    expect(hits.length).toBeLessThanOrEqual(request.limit);
    const present = namesIn(model);
    expect(hits.map(nameOf).filter((name) => !present.has(name))).toEqual([]);
    seen.push(...hits);
    for (const step of between[page++] ?? []) await happen(index, model, step);
    lasting = lasting.intersection(namesIn(model));
  }
  return { seen, lasting };
}

describe('pages of a search', () => {
  const ways: Partial<IndexSearchRequest>[] = [
    {},
    { match: 'any', query: 'stork heron pear' },
    { query: 'pear stork heron' },
    { mode: 'semantic' },
    { mode: 'hybrid' },
    { sort: { by: 'title', order: 'asc' } },
    { sort: { by: 'createdAt', order: 'desc' } },
  ];

  it('are together what one page would be, while nothing happens', async () => {
    const index = indexOf(newOwner());
    const model: Model = new Map();
    for (let i = 0; i < 8; i++) await put(index, model, { id: `d${'x'.repeat(i)}`, passages: (i % 4) + 1 });
    const vector = await vectorFor('heron stork');
    for (const way of ways) {
      const request = aSearch('heron stork', { vector, ...way, limit: 3 });
      const pages = await walk(index, request);
      // Whether all words are enough is decided by how many fill a page.
      const { notices } = await index.search(request);
      const match = request.mode === 'keyword' && notices.length === 0 ? 'all' : 'any';
      const whole = await index.search({
        ...request,
        match: request.match === 'auto' ? match : request.match,
        limit: 200,
      });
      expect(pages.length, JSON.stringify(way)).toBeGreaterThan(request.limit);
      expect(pages.map(nameOf), JSON.stringify(way)).toEqual(whole.hits.map(nameOf));
    }
  });

  it('neither repeat nor skip anything while documents are added, changed and deleted', async () => {
    const vector = await vectorFor('heron stork');
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...ways),
        fc.array(steps, { minLength: 4, maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        async (way, between, limit) => {
          const index = indexOf(newOwner());
          const model: Model = new Map();
          for (let i = 0; i < 6; i++) await put(index, model, { id: `d${i}`, passages: (i % 3) + 1 });
          const request = aSearch('heron stork', { match: 'any', vector, ...way, limit });
          const { seen, lasting } = await walkAmid(index, { model, request, between });
          const named = (name: string) => (way.sort ? (name.split('#')[0] ?? '') : name);
          const names = seen.map(nameOf).map(named);
          expect(new Set(names).size).toBe(names.length);
          expect([...lasting].map(named).filter((name) => !names.includes(name))).toEqual([]);
          // What came later is for the next search.
          expect(names.filter((name) => name.startsWith('new'))).toEqual([]);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('go on with some of the words where the first one had to, though all words would be enough by now', async () => {
    const index = indexOf(newOwner());
    for (const id of ['a', 'b', 'c', 'd']) await indexed(index, aDocument(id, { title: id }), ['heron nest']);
    const seen: string[] = [];
    for await (const hits of pagesOf(index, aSearch('heron stork', { limit: 1 }))) {
      seen.push(...hits.map(({ documentId }) => documentId));
      if (seen.length > 1) continue;
      await index.updateDocument(aDocument(seen[0] ?? '', { revision: 2, title: 'stork' }));
      await index.updateDocument(aDocument('d', { revision: 2, title: 'stork' }));
    }
    expect(seen.toSorted()).toEqual(['a', 'b', 'c', 'd']);
    expect(seen[1]).toBe('d');
  });

  it('go beyond the candidates of both sides when those have been walked through', async () => {
    const index = indexOf(newOwner());
    const texts = Array.from({ length: 450 }, (_, i) => `heron number${i}`);
    await indexed(index, aDocument('a'), texts.slice(0, 225));
    await indexed(index, aDocument('b'), texts.slice(225));
    const request = aSearch('heron', { mode: 'hybrid', vector: await vectorFor('heron'), limit: 150 });
    const hits = await walk(index, request);
    expect([hits.length, new Set(hits.map(nameOf)).size]).toEqual([450, 450]);
  });

  it('can be put in another order, where each document stands once', async () => {
    const index = indexOf(newOwner());
    const fields = [
      { title: 'beta', createdAt: 3, updatedAt: 1 },
      { title: 'Alpha', createdAt: 1, updatedAt: 3 },
      { title: 'gamma', createdAt: 2, updatedAt: 2 },
    ];
    for (const [i, field] of fields.entries())
      await indexed(index, aDocument(`d${i}`, field), ['heron', 'heron heron']);
    const inOrder = async (by: 'createdAt' | 'updatedAt' | 'title', order: 'asc' | 'desc') =>
      (await walk(index, aSearch('heron', { sort: { by, order }, limit: 2 }))).map(({ documentId, ordinal }) => [
        documentId,
        ordinal,
      ]);
    expect(await inOrder('createdAt', 'desc')).toEqual([
      ['d0', 1],
      ['d2', 1],
      ['d1', 1],
    ]);
    expect(await inOrder('updatedAt', 'desc')).toEqual([
      ['d1', 1],
      ['d2', 1],
      ['d0', 1],
    ]);
    expect(await inOrder('title', 'asc')).toEqual([
      ['d1', 1],
      ['d0', 1],
      ['d2', 1],
    ]);
  });
});
