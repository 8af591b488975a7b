import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newUser, type TestUser } from './support/actors.ts';
import { call, send } from './support/app.ts';
import { deliver, loseWakeUps } from './support/clockwork.ts';
import { roundTrips } from './support/costs.ts';
import { isolateInterrupted } from './support/dying-isolate.ts';
import { type DocumentView, type JobView, jobEnd, upload } from './support/library.ts';

const NOTE = 'The heron stood in the shallow water and waited for the fish to forget about it.';

afterEach(() => vi.restoreAllMocks());

/** Uploads while the wake-up gets lost on its way. */
async function uploadUnnoticed({ token }: TestUser, content = NOTE) {
  const lost = loseWakeUps();
  const { body } = await upload({ token, content, filename: 'heron.txt' });
  lost.mockRestore();
  return body;
}

const jobOf = ({ token }: TestUser, id: string) => call<JobView>(`/v1/jobs/${id}`, { token });
const retry = ({ token }: TestUser, id: string) => call<JobView>(`/v1/jobs/${id}/retry`, { token, method: 'POST' });
const found = async ({ token }: TestUser, documentId: string) =>
  (await call(`/v1/search?q=heron&documentId=${documentId}`, { token })).body.items;
const documentOf = async ({ token }: TestUser, id: string) =>
  (await call<DocumentView>(`/v1/documents/${id}`, { token })).body;

/** What the archive was asked for, by the last part of its keys. */
const readFiles = () => {
  const reads = vi.spyOn(env.FILES, 'get');
  return () => reads.mock.calls.map(([key]) => key.split('/').at(-1));
};

/** Lets no file of this name be stored. */
function refuseToStore(name: string) {
  const { put } = env.FILES;
  return vi.spyOn(env.FILES, 'put').mockImplementation(async (...args) => {
    if (args[0].endsWith(name)) throw new Error('network connection lost');
    return put.apply(env.FILES, args as never);
  });
}

describe('the steps of a job', () => {
  it('are shown before, while and after it runs, with times and counts, for one round trip', async () => {
    const user = await newUser();
    const { job } = await uploadUnnoticed(user);
    const before = (await jobOf(user, job.id)).body;
    expect(before.steps.map(({ name, status }) => [name, status])).toEqual([
      ['read', 'pending'],
      ['embed', 'pending'],
      ['index', 'pending'],
    ]);

    let during: JobView | undefined;
    const { put } = env.FILES;
    vi.spyOn(env.FILES, 'put').mockImplementation(async (...args) => {
      if (args[0].endsWith('embeddings.bin')) during = (await jobOf(user, job.id)).body;
      return put.apply(env.FILES, args as never);
    });
    await deliver({ jobId: job.id });
    expect(during).toMatchObject({ status: 'running', step: 'embed', totalItems: 1, processedItems: 1 });
    expect(during?.steps).toMatchObject([
      { name: 'read', status: 'succeeded', processedItems: 1, totalItems: 1 },
      { name: 'embed', status: 'running', finishedAt: null, processedItems: 1, totalItems: 1 },
      { name: 'index', status: 'pending', startedAt: null, durationMs: null },
    ]);

    const answer = await jobOf(user, job.id);
    expect(roundTrips(answer)).toBe(1);
    expect(answer.body).toMatchObject({ status: 'succeeded', progressPercentage: 100 });
    const times = answer.body.steps.flatMap(({ startedAt, finishedAt }) => [startedAt ?? '', finishedAt ?? '']);
    expect(times).toHaveLength(6);
    expect(times).toEqual([...times].sort());
    for (const step of answer.body.steps) {
      expect(step).toMatchObject({ status: 'succeeded', processedItems: 1, totalItems: 1 });
      expect(step.durationMs).toBe(Date.parse(step.finishedAt ?? '') - Date.parse(step.startedAt ?? ''));
    }
  });

  it('say which one failed; a retry goes on there, and reads nothing again', async () => {
    const user = await newUser();
    const { job, document } = await uploadUnnoticed(user);
    await env.DB.prepare('update processing_jobs set attempts = 9 where id = ?').bind(job.id).run();
    const refusing = refuseToStore('embeddings.bin');
    await deliver({ jobId: job.id });
    refusing.mockRestore();
    const failed = (await jobOf(user, job.id)).body;
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'attempts_exhausted' } });
    expect(failed.steps.map(({ status }) => status)).toEqual(['succeeded', 'failed', 'pending']);
    expect(await documentOf(user, document.id)).toMatchObject({ status: 'failed' });

    const names = readFiles();
    expect((await retry(user, job.id)).status).toBe(200);
    const ended = await jobEnd(user.token, job.id);
    expect(ended).toMatchObject({ status: 'succeeded', attempts: 1, error: null });
    expect(names()).toContain('reading.json');
    expect(names()).not.toContain('original');
    expect(ended.steps[0]).toEqual(failed.steps[0]);
    expect(ended.steps[1]).toMatchObject({ startedAt: failed.steps[1]?.startedAt, status: 'succeeded' });
    expect(await found(user, document.id)).toHaveLength(1);
  });

  it('wait while the next attempt does, and begin anew what is done once more', async () => {
    const user = await newUser();
    const { job, document } = await uploadUnnoticed(user);
    const refusing = refuseToStore('embeddings.bin');
    await deliver({ jobId: job.id });
    refusing.mockRestore();
    const waiting = (await jobOf(user, job.id)).body;
    expect(waiting).toMatchObject({ status: 'queued', error: { code: 'temporary' } });
    expect(waiting.steps.map(({ status }) => status)).toEqual(['succeeded', 'waiting', 'pending']);

    // What was read is lost meanwhile.
    const { objects } = await env.FILES.list({ prefix: `owners/${user.user.id}/documents/${document.id}/` });
    await env.FILES.delete(objects.map(({ key }) => key).filter((key) => key.endsWith('reading.json')));
    const ended = await jobEnd(user.token, job.id);
    expect(ended).toMatchObject({ status: 'succeeded', attempts: 2 });
    expect(ended.steps.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'read succeeded',
      'embed succeeded',
      'index succeeded',
    ]);
    expect(Date.parse(ended.steps[0]?.startedAt ?? '')).toBeGreaterThan(Date.parse(waiting.steps[0]?.startedAt ?? ''));
  });
});

