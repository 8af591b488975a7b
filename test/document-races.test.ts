import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import worker from '../src/index.ts';
import { newUser } from './support/actors.ts';
import { call, send } from './support/app.ts';
import { type DocumentView, type JobView, jobEnd, upload, uploaded, uploadForm } from './support/library.ts';
import { objectsOf } from './support/sample-library.ts';

const FIRST = '# Herons\n\nThe heron stood in the shallow water and waited.';
const SECOND = '# Egrets\n\nThe egret flew over the reeds and was gone.';

afterEach(() => vi.restoreAllMocks());

const found = async (token: string, query: string) => (await call(`/v1/search?${query}`, { token })).body.items;

const replace = (token: string, id: string, content: string | Uint8Array) =>
  call<{ document: DocumentView; job: JobView }>(`/v1/documents/${id}/content`, {
    method: 'PUT',
    token,
    body: uploadForm({ content, filename: 'a.md' }),
  });

const bytesOf = async (token: string, path: string) =>
  new TextDecoder().decode(await (await send(path, { token })).arrayBuffer());

/** Uploads while nobody is told of the job. */
async function uploadUnnoticed(token: string, content = FIRST) {
  const lost = vi.spyOn(env.JOBS, 'sendBatch').mockResolvedValue(undefined as never);
  const accepted = await upload({ token, content, filename: 'a.md' });
  lost.mockRestore();
  return accepted.body;
}

async function deliver(jobId: string) {
  const message = { id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body: { jobId } };
  const batch = createMessageBatch('commonplace-jobs', [message]);
  const context = createExecutionContext();
  await worker.queue(batch, env, context);
  return getQueueResult(batch, context);
}

/** Something that happens in the middle of an attempt: before its first write to the archive. */
function beforeNextWrite(act: () => Promise<unknown>): void {
  vi.spyOn(env.FILES, 'get').mockImplementationOnce(async (...args) => {
    vi.restoreAllMocks();
    await act();
    return env.FILES.get(...(args as [string]));
  });
}

