import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRepository } from '../src/db/repository.ts';
import { createCollectionsService } from '../src/modules/library/collections.service.ts';
import { documents } from '../src/modules/library/library.table.ts';
import { createLibraryFilters } from '../src/modules/library/library-filters.ts';
import { systemClock } from '../src/platform/clock.ts';
import { createIds } from '../src/platform/ids.ts';
import { newApiKey, newUser, type TestUser } from './support/actors.ts';
import { type Answer, call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';
import { newFile, openDatabase } from './support/database.ts';
import { labelsUnder } from './support/filing-labels.ts';

type Collection = { id: string; parentId: string | null; name: string; version: number; documentCount: number };
type Problem = { code: string; errors?: { path: string }[] };
type Page<T> = { items: T[]; nextCursor: string | null };

const { database } = openDatabase();
const deps = { database, clock: systemClock, ids: createIds(systemClock), audit: { making: () => {} } };
const collections = createCollectionsService(deps);
const filters = createLibraryFilters(deps);

/** Ids of the collections that a search in this one looks into. */
const subtreeIds = async (ownerId: string, collectionId: string) =>
  (await labelsUnder(filters, { ownerId, field: 'collectionId', value: collectionId })).map((label) =>
    label.slice('collection:'.length),
  );

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

async function collection(name: string, fields: object = {}): Promise<Collection> {
  const answer = await ask<Collection>('/v1/collections', { body: { name, ...fields } });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body;
}

async function file(values: Partial<typeof documents.$inferInsert> = {}): Promise<string> {
  const row = newFile(me.user.id, values);
  await database.commit([files.insert(row)]);
  return row.id;
}

async function chain(length: number): Promise<Collection[]> {
  const made: Collection[] = [];
  for (let i = 0; i < length; i++) made.push(await collection(`Level ${i}`, { parentId: made.at(-1)?.id ?? null }));
  return made;
}

const names = (answer: Answer<Page<{ name: string }>>) => answer.body.items.map((item) => item.name);

describe('a collection', () => {
  it('is made, read, changed and put away, each in one batch or read', async () => {
    const fields = { name: ' Research ', description: 'Papers', colour: '#3366CC', icon: '📚' };
    const made = await ask<Collection>('/v1/collections', { body: fields });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      ...fields,
      name: 'Research',
      colour: '#3366cc',
      parentId: null,
      version: 1,
      documentCount: 0,
    });
    const path = `/v1/collections/${made.body.id}`;
    expect(made.headers.get('location')).toBe(path);
    expect(made.headers.get('etag')).toBe('"1-0"');
    expect(roundTrips(made)).toBeLessThanOrEqual(2);

    const read = await ask<Collection>(path);
    expect(read).toMatchObject({ status: 200, body: made.body });
    expect(roundTrips(read)).toBe(1);

    const changed = await patch<Collection>(path, { name: 'Reading', description: null, version: 1 });
    expect(changed).toMatchObject({
      status: 200,
      body: { name: 'Reading', description: null, colour: '#3366cc', version: 2 },
    });
    expect(roundTrips(changed)).toBe(1);

    const gone = await remove(path);
    expect(gone.status).toBe(204);
    expect(roundTrips(gone)).toBe(1);
    expect((await ask(path)).status).toBe(404);
    expect((await remove(path)).status).toBe(404);
    expect((await patch(path, { name: 'Gone' })).status).toBe(404);
    expect(names(await ask('/v1/collections'))).toEqual([]);

    const back = await ask<Collection>(`${path}/restore`, { method: 'POST' });
    expect(back).toMatchObject({ status: 200, body: { name: 'Reading', version: 4 } });
    expect(roundTrips(back)).toBe(1);
    expect((await ask(`${path}/restore`, { method: 'POST' })).status).toBe(404);
  });

  it('is not changed by someone who has not seen its last version', async () => {
    const { id } = await collection('Draft');
    const path = `/v1/collections/${id}`;
    const tagOf = async () => (await ask(path)).headers.get('etag') ?? '';
    const seen = await tagOf();
    expect((await patch(path, { name: 'First' }, { 'if-match': seen })).status).toBe(200);
    for (const stale of [
      await patch<Problem>(path, { name: 'Second' }, { 'if-match': seen }),
      await patch<Problem>(path, { name: 'Second', version: 1 }),
      await patch<Problem>(path, { name: 'Second', version: 2 }, { 'if-match': 'nonsense' }),
      await remove(path, { 'if-match': seen }),
    ]) {
      expect(stale).toMatchObject({ status: 412, body: { code: 'stale_version' } });
      expect(roundTrips(stale)).toBeLessThanOrEqual(1);
    }
    expect((await ask<Collection>(path)).body).toMatchObject({ name: 'First', version: 2 });
    expect((await remove(path, { 'if-match': `W/${await tagOf()}` })).status).toBe(204);
  });

  it('is sent again only when it, or what is counted in it, has changed', async () => {
    const { id } = await collection('Inbox');
    const path = `/v1/collections/${id}`;
    const first = await ask(path);
    const headers = { 'if-none-match': first.headers.get('etag') ?? '' };
    expect(await ask(path, { headers })).toMatchObject({ status: 304, body: '' });

    const documentId = await file();
    await database.commit(collections.addItemStatements(me.user.id, { collectionId: id, documentId, now: 5 }));
    expect(await ask<Collection>(path, { headers })).toMatchObject({ status: 200, body: { documentCount: 1 } });
    await database.commit([files.trash(me.user.id, { id: documentId, now: 6 })]);
    expect(await ask(path, { headers })).toMatchObject({ status: 304 });
  });

  it('has a name of its own among its siblings, whatever its case', async () => {
    const top = await collection('Work');
    const taken = { status: 409, body: { code: 'name_taken' } };
    expect(await ask('/v1/collections', { body: { name: 'wORK' } })).toMatchObject(taken);
    const inner = await collection('Work', { parentId: top.id });
    expect(await patch(`/v1/collections/${inner.id}`, { parentId: null })).toMatchObject(taken);
    expect((await patch(`/v1/collections/${top.id}`, { name: 'WORK' })).status).toBe(200);
    await remove(`/v1/collections/${top.id}`);
    await collection('work');
    expect(await ask(`/v1/collections/${top.id}/restore`, { method: 'POST' })).toMatchObject(taken);
  });

  it('is refused with the names of the fields that are wrong', async () => {
    const wrong = async (body: unknown) => {
      const answer = await ask<Problem>('/v1/collections', { body });
      expect(answer.status).toBe(422);
      return answer.body.errors?.map((error) => error.path).sort();
    };
    expect(await wrong({ name: '  ' })).toEqual(['name']);
    expect(await wrong({ name: 'x'.repeat(201) })).toEqual(['name']);
    expect(await wrong({ name: 'a\u0000b', colour: 'red' })).toEqual(['colour', 'name']);
    expect(await wrong({ name: 'A', parentId: 'root' })).toEqual(['parentId']);
    expect(await wrong({ name: 'A', ownerId: stranger.user.id })).toEqual(['']);
    const { id } = await collection('A');
    expect((await patch(`/v1/collections/${id}`, { version: 1 })).status).toBe(422);
    expect((await ask('/v1/collections/nonsense')).status).toBe(422);
    expect(
      (await ask('/v1/collections', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }))
        .status,
    ).toBe(400);
  });

  it('is nobody else’s business', async () => {
    const mine = await collection('Mine');
    const path = `/v1/collections/${mine.id}`;
    const { token } = stranger;
    const attempts = [
      call(path, { token }),
      call(path, { token, method: 'PATCH', body: { name: 'Theirs' } }),
      call(path, { token, method: 'DELETE' }),
      call(`${path}/restore`, { token, method: 'POST' }),
      call('/v1/collections', { token, body: { name: 'Inside', parentId: mine.id } }),
    ];
    for (const answer of await Promise.all(attempts))
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect((await call<Page<Collection>>(`/v1/collections?parentId=${mine.id}`, { token })).body.items).toEqual([]);
    expect((await ask(path)).body).toEqual(mine);
    expect((await call(path)).status).toBe(401);
  });

  it('needs the scope for what is done with it', async () => {
    const { id } = await collection('Scoped');
    const reader = (await newApiKey(me, ['collections:read', 'tags:write'])).key;
    expect((await call(`/v1/collections/${id}`, { token: reader })).status).toBe(200);
    expect((await call('/v1/collections', { token: reader, body: { name: 'More' } })).status).toBe(403);
    expect((await call(`/v1/collections/${id}`, { token: reader, method: 'DELETE' })).status).toBe(403);
    expect((await call('/v1/tags', { token: reader })).status).toBe(403);
  });
});

