import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newAdmin, newApiKey } from './support/actors.ts';
import { type Call, call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';
import { tick } from './support/cron.ts';
import { jobEnd, uploaded } from './support/library.ts';
import { type Entry, insertQueries, newReader } from './support/readers.ts';
import { unrecorded } from './support/statement-recorder.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const database = unrecorded(env.DB);
type Reader = Awaited<ReturnType<typeof newReader>>;

const DAY_MS = 24 * 60 * 60 * 1000;

describe('the history of searches', () => {
  it('has every search with all that it was, for the one who asked', async () => {
    const { ask, search, list, document, sessionId } = await newReader();
    const other = await newReader();
    const found = await search('notice period', 'mode=keyword&kind=markdown&limit=3');
    expect(found.items).toHaveLength(1);

    const [entry, ...more] = await list();
    expect(more).toEqual([]);
    expect(entry).toMatchObject({
      id: found.queryId,
      query: 'notice period',
      type: 'keyword',
      context: { kind: ['markdown'], limit: 3, match: 'auto' },
      status: 'succeeded',
      error: null,
      resultCount: 1,
      documentIds: [document.id],
      durationMs: found.durationMs,
      cacheHit: false,
      relevanceScore: null,
      clicks: 0,
      sessionId,
      askedAt: expect.any(String),
    });
    const one = await ask(`/queries/${found.queryId}`);
    expect(one.body).toEqual({ ...entry, results: [] });
    expect(roundTrips(one)).toBeLessThanOrEqual(1);
    expect(await other.list()).toEqual([]);
    expect((await other.ask(`/queries/${found.queryId}`)).status).toBe(404);
  });

  it('is filtered by text, kind, what was found and when, and read page by page', async () => {
    const { ask, search, list, user } = await newReader();
    await insertQueries(user.id, { text: 'old notice', age: 3 * DAY_MS });
    for (const q of ['NOTICE  period', 'zebra', 'rent']) await search(q);
    await search('rent', 'mode=hybrid');
    const texts = async (rest: string) => (await list(rest)).map(({ query }) => query);
    expect(await texts('q=notice')).toEqual(['NOTICE  period', 'old notice']);
    expect(await texts('type=hybrid')).toEqual(['rent']);
    expect(await texts('empty=true')).toEqual(['zebra']);
    expect(await texts('empty=false&q=zebra')).toEqual([]);
    expect(await texts(`to=${new Date(Date.now() - DAY_MS).toISOString()}`)).toEqual(['old notice']);
    expect(await texts('judged=true')).toEqual([]);
    expect(await texts(`sessionId=${crypto.randomUUID()}`)).toEqual([]);
    const { body } = await ask('/queries?limit=3');
    const rest = await ask(`/queries?limit=3&cursor=${body.nextCursor}`);
    expect([...body.items, ...rest.body.items].map(({ query }: Entry) => query)).toEqual(await texts(''));
    expect(rest.body.nextCursor).toBeNull();
  });

  it('remembers searches that failed by the kind of error, and no refusals', async () => {
    const { ask, list } = await newReader();
    expect((await ask(`/search?q=a&collectionId=${crypto.randomUUID()}`)).status).toBe(404);
    expect(await list()).toEqual([]);
    const bindings = {
      ...env,
      LIBRARY_INDEX: {
        idFromName: () => 'x',
        get: () => ({ search: () => Promise.reject(new TypeError('secret')) }),
      },
    } as unknown as typeof env;
    expect((await ask('/search?q=a', { bindings })).status).toBe(500);
    expect(await list()).toMatchObject([{ query: 'a', status: 'failed', error: 'TypeError', resultCount: 0 }]);
    expect(await list('status=succeeded')).toEqual([]);
  });

  it('needs scopes of its own: a key that searches cannot read what was asked', async () => {
    const { token, search } = await newReader();
    await search('rent');
    const { key } = await newApiKey({ token }, ['search:read']);
    expect((await call('/v1/queries', { token: key })).status).toBe(403);
    const reading = await newApiKey({ token }, ['queries:read']);
    expect((await call('/v1/queries', { token: reading.key })).body.items).toHaveLength(1);
    expect((await call('/v1/queries', { method: 'DELETE', token: reading.key })).status).toBe(403);
  });

  it('is kept for nobody who does not want it', async () => {
    const { ask, search, list } = await newReader();
    await ask('/me', { method: 'PATCH', body: { preferences: { searchHistory: false } } });
    await search('rent');
    expect(await list()).toEqual([]);
    await ask('/me', { method: 'PATCH', body: { preferences: { searchHistory: null } } });
    await search('rent');
    expect(await list()).toHaveLength(1);
  });

  it('is deleted one by one, of a time, or as a whole', async () => {
    const { ask, search, list, user } = await newReader();
    await insertQueries(user.id, { text: 'old', age: 3 * DAY_MS }, { text: 'older', age: 4 * DAY_MS });
    const { queryId } = await search('rent');
    await search('notice');
    expect((await ask(`/queries/${queryId}`, { method: 'DELETE' })).status).toBe(204);
    expect((await ask(`/queries/${queryId}`, { method: 'DELETE' })).status).toBe(404);
    const before = new Date(Date.now() - DAY_MS).toISOString();
    const some = await ask(`/queries?to=${before}`, { method: 'DELETE' });
    expect(some.body).toEqual({ removed: 2, isComplete: true });
    expect((await list()).map(({ query }) => query)).toEqual(['notice']);
    expect((await ask('/queries', { method: 'DELETE' })).body).toEqual({ removed: 1, isComplete: true });
    expect(await list()).toEqual([]);
  });

  it('is forgotten by the clock when it is older than the settings say', async () => {
    const { user, list } = await newReader();
    await insertQueries(user.id, { text: 'kept', age: 364 * DAY_MS }, { text: 'gone', age: 366 * DAY_MS });
    await tick({ ...env, QUERY_DAYS: '0' } as typeof env);
    expect(await list()).toHaveLength(2);
    await tick();
    expect((await list()).map(({ query }) => query)).toEqual(['kept']);
  });
});

describe('what is made of results', () => {
  it('is a judgement of all of them, which may change', async () => {
    const { ask, search, list } = await newReader();
    const { queryId } = await search('rent');
    const judge = (relevanceScore: unknown) => ask(`/queries/${queryId}/feedback`, { body: { relevanceScore } });
    expect((await judge(0.25)).body).toMatchObject({ id: queryId, relevanceScore: 0.25 });
    const again = await judge(1);
    expect(again.body).toMatchObject({ relevanceScore: 1 });
    expect(roundTrips(again)).toBeLessThanOrEqual(2);
    for (const wrong of [-0.1, 1.1, '1', null]) expect((await judge(wrong)).status).toBe(422);
    expect(await list('judged=true')).toMatchObject([{ relevanceScore: 1 }]);
  });

  it('is an opening of one, told once however often it is said', async () => {
    const { ask, search, document } = await newReader();
    const { queryId, items } = await search('rent');
    const { chunkId } = items[0];
    const click = (body: object) => ask(`/queries/${queryId}/clicks`, { body });
    const opened = { documentId: document.id, chunkId, rank: 1 };
    expect((await click(opened)).status).toBe(204);
    const { body: first } = await ask(`/queries/${queryId}`);
    expect((await click({ ...opened, rank: 7 })).status).toBe(204);
    expect((await ask(`/queries/${queryId}`)).body).toEqual(first);
    expect(first).toMatchObject({
      clicks: 1,
      results: [{ documentId: document.id, chunkId, rank: 1, clickedAt: expect.any(String), relevanceScore: null }],
    });
    await ask(`/queries/${queryId}/feedback`, { body: { documentId: document.id, chunkId, relevanceScore: 0.5 } });
    const { body: judged } = await ask(`/queries/${queryId}`);
    expect(judged).toMatchObject({ relevanceScore: null, results: [{ rank: 1, relevanceScore: 0.5 }] });
  });

  it('concerns what was found, by the one who asked', async () => {
    const [owner, stranger] = await Promise.all([newReader(), newReader()]);
    const { queryId } = await owner.search('rent');
    const own = { documentId: owner.document.id, rank: 1 };
    const foreign = { documentId: stranger.document.id, rank: 1 };
    const click = (by: Reader, body: object) => by.ask(`/queries/${queryId}/clicks`, { body });
    expect((await click(stranger, own)).body.code).toBe('not_found');
    expect((await click(owner, foreign)).body.detail).toContain('result');
    expect((await click(owner, { ...own, chunkId: `${stranger.document.id}#0` })).status).toBe(422);
    expect((await stranger.ask(`/queries/${queryId}/feedback`, { body: { relevanceScore: 0 } })).status).toBe(404);
    expect((await owner.ask(`/queries/${queryId}`)).body).toMatchObject({
      clicks: 0,
      relevanceScore: null,
      results: [],
    });
  });

  it('may be said before the search is written', async () => {
    const { ask, user, search, document } = await newReader();
    const { queryId } = await search('rent');
    const [row] = (await database.prepare('delete from queries where id = ? returning *').bind(queryId).all()).results;
    // As another isolate does it, a moment later.
    const late = new Promise<void>((resolve) => setTimeout(resolve, 100)).then(() => {
      const columns = Object.keys(row ?? {});
      const insert = `insert into queries (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`;
      return database
        .prepare(insert)
        .bind(...Object.values(row ?? {}))
        .run();
    });
    const click = await ask(`/queries/${queryId}/clicks`, { body: { documentId: document.id, rank: 1 } });
    await late;
    expect([click.status, user.id]).toEqual([204, row?.owner_id]);
  });

  it('goes with the document', async () => {
    const { ask, search, document, token } = await newReader();
    const { queryId } = await search('rent', `mode=keyword&documentId=${document.id}`);
    await ask(`/queries/${queryId}/clicks`, { body: { documentId: document.id, rank: 1 } });
    const { body } = await ask(`/documents/${document.id}?permanent=true`, { method: 'DELETE' });
    expect(await jobEnd(token, body.job.id)).toMatchObject({ status: 'succeeded' });
    expect((await ask(`/queries/${queryId}`)).body).toMatchObject({
      documentIds: [],
      context: {},
      clicks: 0,
      results: [],
    });
    for (const table of ['queries', 'query_results']) {
      const { results } = await database.prepare(`select * from ${table}`).all();
      expect(JSON.stringify(results)).not.toContain(document.id);
    }
  });
});

describe('what searches tell', () => {
  it('what is asked most, however it is written', async () => {
    const { ask, search, document } = await newReader();
    for (const q of ['Rent', 'rent ', 'notice']) await search(q);
    const { queryId } = await search('RENT');
    await ask(`/queries/${queryId}/clicks`, { body: { documentId: document.id, rank: 1 } });
    const popular = await ask('/queries/popular');
    expect(popular.body.items).toMatchObject([
      { searches: 3, clicks: 1, averageResults: 1, averageRelevance: null },
      { text: 'notice', searches: 1, clicks: 0 },
    ]);
    expect(roundTrips(popular)).toBe(1);
    expect((await ask('/queries/popular?limit=1')).body.items).toHaveLength(1);
    const tomorrow = new Date(Date.now() + DAY_MS).toISOString();
    expect((await ask(`/queries/popular?from=${tomorrow}&to=${tomorrow}`)).body.items).toEqual([]);
  });

  it('how it goes by day and by week', async () => {
    const { ask, user } = await newReader();
    // A Sunday, the Monday after it, and the Wednesday of that week.
    const [sunday, monday, wednesday] = ['2026-11-15T23:59:59Z', '2026-11-16T00:00:00Z', '2026-11-18T12:00:00Z'].map(
      (time) => Date.parse(time),
    );
    await insertQueries(
      user.id,
      { text: 'a', time: sunday },
      { text: 'a', time: monday },
      { text: 'a', time: monday },
      { text: 'b', time: wednesday, results: 0 },
    );
    const trends = async (by: string) =>
      (await ask(`/queries/trends?by=${by}&from=2026-11-01T00:00:00Z&to=2026-11-30T00:00:00Z`)).body.items;
    expect(await trends('day')).toMatchObject([
      { from: '2026-11-15', searches: 1, distinct: 1, empty: 0 },
      { from: '2026-11-16', searches: 2, distinct: 1, averageTimeMs: 4 },
      { from: '2026-11-18', searches: 1, empty: 1, cacheHits: 0, clicks: 0 },
    ]);
    expect(await trends('week')).toMatchObject([
      { from: '2026-11-09', searches: 1 },
      { from: '2026-11-16', searches: 3, distinct: 2, empty: 1 },
    ]);
  });

  it('what the library has no answer to', async () => {
    const { ask, search, token } = await newReader();
    for (const q of ['invoice 2024', 'invoices 2024', 'rent']) await search(q);
    const gaps = async () => (await ask('/queries/gaps')).body.items;
    expect(await gaps()).toMatchObject([
      { searches: 2, reason: 'nothing_found', text: expect.stringContaining('2024') },
    ]);
    await uploaded({ token, content: 'Invoice of 2024: three chairs.', filename: 'invoice.txt' });
    await search('invoice 2024');
    expect(await gaps()).toEqual([]);
  });

  it('what administrators see: numbers, and words only where a setting allows it', async () => {
    const admin = await newAdmin();
    const { search, token } = await newReader();
    const canary = `canary${crypto.randomUUID().slice(0, 8)}`;
    await search(canary);
    const numbers = (options: Call = {}) => call('/v1/admin/queries', { token: admin.token, ...options });
    const { body } = await numbers();
    const today = new Date().toISOString().slice(0, 10);
    const of = body.items.find(({ day, type }: Entry) => day === today && type === 'keyword');
    expect(of).toMatchObject({ searches: expect.any(Number), failures: 0, averageTimeMs: expect.any(Number) });
    expect(of.empty).toBeGreaterThan(0);
    expect(body.popular).toBeNull();
    expect(JSON.stringify(body)).not.toContain(canary);
    const open = await numbers({ bindings: { ...env, ADMINS_SEE_QUERIES: 'true' } as typeof env });
    expect(open.body.popular).toContainEqual({ text: canary, searches: 1, users: 1 });
    expect((await call('/v1/admin/queries', { token })).status).toBe(403);
  });
});
