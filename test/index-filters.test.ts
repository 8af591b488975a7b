import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FACETS,
  type FacetCounts,
  type IndexedDocument,
  type IndexSearchRequest,
} from '../src/index-object/index.types.ts';
import { type FilterTree, type FilterValue, passes } from '../src/shared/filter-tree.ts';
import { readFilter } from '../src/shared/read-filter.ts';
import { aDocument, aSearch, idsOf, indexed, indexOf, newOwner, vectorFor } from './support/indexed-documents.ts';

const DAY = 86_400_000;
const SHY = [
  1,
  2.5,
  -3,
  0,
  2 ** 53,
  1e300,
  '',
  'X',
  'x',
  'é',
  '\u{1f600}',
  '\uffee',
  'a"b',
  '$[0]',
  "'; --",
  true,
  false,
];

/** Plain objects only: others cannot be sent to another object. */
const aRecord = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record<T>(fields, { noNullPrototype: true });

const someValue: fc.Arbitrary<FilterValue> = fc.constantFrom(...SHY);
const attribute = fc.constantFrom('metadata.author', 'metadata.a.b', 'metadata."x"');
const tag = fc.constantFrom('tag:a', 'tag:b', 'tag:c');

const someDocument = aRecord({
  kind: fc.constantFrom('pdf', 'text'),
  profile: fc.constantFrom('general', 'contract'),
  language: fc.constantFrom('en', 'de', null),
  createdAt: fc.integer({ min: 0, max: 4 }).map((day) => day * DAY * 200),
  updatedAt: fc.constantFrom(undefined, 5, 10),
  sizeBytes: fc.constantFrom(undefined, 1, 1_000),
  labels: fc.uniqueArray(fc.oneof(tag, fc.constantFrom('collection:x', 'collection:y'))),
  attributes: fc.array(fc.tuple(attribute, someValue), { maxLength: 4 }),
});

const order = fc.constantFrom('above' as const, 'from' as const, 'below' as const, 'to' as const);
const isOneOf = (field: string, value: fc.Arbitrary<FilterValue>): fc.Arbitrary<FilterTree> =>
  fc.array(value, { maxLength: 3 }).map((values) => ({ field, is: 'in' as const, values }));

const leaf: fc.Arbitrary<FilterTree> = fc.oneof(
  isOneOf('kind', fc.constantFrom('pdf', 'docx')),
  isOneOf('profile', fc.constantFrom('general', 'resume')),
  isOneOf('language', fc.constantFrom('en', 'fr')),
  isOneOf('tag', tag),
  isOneOf('collection', fc.constantFrom('collection:x')),
  isOneOf('documentId', fc.constantFrom('d0', 'd1', 'd2')),
  attribute.chain((field) => isOneOf(field, someValue)),
  fc.constantFrom('updatedAt', 'language', 'metadata.author').map((field) => ({ field, is: 'there' as const })),
  aRecord({
    field: fc.constantFrom('createdAt', 'updatedAt', 'sizeBytes'),
    is: order,
    value: fc.constantFrom(0, 5, 10, 999.5),
  }),
  aRecord({ field: attribute, is: order, value: someValue.filter((value) => typeof value !== 'boolean') }),
);

const { tree } = fc.letrec<{ tree: FilterTree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    leaf,
    fc.array(tie('tree'), { maxLength: 3 }).map((all) => ({ all })),
    fc.array(tie('tree'), { maxLength: 3 }).map((any) => ({ any })),
    tie('tree').map((not) => ({ not })),
  ),
}));

type Change = { kind: 'read' | 'update' | 'remove'; which: number; fields: Partial<IndexedDocument> };

const someChange: fc.Arbitrary<Change> = aRecord<Change>({
  kind: fc.constantFrom('read', 'update', 'update', 'update', 'remove'),
  which: fc.nat({ max: 7 }),
  fields: someDocument,
});

const countBy = (values: string[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(values, String)].map(([value, all]) => [value, all.length]));

const asCounts = (counts: FacetCounts = []): Record<string, number> =>
  Object.fromEntries(counts.map(({ value, count }) => [value, count]));

/** What a document has in a field, told without the index. */
function valuesOf(document: IndexedDocument, field: string): FilterValue[] {
  if (field === 'tag' || field === 'collection')
    return document.labels.filter((label) => label.startsWith(`${field}:`));
  const { documentId, kind, profile, language, createdAt, updatedAt, sizeBytes } = document;
  const columns: Record<string, FilterValue | null | undefined> = {
    documentId,
    kind,
    profile,
    language,
    createdAt,
    updatedAt,
    sizeBytes,
  };
  if (field in columns) return [columns[field] ?? []].flat();
  return (document.attributes ?? []).filter(([name]) => name === field).map(([, value]) => value);
}