describe('the tree of collections', () => {
  it('is listed by place and by part of a name, page by page', async () => {
    const top = await collection('Projects');
    for (const name of ['Alpha', 'beta', 'Gamma']) await collection(name, { parentId: top.id });
    await collection('Personal');
    const list = (query: string) => ask<Page<Collection>>(`/v1/collections${query}`);
    expect(names(await list('?parentId=root&sort=name&order=asc'))).toEqual(['Personal', 'Projects']);
    expect(names(await list('?sort=createdAt&order=asc'))).toEqual(['Projects', 'Alpha', 'beta', 'Gamma', 'Personal']);
    expect(names(await list('?q=ALP'))).toEqual(['Alpha']);
    const first = await list(`?parentId=${top.id}&limit=2&order=asc`);
    expect(names(first)).toEqual(['Alpha', 'beta']);
    expect(roundTrips(first)).toBe(1);
    const second = await list(`?parentId=${top.id}&limit=2&order=asc&cursor=${first.body.nextCursor}`);
    expect(second.body).toMatchObject({ items: [{ name: 'Gamma' }], nextCursor: null });
    expect((await list('?cursor=nonsense')).status).toBe(422);
    expect((await list('?sort=ownerId')).status).toBe(422);
  });

  it('never becomes a circle, not even by two moves at once', async () => {
    const [a, b, c] = await chain(3);
    const cycle = { status: 409, body: { code: 'would_make_cycle' } };
    expect(await patch(`/v1/collections/${a?.id}`, { parentId: a?.id })).toMatchObject(cycle);
    const moved = await patch(`/v1/collections/${a?.id}`, { parentId: c?.id });
    expect(moved).toMatchObject(cycle);
    expect(roundTrips(moved)).toBe(1);

    const x = await collection('X');
    const y = await collection('Y');
    const moves = [
      patch(`/v1/collections/${x.id}`, { parentId: y.id }),
      patch(`/v1/collections/${y.id}`, { parentId: x.id }),
    ];
    const statuses = (await Promise.all(moves)).map((answer) => answer.status);
    expect(statuses.sort()).toEqual([200, 409]);
    expect(await subtreeIds(me.user.id, a?.id ?? '')).toEqual([a?.id, b?.id, c?.id]);
  });

  it('is at most 20 deep, however it is made', async () => {
    const levels = await chain(20);
    const deep = { status: 409, body: { code: 'too_deep' } };
    expect(await ask('/v1/collections', { body: { name: 'X', parentId: levels.at(-1)?.id } })).toMatchObject(deep);
    const pair = await collection('Outer');
    await collection('Inner', { parentId: pair.id });
    expect(await patch(`/v1/collections/${pair.id}`, { parentId: levels[18]?.id })).toMatchObject(deep);
    expect((await patch(`/v1/collections/${pair.id}`, { parentId: levels[17]?.id })).status).toBe(200);
    expect(await subtreeIds(me.user.id, levels[0]?.id ?? '')).toHaveLength(22);
  });

  it('goes to the trash and comes back as a whole, without what was there before', async () => {
    const [a, b, c] = await chain(3);
    await remove(`/v1/collections/${c?.id}`);
    await remove(`/v1/collections/${a?.id}`);
    expect(names(await ask('/v1/collections'))).toEqual([]);
    await expect(subtreeIds(me.user.id, a?.id ?? '')).rejects.toMatchObject({ kind: 'not_found' });
    expect((await ask('/v1/collections', { body: { name: 'New', parentId: b?.id } })).status).toBe(404);

    // Its parent stays in the trash: it comes back at the top.
    expect(await ask(`/v1/collections/${b?.id}/restore`, { method: 'POST' })).toMatchObject({
      body: { parentId: null },
    });
    expect((await ask(`/v1/collections/${a?.id}/restore`, { method: 'POST' })).status).toBe(200);
    expect(await ask(`/v1/collections/${c?.id}/restore`, { method: 'POST' })).toMatchObject({
      body: { parentId: b?.id },
    });
    expect(await subtreeIds(me.user.id, b?.id ?? '')).toEqual([b?.id, c?.id]);

    await remove(`/v1/collections/${b?.id}`);
    await ask(`/v1/collections/${b?.id}/restore`, { method: 'POST' });
    expect(await subtreeIds(me.user.id, b?.id ?? '')).toEqual([b?.id, c?.id]);
  });
});