describe('replacing bytes', () => {
  it('two at once: both are versions, and the later one’s bytes are whole and found', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: FIRST, filename: 'a.md' });
    const contents = [SECOND, `${SECOND} Twice.`];
    const answers = await Promise.all(contents.map((content) => replace(token, document.id, content)));
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    for (const { body } of answers) await jobEnd(token, body.job.id);
    const last = answers.findIndex(({ body }) => body.document['contentVersion'] === 3);
    expect(await bytesOf(token, `/v1/documents/${document.id}/content`)).toBe(contents[last]);
    expect(await bytesOf(token, `/v1/documents/${document.id}/versions/2/content`)).toBe(contents[1 - last]);
    expect(await bytesOf(token, `/v1/documents/${document.id}/versions/1/content`)).toBe(FIRST);
    expect((await call(`/v1/documents/${document.id}`, { token })).body).toMatchObject({
      status: 'ready',
      error: null,
    });
    expect(await found(token, 'q=egret&mode=keyword')).toHaveLength(1);
    expect(await found(token, 'q=heron&mode=keyword')).toEqual([]);
  });

  it('two at once, of what both have read: one is refused, and its bytes do not stay', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: FIRST, filename: 'a.md' });
    const headers = { 'if-match': `"${document.version}"` };
    const send = (content: string) =>
      call<{ job?: JobView }>(`/v1/documents/${document.id}/content`, {
        method: 'PUT',
        token,
        headers,
        body: uploadForm({ content, filename: 'a.md' }),
      });
    const answers = await Promise.all([SECOND, `${SECOND} Twice.`].map(send));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 412]);
    for (const { body } of answers) if (body.job) await jobEnd(token, body.job.id);
    expect(await objectsOf(document.id)).toHaveLength(6);
  });

  it('while the file is being read: the newer bytes are what is found, the older ones stay a version', async () => {
    const { token } = await newUser();
    const accepted = await uploadUnnoticed(token);
    const { id } = accepted.document;
    let newer: JobView | undefined;
    beforeNextWrite(async () => {
      newer = (await replace(token, id, SECOND)).body.job;
    });
    await deliver(accepted.job.id);
    expect(await jobEnd(token, newer?.id ?? '')).toMatchObject({ status: 'succeeded' });
    expect(await found(token, 'q=egret&mode=keyword')).toHaveLength(1);
    expect(await found(token, 'q=heron&mode=keyword')).toEqual([]);
    expect(await bytesOf(token, `/v1/documents/${id}/versions/1/content`)).toBe(FIRST);
  });

  it('undone while the newer file is being read: the older bytes are what is found', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: FIRST, filename: 'a.md' });
    const lost = vi.spyOn(env.JOBS, 'sendBatch').mockResolvedValue(undefined as never);
    const { body } = await replace(token, document.id, SECOND);
    lost.mockRestore();
    let restored: JobView | undefined;
    beforeNextWrite(async () => {
      const path = `/v1/documents/${document.id}/versions/1/restore`;
      restored = (await call(path, { method: 'POST', token })).body.job;
    });
    await deliver(body.job.id);
    expect(await jobEnd(token, restored?.id ?? '')).toMatchObject({ status: 'succeeded' });
    expect(await found(token, 'q=heron&mode=keyword')).toHaveLength(1);
    expect(await found(token, 'q=egret&mode=keyword')).toEqual([]);
    expect((await call(`/v1/documents/${document.id}`, { token })).body).toMatchObject({ contentVersion: 3 });
    expect(await bytesOf(token, `/v1/documents/${document.id}/versions/2/content`)).toBe(SECOND);
  });

  it('undone by the version that is being deleted: either it is there again, or it is gone', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: FIRST, filename: 'a.md' });
    await jobEnd(token, (await replace(token, document.id, SECOND)).body.job.id);
    const path = `/v1/documents/${document.id}/versions/1`;
    const [restored, removed] = await Promise.all([
      call(`${path}/restore`, { method: 'POST', token }),
      call(path, { method: 'DELETE', token }),
    ]);
    expect(removed.status).toBe(202);
    expect([202, 404]).toContain(restored.status);
    for (const { body } of [restored, removed]) if (body.job) await jobEnd(token, body.job.id);
    const isBack = restored.status === 202;
    expect(await found(token, 'q=heron&mode=keyword')).toHaveLength(isBack ? 1 : 0);
    expect(await bytesOf(token, `/v1/documents/${document.id}/content`)).toBe(isBack ? FIRST : SECOND);
    expect(await objectsOf(document.id)).toHaveLength(isBack ? 6 : 3);
  });

  it('by a file that cannot be read: the document says so and is found by neither', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: FIRST, filename: 'a.md' });
    const { body } = await replace(token, document.id, crypto.getRandomValues(new Uint8Array(500)));
    expect(await jobEnd(token, body.job.id)).toMatchObject({ status: 'failed' });
    expect(await found(token, 'q=heron')).toEqual([]);
    const { body: again } = await replace(token, document.id, SECOND);
    await jobEnd(token, again.job.id);
    expect(await found(token, 'q=egret')).toHaveLength(1);
  });
});

describe('deleting for good', () => {
  it('cannot be cancelled', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: FIRST, filename: 'a.md' });
    vi.spyOn(env.JOBS, 'sendBatch').mockResolvedValue(undefined as never);
    const { body } = await call(`/v1/documents/${document.id}?permanent=true`, { method: 'DELETE', token });
    const cancelled = await call(`/v1/jobs/${body.job.id}/cancel`, { method: 'POST', token });
    expect(cancelled).toMatchObject({ status: 409, body: { code: 'job_not_cancellable' } });
    await deliver(body.job.id);
    expect(await objectsOf(document.id)).toEqual([]);
  });

  it('while the file is being read leaves nothing, whatever the reader still does', async () => {
    const { token } = await newUser();
    const accepted = await uploadUnnoticed(token);
    let deletion: JobView | undefined;
    beforeNextWrite(async () => {
      const path = `/v1/documents/${accepted.document.id}?permanent=true`;
      deletion = (await call(path, { method: 'DELETE', token })).body.job;
    });
    await deliver(accepted.job.id);
    expect(deletion).toBeDefined();
    const ended = await jobEnd(token, deletion?.id ?? '');
    expect(ended).toMatchObject({ status: 'succeeded', result: { remaining: { objects: 0, chunks: 0, vectors: 0 } } });
    expect(await objectsOf(accepted.document.id)).toEqual([]);
    expect(await found(token, 'q=heron')).toEqual([]);
  });
});

