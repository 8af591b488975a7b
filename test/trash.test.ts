import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createRuntime, createServices } from '../src/services.ts';
import { newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { deliver, loseWakeUps, pass } from './support/clockwork.ts';
import { tick } from './support/cron.ts';
import { interleave } from './support/interleave.ts';
import { type JobView, uploaded } from './support/library.ts';
import { objectsOf } from './support/sample-library.ts';
import { unrecorded } from './support/statement-recorder.ts';
import { traces } from './support/whereabouts.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const NOTE = 'The heron stood in the shallow water and waited for the fish to forget about it.';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const database = unrecorded(env.DB);

/** Jobs of a kind on a thing, past the API, for which nobody may be logged in after weeks. */
const jobsOn = async (subjectId: string, type: string) =>
  (
    await database
      .prepare('select id, status, result from processing_jobs where subject_id = ? and type = ?')
      .bind(subjectId, type)
      .all<{ id: string; status: string; result: string | null }>()
  ).results;

const servicesOf = (bindings: typeof env) =>
  createServices(createRuntime(bindings), { requestId: 'test', waitUntil: () => {} });

const trash = (token: string, path: string) => call(`/v1/${path}`, { method: 'DELETE', token });

/** A later session: those of weeks ago have ended. */
async function again({ user, password }: Awaited<ReturnType<typeof newUser>>): Promise<string> {
  const login = await call('/v1/auth/login', { body: { identifier: user.username, password } });
  return login.body.session.accessToken;
}

describe('a document in the trash', () => {
  it('can be restored for 30 days, then it is deleted for good', async () => {
    const owner = await newUser();
    const { document } = await uploaded({ token: owner.token, content: NOTE, filename: 'heron.txt' });
    const start = Date.now();
    expect((await trash(owner.token, `documents/${document.id}`)).status).toBe(204);
    loseWakeUps();
    pass(30 * DAY_MS - 60_000);
    await tick();
    expect(await jobsOn(document.id, 'delete_document')).toEqual([]);
    const token = await again(owner);
    expect((await call(`/v1/documents/${document.id}/restore`, { method: 'POST', token })).status).toBe(200);
    pass(2 * DAY_MS);
    await tick();
    expect(await jobsOn(document.id, 'delete_document')).toEqual([]);

    vi.setSystemTime(start);
    await trash(owner.token, `documents/${document.id}`);
    pass(30 * DAY_MS + 60_000);
    await tick();
    const [job, ...others] = await jobsOn(document.id, 'delete_document');
    expect(others).toEqual([]);
    const late = await again(owner);
    expect((await call(`/v1/documents/${document.id}/restore`, { method: 'POST', token: late })).status).toBe(404);
    await deliver({ jobId: job?.id });
    const remaining = { rows: 0, objects: 0, chunks: 0, vectors: 0 };
    expect((await call<JobView>(`/v1/jobs/${job?.id}`, { token: late })).body.result).toEqual({ remaining });
    expect(await objectsOf(document.id)).toEqual([]);
    expect(await database.prepare('select id from documents where id = ?').bind(document.id).all()).toMatchObject({
      results: [],
    });
  });

  it('is deleted once, however many ticks find it at once', async () => {
    const owner = await newUser();
    const { document } = await uploaded({ token: owner.token, content: NOTE, filename: 'heron.txt' });
    await trash(owner.token, `documents/${document.id}`);
    loseWakeUps();
    pass(31 * DAY_MS);
    await Promise.all([tick(), tick(), tick()]);
    await tick();
    expect(await jobsOn(document.id, 'delete_document')).toHaveLength(1);
  });

  it('that is brought back in the last moment stays', async () => {
    const owner = await newUser();
    const { document } = await uploaded({ token: owner.token, content: NOTE, filename: 'heron.txt' });
    await trash(owner.token, `documents/${document.id}`);
    pass(31 * DAY_MS);
    const restore = 'update documents set deleted_at = null where id = ?';
    // The sweep reads what is due, then writes.
    const happens = () => database.prepare(restore).bind(document.id).run();
    expect(await interleave(() => servicesOf(env).trash.purge(), { beforeCall: 2, happens })).toBe(0);
    expect(await jobsOn(document.id, 'delete_document')).toEqual([]);
    const { body } = await call(`/v1/documents/${document.id}`, { token: await again(owner) });
    expect(body.status).toBe('ready');
  });

  it('goes in pieces, the oldest first', async () => {
    const owner = await newUser();
    const insert = `insert into documents (id, owner_id, title, filename, media_type, size_bytes, sha256, content_id,
      created_at, updated_at, deleted_at) with recursive n (i) as (select 1 union all select i + 1 from n where i < 130)
      select printf('%036d', i), ?, 'a', 'a', 'text/plain', 1, printf('%064d', i), printf('%036d', i), 1, 1, i from n`;
    await database.prepare(insert).bind(owner.user.id).run();
    loseWakeUps();
    const count = () =>
      database
        .prepare("select count(*) as total from documents where owner_id = ? and status = 'deleting'")
        .bind(owner.user.id)
        .first<number>('total');
    await tick();
    expect(await count()).toBe(100);
    expect(await jobsOn(String(1).padStart(36, '0'), 'delete_document')).toHaveLength(1);
    expect(await jobsOn(String(130).padStart(36, '0'), 'delete_document')).toHaveLength(0);
    await tick();
    expect(await count()).toBe(130);
  });
});

describe('a collection in the trash', () => {
  const make = async (token: string, name: string, parentId?: string) =>
    (await call('/v1/collections', { token, body: { name, ...(parentId && { parentId }) } })).body.id as string;

  it('goes after 30 days with what is in it, and leaves its documents', async () => {
    const owner = await newUser();
    const outer = await make(owner.token, 'Outer');
    const inner = await make(owner.token, 'Inner', outer);
    const { document } = await uploaded({
      token: owner.token,
      content: NOTE,
      filename: 'heron.txt',
      fields: { collectionId: inner },
    });
    await trash(owner.token, `collections/${outer}`);
    loseWakeUps();
    pass(31 * DAY_MS);
    await tick();
    await tick();
    const [job, ...others] = await jobsOn(outer, 'delete_collection');
    expect(others).toEqual([]);
    expect(await jobsOn(inner, 'delete_collection')).toEqual([]);
    const token = await again(owner);
    const shown = await call<JobView>(`/v1/jobs/${job?.id}`, { token });
    expect(shown.body).toMatchObject({ type: 'delete_collection', documentId: null });
    const cancelled = await call(`/v1/jobs/${job?.id}/cancel`, { method: 'POST', token });
    expect(cancelled).toMatchObject({ status: 409, body: { code: 'job_not_cancellable' } });
    await deliver({ jobId: job?.id });
    const ended = await call<JobView>(`/v1/jobs/${job?.id}`, { token });
    expect(ended.body).toMatchObject({
      status: 'succeeded',
      result: { removed: true, remaining: { rows: 0, labels: 0 } },
    });
    // The records of the deletion itself are what remains.
    expect((await traces([outer, inner])).filter((trace) => !/^(processing_jobs|audit_logs)/.test(trace))).toEqual([]);
    const found = await call('/v1/search?q=heron', { token });
    expect(found.body.items).toMatchObject([{ documentId: document.id }]);
    expect((await call(`/v1/documents/${document.id}`, { token })).body.collectionIds).toEqual([]);
    const index = env.LIBRARY_INDEX.get(env.LIBRARY_INDEX.idFromName(owner.user.id));
    expect(await index.dropLabels([`collection:${inner}`])).toBe(0);
  });

  it('that is brought back before its job runs stays whole', async () => {
    const owner = await newUser();
    const outer = await make(owner.token, 'Outer');
    const inner = await make(owner.token, 'Inner', outer);
    await trash(owner.token, `collections/${outer}`);
    loseWakeUps();
    pass(31 * DAY_MS);
    await tick();
    const [job] = await jobsOn(outer, 'delete_collection');
    const token = await again(owner);
    expect((await call(`/v1/collections/${outer}/restore`, { method: 'POST', token })).status).toBe(200);
    await deliver({ jobId: job?.id });
    const ended = await call<JobView>(`/v1/jobs/${job?.id}`, { token });
    expect(ended.body).toMatchObject({ status: 'succeeded', result: { removed: false } });
    for (const id of [outer, inner]) expect((await call(`/v1/collections/${id}`, { token })).status).toBe(200);
  });
});
