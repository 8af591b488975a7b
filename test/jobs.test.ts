import {
  createExecutionContext,
  createMessageBatch,
  createScheduledController,
  getQueueResult,
  waitOnExecutionContext,
} from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import worker from '../src/index.ts';
import { newUser } from './support/actors.ts';
import { call, send } from './support/app.ts';
import { type JobView, jobEnd, upload, uploaded } from './support/library.ts';
import { unrecorded } from './support/statement-recorder.ts';

const NOTE = 'The heron stood in the shallow water and waited for the fish to forget about it.';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Uploads while every wake-up gets lost on its way. */
async function uploadUnnoticed(token: string) {
  const lost = vi.spyOn(env.JOBS, 'sendBatch').mockResolvedValue(undefined as never);
  const accepted = await upload({ token, content: NOTE, filename: 'heron.txt' });
  lost.mockRestore();
  return accepted.body;
}

/** The clock, moved forward; timers stay real. */
function later(milliseconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + milliseconds });
}

async function sweep(): Promise<void> {
  const context = createExecutionContext();
  await worker.scheduled(createScheduledController({ cron: '* * * * *' }), env, context);
  await waitOnExecutionContext(context);
}

async function deliver(jobId: string) {
  const batch = createMessageBatch('commonplace-jobs', [
    { id: crypto.randomUUID(), timestamp: new Date(), attempts: 1, body: { jobId } },
  ]);
  const context = createExecutionContext();
  await worker.queue(batch, env, context);
  return getQueueResult(batch, context);
}

const job = async (token: string, id: string) => (await call<JobView>(`/v1/jobs/${id}`, { token })).body;

const found = async (token: string) => (await call('/v1/search?q=heron', { token })).body.items;

/** Leaves the job as a worker that died in the middle of its first attempt would. */
const abandon = (jobId: string) =>
  env.DB.prepare(
    "UPDATE processing_jobs SET status = 'running', attempts = 1, lease_token = 'dead', due_at = ? WHERE id = ?",
  )
    .bind(Date.now() - 60_000, jobId)
    .run();

describe('nothing accepted is lost', () => {
  it('a job whose wake-up was lost is found by the sweep', async () => {
    const { token } = await newUser();
    const accepted = await uploadUnnoticed(token);
    await sweep();
    expect(await job(token, accepted.job.id)).toMatchObject({ status: 'queued', attempts: 0 });
    later(10_000);
    await sweep();
    expect(await jobEnd(token, accepted.job.id)).toMatchObject({ status: 'succeeded', attempts: 1 });
    expect(await found(token)).toHaveLength(1);
  });

  it('a job whose worker died is taken over when its lease has run out', async () => {
    const { token } = await newUser();
    const accepted = await uploadUnnoticed(token);
    await abandon(accepted.job.id);
    await sweep();
    expect(await jobEnd(token, accepted.job.id)).toMatchObject({ status: 'succeeded', attempts: 2 });
    expect(await found(token)).toHaveLength(1);
  });

  it('a message that comes many times at once does the work once', async () => {
    const { token } = await newUser();
    const accepted = await uploadUnnoticed(token);
    const results = await Promise.all(Array.from({ length: 8 }, () => deliver(accepted.job.id)));
    for (const result of results) expect(result.outcome).toBe('ok');
    expect(await job(token, accepted.job.id)).toMatchObject({ status: 'succeeded', attempts: 1 });
    expect(await found(token)).toHaveLength(1);
  });

  it('a message for a job that has ended, or that never was, changes nothing', async () => {
    const { token } = await newUser();
    const { job: done } = await uploaded({ token, content: NOTE, filename: 'heron.txt' });
    const before = await job(token, done.id);
    await deliver(done.id);
    await deliver(crypto.randomUUID());
    expect(await job(token, done.id)).toEqual(before);
  });

  it('a message that is none is dropped', async () => {
    const batch = createMessageBatch('commonplace-jobs', [
      { id: 'x', timestamp: new Date(), attempts: 1, body: { jobId: "'; DROP TABLE users" } },
    ]);
    const context = createExecutionContext();
    await worker.queue(batch, env, context);
    expect((await getQueueResult(batch, context)).explicitAcks).toEqual(['x']);
  });
});