describe('changing while the file is being read', () => {
  it('ends with what the file says and what the person said', async () => {
    const { token } = await newUser();
    const accepted = await uploadUnnoticed(token);
    beforeNextWrite(() =>
      call(`/v1/documents/${accepted.document.id}`, { method: 'PATCH', token, body: { tags: ['Late'] } }),
    );
    await deliver(accepted.job.id);
    const sync = await call(`/v1/jobs?documentId=${accepted.document.id}&type=sync_document`, { token });
    for (const { id } of sync.body.items) await jobEnd(token, id);
    const [hit] = await found(token, 'q=heron&tag=late&kind=markdown');
    expect(hit).toMatchObject({ title: 'Herons', kind: 'markdown' });
  });

  it('cancelling before the first step leaves no document being read for ever', async () => {
    const { token } = await newUser();
    const accepted = await uploadUnnoticed(token);
    beforeNextWrite(() => call(`/v1/jobs/${accepted.job.id}/cancel`, { method: 'POST', token }));
    await deliver(accepted.job.id);
    const { body } = await call(`/v1/documents/${accepted.document.id}`, { token });
    expect(body).toMatchObject({ status: 'failed', error: { code: 'cancelled' } });
    expect(await found(token, 'q=heron')).toEqual([]);
  });
});

describe('forms', () => {
  it.each([
    ['two files', ['file', 'file']],
    ['a field that there is not', ['file', 'collectionID']],
    ['a title twice', ['file', 'title', 'title']],
  ])('with %s are refused', async (_what, names) => {
    const { token } = await newUser();
    const form = new FormData();
    for (const name of names) form.append(name, name === 'file' ? new File([FIRST], 'a.md') : 'text');
    expect((await call('/v1/documents', { token, body: form })).status).toBe(422);
  });

  it('without a boundary are malformed', async () => {
    const { token } = await newUser();
    const headers = { 'content-type': 'multipart/form-data' };
    expect((await call('/v1/documents', { token, body: 'x', headers })).status).toBe(400);
  });

  it('may give tags several times', async () => {
    const { token } = await newUser();
    const form = uploadForm({ content: FIRST, filename: 'a.md' });
    for (const tag of ['One', 'Two']) form.append('tags', tag);
    const { body } = await call('/v1/documents', { token, body: form });
    await jobEnd(token, body.job.id);
    expect((await call(`/v1/documents/${body.document.id}`, { token })).body.tags).toEqual(['One', 'Two']);
  });
});

describe('pages of a hybrid search', () => {
  it('neither repeat nor skip', async () => {
    const { token } = await newUser();
    const paragraphs = Array.from(
      { length: 120 },
      (_, i) => `## Part ${i}\n\n${`The heron of part${i} waits for fish. `.repeat(12)}`,
    );
    await uploaded({ token, content: paragraphs.join('\n\n'), filename: 'a.md' });
    const seen: string[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await call(`/v1/search?q=heron fish&mode=hybrid&limit=7${cursor && `&cursor=${cursor}`}`, {
        token,
      });
      seen.push(...body.items.map((item: { chunkId: string }) => item.chunkId));
      if (body.nextCursor === null) break;
      cursor = body.nextCursor;
    }
    expect(seen.length).toBeGreaterThan(50);
    expect(new Set(seen).size).toBe(seen.length);
  });
});
