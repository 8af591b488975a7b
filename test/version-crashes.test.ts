import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newUser } from './support/actors.ts';
import { type Answer, call, send } from './support/app.ts';
import { deliver, loseWakeUps, pass } from './support/clockwork.ts';
import { listen } from './support/console.ts';
import { isolateThatDies } from './support/dying-isolate.ts';
import { type JobView, upload, uploadForm } from './support/library.ts';
import { unrecorded } from './support/statement-recorder.ts';
import { replace, restoreVersion, versionsOf } from './support/versions.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const HOURS_MS = 2 * 60 * 60_000;
const LEASE_MS = 2_500;
const NEVER = Number.POSITIVE_INFINITY;
const NOTE = 'The heron stood still.';
const NEWER = 'The egret flew away.';
const NEWEST = 'The stork came back.';

type Document = { token: string; id: string };
type Act = (document: Document, bindings: typeof env) => Promise<Answer<{ job?: JobView }>>;

/** Runs whatever is due until nothing is. */
async function settle(): Promise<void> {
  const due = unrecorded(env.DB).prepare('select id from processing_jobs where due_at is not null');
  for (let round = 0; round < 5; round++) {
    const { results } = await due.all<{ id: string }>();
    if (results.length === 0) return;
    for (const { id } of results) await deliver({ jobId: id });
    pass(LEASE_MS);
  }
  throw new Error('Something never ends.');
}

/** A document with two versions, both read. */
async function twoVersions(): Promise<Document> {
  const { token } = await newUser();
  const { body } = await upload({ token, content: NOTE, filename: 'a.txt' });
  const { id } = body.document;
  await settle();
  await replace(token, id, NEWER, 'a.txt');
  await settle();
  return { token, id };
}

/** What is found wrong some hours later. */
async function reconcile(token: string): Promise<string[]> {
  const { body } = await call<JobView>('/v1/maintenance/reconcile', { token, method: 'POST' });
  pass(HOURS_MS);
  await deliver({ jobId: body.id });
  vi.useRealTimers();
  const { result, status } = (await call<JobView>(`/v1/jobs/${body.id}`, { token })).body;
  expect(status).toBe('succeeded');
  return (result as { problems: { type: string }[] }).problems.map(({ type }) => type);
}

const ACTS: Record<string, Act> = {
  'hands in a version': ({ token, id }, bindings) => {
    const body = uploadForm({ content: NEWEST, filename: 'a.txt', fields: { versionOf: id } });
    return call('/v1/documents', { token, body, bindings });
  },
  'deletes a version': async ({ token, id }, bindings) => {
    const answer = await call(`/v1/documents/${id}/versions/1`, { method: 'DELETE', token, bindings });
    const { results } = await unrecorded(env.DB)
      .prepare("select id from processing_jobs where due_at is not null and type = 'delete_version'")
      .all<{ id: string }>();
    for (const job of results) await deliver({ jobId: job.id }, bindings);
    return answer;
  },
};

describe('an isolate that', () => {
  it.each(Object.entries(ACTS))('%s and dies on the way loses nothing that it accepted', async (_, act) => {
    loseWakeUps();
    const { stop } = listen();
    const { bindings, calls } = isolateThatDies(NEVER);
    await act(await twoVersions(), bindings);
    const count = calls();
    expect(count).toBeGreaterThan(2);
    for (let atCall = 0; atCall < count; atCall++) {
      const document = await twoVersions();
      const { token, id } = document;
      const { status } = await act(document, isolateThatDies(atCall).bindings);
      pass(LEASE_MS);
      await settle();
      const { items } = await versionsOf(token, id);
      const numbers = items.map(({ number }) => number);
      const where = `call ${atCall} of ${count}, answered with ${status}`;
      // What was accepted took effect; what was not may have.
      const before = JSON.stringify([2, 1]);
      if (status === 202) expect(JSON.stringify(numbers), where).not.toBe(before);
      expect([before, '[3,2,1]', '[2]'], where).toContain(JSON.stringify(numbers));
      vi.useRealTimers();
      for (const { number, sizeBytes } of items) {
        const content = await send(`/v1/documents/${id}/versions/${number}/content`, { token });
        expect((await content.arrayBuffer()).byteLength, where).toBe(sizeBytes);
      }
      expect((await call(`/v1/documents/${id}`, { token })).body.status, where).toBe('ready');
      expect(new Set([...(await reconcile(token)), 'orphan_object']), where).toEqual(new Set(['orphan_object']));
      expect(await reconcile(token), where).toEqual([]);
      if (numbers.includes(1)) expect((await restoreVersion(token, id, 1)).status, where).toBe(202);
      await settle();
      vi.useRealTimers();
    }
    stop();
  });
});