describe('failures', () => {
  it('a failure that may pass is tried again, from the step that failed', async () => {
    const { token } = await newUser();
    const accepted = await uploadUnnoticed(token);
    const failing = vi.spyOn(env.FILES, 'put').mockImplementation((key: string) => {
      throw new Error(`put ${key.split('/').at(-1)}: network connection lost`);
    });
    await deliver(accepted.job.id);
    expect(await job(token, accepted.job.id)).toMatchObject({
      status: 'queued',
      attempts: 1,
      error: { code: 'temporary' },
    });
    failing.mockRestore();

    const reads = vi.spyOn(env.FILES, 'get');
    expect(await jobEnd(token, accepted.job.id)).toMatchObject({ status: 'succeeded', attempts: 2, error: null });
    expect(reads.mock.calls.length).toBeGreaterThan(0);
    expect(await found(token)).toHaveLength(1);
  });

  it('a job that fails again and again ends with a reason, and can be retried by hand', async () => {
    const { token } = await newUser();
    const accepted = await uploadUnnoticed(token);
    await env.DB.prepare('UPDATE processing_jobs SET attempts = 10 WHERE id = ?').bind(accepted.job.id).run();
    const failing = vi.spyOn(env.FILES, 'get').mockRejectedValue(new Error('network connection lost'));
    await deliver(accepted.job.id);
    failing.mockRestore();
    expect(await job(token, accepted.job.id)).toMatchObject({
      status: 'failed',
      error: { code: 'attempts_exhausted' },
    });
    const document = await call(`/v1/documents/${accepted.document.id}`, { token });
    expect(document.body).toMatchObject({ status: 'failed', error: { code: 'attempts_exhausted' } });

    const retried = await call(`/v1/jobs/${accepted.job.id}/retry`, { token, method: 'POST' });
    expect(retried.status).toBe(200);
    expect(await jobEnd(token, accepted.job.id)).toMatchObject({ status: 'succeeded', attempts: 1 });
    expect(await found(token)).toHaveLength(1);
    const again = await call(`/v1/jobs/${accepted.job.id}/retry`, { token, method: 'POST' });
    expect(again).toMatchObject({ status: 409, body: { code: 'job_not_retryable' } });
  });
});

describe('cancelling', () => {
  it('a queued job stops, its document says so, and a retry reads it after all', async () => {
    const { token } = await newUser();
    const accepted = await uploadUnnoticed(token);
    const cancelled = await call(`/v1/jobs/${accepted.job.id}/cancel`, { token, method: 'POST' });
    expect(cancelled.body).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' } });
    await deliver(accepted.job.id);
    expect(await found(token)).toEqual([]);
    const document = await call(`/v1/documents/${accepted.document.id}`, { token });
    expect(document.body).toMatchObject({ status: 'failed', error: { code: 'cancelled' } });
    const twice = await call(`/v1/jobs/${accepted.job.id}/cancel`, { token, method: 'POST' });
    expect(twice).toMatchObject({ status: 409, body: { code: 'job_ended' } });

    await call(`/v1/jobs/${accepted.job.id}/retry`, { token, method: 'POST' });
    expect(await jobEnd(token, accepted.job.id)).toMatchObject({ status: 'succeeded' });
    expect(await found(token)).toHaveLength(1);
  });

  it('a running attempt cannot finish a job that was cancelled under it', async () => {
    const { token } = await newUser();
    const accepted = await uploadUnnoticed(token);
    const { get } = env.FILES;
    vi.spyOn(env.FILES, 'get').mockImplementationOnce(async (...args) => {
      await call(`/v1/jobs/${accepted.job.id}/cancel`, { token, method: 'POST' });
      return get.apply(env.FILES, args as never);
    });
    await deliver(accepted.job.id);
    expect(await job(token, accepted.job.id)).toMatchObject({ status: 'cancelled' });
    expect(await found(token)).toEqual([]);
  });
});

