import { env } from 'cloudflare:workers';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRepository } from '../src/db/repository.ts';
import { createCollectionsService } from '../src/modules/library/collections.service.ts';
import { createDocumentsRepository } from '../src/modules/library/documents.repository.ts';
import { documents } from '../src/modules/library/library.table.ts';
import { createLibraryFilters } from '../src/modules/library/library-filters.ts';
import { createTagsService } from '../src/modules/library/tags.service.ts';
import { systemClock } from '../src/platform/clock.ts';
import { createIds } from '../src/platform/ids.ts';
import { newUser, type TestUser } from './support/actors.ts';
import { type Answer, call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';
import { newFile, openDatabase } from './support/database.ts';
import { labelsUnder } from './support/filing-labels.ts';
import { unrecorded } from './support/statement-recorder.ts';

type Tag = { id: string; name: string; colour: string | null; usageCount: number; version: number };
type Problem = { code: string; errors?: { path: string }[] };
type Page<T> = { items: T[]; nextCursor: string | null };

const { database, meter } = openDatabase();
const deps = { database, clock: systemClock, ids: createIds(systemClock), audit: { making: () => {} } };
const neverAsked = () => {
  throw new Error('Names of tags are changed by the API in these tests.');
};
const tags = createTagsService({ ...deps, texts: { prepare: neverAsked, show: neverAsked } });
const collections = createCollectionsService(deps);
const filters = createLibraryFilters(deps);
const catalogue = createDocumentsRepository(database);

/** Labels that the index files a tag of this name under. */
const labelsOf = (ownerId: string, value: string) => labelsUnder(filters, { ownerId, field: 'tag', value });

const collectionsOf = async (ownerId: string, documentId: string) =>
  (await catalogue.find(ownerId, documentId))?.collectionIds ?? [];
const files = createRepository(database, documents);

let me: TestUser;
let stranger: TestUser;

beforeAll(async () => {
  stranger = await newUser();
});

beforeEach(async () => {
  me = await newUser();
});

type Options = { method?: string; body?: unknown; headers?: Record<string, string> };
const ask = <T>(path: string, options: Options = {}): Promise<Answer<T>> =>
  call<T>(path, { token: me.token, ...options });
const patch = <T>(path: string, body: unknown, headers = {}) => ask<T>(path, { method: 'PATCH', body, headers });
const remove = (path: string, headers = {}) => ask<Problem>(path, { method: 'DELETE', headers });

async function tag(name: string, fields: object = {}): Promise<Tag> {
  const answer = await ask<Tag>('/v1/tags', { body: { name, ...fields } });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body;
}

async function file(ownerId = me.user.id): Promise<string> {
  const row = newFile(ownerId);
  await database.commit([files.insert(row)]);
  return row.id;
}

const assign = (documentId: string, names: string[]) =>
  database.commit(tags.assignStatements(me.user.id, { documentId, names, now: 7 }));

async function tagsOf(documentId: string): Promise<string[]> {
  const query = 'select name from tags join document_tags on tag_id = id where document_id = ? order by name_key';
  const { results } = await unrecorded(env.DB).prepare(query).bind(documentId).all<{ name: string }>();
  return results.map((row) => row.name);
}

async function list(query = ''): Promise<Answer<Page<Tag>>> {
  return ask<Page<Tag>>(`/v1/tags${query}`);
}

const names = (answer: Answer<Page<Tag>>) => answer.body.items.map((item) => item.name);

describe('a tag', () => {
  it('is made, read, renamed and deleted, each in one batch or read', async () => {
    const made = await ask<Tag>('/v1/tags', { body: { name: '  Meeting   Notes ', colour: '#AABBCC' } });
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'Meeting Notes', colour: '#aabbcc', usageCount: 0, version: 1 },
    });
    const path = `/v1/tags/${made.body.id}`;
    expect(made.headers.get('location')).toBe(path);
    const etag = made.headers.get('etag') ?? '';
    expect(roundTrips(made)).toBeLessThanOrEqual(2);

    const read = await ask(path);
    expect(read).toMatchObject({ status: 200, body: made.body });
    expect(roundTrips(read)).toBe(1);
    expect(await ask(path, { headers: { 'if-none-match': etag } })).toMatchObject({ status: 304, body: '' });

    const renamed = await patch<Tag>(path, { name: 'Minutes' }, { 'if-match': etag });
    expect(renamed).toMatchObject({ status: 200, body: { name: 'Minutes', colour: '#aabbcc', version: 2 } });
    expect(roundTrips(renamed)).toBe(1);
    expect(await patch(path, { colour: null, version: 1 })).toMatchObject({
      status: 412,
      body: { code: 'stale_version' },
    });
    expect((await remove(path, { 'if-match': etag })).status).toBe(412);
    expect((await patch<Tag>(path, { colour: null, version: 2 })).body).toMatchObject({
      name: 'Minutes',
      colour: null,
    });

    const gone = await remove(path);
    expect(gone.status).toBe(204);
    expect(roundTrips(gone)).toBe(1);
    for (const answer of [await ask(path), await remove(path), await patch(path, { name: 'X' })])
      expect(answer.status).toBe(404);
  });

  it('has a name of its own, whatever its case, width and spaces', async () => {
    await tag('To Do');
    const other = await tag('Ideas');
    for (const name of ['to  do', 'TO DO', 'Ｔｏ Ｄｏ', ' to\u00a0do ']) {
      expect(await ask('/v1/tags', { body: { name } })).toMatchObject({ status: 409, body: { code: 'name_taken' } });
    }
    expect(await patch(`/v1/tags/${other.id}`, { name: 'to do' })).toMatchObject({ status: 409 });
    expect(await patch(`/v1/tags/${other.id}`, { name: 'IDEAS' })).toMatchObject({
      status: 200,
      body: { name: 'IDEAS' },
    });
    expect((await call('/v1/tags', { token: stranger.token, body: { name: 'To Do' } })).status).toBe(201);
  });

  it('is refused with the names of the fields that are wrong', async () => {
    for (const body of [
      { name: '' },
      { name: '\u3000' },
      { name: 'x'.repeat(101) },
      { name: 'a\u0007' },
      { name: '\ud800' },
    ]) {
      expect(await ask<Problem>('/v1/tags', { body })).toMatchObject({
        status: 422,
        body: { errors: [{ path: 'name' }] },
      });
    }
    expect((await ask('/v1/tags', { body: { name: 'A', colour: 'red' } })).status).toBe(422);
    const { id } = await tag('\u0958'.repeat(100));
    expect((await patch(`/v1/tags/${id}`, {})).status).toBe(422);
  });

  it('is nobody else’s business', async () => {
    const mine = await tag('Mine');
    const path = `/v1/tags/${mine.id}`;
    const { token } = stranger;
    const attempts = [
      call(path, { token }),
      call(path, { token, method: 'PATCH', body: { name: 'Theirs' } }),
      call(path, { token, method: 'DELETE' }),
    ];
    for (const answer of await Promise.all(attempts))
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect((await call<Page<Tag>>('/v1/tags?q=mine', { token })).body.items).toEqual([]);
    expect(await labelsOf(stranger.user.id, 'Mine')).toEqual([]);
    expect((await ask(path)).body).toEqual(mine);
    expect((await call('/v1/tags')).status).toBe(401);
  });
});

