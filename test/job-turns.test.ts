import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { newAdmin, newUser, type TestUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { deliver, forgetOpenJobs, loseWakeUps, pass } from './support/clockwork.ts';
import { listen } from './support/console.ts';
import { tick } from './support/cron.ts';
import { type JobView, jobEnd, upload } from './support/library.ts';

const isolate = (variables: Record<string, string>): typeof env => ({ ...env, ...variables });

beforeEach(forgetOpenJobs);

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Uploads files whose wake-ups are all lost. @returns ids of their jobs. */
async function uploadUnnoticed({ token }: TestUser, count: number): Promise<string[]> {
  const isHeard = !vi.isMockFunction(env.JOBS.sendBatch);
  const lost = loseWakeUps();
  const jobIds: string[] = [];
  for (let number = 1; number <= count; number++) {
    const { body } = await upload({ token, content: `The heron, number ${number}.`, filename: `${number}.txt` });
    jobIds.push(body.job.id);
  }
  if (isHeard) lost.mockRestore();
  return jobIds;
}

const statusOf = async ({ token }: TestUser, id: string) =>
  (await call<JobView>(`/v1/jobs/${id}`, { token })).body.status;
const statuses = (user: TestUser, ids: string[]) => Promise.all(ids.map((id) => statusOf(user, id)));

/** Lets attempts begin and then wait in the middle, until they are let go. */
function hold() {
  const gate = Promise.withResolvers<void>();
  const { get } = env.FILES;
  vi.spyOn(env.FILES, 'get').mockImplementation(async (...args) => {
    await gate.promise;
    return get.apply(env.FILES, args as never);
  });
  return gate.resolve;
}

/** Gives the message to a worker, and comes back when that has taken the job. */
async function begin(user: TestUser, { jobId, bindings }: { jobId: string; bindings: typeof env }) {
  const ended = deliver({ jobId }, bindings);
  await vi.waitFor(async () => expect(await statusOf(user, jobId)).toBe('running'));
  return ended;
}

describe('whose turn it is', () => {
  it('somebody else’s: one file does not wait for all those that were there before', async () => {
    const [busy, other] = await Promise.all([newUser(), newUser()]);
    const lost = loseWakeUps();
    const many = await uploadUnnoticed(busy, 6);
    await deliver({ jobId: many[0] });
    const [one = ''] = await uploadUnnoticed(other, 1);
    // Only messages of the other's jobs arrive.
    await deliver({ jobId: many[1] });
    await deliver({ jobId: many[2] });
    expect(await statusOf(other, one)).toBe('succeeded');
    expect((await statuses(busy, many)).filter((status) => status === 'queued')).toHaveLength(3);
    lost.mockRestore();
    for (const jobId of many) await deliver({ jobId });
    expect(new Set(await statuses(busy, many))).toEqual(new Set(['succeeded']));
  });

  it('of a user’s jobs only so many run at once, and none that waits is forgotten', async () => {
    const bindings = isolate({ JOBS_PER_USER: '2' });
    const user = await newUser();
    const [first = '', second = '', third = '', fourth = ''] = await uploadUnnoticed(user, 4);
    const letGo = hold();
    const running = [begin(user, { jobId: first, bindings }), begin(user, { jobId: second, bindings })];
    await vi.waitFor(async () => expect(await statuses(user, [first, second])).toEqual(['running', 'running']));
    // There is no place for it, and its message is used up.
    expect((await deliver({ jobId: third }, bindings)).outcome).toBe('ok');
    expect(await statuses(user, [third, fourth])).toEqual(['queued', 'queued']);

    const sent = vi.spyOn(env.JOBS, 'sendBatch');
    letGo();
    await Promise.all(running);
    expect(sent).toHaveBeenCalled();
    for (const id of [third, fourth]) expect(await jobEnd(user.token, id)).toMatchObject({ status: 'succeeded' });
  });

  it('of all jobs only so many run at once; whoever ends wakes the next', async () => {
    const bindings = isolate({ JOBS_AT_ONCE: '1' });
    const [ada, bob] = await Promise.all([newUser(), newUser()]);
    const [hers = ''] = await uploadUnnoticed(ada, 1);
    const [his = ''] = await uploadUnnoticed(bob, 1);
    const letGo = hold();
    const running = begin(ada, { jobId: hers, bindings });
    await vi.waitFor(async () => expect(await statusOf(ada, hers)).toBe('running'));
    await deliver({ jobId: his }, bindings);
    expect(await statusOf(bob, his)).toBe('queued');
    letGo();
    await running;
    expect(await jobEnd(bob.token, his)).toMatchObject({ status: 'succeeded', attempts: 1 });
  });

  it('a batch has no place of its own: its items run, however many batches are open', async () => {
    const bindings = isolate({ JOBS_PER_USER: '1' });
    const { token } = await newUser();
    const lost = loseWakeUps();
    const batches: string[] = [];
    for (let number = 0; number < 2; number++) {
      const form = new FormData();
      form.append('file', new File([`The heron, number ${number}.`], 'a.txt'));
      form.append('file', new File([`The egret, number ${number}.`], 'b.txt'));
      batches.push((await call('/v1/documents/batch', { token, body: form })).body.job.id);
    }
    const { body } = await call('/v1/jobs?type=process_document', { token });
    expect(body.items).toHaveLength(4);
    for (const { id } of body.items) await deliver({ jobId: id }, bindings);
    for (const id of batches) expect(await jobEnd(token, id)).toMatchObject({ status: 'succeeded', processedItems: 2 });
    lost.mockRestore();
  });

  it('a place that a cancelled job leaves is passed on', async () => {
    const bindings = isolate({ JOBS_PER_USER: '1' });
    const user = await newUser();
    const [first = '', second = ''] = await uploadUnnoticed(user, 2);
    const letGo = hold();
    const running = begin(user, { jobId: first, bindings });
    await vi.waitFor(async () => expect(await statusOf(user, first)).toBe('running'));
    await deliver({ jobId: second }, bindings);
    await call(`/v1/jobs/${first}/cancel`, { token: user.token, method: 'POST' });
    letGo();
    await running;
    expect(await statusOf(user, first)).toBe('cancelled');
    expect(await jobEnd(user.token, second)).toMatchObject({ status: 'succeeded' });
  });

  it('how many of a user run at once is a setting, which is changed while they run', async () => {
    const [admin, user] = [await newAdmin(), await newUser()];
    const set = (value: number) =>
      call('/v1/admin/settings/jobsPerUser', { token: admin.token, method: 'PATCH', body: { value } });
    expect((await set(1)).status).toBe(200);
    const [first = '', second = ''] = await uploadUnnoticed(user, 2);
    const letGo = hold();
    const running = [begin(user, { jobId: first, bindings: env })];
    await vi.waitFor(async () => expect(await statusOf(user, first)).toBe('running'));
    await deliver({ jobId: second });
    expect(await statusOf(user, second)).toBe('queued');
    expect((await set(2)).status).toBe(200);
    running.push(begin(user, { jobId: second, bindings: env }));
    await vi.waitFor(async () => expect(await statusOf(user, second)).toBe('running'));
    letGo();
    await Promise.all(running);
    expect(await statuses(user, [first, second])).toEqual(['succeeded', 'succeeded']);
    expect((await set(0)).status).toBe(422);
    await call('/v1/admin/settings/jobsPerUser', { token: admin.token, method: 'DELETE' });
  });
});

describe('what nobody woke', () => {
  it('is found by one sweep however much it is, without a flood of messages', async () => {
    const admin = await newAdmin();
    const user = await newUser();
    const all = await uploadUnnoticed(user, 6);
    const set = (value: number) =>
      call('/v1/admin/settings/jobsAtOnce', { token: admin.token, method: 'PATCH', body: { value } });
    await set(2);
    pass(10_000);
    const sending = loseWakeUps();
    await tick();
    const sent = sending.mock.calls.flatMap(([messages]) => [...messages].map(({ body }) => body));
    sending.mockRestore();
    expect(sent).toHaveLength(2);
    for (const body of sent) await deliver(body);
    for (const id of all) expect(await jobEnd(user.token, id)).toMatchObject({ status: 'succeeded', attempts: 1 });
    await call('/v1/admin/settings/jobsAtOnce', { token: admin.token, method: 'DELETE' });
  });

  it('with its worker dead, is queued again and woken by the next sweep', async () => {
    const user = await newUser();
    const [jobId = ''] = await uploadUnnoticed(user, 1);
    await env.DB.prepare(
      "update processing_jobs set status = 'running', attempts = 1, lease_token = 'dead', due_at = ? where id = ?",
    )
      .bind(Date.now() - 1, jobId)
      .run();
    await tick();
    expect(await jobEnd(user.token, jobId)).toMatchObject({ status: 'succeeded', attempts: 2 });
  });
});

describe('the cost of a document', () => {
  it('is at most 12 round trips, with its turn and its steps', async () => {
    const user = await newUser();
    const [jobId = ''] = await uploadUnnoticed(user, 1);
    const { lines, stop } = listen();
    await deliver({ jobId });
    stop();
    const line = lines.map((text) => JSON.parse(text)).find((entry) => entry.jobId === jobId);
    expect(line).toMatchObject({ outcome: 'succeeded' });
    expect(line.roundTrips).toBeLessThanOrEqual(12);
  });
});
