import { beforeEach, describe, expect, it } from 'vitest';
import { randomFrom } from '../scripts/random.ts';
import { createRepository } from '../src/db/repository.ts';
import { isUniqueViolation } from '../src/db/sql.ts';
import { pageQuery } from '../src/http/pagination.ts';
import { collections, documents, tags } from '../src/modules/library/library.table.ts';
import { InvalidCursorError, type PageRequest } from '../src/shared/page.ts';
import { insertUser, type NewFile, type NewTag, newFile, newFolder, newTag, openDatabase } from './support/database.ts';

const { database, meter } = openDatabase();
const rows = createRepository(database, tags);
const folders = createRepository(database, collections);
const files = createRepository(database, documents);

let owner: string;

beforeEach(async () => {
  owner = await insertUser(database);
});

const tag = (name: string, values: Partial<NewTag> = {}) => newTag(owner, { name, ...values });
const file = (values: Partial<NewFile> = {}) => newFile(owner, values);

const newest = { limit: 50, sort: 'createdAt', order: 'desc' } as const;
const byName = { limit: 50, sort: 'name', order: 'asc' } as const;

async function roundTrips<T>(work: () => Promise<T>): Promise<{ value: T; trips: number }> {
  const before = meter.roundTrips;
  const value = await work();
  return { value, trips: meter.roundTrips - before };
}

describe('many rows', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => file({ title: `File ${i}`, sizeBytes: i }));

  it('are inserted and changed in one statement with few parameters, in one round trip each', async () => {
    const given = many(1000);
    const inserted = await roundTrips(() => database.commit([files.insertMany(given)]));
    expect(inserted.trips).toBe(1);
    expect(await files.count(owner)).toBe(1000);
    const changes = given.map((row, i) => ({ id: row.id, kind: i % 2 === 0 ? 'pdf' : null, pageCount: i }));
    const changed = await roundTrips(() => database.commit([files.updateMany(owner, { changes, now: 2000 })]));
    expect(changed.trips).toBe(1);
    expect(await files.count(owner, { filter: { kind: 'pdf', version: 2, updatedAt: 2000 } })).toBe(500);
    expect(
      await files.findMany(
        owner,
        given.map((row) => row.id),
      ),
    ).toHaveLength(1000);
    const [page] = [await files.list(owner, { ...newest, filter: { pageCount: 999 } })];
    expect(page.items).toMatchObject([{ title: 'File 999', kind: null, sizeBytes: 999 }]);
    expect(
      await database.commit([
        files.remove(
          owner,
          given.map((row) => row.id),
        ),
      ]),
    ).toMatchObject([{ length: 1000 }]);
  });

  it('are found by their ids: work on a few costs the same however many others there are', async () => {
    const few = many(3);
    const ids = few.map((row) => row.id);
    await database.commit([files.insertMany([...few, ...many(300)])]);
    const rowsRead = async (work: () => Promise<unknown>) => {
      const before = meter.rowsRead;
      await work();
      return meter.rowsRead - before;
    };
    const changes = ids.map((id) => ({ id, title: 'Changed' }));
    expect(await rowsRead(() => files.findMany(owner, ids))).toBeLessThan(15);
    expect(await rowsRead(() => database.commit([files.updateMany(owner, { changes, now: 2 })]))).toBeLessThan(30);
    expect(await rowsRead(() => database.commit([files.remove(owner, ids)]))).toBeLessThan(36);
  });

  it('keep NULL, JSON, booleans, defaults and odd text as single inserts do', async () => {
    const given = [
      file({
        title: `"quotes" 'and' \\ \n 𝄞 ${'é'.repeat(10)}`,
        metadata: { nested: { null: null, list: ['"'] } },
        pageCount: 0,
      }),
      file({ titleIsGiven: true, profile: 'contract', kind: null }),
      file({ status: 'ready', extractedMetadata: { a: 1 } }),
    ];
    await database.commit([files.insertMany(given)]);
    const single = given.map((row) => ({ ...row, id: crypto.randomUUID() }));
    await database.commit(single.map((row) => files.insert(row)));
    for (const [index, row] of given.entries()) {
      const expected = await files.find(owner, single[index]?.id ?? '');
      expect(await files.find(owner, row.id)).toEqual({ ...expected, id: row.id });
    }
  });

  it('may be there already', async () => {
    await database.commit([rows.insert(tag('One', { colour: '#000000' }))]);
    const given = [tag('One'), tag('Two')];
    await expect(database.commit([rows.insertMany(given)])).rejects.toSatisfy((error) =>
      isUniqueViolation(error, 'tags.name_key'),
    );
    await database.commit([rows.insertMany(given, { onConflict: 'ignore' })]);
    expect((await rows.list(owner, byName)).items).toMatchObject([{ name: 'One', colour: '#000000' }, { name: 'Two' }]);
  });

  it('may be none', async () => {
    await database.commit([
      rows.insertMany([]),
      rows.updateMany(owner, { changes: [], now: 1 }),
      rows.remove(owner, []),
    ]);
    expect(await rows.findMany(owner, [])).toEqual([]);
  });

  it('are refused when a bulk change would empty columns or is too large for D1', () => {
    const uneven = [
      { id: 'a', name: 'A', colour: '#000000' },
      { id: 'b', name: 'B' },
    ];
    expect(() => rows.updateMany(owner, { changes: uneven, now: 1 })).toThrow('same columns');
    expect(() => rows.insertMany([tag('é'.repeat(1_000_000))])).toThrow('too many');
  });

  it('leave the trash alone', async () => {
    const row = newFolder(owner, { name: 'Old', deletedAt: 1500 });
    await database.commit([folders.insert(row)]);
    await database.commit([folders.updateMany(owner, { changes: [{ id: row.id, name: 'New' }], now: 2000 })]);
    expect(await folders.find(owner, row.id, 'only')).toMatchObject({ name: 'Old', version: 1 });
  });
});