describe('the list of tags', () => {
  it('goes by name whatever its case, page by page, and finds parts of names', async () => {
    for (const name of ['beta', 'Alpha', 'Gamma', 'delta', 'Écrits']) await tag(name);
    expect(names(await list('?sort=name&order=asc'))).toEqual(['Alpha', 'beta', 'delta', 'Gamma', 'Écrits']);
    const first = await list('?sort=name&order=asc&limit=3');
    expect(roundTrips(first)).toBe(1);
    expect(names(await list(`?sort=name&order=asc&limit=3&cursor=${first.body.nextCursor}`))).toEqual([
      'Gamma',
      'Écrits',
    ]);
    expect(names(await list(`?q=${encodeURIComponent('ÉCR')}`))).toEqual(['Écrits']);
    expect(names(await list('?limit=2'))).toEqual(['Écrits', 'delta']);
  });

  it('counts the live documents that have each, in the same round trip and for its page only', async () => {
    const [one, two, three] = [await file(), await file(), await file()];
    await assign(one, ['Ideas', 'Notes']);
    await assign(two, ['ideas']);
    await assign(three, ['Ideas']);
    await database.commit([files.trash(me.user.id, { id: three, now: 9 })]);
    const answer = await list('?sort=name&order=asc');
    expect(answer.body.items).toMatchObject([
      { name: 'Ideas', usageCount: 2 },
      { name: 'Notes', usageCount: 1 },
    ]);
    expect(roundTrips(answer)).toBeLessThanOrEqual(2);

    await tag('Yak');
    await tag('Zoo');
    const before = meter.rowsRead;
    const credential = { type: 'session' as const, id: me.sessionId };
    const actor = { userId: me.user.id, scopes: new Set<never>(), credential };
    await tags.list(actor, { sort: 'name', order: 'desc', limit: 1 });
    // The page and the row that says whether there is another: no use of the tags behind them is counted.
    expect(meter.rowsRead - before).toBeLessThanOrEqual(4);
  });
});

