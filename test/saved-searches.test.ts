import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { roundTrips } from './support/costs.ts';
import { newReader } from './support/readers.ts';
import { unrecorded } from './support/statement-recorder.ts';

const database = unrecorded(env.DB);

type Reader = Awaited<ReturnType<typeof newReader>>;

describe('a saved search', () => {
  const SEARCH = {
    q: 'rent',
    mode: 'keyword',
    kind: ['markdown'],
    filter: { sizeBytes: { $gt: 1 } },
    weights: { keyword: 1, semantic: 0 },
  };

  it('is kept by name, changed, run and deleted', async () => {
    const { ask, document, list } = await newReader();
    const made = await ask('/saved-searches', { body: { name: ' Rents ', search: SEARCH } });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ name: 'Rents', search: SEARCH, searchVersion: 1, version: 1 });
    expect(made.headers.get('etag')).toBe('"1"');
    const path = `/saved-searches/${made.body.id}`;
    expect(made.headers.get('location')).toBe(`/v1${path}`);
    expect((await ask('/saved-searches')).body.items).toEqual([made.body]);
    expect((await ask(path, { headers: { 'if-none-match': '"1"' } })).status).toBe(304);

    const run = await ask(`${path}/results?explain=true`);
    expect(run.body.items).toMatchObject([{ documentId: document.id }]);
    expect(run.body.explain.weights).toEqual(SEARCH.weights);
    expect(roundTrips(run)).toBeLessThanOrEqual(2);
    expect(await list()).toMatchObject([
      { query: 'rent', context: { kind: ['markdown'], filter: { sizeBytes: { $gt: 1 } } } },
    ]);

    const changed = await ask(path, { method: 'PATCH', body: { search: { q: 'zebra', mode: 'keyword' }, version: 1 } });
    expect(changed.body).toMatchObject({ name: 'Rents', search: { q: 'zebra' }, version: 2 });
    expect(changed.body.search).not.toHaveProperty('kind');
    expect((await ask(`${path}/results`)).body.items).toEqual([]);
    expect((await ask(path, { method: 'PATCH', body: { name: 'X', version: 1 } })).status).toBe(412);
    expect((await ask(path, { method: 'DELETE', headers: { 'if-match': '"1"' } })).status).toBe(412);
    expect((await ask(path, { method: 'DELETE' })).status).toBe(204);
    expect((await ask(path)).status).toBe(404);
  });

  it('has a name of its own among one’s own', async () => {
    const [{ ask }, other] = await Promise.all([newReader(), newReader()]);
    const save = (by: Reader['ask'], name: string) => by('/saved-searches', { body: { name, search: SEARCH } });
    expect((await save(ask, 'Rents')).status).toBe(201);
    expect((await save(ask, '  RENTS')).body.code).toBe('name_taken');
    expect((await save(other.ask, 'Rents')).status).toBe(201);
    const { body } = await save(ask, 'Others');
    expect((await ask(`/saved-searches/${body.id}`, { method: 'PATCH', body: { name: 'rents' } })).status).toBe(409);
    const foreign = { search: { q: 'a', documentId: other.document.id } };
    expect((await ask(`/saved-searches/${body.id}`, { method: 'PATCH', body: foreign })).status).toBe(404);
    const nowhere = { name: 'Nowhere', search: { q: 'a', collectionId: crypto.randomUUID() } };
    expect((await ask('/saved-searches', { body: nowhere })).status).toBe(404);
    expect((await other.ask(`/saved-searches/${body.id}/results`)).status).toBe(404);
  });

  it('is what a search may be, and says so when searches have changed', async () => {
    const { ask } = await newReader();
    const wrong = await ask('/saved-searches', { body: { name: 'Wrong', search: { q: 'a', mode: 'psychic' } } });
    expect(wrong.status).toBe(422);
    expect(wrong.body.errors).toMatchObject([{ path: 'search.mode' }]);
    const { body } = await ask('/saved-searches', { body: { name: 'Old', search: { ...SEARCH, cursor: 'abc' } } });
    expect(body.search).not.toHaveProperty('cursor');
    const old = JSON.stringify({ q: 'rent', mode: 'psychic', sieve: 7 });
    await database.prepare('update saved_searches set request = ? where id = ?').bind(old, body.id).run();
    const run = await ask(`/saved-searches/${body.id}/results`);
    expect([run.status, run.body.code]).toEqual([409, 'saved_search_outdated']);
    expect(run.body.errors.map(({ path }: { path: string }) => path)).toContain('mode');
    expect((await ask(`/saved-searches/${body.id}`)).body.search).toEqual(JSON.parse(old));
  });
});