async function aLibrary(documents: IndexedDocument[]) {
  const index = indexOf(newOwner());
  for (const document of documents) await indexed(index, document, ['heron']);
  return index;
}

describe('filters of a search', () => {
  it('let through what the same conditions let through one by one, whatever they are', async () => {
    const [documents] = fc.sample(fc.array(someDocument, { minLength: 25, maxLength: 25 }), { numRuns: 1, seed: 5 });
    const library = (documents ?? []).map((fields, i) => aDocument(`d${i}`, fields));
    const index = await aLibrary(library);
    let selective = 0;
    await fc.assert(
      fc.asyncProperty(tree, async (where) => {
        const { hits } = await index.search(aSearch('heron', { filter: { where }, limit: 50 }));
        const expected = library.filter((document) => passes(where, (field) => valuesOf(document, field)));
        expect(idsOf(hits).sort()).toEqual(expected.map(({ documentId }) => documentId).sort());
        if (expected.length > 0 && expected.length < library.length) selective += 1;
      }),
      { numRuns: 400 },
    );
    expect(selective).toBeGreaterThan(100);
  });

  it('are right after each of hundreds of changes', async () => {
    const library = new Map<string, IndexedDocument>();
    const index = indexOf(newOwner());
    let revision = 0;
    let selective = 0;
    const change = async ({ kind, which, fields }: Change) => {
      const document = aDocument(`d${which}`, { ...fields, revision: ++revision });
      const isKnown = library.has(document.documentId);
      if (kind === 'remove' && isKnown) {
        await index.removeDocument(document.documentId, revision);
        library.delete(document.documentId);
        return;
      }
      if (kind === 'read' || !isKnown) await indexed(index, document, ['heron', 'heron stork']);
      else await index.updateDocument(document);
      library.set(document.documentId, document);
    };
    await fc.assert(
      fc.asyncProperty(someChange, tree, async (one, where) => {
        await change(one);
        const found = await index.search(aSearch('stork', { filter: { where }, facets: ['kind'], limit: 50 }));
        const expected = [...library.values()].filter((document) =>
          passes(where, (field) => valuesOf(document, field)),
        );
        expect(idsOf(found.hits).sort()).toEqual(expected.map(({ documentId }) => documentId).sort());
        const { facets } = await index.search(aSearch('stork', { facets: ['kind', 'tag'] }));
        expect(asCounts(facets?.kind)).toEqual(countBy([...library.values()].map(({ kind }) => kind)));
        const tags = [...library.values()].flatMap(({ labels }) => labels.filter((label) => label.startsWith('tag:')));
        expect(asCounts(facets?.tag)).toEqual(countBy(tags));
        if (expected.length > 0 && expected.length < library.size) selective += 1;
      }),
      { numRuns: 500, endOnFailure: true },
    );
    expect(selective).toBeGreaterThan(100);
  });

  it('see a changed document at once, and one that is gone no more', async () => {
    const index = await aLibrary([aDocument('a', { attributes: [['metadata.author', 'Ada']], sizeBytes: 5 })]);
    const by = async (where: FilterTree) => idsOf((await index.search(aSearch('heron', { filter: { where } }))).hits);
    const ada: FilterTree = { field: 'metadata.author', is: 'in', values: ['Ada'] };
    expect(await by(ada)).toEqual(['a']);
    await index.updateDocument(aDocument('a', { revision: 2, attributes: [['metadata.author', 'Bob']] }));
    expect([await by(ada), await by({ not: ada })]).toEqual([[], ['a']]);
    expect(await by({ field: 'sizeBytes', is: 'there' })).toEqual([]);
    await index.removeDocument('a');
    expect(await by({ not: ada })).toEqual([]);
  });

  it('are read from what people write, with an error that says where it is wrong', () => {
    const rules = (field: string) =>
      field === 'none'
        ? undefined
        : { read: <T>(value: T) => value, expects: 'No.', isOrdered: true, isOptional: true };
    const read = (input: unknown) => readFilter(input, rules);
    expect(read({ kind: 'pdf', size: { $gte: 1, $lt: 9 }, $not: { tag: { $in: ['a'] } } })).toEqual({
      ok: true,
      tree: {
        all: [
          { field: 'kind', is: 'in', values: ['pdf'] },
          {
            all: [
              { field: 'size', is: 'from', value: 1 },
              { field: 'size', is: 'below', value: 9 },
            ],
          },
          { not: { field: 'tag', is: 'in', values: ['a'] } },
        ],
      },
    });
    const deep = (levels: number): unknown => (levels === 0 ? { a: 1 } : { $and: [deep(levels - 1)] });
    const wrong: [unknown, string][] = [
      [[], ''],
      [{ none: 1 }, 'none'],
      [{ a: { $regex: 'x' } }, 'a.$regex'],
      [{ $xor: [] }, '$xor'],
      [{ $or: [] }, '$or'],
      [{ $or: [{ a: 1 }, { a: { $in: [] } }] }, '$or.1.a.$in'],
      [{ a: null }, 'a'],
      [{ a: { $gt: true } }, 'a.$gt'],
      [{ a: 'x'.repeat(501) }, 'a'],
      [{ a: { $in: Array(501).fill(1) } }, 'a.$in.500'],
      [deep(5), '$and.0.$and.0.$and.0.$and.0.$and.0'],
      [{ $and: Array(50).fill({ a: { $gt: 1, $lt: 2 } }) }, '$and.25.a.$gt'],
    ];
    for (const [input, path] of wrong) expect(read(input), path).toMatchObject({ ok: false, error: { path } });
    fc.assert(
      fc.property(fc.anything(), (input) => {
        expect(typeof read(input).ok).toBe('boolean');
      }),
    );
  });
});

