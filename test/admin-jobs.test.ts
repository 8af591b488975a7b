import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import worker from '../src/index.ts';
import { newUser, type TestUser } from './support/actors.ts';
import { type Call, call } from './support/app.ts';
import { entries, newAdmin } from './support/audit.ts';
import { deliver, loseWakeUps, pass } from './support/clockwork.ts';
import { roundTrips } from './support/costs.ts';
import { tick } from './support/cron.ts';
import { jobEnd, upload, uploaded } from './support/library.ts';

type AdminJob = {
  id: string;
  userId: string;
  type: string;
  status: string;
  errorCode: string | null;
  attempts: number;
  steps: { name: string; status: string }[];
};
type DeadLetter = { id: string; messageId: string; reason: string; body: string; attempts: number };
type Page<T> = { items: T[]; nextCursor: string | null };

let admin: TestUser;

const ask = <T>(path: string, options: Call = {}) =>
  call<T & { code: string }>(`/v1/admin/jobs${path}`, { token: admin.token, ...options });
const idsIn = (answer: { body: Page<{ id: string }> }) => answer.body.items.map(({ id }) => id);

beforeAll(async () => {
  admin = await newAdmin();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A job that failed for good, though its file can be read. */
async function failedJob(
  { token }: TestUser,
  errorCode = 'attempts_exhausted',
): Promise<{ jobId: string; documentId: string }> {
  const lost = loseWakeUps();
  const { body } = await upload({ token, content: `The heron of ${errorCode}.`, filename: 'heron.txt' });
  lost.mockRestore();
  await env.DB.batch([
    env.DB.prepare(
      `update processing_jobs set status = 'failed', due_at = null, error_code = ?, error_message = 'secret', attempts = 10,
       finished_at = updated_at where id = ?`,
    ).bind(errorCode, body.job.id),
    env.DB.prepare("update documents set status = 'failed', error_code = ? where id = ?").bind(
      errorCode,
      body.document.id,
    ),
  ]);
  return { jobId: body.job.id, documentId: body.document.id };
}

describe('everybody’s jobs', () => {
  it('are found by user, status, type, error and time, page by page, for one round trip', async () => {
    const [ada, bob] = await Promise.all([newUser(), newUser()]);
    const done = await uploaded({ token: ada.token, content: 'The heron stood.', filename: 'a.txt' });
    const hers = await failedJob(ada);
    const his = await failedJob(bob, 'made_up');
    const list = (query: string) => ask<Page<AdminJob>>(`?${query}`);
    const by = (query: string) => list(`userId=${ada.user.id}&type=process_document&${query}`);
    expect(idsIn(await by('limit=10'))).toEqual([hers.jobId, done.job.id]);
    expect(idsIn(await by('order=asc'))).toEqual([done.job.id, hers.jobId]);
    expect(idsIn(await by('status=failed'))).toEqual([hers.jobId]);
    expect(idsIn(await by('status=succeeded'))).toEqual([done.job.id]);
    expect(idsIn(await by('errorCode=made_up'))).toEqual([]);
    expect(idsIn(await list('errorCode=made_up'))).toEqual([his.jobId]);
    expect(idsIn(await list('errorCode=made_up&status=failed&type=process_document'))).toEqual([his.jobId]);
    expect(idsIn(await list('status=failed'))).toEqual([his.jobId, hers.jobId]);
    expect(idsIn(await list('type=process_document&order=asc'))).toContain(done.job.id);
    expect(idsIn(await list('status=succeeded'))).toContain(done.job.id);
    expect(idsIn(await list('since=2999-01-01T00:00:00Z'))).toEqual([]);

    const walked: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { body: Page<AdminJob> } = await by(`limit=1${cursor && `&cursor=${cursor}`}`);
      walked.push(...idsIn(page));
      cursor = page.body.nextCursor;
    }
    expect(walked).toEqual([hers.jobId, done.job.id]);
    await list('limit=1');
    expect(roundTrips((await list('')) as never)).toBe(1);
    expect((await list('status=nonsense')).status).toBe(422);
  });

  it('show nothing of what they are about', async () => {
    const ada = await newUser();
    const { documentId } = await failedJob(ada);
    const answer = await ask<Page<AdminJob>>(`?userId=${ada.user.id}`);
    expect(answer.body.items).toMatchObject([{ userId: ada.user.id, errorCode: 'attempts_exhausted', attempts: 10 }]);
    expect(JSON.stringify(answer.body)).not.toMatch(new RegExp(`secret|heron|${documentId}`));
  });
});

describe('starting again what failed', () => {
  it('one by one: it succeeds, its user sees so, and the log says who did it', async () => {
    const ada = await newUser();
    const { jobId, documentId } = await failedJob(ada);
    const answer = await ask<AdminJob>(`/${jobId}/retry`, { method: 'POST' });
    expect(answer).toMatchObject({ status: 200, body: { id: jobId, status: 'queued', errorCode: null, attempts: 0 } });
    expect(roundTrips(answer)).toBe(1);
    expect(await jobEnd(ada.token, jobId)).toMatchObject({ status: 'succeeded' });
    expect((await call(`/v1/documents/${documentId}`, { token: ada.token })).body).toMatchObject({ status: 'ready' });
    expect(await entries(admin, { action: 'retryAnyJob', objectId: jobId })).toMatchObject([
      { outcome: 'succeeded', objectType: 'job', actorId: admin.user.id },
    ]);
    expect(await ask(`/${jobId}/retry`, { method: 'POST' })).toMatchObject({
      status: 409,
      body: { code: 'job_not_retryable' },
    });
    expect((await ask(`/${crypto.randomUUID()}/retry`, { method: 'POST' })).status).toBe(404);
  });

  it('as an item of a batch: the batch opens again, and ends with it', async () => {
    const ada = await newUser();
    const form = new FormData();
    for (const name of ['a.txt', 'b.txt']) form.append('file', new File([`The heron of ${name}.`], name));
    const { body } = await call('/v1/documents/batch', { token: ada.token, body: form });
    const batchId: string = body.job.id;
    await jobEnd(ada.token, batchId);
    const fail = "update processing_jobs set status = 'failed', error_code = 'broken' where id = ?";
    const items = await call(`/v1/jobs/${batchId}/items`, { token: ada.token });
    const [one, two] = items.body.items.map(({ jobId }: { jobId: string }) => jobId);
    for (const id of [one, batchId]) await env.DB.prepare(fail).bind(id).run();
    expect((await ask(`/${batchId}/retry`, { method: 'POST' })).status).toBe(409);
    const lost = loseWakeUps();
    expect((await ask(`/${one}/retry`, { method: 'POST' })).status).toBe(200);
    const open = await call(`/v1/jobs/${batchId}`, { token: ada.token });
    expect(open.body).toMatchObject({ status: 'running', processedItems: 1, totalItems: 2, error: null });
    await deliver({ jobId: one });
    expect(await jobEnd(ada.token, batchId)).toMatchObject({ status: 'succeeded', processedItems: 2 });

    for (const id of [two, batchId]) await env.DB.prepare(fail).bind(id).run();
    expect((await ask('/retry', { body: { errorCode: 'broken', userId: ada.user.id } })).body).toMatchObject({
      retried: 1,
    });
    lost.mockRestore();
    await deliver({ jobId: two });
    expect(await jobEnd(ada.token, batchId)).toMatchObject({ status: 'succeeded', processedItems: 2 });
  });

  it('not what its user has cancelled', async () => {
    const ada = await newUser();
    loseWakeUps();
    const { body } = await upload({ token: ada.token, content: 'The heron.', filename: 'a.txt' });
    await call(`/v1/jobs/${body.job.id}/cancel`, { token: ada.token, method: 'POST' });
    expect((await ask(`/${body.job.id}/retry`, { method: 'POST' })).status).toBe(409);
  });

  it('all of a filter, a bounded number at a time, the oldest first', async () => {
    const [ada, bob] = await Promise.all([newUser(), newUser()]);
    const code = 'broken_release';
    const jobs = [await failedJob(ada, code), await failedJob(bob, code), await failedJob(ada, code)];
    const other = await failedJob(bob, 'malformed');
    const retry = (body: object) => ask<{ retried: number; hasMore: boolean }>('/retry', { body });
    const first = await retry({ errorCode: code, limit: 2 });
    expect(first).toMatchObject({ status: 200, body: { retried: 2, hasMore: true } });
    expect(roundTrips(first)).toBeLessThanOrEqual(2);
    expect((await retry({ errorCode: code, type: 'process_document', since: '2020-01-01T00:00:00Z' })).body).toEqual({
      retried: 1,
      hasMore: false,
    });
    expect((await retry({ errorCode: code })).body).toEqual({ retried: 0, hasMore: false });
    for (const [at, { jobId }] of jobs.entries()) {
      expect(await jobEnd((at === 1 ? bob : ada).token, jobId)).toMatchObject({ status: 'succeeded' });
    }
    expect((await ask<Page<AdminJob>>(`?userId=${bob.user.id}&status=failed`)).body.items).toMatchObject([
      { id: other.jobId },
    ]);
    const left = await entries(admin, { action: 'retryJobs' });
    expect(left.slice(0, 3).map(({ outcome, details }) => [outcome, details])).toEqual([
      ['succeeded', {}],
      ['succeeded', { jobs: 1 }],
      ['succeeded', { jobs: 2 }],
    ]);
    for (const wrong of [{ limit: 501 }, { limit: 0 }, { status: 'succeeded' }, { type: 'nonsense' }]) {
      expect((await retry(wrong)).status, JSON.stringify(wrong)).toBe(422);
    }
  });
});

describe('dead letters', () => {
  async function receive(queue: string, messages: { id: string; body: unknown }[]) {
    const timestamp = new Date();
    const batch = createMessageBatch(
      queue,
      messages.map((message) => ({ ...message, timestamp, attempts: 4 })),
    );
    const context = createExecutionContext();
    await worker.queue(batch, env, context);
    return (await getQueueResult(batch, context)).explicitAcks;
  }

  const letters = async () => (await ask<Page<DeadLetter>>('/dead-letters')).body.items;
  const letterOf = async (messageId: string) => (await letters()).find((letter) => letter.messageId === messageId);

  it('are messages that nobody can read: kept once, taken from the queue, thrown away by hand', async () => {
    const body = { task: 'x'.repeat(5_000) };
    expect(await receive('commonplace-jobs', [{ id: 'odd', body }])).toEqual(['odd']);
    await receive('commonplace-jobs', [{ id: 'odd', body }]);
    const kept = (await letters()).filter(({ messageId }) => messageId === 'odd');
    expect(kept).toMatchObject([{ reason: 'unreadable', attempts: 4 }]);
    expect(kept[0]?.body).toHaveLength(2_000);
    const path = `/dead-letters/${kept[0]?.id}`;
    expect(await ask(`${path}/replay`, { method: 'POST' })).toMatchObject({
      status: 409,
      body: { code: 'letter_not_readable' },
    });
    expect((await ask(path, { method: 'DELETE' })).status).toBe(204);
    expect((await ask(path, { method: 'DELETE' })).status).toBe(404);
    expect(await letterOf('odd')).toBeUndefined();
  });

  it.each([null, 7, 'text', [], { jobId: 'no-id' }])('are messages like %j', async (body) => {
    const id = `odd-${JSON.stringify(body)}`;
    await receive('commonplace-jobs', [{ id, body }]);
    expect(await letterOf(id)).toMatchObject({ reason: 'unreadable', body: JSON.stringify(body) });
  });

  it('are messages that no worker survived: the job is not lost, and can be woken at once', async () => {
    const ada = await newUser();
    loseWakeUps();
    const { body } = await upload({ token: ada.token, content: 'The heron.', filename: 'a.txt' });
    vi.restoreAllMocks();
    const jobId = body.job.id;
    await receive('commonplace-jobs-dead', [{ id: 'killer', body: { jobId } }]);
    expect((await call(`/v1/jobs/${jobId}`, { token: ada.token })).body).toMatchObject({ status: 'queued' });
    const letter = await letterOf('killer');
    expect(letter).toMatchObject({ reason: 'undelivered', body: JSON.stringify({ jobId }) });
    expect((await ask(`/dead-letters/${letter?.id}/replay`, { method: 'POST' })).status).toBe(204);
    expect(await jobEnd(ada.token, jobId)).toMatchObject({ status: 'succeeded' });
    expect((await ask(`/dead-letters/${letter?.id}/replay`, { method: 'POST' })).status).toBe(404);
    expect(
      await entries(admin, { action: 'replayDeadLetter', objectId: letter?.id ?? '', outcome: 'succeeded' }),
    ).toHaveLength(1);
  });

  it('are sent once, however many administrators do so at the same time', async () => {
    await receive('commonplace-jobs-dead', [{ id: 'popular', body: { erasureId: crypto.randomUUID() } }]);
    const { id } = (await letterOf('popular')) ?? {};
    const answers = await Promise.all([1, 2, 3].map(() => ask(`/dead-letters/${id}/replay`, { method: 'POST' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 404, 404]);
  });

  it('are listed page by page, and forgotten after a month', async () => {
    await receive('commonplace-jobs', [
      { id: 'page-1', body: 1 },
      { id: 'page-2', body: 2 },
    ]);
    const first = await ask<Page<DeadLetter>>('/dead-letters?limit=1');
    expect(first.body.items).toMatchObject([{ messageId: 'page-2' }]);
    const second = await ask<Page<DeadLetter>>(`/dead-letters?limit=1&cursor=${first.body.nextCursor}`);
    expect(second.body.items).toMatchObject([{ messageId: 'page-1' }]);
    const oldest = await ask<Page<DeadLetter>>('/dead-letters?order=asc&limit=1');
    expect(oldest.body.items).not.toMatchObject([{ messageId: 'page-2' }]);
    pass(31 * 24 * 60 * 60_000);
    await tick();
    vi.useRealTimers();
    expect(await letters()).toEqual([]);
  });
});
