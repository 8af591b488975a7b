import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it, vi } from 'vitest';
import type { IndexSearchRequest, IndexSearchResult } from '../src/index-object/index.types.ts';
import { createResidentMemory } from '../src/index-object/resident-memory.ts';
import { createResultCache, keyOf } from '../src/index-object/result-cache.ts';
import { createSharedResults } from '../src/index-object/shared-results.ts';
import { newAdmin, newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { aDocument, aSearch, idsOf, indexed, indexOf, newOwner, vectorFor } from './support/indexed-documents.ts';
import { uploaded } from './support/library.ts';

const MIB = 1024 * 1024;
const keysInKv = async (prefix: string) => (await env.CACHE.list({ prefix: `results/1/${prefix}/` })).keys;

type Setup = { kv?: KVNamespace; maxBytes?: number; size?: number };

/** The caches over a real database and KV, and an index that says how often it was asked. */
async function withCaches<T>(
  work: (caches: ReturnType<typeof cachesOver>) => T | Promise<T>,
  setup: Setup = {},
): Promise<T> {
  const owner = newOwner();
  await indexOf(owner).statistics();
  const stub = env.LIBRARY_INDEX.get(env.LIBRARY_INDEX.idFromName(owner));
  return runInDurableObject(stub, (_, state) => work(cachesOver(state.storage.sql, { owner, ...setup })));
}

function cachesOver(sql: SqlStorage, { owner, kv = env.CACHE, maxBytes = MIB, size = 0 }: Setup & { owner: string }) {
  const facts = { now: 1_000, held: MIB, asked: 0 };
  const left: Promise<unknown>[] = [];
  const compute = (request: IndexSearchRequest): IndexSearchResult => {
    facts.asked += 1;
    facts.held = MIB;
    const notices = [`${request.query} ${facts.asked}`, 'x'.repeat(size)];
    return { hits: [], more: false, notices, timings: { keyword: 1, vector: 1, fuse: 1, total: 3 }, rowsRead: 9 };
  };
  const open = () => {
    const waitUntil = (work: Promise<unknown>) => void left.push(work);
    const now = () => facts.now;
    const bounds = { fromBytes: MIB, shareAfterMs: 0 };
    const shared = createSharedResults({ sql, kv, prefix: owner, now, waitUntil, ...bounds });
    const memory = createResidentMemory(maxBytes);
    const deps = { memory, shared, now, indexBytes: () => facts.held };
    return { shared, memory, cache: createResultCache(compute, deps) };
  };
  const first = open();
  const settled = async () => void (await Promise.all(left.splice(0)));
  const ask = async (query: string, { cache } = first) => {
    const { notices, cache: outcome, rowsRead } = await cache.answer(aSearch(query));
    return [notices[0], outcome, rowsRead];
  };
  const write = async () => first.shared.discard(first.cache.invalidate());
  /** Another instance of the same index, with nothing in memory. */
  const afterwards = () => {
    facts.held = 0;
    return open();
  };
  return { ...first, facts, settled, ask, write, afterwards, owner };
}

describe('answers that the index remembers', () => {
  it('are those of the same question, until a write', () =>
    withCaches(async ({ ask, write, facts }) => {
      expect(await ask('a')).toEqual(['a 1', 'missed', 9]);
      expect(await ask('a')).toEqual(['a 1', 'isolate', 0]);
      expect(await ask('b')).toEqual(['b 2', 'missed', 9]);
      await write();
      expect(await ask('a')).toEqual(['a 3', 'missed', 9]);
      facts.now += 11 * 60 * 1000;
      expect(await ask('a')).toEqual(['a 4', 'missed', 9]);
    }));

  it('are told apart by everything that a request says, and by nothing else', async () => {
    const vector = await vectorFor('rent');
    const request = aSearch('rent', { vector, filter: { kinds: ['pdf'], labels: [['a', 'b']] } });
    const { filter, ...rest } = request;
    expect(keyOf({ filter: { labels: [['a', 'b']], kinds: ['pdf'] }, ...rest })).toBe(keyOf(request));
    const others: IndexSearchRequest[] = [
      { ...request, query: 'rents' },
      { ...request, limit: 11 },
      { ...request, offset: 10 },
      { ...request, mode: 'hybrid' },
      { ...request, weights: { keyword: 1, semantic: 2 } },
      { ...request, filter: { ...filter, kinds: ['docx'] } },
      { ...request, filter: { ...filter, labels: [['a'], ['b']] } },
      { ...request, vector: { ...vector, values: vector.values.map((value, at) => (at === 7 ? value + 0.1 : value)) } },
      { ...request, vector: { ...vector, model: 'another' } },
    ];
    expect(new Set([request, ...others].map(keyOf)).size).toBe(1 + others.length);
  });

  it('take a bounded place, the ones used longest ago give way', () =>
    withCaches(
      async ({ ask, memory }) => {
        for (let i = 0; i < 50; i++) await ask(`question ${i}`);
        expect(memory.bytes()).toBeLessThanOrEqual(MIB);
        expect((await ask('question 49'))[1]).toBe('isolate');
        expect((await ask('question 0'))[1]).toBe('missed');
      },
      { size: 20_000 },
    ));

  it('are not kept where they take too much, or memory is needed for other things', async () => {
    await withCaches(
      async ({ ask, memory }) => {
        await ask('a');
        expect([(await ask('a'))[1], memory.bytes()]).toEqual(['missed', 0]);
      },
      { size: 200_000 },
    );
    await withCaches(async ({ ask, memory }) => {
      await ask('a');
      memory.claim({ release: () => undefined }, MIB);
      expect((await ask('a'))[1]).toBe('missed');
    });
  });
});

describe('answers in KV', () => {
  it('serve an index that is out of memory, when they were asked for twice', () =>
    withCaches(async ({ ask, settled, afterwards, facts, owner }) => {
      for (const query of ['a', 'a', 'a', 'b']) await ask(query);
      await settled();
      expect(await keysInKv(owner)).toHaveLength(1);
      const later = afterwards();
      expect(await ask('a', later)).toEqual(['a 1', 'kv', 0]);
      expect(await ask('a', later)).toEqual(['a 1', 'isolate', 0]);
      expect(await ask('b', later)).toEqual(['b 3', 'kv_missed', 9]);
      // Now it is in memory: asking KV would take longer.
      expect(await ask('c', later)).toEqual(['c 4', 'missed', 9]);
      expect(facts.asked).toBe(4);
    }));

  it('are out of reach at once when something is written, and gone soon after', () =>
    withCaches(async ({ ask, settled, write, afterwards, owner }) => {
      for (const query of ['a', 'a']) await ask(query);
      await settled();
      const [before] = await keysInKv(owner);
      await write();
      expect(await keysInKv(owner)).toEqual([]);
      // As a KV that shows what was deleted for another minute.
      await env.CACHE.put(before?.name ?? '', JSON.stringify({ hits: [], more: false, notices: ['old'] }));
      expect(await ask('a', afterwards())).toEqual(['a 2', 'missed', 9]);
      for (const query of ['a', 'a']) await ask(query);
      await settled();
      expect((await keysInKv(owner)).map(({ name }) => name === before?.name).toSorted()).toEqual([false, true]);
    }));

  it('are not taken when something was written while KV was asked, and not left by a write that came between', () =>
    withCaches(async ({ ask, settled, write, afterwards, cache, owner }) => {
      for (const query of ['a', 'a']) await ask(query);
      await settled();
      const later = afterwards();
      const asked = ask('a', later);
      const outdated = later.cache.invalidate();
      expect(await asked).toEqual(['a 2', 'kv_missed', 9]);
      await later.shared.discard(outdated);
      await write();
      for (const query of ['b', 'b']) await ask(query);
      cache.invalidate();
      await settled();
      expect(await keysInKv(owner)).toEqual([]);
      // And while it is on its way to KV.
      for (const query of ['c', 'c']) await ask(query);
      const put = vi.spyOn(env.CACHE, 'put').mockImplementationOnce(async (...args) => {
        cache.invalidate();
        put.mockRestore();
        await env.CACHE.put(...args);
      });
      await settled();
      expect(await keysInKv(owner)).toEqual([]);
    }));

  it('never fail a search: not when KV fails, is slow, or holds nonsense', async () => {
    const failing = (get: () => Promise<string | null>) => {
      const put = vi.fn(() => Promise.reject(new Error('KV PUT failed: 429 Too Many Requests')));
      return { kv: { get, put, delete: put } as unknown as KVNamespace };
    };
    const kinds = [() => Promise.reject(new Error('down')), () => new Promise<never>(() => undefined)];
    for (const get of kinds) {
      await withCaches(async ({ ask, settled, write, afterwards }) => {
        for (const query of ['a', 'a']) await ask(query);
        await settled();
        expect(await ask('a', afterwards())).toEqual(['a 2', 'kv_failed', 9]);
        await write();
      }, failing(get));
    }
    for (const text of ['', '{', 'null', '{"hits":1}', '[]']) {
      await withCaches(
        async ({ ask, settled, afterwards }) => {
          for (const query of ['a', 'a']) await ask(query);
          await settled();
          expect((await ask('a', afterwards()))[1]).toMatch(/^kv_(missed|failed)$/);
        },
        failing(() => Promise.resolve(text)),
      );
    }
  });

  it('are written once under a name, and few of a state of the index', () => {
    const put = vi.fn(() => Promise.resolve());
    const kv = { get: () => Promise.resolve(null), put, delete: () => Promise.resolve() } as unknown as KVNamespace;
    return withCaches(
      async ({ ask, settled, afterwards, facts }) => {
        for (let i = 0; i < 120; i++) for (const query of [`${i}`, `${i}`]) await ask(query);
        await settled();
        expect(put).toHaveBeenCalledTimes(100);
        expect(put.mock.calls.every((args: unknown[]) => JSON.stringify(args[2]) === '{"expirationTtl":3600}')).toBe(
          true,
        );
        const later = afterwards();
        for (const query of ['7', '7', '7']) await ask(query, later);
        await settled();
        expect(put).toHaveBeenCalledTimes(100);
        // Those have expired in KV.
        facts.now += 61 * 60 * 1000;
        for (const query of ['7', '7']) await ask(query, later);
        await settled();
        expect(put).toHaveBeenCalledTimes(101);
      },
      { kv },
    );
  });
});

describe('the index as others see it', () => {
  it('forgets with every kind of write, and erases what KV holds of it', async () => {
    const owner = newOwner();
    const index = indexOf(owner);
    const outcome = async () => (await index.search(aSearch('rent'))).cache;
    const twice = async () => [await outcome(), await outcome()];
    await indexed(index, aDocument('a', { labels: ['tag:x'] }), ['the rent is due']);
    expect(await twice()).toEqual(['missed', 'isolate']);
    const writes = [
      () => index.updateDocument(aDocument('a', { revision: 2, visible: false })),
      () => index.updateDocument(aDocument('a', { revision: 3, labels: ['tag:x'] })),
      () => index.dropLabels(['tag:x']),
      () => indexed(index, aDocument('b'), ['another rent']),
      () => index.removeVectors('b'),
      () => index.removeDocument('b'),
      () => index.compact(),
      () => index.clear(),
    ];
    for (const write of writes) {
      await write();
      expect(await twice()).toEqual(['missed', 'isolate']);
    }
    expect(idsOf((await index.search(aSearch('rent'))).hits)).toEqual([]);
    const stub = env.LIBRARY_INDEX.get(env.LIBRARY_INDEX.idFromName(owner));
    const name = `results/1/${stub.id}/some-revision/hash`;
    await env.CACHE.put(name, 'the rent');
    await runInDurableObject(
      stub,
      (_, { storage }) => void storage.sql.exec('INSERT INTO shared_results VALUES (?, ?)', name, 9e15),
    );
    expect(await index.erase()).toBe(0);
    expect(await keysInKv(`${stub.id}`)).toEqual([]);
  });

  it('says in answers, in the history and to administrators what came from where', async () => {
    const [admin, { token }, stranger] = await Promise.all([newAdmin(), newUser(), newUser()]);
    await uploaded({ token, content: 'The rent is due.', filename: 'a.txt' });
    const numbers = async () => (await call('/v1/admin/cache', { token: admin.token })).body;
    const before = await numbers();
    const search = (by = token, bindings = env) =>
      call('/v1/search?q=rent&explain=true', { token: by, bindings }).then(({ body }) => body);
    const [made, known] = [await search(), await search()];
    expect([made.cacheHit, made.explain.cache]).toEqual([false, 'missed']);
    expect([known.cacheHit, known.explain.cache, known.explain.indexRowsRead]).toEqual([true, 'isolate', 0]);
    expect(known.items).toEqual(made.items);
    expect(known.queryId).not.toBe(made.queryId);
    expect((await search(stranger.token)).items).toEqual([]);
    expect((await search(token, { ...env, SEARCH_CACHE: 'false' } as typeof env)).cacheHit).toBe(false);
    const { body } = await call('/v1/queries?cacheHit=true', { token });
    expect(body.items).toMatchObject([{ id: known.queryId, cacheHit: true }]);

    const after = await numbers();
    expect(after).toMatchObject({ isEnabled: true, searches: before.searches + 4 });
    const isolate = ({ categories }: typeof after) =>
      categories.find((each: { category: string }) => each.category === 'isolate');
    expect(isolate(after)).toMatchObject({ hits: (isolate(before)?.hits ?? 0) + 1, failures: 0 });
    expect(after.hitRate).toBeGreaterThan(0);
    expect((await call('/v1/admin/cache', { token })).status).toBe(403);
  });
});
