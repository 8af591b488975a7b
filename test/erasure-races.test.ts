import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { OWNER_COLUMNS } from '../src/modules/erasure/owner-columns.ts';
import { newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { deliver, loseWakeUps, pass } from './support/clockwork.ts';
import { listen } from './support/console.ts';
import { tick } from './support/cron.ts';
import { ask, type Begun, begin, DAY_MS, LEASE_MS, runToEnd, TRUSTED_MS, wordsOf } from './support/erasures.ts';
import { createFakeVectorize } from './support/fake-vectorize.ts';
import { interleave } from './support/interleave.ts';
import { upload, uploadForm } from './support/library.ts';
import { longText } from './support/sample-library.ts';
import { newInhabitant } from './support/security-world.ts';
import { traces } from './support/whereabouts.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('whatever happens meanwhile', () => {
  it('a lost wake-up is found by the clock', async () => {
    const owner = await newUser();
    const lost = loseWakeUps();
    const begun = await begin(owner);
    lost.mockRestore();
    pass(6_000);
    await tick();
    await vi.waitFor(async () => expect(await ask(begun)).toMatchObject({ status: 'running' }), { timeout: 5_000 });
  });

  it('what a credential that was still trusted has made goes too', async () => {
    const owner = await newUser();
    loseWakeUps();
    const begun = await begin(owner);
    await deliver({ erasureId: begun.job.id });
    // Another isolate has checked the session before.
    const now = Date.now();
    const late = { id: crypto.randomUUID(), key: `late-${now}` };
    const row = 'insert into tags (id, owner_id, name, name_key, created_at, updated_at) values (?, ?, ?, ?, ?, ?)';
    await env.DB.prepare(row).bind(late.id, owner.user.id, late.key, late.key, now, now).run();
    await env.FILES.put(`owners/${owner.user.id}/documents/${late.id}/${late.id}/original`, late.key);
    pass(TRUSTED_MS);
    await deliver({ erasureId: begun.job.id });
    // A job of former times has not noticed yet.
    await env.FILES.put(`owners/${owner.user.id}/documents/${late.id}/${late.id}/reading.json`, late.key);
    pass(LEASE_MS);
    await deliver({ erasureId: begun.job.id });
    expect(await ask(begun)).toMatchObject({ status: 'succeeded' });
    expect(await traces([owner.user.id, late.key])).toEqual([]);
    expect(await ask(begun)).toMatchObject({ remaining: { objects: 0 } });
  });

  it('an upload that ends when its account is gone is refused, and its bytes do not stay', async () => {
    const owner = await newUser();
    const path = '/v1/documents';
    const body = uploadForm({ content: 'The heron stood still.', filename: 'heron.txt' });
    const answer = await interleave(() => call(path, { token: owner.token, body }), {
      beforeCall: 2,
      happens: () => env.DB.prepare('delete from users where id = ?').bind(owner.user.id).run(),
    });
    expect([answer.status, answer.body.code]).toEqual([401, 'credential_revoked']);
    expect(await traces([owner.user.id])).toEqual([]);
  });

  it('what was found left is said, removed, and looked for again', async () => {
    const owner = await newInhabitant();
    loseWakeUps();
    const begun = await begin(owner);
    await deliver({ erasureId: begun.job.id });
    pass(TRUSTED_MS);
    await deliver({ erasureId: begun.job.id });
    pass(LEASE_MS);
    // The archive shows an object that was put down between emptying and looking.
    const { list } = env.FILES;
    let calls = 0;
    vi.spyOn(env.FILES, 'list').mockImplementation(async (options) => {
      calls += 1;
      if (calls === 2) await env.FILES.put(`owners/${owner.user.id}/late`, 'late');
      return list.call(env.FILES, options);
    });
    await deliver({ erasureId: begun.job.id });
    expect(await ask(begun)).toMatchObject({ status: 'running', attempts: 1, remaining: { objects: 1 } });
    pass(10_000);
    await deliver({ erasureId: begun.job.id });
    expect(await ask(begun)).toMatchObject({ status: 'succeeded', attempts: 0, remaining: { objects: 0 } });
  });

  it('a store that does not answer is tried again for as long as it takes', async () => {
    const owner = await newInhabitant();
    loseWakeUps();
    const begun = await begin(owner);
    const down = vi.spyOn(env.FILES, 'list').mockRejectedValue(new Error('network connection lost'));
    for (let attempt = 1; attempt <= 12; attempt++) {
      await deliver({ erasureId: begun.job.id });
      expect(await ask(begun)).toMatchObject({ attempts: attempt });
      pass(301_000);
    }
    down.mockRestore();
    await deliver({ erasureId: begun.job.id });
    pass(LEASE_MS);
    await deliver({ erasureId: begun.job.id });
    expect(await ask(begun)).toMatchObject({ status: 'succeeded', attempts: 0 });
    expect(await traces(wordsOf(owner))).toEqual([]);
  });

  it('many messages at once do it once', async () => {
    const owner = await newInhabitant();
    loseWakeUps();
    const begun = await begin(owner);
    for (const wait of [0, TRUSTED_MS, LEASE_MS]) {
      if (wait > 0) pass(wait);
      await Promise.all(Array.from({ length: 4 }, () => deliver({ erasureId: begun.job.id })));
    }
    expect(await ask(begun)).toMatchObject({ status: 'succeeded', attempts: 0 });
    expect(await traces(wordsOf(owner))).toEqual([]);
  });

  it('a day later it looks once more, for what died with its bytes stored', async () => {
    const owner = await newUser();
    loseWakeUps();
    const begun = await begin(owner);
    await runToEnd(begun);
    const orphan = `owners/${owner.user.id}/documents/x/y/original`;
    await env.FILES.put(orphan, 'left behind');
    pass(DAY_MS + 1000);
    await deliver({ erasureId: begun.job.id });
    expect(await env.FILES.head(orphan)).toBeNull();
    expect(await ask(begun)).toMatchObject({ status: 'succeeded', remaining: { objects: 0 } });
  });

  it('takes large libraries in pieces', async () => {
    const owner = await newUser();
    const now = Date.now();
    const many = `insert into queries (id, owner_id, query_text, query_type, status, response_time_ms, result_count,
      created_at, updated_at) with recursive n (i) as (select 1 union all select i + 1 from n where i < 2300)
      select printf('%036d', i), ?, 'heron', 'keyword', 'succeeded', 1, 0, ?, ? from n`;
    await env.DB.prepare(many).bind(owner.user.id, now, now).run();
    loseWakeUps();
    const begun = await begin(owner);
    const { lines, stop } = listen();
    await deliver({ erasureId: begun.job.id });
    stop();
    const line = JSON.parse(lines.find((entry) => entry.includes('"event":"erasure"')) ?? '{}');
    expect(line).toMatchObject({ outcome: 'waiting', attempt: 1 });
    expect(JSON.stringify(lines)).not.toContain(owner.user.id);
    expect(line.roundTrips).toBeGreaterThanOrEqual(5);
    // One for each table that has nothing, a few for the rest.
    expect(line.roundTrips).toBeLessThan(OWNER_COLUMNS.length + 12);
    expect(await traces([owner.user.id])).toHaveLength(1);
  });

  it('vectors that are held by a service go too, and it waits until the service has done so', async () => {
    const vectorize = createFakeVectorize({ dimensions: 384 });
    const variables: Record<string, unknown> = {
      VECTOR_STORE: 'vectorize',
      EMBEDDINGS_MODEL: 'hashing-384-v1',
      VECTORIZE: vectorize,
    };
    const bindings: typeof env = { ...env, ...variables };
    const owner = await newUser();
    loseWakeUps();
    const accepted = await upload({ token: owner.token, content: longText(20), filename: 'long.md' });
    await deliver({ jobId: accepted.body.job.id }, bindings);
    vectorize.settle();
    const stored = (await vectorize.describe()).vectorCount;
    expect(stored).toBeGreaterThan(3);
    // As an attempt leaves them that was stopped before it could say what it had stored.
    await env.DB.prepare('update documents set chunk_count = 2 where owner_id = ?').bind(owner.user.id).run();

    const begun = await begin(owner);
    for (const wait of [0, TRUSTED_MS, LEASE_MS]) {
      pass(wait);
      await deliver({ erasureId: begun.job.id }, bindings);
    }
    expect(await ask(begun)).toMatchObject({ status: 'running', remaining: { vectors: stored } });
    vectorize.settle();
    expect((await vectorize.describe()).vectorCount).toBe(0);
    pass(10_000);
    await deliver({ erasureId: begun.job.id }, bindings);
    expect(await ask(begun)).toMatchObject({ status: 'succeeded', remaining: { vectors: 0 } });
  });

  it('a job that is under way loses its lease', async () => {
    const owner = await newUser();
    loseWakeUps();
    const accepted = await upload({ token: owner.token, content: 'The heron stood still.', filename: 'heron.txt' });
    let begun: Begun | undefined;
    const { get } = env.FILES;
    vi.spyOn(env.FILES, 'get').mockImplementationOnce(async (...args) => {
      begun = await begin(owner);
      await deliver({ erasureId: begun.job.id });
      return get.apply(env.FILES, args as never);
    });
    await deliver({ jobId: accepted.body.job.id });
    expect(begun).toBeDefined();
    pass(TRUSTED_MS);
    await deliver({ erasureId: begun?.job.id });
    pass(LEASE_MS);
    await deliver({ erasureId: begun?.job.id });
    expect(begun && (await ask(begun))).toMatchObject({ status: 'succeeded' });
    expect(await traces([owner.user.id])).toEqual([]);
  });
});