describe('a cursor', () => {
  it('is refused by lists that did not give it', async () => {
    await database.commit([rows.insertMany([tag('A'), tag('B')])]);
    const { nextCursor } = await rows.list(owner, { ...byName, limit: 1 });
    const cursor = nextCursor ?? '';
    await expect(rows.list(owner, { ...newest, cursor })).rejects.toThrow(InvalidCursorError);
    await expect(rows.list(owner, { ...byName, order: 'desc', cursor })).rejects.toThrow(InvalidCursorError);
    for (const bad of ['', 'x', '!!', btoa('[1]'), btoa('{"a":1}'), `${cursor}x`]) {
      await expect(rows.list(owner, { ...byName, cursor: bad })).rejects.toThrow(InvalidCursorError);
    }
  });
});

describe('a list', () => {
  it('has 50 rows a page unless asked otherwise, and costs one round trip a page', async () => {
    await database.commit([files.insertMany(Array.from({ length: 120 }, (_, i) => file({ createdAt: i % 7 })))]);
    const request = pageQuery(['createdAt']).parse({});
    const first = await roundTrips(() => files.list(owner, request));
    expect(first).toMatchObject({ trips: 1, value: { items: { length: 50 }, nextCursor: expect.any(String) } });
    const read = meter.rowsRead;
    const second = await files.list(owner, { ...request, cursor: first.value.nextCursor ?? undefined });
    expect(second.items).toHaveLength(50);
    expect(meter.rowsRead - read).toBeLessThanOrEqual(102);
    const third = await files.list(owner, { ...request, cursor: second.nextCursor ?? undefined });
    expect(third).toMatchObject({ items: { length: 20 }, nextCursor: null });
    expect(new Set([first.value, second, third].flatMap((page) => page.items.map((row) => row.id))).size).toBe(120);
  });

  it('ends exactly at a full page', async () => {
    await database.commit([files.insertMany([file(), file()])]);
    expect(await files.list(owner, { ...newest, limit: 2 })).toMatchObject({ items: { length: 2 }, nextCursor: null });
    expect(await files.list(owner, { ...newest, limit: 1 })).toMatchObject({ nextCursor: expect.any(String) });
  });

  type Sort = {
    sort: 'createdAt' | 'title' | 'kind' | 'pageCount' | 'titleIsGiven';
    order: 'asc' | 'desc';
    seed: number;
  };
  const walks: Sort[] = (['createdAt', 'title', 'kind', 'pageCount', 'titleIsGiven'] as const).flatMap((sort, seed) => [
    { sort, order: 'asc' as const, seed: seed + 1 },
    { sort, order: 'desc' as const, seed: seed + 101 },
  ]);

  it.each(walks)(
    'by $sort $order neither repeats nor skips a row while others come and go (seed $seed)',
    async (walk) => {
      const random = randomFrom(walk.seed);
      const below = (limit: number) => Math.floor(random() * limit);
      // Few different values: most rows tie, and many are NULL where they may be.
      const any = () =>
        file({
          createdAt: below(4),
          title: ['a', 'B', 'ä', "'"][below(4)] ?? 'a',
          kind: ['pdf', 'docx', null][below(3)] ?? null,
          pageCount: [0, 1, null][below(3)] ?? null,
          titleIsGiven: below(2) === 1,
        });
      const lasting = Array.from({ length: 40 }, any);
      const leaving = Array.from({ length: 10 }, any);
      await database.commit([files.insertMany([...lasting, ...leaving])]);

      const seen: string[] = [];
      let request: PageRequest = { sort: walk.sort, order: walk.order, limit: 1 + below(9) };
      for (;;) {
        const page = await files.list(owner, request);
        seen.push(...page.items.map((row) => row.id));
        if (page.nextCursor === null) break;
        request = { ...request, cursor: page.nextCursor, limit: 1 + below(9) };
        const goes = leaving.splice(0, 1).map((row) => row.id);
        await database.commit([files.insertMany(Array.from({ length: below(4) }, any)), files.remove(owner, goes)]);
      }

      expect(new Set(seen).size).toBe(seen.length);
      expect(new Set(seen)).toEqual(new Set([...seen, ...lasting.map((row) => row.id)]));
      const whole = await files.list(owner, { sort: walk.sort, order: walk.order, limit: 200 });
      const places = new Map(whole.items.map((row, place) => [row.id, place]));
      const walked = seen.flatMap((id) => places.get(id) ?? []);
      expect(walked).toEqual(walked.toSorted((a, b) => a - b));
    },
  );
});