describe('facets of a search', () => {
  const library = [
    aDocument('a', { labels: ['tag:a', 'tag:b'], createdAt: Date.UTC(2023, 1) }),
    aDocument('b', { kind: 'pdf', labels: ['tag:a', 'collection:x'], language: null }),
    aDocument('c', { kind: 'pdf', profile: 'contract', visible: false }),
    aDocument('d', { kind: 'html', language: 'de' }),
  ];
  const facets = [...FACETS];

  it('count documents, each once, by what they have', async () => {
    const index = indexOf(newOwner());
    for (const document of library) await indexed(index, document, ['heron one', 'heron two', 'stork']);
    const expected = {
      kind: [
        { value: 'html', count: 1 },
        { value: 'pdf', count: 1 },
        { value: 'text', count: 1 },
      ],
      tag: [
        { value: 'tag:a', count: 2 },
        { value: 'tag:b', count: 1 },
      ],
      profile: [{ value: 'general', count: 3 }],
      language: [
        { value: 'de', count: 1 },
        { value: 'en', count: 1 },
      ],
      collection: [{ value: 'collection:x', count: 1 }],
      year: [{ value: '2023', count: 3 }],
    };
    expect((await index.search(aSearch('heron', { facets, limit: 1 }))).facets).toEqual(expected);
    for (const mode of ['semantic', 'hybrid'] as const) {
      const request = aSearch('heron', { mode, facets, limit: 1, vector: await vectorFor('heron') });
      expect((await index.search(request)).facets).toEqual(expected);
    }
    await index.updateDocument({ ...library[3], ...aDocument('d', { revision: 2, kind: 'epub', labels: ['tag:c'] }) });
    const { facets: after } = await index.search(aSearch('heron', { facets: ['kind', 'tag'] }));
    expect(after?.kind?.map(({ value }) => value)).toEqual(['epub', 'pdf', 'text']);
    expect(after?.tag?.at(-1)).toEqual({ value: 'tag:c', count: 1 });
    await index.dropLabels(['tag:a']);
    const { facets: left } = await index.search(aSearch('heron', { facets: ['tag'] }));
    expect(left?.tag?.map(({ value }) => value)).toEqual(['tag:b', 'tag:c']);
  });

  it('honour the conditions on everything else, and leave their own aside', async () => {
    const index = await aLibrary(library);
    const where: FilterTree = {
      all: [
        { field: 'kind', is: 'in', values: ['pdf'] },
        { field: 'tag', is: 'in', values: ['tag:a'] },
      ],
    };
    for (const mode of ['keyword', 'hybrid'] as const) {
      const request = aSearch('heron', { mode, filter: { where }, facets, vector: await vectorFor('heron') });
      const result = await index.search(request);
      expect(idsOf(result.hits)).toEqual(['b']);
      expect(result.facets).toMatchObject({
        kind: [
          { value: 'pdf', count: 1 },
          { value: 'text', count: 1 },
        ],
        tag: [{ value: 'tag:a', count: 1 }],
        language: [],
        year: [{ value: '2023', count: 1 }],
      });
    }
  });

  it('count nothing that the words do not find', async () => {
    const index = await aLibrary(library);
    const counts = async (changes: Partial<IndexSearchRequest>) =>
      (await index.search(aSearch('heron pear', { facets: ['kind'], ...changes }))).facets?.kind?.length;
    expect([await counts({ match: 'all' }), await counts({ match: 'any' }), await counts({})]).toEqual([0, 3, 3]);
  });
});