describe('watching', () => {
  it('streams the states of a job until it ends', async () => {
    const { token } = await newUser();
    const accepted = await uploadUnnoticed(token);
    const response = await send(`/v1/jobs/${accepted.job.id}/events`, { token });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const text = response.text();
    await deliver(accepted.job.id);
    const events = (await text)
      .trim()
      .split('\n\n')
      .map((event) => Object.fromEntries(event.split('\n').map((line) => line.split(/: (.*)/s))));
    expect(events[0]).toMatchObject({ event: 'progress' });
    expect(events.at(-1)).toMatchObject({ event: 'end' });
    expect(JSON.parse(events.at(-1)?.data ?? '{}')).toMatchObject({ id: accepted.job.id, status: 'succeeded' });
    const ids = events.map((event) => Number(event.id));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
  });

  it('lists the jobs of a document, and filters by status', async () => {
    const { token } = await newUser();
    const { document, job: done } = await uploaded({ token, content: NOTE, filename: 'heron.txt' });
    const { body } = await call(`/v1/jobs?documentId=${document.id}&status=succeeded`, { token });
    expect(body.items).toMatchObject([{ type: 'analyse_document' }, { type: 'process_document', id: done.id }]);
    expect((await call('/v1/jobs?status=failed', { token })).body.items).toEqual([]);
  });
});

describe('reconciliation', () => {
  type Report = { documents: number; problemCount: number; problems: { type: string }[] };

  const reconcile = async (token: string) => {
    const started = await call<JobView>('/v1/maintenance/reconcile', { token, method: 'POST' });
    expect(started.status).toBe(202);
    return (await jobEnd(token, started.body.id)).result as Report;
  };

  it('finds nothing in a healthy library', async () => {
    const { token } = await newUser();
    await uploaded({ token, content: NOTE, filename: 'heron.txt' });
    expect(await reconcile(token)).toMatchObject({ documents: 1, problemCount: 0 });
  });

  it('finds and mends what was damaged behind its back', async () => {
    const { user, token } = await newUser();
    const index = env.LIBRARY_INDEX.get(env.LIBRARY_INDEX.idFromName(user.id));
    const [unindexed, gutted, abandoned] = await Promise.all(
      ['one', 'two', 'three'].map((name) =>
        uploaded({ token, content: `${NOTE} Number ${name}.`, filename: `${name}.txt` }),
      ),
    );
    if (!unindexed || !gutted || !abandoned) throw new Error('unreachable');
    await index.clear();
    const files = await env.FILES.list({ prefix: `owners/${user.id}/documents/${gutted.document.id}/` });
    await env.FILES.delete(files.objects.map(({ key }) => key).filter((key) => key.endsWith('embeddings.bin')));
    await env.DB.prepare("UPDATE documents SET status = 'processing' WHERE id = ?").bind(abandoned.document.id).run();
    const orphan = `owners/${user.id}/documents/${crypto.randomUUID()}/1/original`;
    await env.FILES.put(orphan, 'left behind');

    const unnoticed = vi.spyOn(env.JOBS, 'sendBatch').mockResolvedValue(undefined as never);
    const started = await call<JobView>('/v1/maintenance/reconcile', { token, method: 'POST' });
    unnoticed.mockRestore();
    // Young objects may belong to an upload that is still under way.
    later(2 * 60 * 60_000);
    await deliver(started.body.id);
    const mending = unrecorded(env.DB).prepare('SELECT id FROM processing_jobs WHERE due_at IS NOT NULL');
    for (const { id } of (await mending.all<{ id: string }>()).results) await deliver(id);
    vi.useRealTimers();
    const report = (await jobEnd(token, started.body.id)).result as Report;
    expect(new Set(report.problems.map((problem) => problem.type))).toEqual(
      new Set(['not_indexed', 'missing_object', 'abandoned', 'orphan_object']),
    );
    expect(await found(token)).toHaveLength(3);
    expect(await env.FILES.head(orphan)).toBeNull();
    expect(await reconcile(token)).toMatchObject({ problemCount: 0 });
  });
});