describe('the tags of a document', () => {
  it('are assigned by name in a fixed number of statements, making those that are missing', async () => {
    await tag('Ideas', { colour: '#000000' });
    const documentId = await file();
    const statements = tags.assignStatements(me.user.id, {
      documentId,
      names: ['IDEAS', 'ideas ', 'New', ...Array.from({ length: 300 }, (_, i) => `Tag ${i}`)],
      now: 7,
    });
    expect(statements).toHaveLength(2);
    const before = meter.roundTrips;
    await database.commit(statements);
    expect(meter.roundTrips - before).toBe(1);
    const given = await tagsOf(documentId);
    expect(given).toHaveLength(302);
    expect(given.slice(0, 2)).toEqual(['Ideas', 'New']);
    expect((await list('?q=idea')).body.items).toMatchObject([{ name: 'Ideas', colour: '#000000', usageCount: 1 }]);
    await assign(documentId, ['New', 'Newer']);
    expect(await tagsOf(documentId)).toHaveLength(303);
    expect(tags.assignStatements(me.user.id, { documentId, names: [' '], now: 7 })).toEqual([]);
  });

  it('cost the same however many others there are', async () => {
    const [crowded, documentId] = [await file(), await file()];
    await assign(
      crowded,
      Array.from({ length: 300 }, (_, i) => `Other ${i}`),
    );
    const before = meter.rowsRead;
    await assign(documentId, ['One', 'Other 7']);
    await database.commit(tags.replaceStatements(me.user.id, { documentId, names: ['Other 8'], now: 8 }));
    await labelsOf(me.user.id, 'Other 9');
    expect(meter.rowsRead - before).toBeLessThan(40);
  });

  it('are replaced as a whole, and by none', async () => {
    const documentId = await file();
    const replace = (list: string[]) =>
      database.commit(tags.replaceStatements(me.user.id, { documentId, names: list, now: 7 }));
    await replace(['One', 'Two']);
    await replace(['two', 'Three']);
    expect(await tagsOf(documentId)).toEqual(['Three', 'Two']);
    await replace([]);
    expect(await tagsOf(documentId)).toEqual([]);
    expect(names(await list('?sort=name&order=asc'))).toEqual(['One', 'Three', 'Two']);
  });

  it('are never those of somebody else’s document', async () => {
    const theirs = await file(stranger.user.id);
    await assign(theirs, ['Mine']);
    expect(await tagsOf(theirs)).toEqual([]);
    await database.commit(tags.assignStatements(stranger.user.id, { documentId: theirs, names: ['Theirs'], now: 7 }));
    await database.commit(tags.replaceStatements(me.user.id, { documentId: theirs, names: [], now: 8 }));
    expect(await tagsOf(theirs)).toEqual(['Theirs']);
  });

  it('go with the tag', async () => {
    const documentId = await file();
    await assign(documentId, ['Passing', 'Lasting']);
    const [passing] = await labelsOf(me.user.id, 'passing');
    await remove(`/v1/tags/${passing?.slice('tag:'.length)}`);
    expect(await tagsOf(documentId)).toEqual(['Lasting']);
  });

  it('are found by their names, however these are written', async () => {
    const { id } = await tag('Reading List');
    expect(await labelsOf(me.user.id, '  reading  LIST ')).toEqual([`tag:${id}`]);
    expect(await labelsOf(me.user.id, 'unknown')).toEqual([]);
  });
});

describe('what is filed in a collection', () => {
  it('is added and taken out once, only within one owner’s library and what is live of it', async () => {
    const owner = me.user.id;
    const box = (await ask<{ id: string }>('/v1/collections', { body: { name: 'Box' } })).body.id;
    const documentId = await file();
    const item = { collectionId: box, documentId, now: 9_000_000_000_000 };
    await database.commit(collections.addItemStatements(owner, item));
    await database.commit(collections.addItemStatements(owner, { ...item, now: item.now + 1 }));
    expect(await collectionsOf(owner, documentId)).toEqual([box]);
    expect((await ask<{ updatedAt: string }>(`/v1/collections/${box}`)).body.updatedAt).toBe(
      new Date(item.now).toISOString(),
    );

    const theirs = await file(stranger.user.id);
    await database.commit(collections.addItemStatements(owner, { ...item, documentId: theirs }));
    expect(await collectionsOf(stranger.user.id, theirs)).toEqual([]);
    expect(await collectionsOf(stranger.user.id, documentId)).toEqual([]);

    const notFound = { kind: 'not_found', message: 'There is no such collection.' };
    const strange = database.commit(collections.addItemStatements(stranger.user.id, { ...item, documentId: theirs }));
    await expect(strange).rejects.toMatchObject(notFound);
    const looking = labelsUnder(filters, { ownerId: stranger.user.id, field: 'collectionId', value: box });
    await expect(looking).rejects.toMatchObject(notFound);

    const others = Array.from({ length: 100 }, () => newFile(owner));
    await database.commit([files.insertMany(others)]);
    const filed = others.map((other) => collections.addItemStatements(owner, { ...item, documentId: other.id }));
    await database.commit(filed.flat());
    const before = meter.rowsRead;
    await collectionsOf(owner, documentId);
    await database.commit(collections.removeItemStatements(owner, item));
    await database.commit(collections.removeItemStatements(owner, item));
    expect(meter.rowsRead - before).toBeLessThan(20);
    expect(await collectionsOf(owner, documentId)).toEqual([]);

    await database.commit(collections.addItemStatements(owner, item));
    await remove(`/v1/collections/${box}`);
    expect(await collectionsOf(owner, documentId)).toEqual([]);
    await expect(database.commit(collections.addItemStatements(owner, item))).rejects.toMatchObject(notFound);
  });
});