describe('cancelling', () => {
  it('takes effect wherever the job is; document, search and a retry agree afterwards', async () => {
    const user = await newUser();
    const outcomes: string[] = [];
    for (let atCall = 0, isDone = false; !isDone; atCall++) {
      const { job, document } = await uploadUnnoticed(user, `${NOTE} Number ${atCall}.`);
      const { bindings, calls } = isolateInterrupted(atCall, () =>
        call(`/v1/jobs/${job.id}/cancel`, { token: user.token, method: 'POST' }),
      );
      await deliver({ jobId: job.id }, bindings);
      isDone = calls() <= atCall;
      const { status, steps } = (await jobOf(user, job.id)).body;
      outcomes.push(status);
      const { status: state, error } = await documentOf(user, document.id);
      const hits = await found(user, document.id);
      if (status === 'succeeded') {
        expect([state, hits.length], `at call ${atCall}`).toEqual(['ready', 1]);
      } else {
        expect([status, state, error?.code, hits.length], `at call ${atCall}`).toEqual([
          'cancelled',
          'failed',
          'cancelled',
          0,
        ]);
        expect(steps.filter((step) => step.status === 'running')).toEqual([]);
        await retry(user, job.id);
        expect(await jobEnd(user.token, job.id), `at call ${atCall}`).toMatchObject({ status: 'succeeded' });
        expect(await documentOf(user, document.id)).toMatchObject({ status: 'ready', error: null });
      }
    }
    expect(outcomes.filter((status) => status === 'cancelled').length).toBeGreaterThan(10);
    expect(outcomes.at(-1)).toBe('succeeded');
    const started = await call<JobView>('/v1/maintenance/reconcile', { token: user.token, method: 'POST' });
    const { result } = await jobEnd(user.token, started.body.id);
    expect(result).toMatchObject({ documents: outcomes.length, problemCount: 0 });
  });
});

describe('following', () => {
  const follow = ({ token }: TestUser, id: string, lastEventId?: string) =>
    send(`/v1/jobs/${id}/events`, { token, ...(lastEventId && { headers: { 'last-event-id': lastEventId } }) });
  const eventsIn = (text: string) =>
    text
      .trim()
      .split('\n\n')
      .map((event) => Object.fromEntries(event.split('\n').map((line) => line.split(/: (.*)/s))));

  it('goes on behind the last event that was seen, and says no more once the end was', async () => {
    const user = await newUser();
    const { job } = await uploadUnnoticed(user);
    const whole = follow(user, job.id).then((response) => response.text());
    await deliver({ jobId: job.id });
    const events = eventsIn(await whole);
    expect(events[0]).toMatchObject({ event: 'progress', id: '1', retry: '1000' });
    const last = events.at(-1) ?? {};
    expect(JSON.parse(last.data).steps).toHaveLength(3);

    const resumed = eventsIn(await (await follow(user, job.id, String(Number(last.id) - 1))).text());
    expect(resumed).toEqual([last]);
    const over = await follow(user, job.id, last.id);
    expect([over.status, await over.text()]).toEqual([204, '']);
    for (const nonsense of ['NaN', '-1', '1e99', `${2 ** 60}0000`, 'x'.repeat(500)]) {
      expect(eventsIn(await (await follow(user, job.id, nonsense)).text()), nonsense).toEqual([last]);
    }
  });

  it('shows nobody another’s job', async () => {
    const [user, stranger] = await Promise.all([newUser(), newUser()]);
    const { job } = await uploadUnnoticed(user);
    expect((await follow(stranger, job.id)).status).toBe(404);
    await deliver({ jobId: job.id });
  });
});
