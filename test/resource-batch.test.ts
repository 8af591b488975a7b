import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { deliver, forgetOpenJobs, loseWakeUps } from './support/clockwork.ts';
import { roundTrips } from './support/costs.ts';
import { article, fakeWeb, fetched, html, online, resource } from './support/fake-web.ts';

beforeEach(async () => {
  await forgetOpenJobs();
  loseWakeUps();
});
afterEach(() => vi.restoreAllMocks());

const take = (token: string, body: unknown) => call('/v1/resources/batch', { token, body, bindings: online });
const job = async (token: string, id: string) => (await call(`/v1/jobs/${id}`, { token })).body;
const itemsOf = async (token: string, id: string) =>
  (await call(`/v1/jobs/${id}/items?limit=200`, { token })).body.items;

/** Runs what is open of a batch, and what that makes. */
async function runAll(token: string, id: string): Promise<void> {
  for (let open = await itemsOf(token, id); open.length > 0; ) {
    for (const { jobId } of open) await deliver({ jobId }, online);
    open = (await itemsOf(token, id)).filter(({ status }: { status: string }) => status === 'queued');
  }
}

describe('a batch of addresses', () => {
  it('is fetched and read; what cannot be fetched keeps no other from it', async () => {
    const { token } = await newUser();
    const collection = (await call('/v1/collections', { token, body: { name: 'Birds' } })).body.id;
    fakeWeb({
      'a.example.com': () => html(article('heron')),
      'b.example.com': () => new Response('The kite hovers.', { headers: { 'content-type': 'text/plain' } }),
      'c.example.com': () => new Response('gone', { status: 404 }),
    });
    const urls = [
      'https://a.example.com/',
      'https://b.example.com/kite.txt',
      'https://c.example.com/',
      'https://a.example.com/#again',
      'ftp://a.example.com/',
      'http://127.0.0.1/',
    ];
    const accepted = await take(token, { urls, tags: ['Bird'], collectionId: collection });
    expect(accepted.status, JSON.stringify(accepted.body)).toBe(202);
    expect(roundTrips(accepted)).toBeLessThanOrEqual(3);
    const { id } = accepted.body.job;
    expect(accepted.body.job).toMatchObject({ type: 'batch', totalItems: 5, processedItems: 2, failedItems: 2 });
    await runAll(token, id);
    expect(await job(token, id)).toMatchObject({
      status: 'succeeded',
      totalItems: 7,
      processedItems: 7,
      failedItems: 3,
    });
    const items = await itemsOf(token, id);
    expect(items.map((item: any) => [item.filename, item.status, item.error?.code])).toEqual(
      expect.arrayContaining([
        ['https://a.example.com/', 'succeeded', undefined],
        ['https://b.example.com/kite.txt', 'succeeded', undefined],
        ['https://c.example.com/', 'failed', 'http_404'],
        ['ftp://a.example.com/', 'failed', 'invalid_url'],
        ['kite.txt', 'succeeded', undefined],
      ]),
    );
    const read = items.filter(({ type }: any) => type === 'process_document');
    for (const { documentId } of read) {
      const { body } = await call(`/v1/documents/${documentId}`, { token });
      expect(body).toMatchObject({ status: 'ready', tags: ['Bird'], collectionIds: [collection] });
    }
    const { body: page } = await call('/v1/resources', { token });
    expect(page.items).toHaveLength(3);
  });

  it('looks again at what is known, and makes nothing twice', async () => {
    const { token } = await newUser();
    fakeWeb({ 'a.example.com': () => html(article('heron')), 'b.example.com': () => html(article('kite')) });
    const { resource: known } = await fetched(token, { url: 'https://a.example.com/' });
    const { body } = await take(token, { urls: ['https://a.example.com/', 'https://b.example.com/'] });
    await runAll(token, body.job.id);
    expect(await job(token, body.job.id)).toMatchObject({ status: 'succeeded', failedItems: 0 });
    expect((await call('/v1/documents', { token })).body.items).toHaveLength(2);
    expect(await resource(token, known.id)).toMatchObject({ status: 'ready', usage: { fetches: 2 } });
  });

  it('is cancelled and retried as a whole, at the cost of one commit each', async () => {
    const { token } = await newUser();
    fakeWeb({ 'a.example.com': () => html(article('heron')) });
    const urls = Array.from({ length: 300 }, (_, i) => `https://a.example.com/${i}`);
    const { body } = await take(token, { urls });
    const [first] = await itemsOf(token, body.job.id);
    await deliver({ jobId: first.jobId }, online);
    const cancelled = await call(`/v1/jobs/${body.job.id}/cancel`, { method: 'POST', token });
    expect(cancelled.body).toMatchObject({ status: 'cancelled', processedItems: 301 });
    expect(roundTrips(cancelled)).toBeLessThanOrEqual(4);
    const [, second] = await itemsOf(token, body.job.id);
    expect(await resource(token, second.resourceId)).toMatchObject({ status: 'failed', error: { code: 'cancelled' } });
    const retried = await call(`/v1/jobs/${body.job.id}/retry`, { method: 'POST', token });
    expect(retried.body).toMatchObject({ status: 'running', processedItems: 1 });
    await deliver({ jobId: second.jobId }, online);
    expect(await resource(token, second.resourceId)).toMatchObject({ status: 'ready', error: null });
  });

  it('into a collection that is not there is refused', async () => {
    const { token } = await newUser();
    const refused = await take(token, { urls: ['https://a.example.com/'], collectionId: crypto.randomUUID() });
    expect([refused.status, refused.body.errors]).toMatchObject([422, [{ path: 'collectionId' }]]);
    expect((await take(token, { urls: [] })).status).toBe(422);
    expect((await call('/v1/resources', { token })).body.items).toEqual([]);
    expect((await call('/v1/jobs', { token })).body.items).toEqual([]);
  });
});
