import { env } from 'cloudflare:workers';
import { strToU8, zipSync } from 'fflate';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { deliver, loseWakeUps, pass } from './support/clockwork.ts';
import { roundTrips } from './support/costs.ts';
import { jobEnd } from './support/library.ts';
import { unrecorded } from './support/statement-recorder.ts';

const database = unrecorded(env.DB);

type Item = {
  jobId: string;
  documentId: string | null;
  parentDocumentId: string | null;
  filename: string | null;
  status: string;
  documentStatus: string | null;
  error: { code: string } | null;
};

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A form with many files. */
function batchForm(
  files: [name: string, content: string | Uint8Array][],
  fields: Record<string, string> = {},
): FormData {
  const form = new FormData();
  for (const [name, content] of files) form.append('file', new File([content], name));
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return form;
}

const uploadBatch = (token: string, form: FormData, headers: Record<string, string> = {}) =>
  call('/v1/documents/batch', { token, body: form, headers });

const job = async (token: string, id: string) => (await call(`/v1/jobs/${id}`, { token })).body;

async function itemsOf(token: string, jobId: string, query = ''): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: any = await call(`/v1/jobs/${jobId}/items?limit=200${query}${cursor && `&cursor=${cursor}`}`, {
      token,
    });
    expect(page.status, JSON.stringify(page.body)).toBe(200);
    items.push(...page.body.items);
    cursor = page.body.nextCursor;
  }
  return items;
}

const notes = (count: number): [string, string][] =>
  Array.from({ length: count }, (_, i) => [`note-${i}.txt`, `Note ${i} tells of the heron number${i}.`]);

describe('a batch', () => {
  it('of good and bad files reads the good ones and says of each bad one why it is none', async () => {
    const { token } = await newUser();
    const collection = (await call('/v1/collections', { token, body: { name: 'Inbox' } })).body.id;
    const form = batchForm(
      [...notes(3), ['empty.txt', ''], ['broken.pdf', '%PDF-1.4 nothing'], ['zeros.bin', new Uint8Array(4000)]],
      { tags: 'Birds, Water', collectionId: collection, profile: 'policy', metadata: '{"source":"scanner"}' },
    );
    const accepted = await uploadBatch(token, form);
    expect(accepted.status, JSON.stringify(accepted.body)).toBe(202);
    expect(roundTrips(accepted)).toBeLessThanOrEqual(2);
    expect(accepted.body.job).toMatchObject({ type: 'batch', totalItems: 6, processedItems: 1, failedItems: 1 });
    expect(accepted.headers.get('location')).toBe(`/v1/jobs/${accepted.body.job.id}`);

    const ended = await jobEnd(token, accepted.body.job.id);
    expect(ended).toMatchObject({
      status: 'succeeded',
      progressPercentage: 100,
      totalItems: 6,
      processedItems: 6,
      failedItems: 3,
      estimatedSecondsRemaining: null,
      error: null,
    });
    const items = await itemsOf(token, ended.id);
    expect(items.map(({ filename, status, error }) => [filename, status, error?.code])).toEqual([
      ['note-0.txt', 'succeeded', undefined],
      ['note-1.txt', 'succeeded', undefined],
      ['note-2.txt', 'succeeded', undefined],
      ['broken.pdf', 'failed', 'malformed'],
      ['zeros.bin', 'failed', 'unsupported_format'],
      ['empty.txt', 'failed', 'empty'],
    ]);
    const { body: document } = await call(`/v1/documents/${items[0]?.documentId}`, { token });
    expect(document).toMatchObject({
      title: 'note-0',
      profile: 'policy',
      tags: ['Birds', 'Water'],
      collectionIds: [collection],
      metadata: { source: 'scanner' },
    });
    const found = await call('/v1/search?q=number2&tag=Birds&mode=keyword', { token });
    expect(found.body.items).toHaveLength(1);
  });

  it('of 1,000 files costs one commit, and its state one query', { timeout: 60_000 }, async () => {
    const { token } = await newUser();
    const woken = loseWakeUps();
    const accepted = await uploadBatch(token, batchForm(notes(1000), { tags: 'Herons' }));
    expect(accepted.status, JSON.stringify(accepted.body)).toBe(202);
    expect(roundTrips(accepted)).toBeLessThanOrEqual(2);
    expect(woken.mock.calls.flatMap(([messages]) => [...messages])).toHaveLength(1000);
    const { id } = accepted.body.job;
    const state = await call(`/v1/jobs/${id}`, { token });
    expect(state.body).toMatchObject({ status: 'queued', totalItems: 1000, processedItems: 0 });
    expect(roundTrips(state)).toBe(1);
    const items = await itemsOf(token, id);
    expect(items.map(({ filename }) => filename)).toEqual(notes(1000).map(([name]) => name));
    expect(roundTrips(await call(`/v1/jobs/${id}/items`, { token }))).toBe(2);
    const { results } = await database
      .prepare("select count(*) as n, count(distinct content_id) as places from documents where status = 'pending'")
      .all();
    expect(results).toEqual([{ n: 1000, places: 1000 }]);

    // Some are read; the rest is cancelled at once.
    for (const { jobId } of items.slice(0, 3)) await deliver({ jobId });
    pass(30_000);
    const running = await job(token, id);
    // A message that the story before has left takes what is next: these.
    expect(running).toMatchObject({ status: 'running', progressPercentage: 0 });
    expect(running.processedItems).toBeGreaterThanOrEqual(3);
    expect(running.processedItems).toBeLessThan(10);
    expect(running.estimatedSecondsRemaining).toBeGreaterThan(2_500);
    const cancelled = await call(`/v1/jobs/${id}/cancel`, { method: 'POST', token });
    expect(cancelled.body).toMatchObject({ status: 'cancelled', totalItems: 1000, processedItems: 1000 });
    expect(roundTrips(cancelled)).toBeLessThanOrEqual(4);
    const read = await itemsOf(token, id, '&status=succeeded');
    expect(read.length).toBeGreaterThanOrEqual(3);
    const left = await itemsOf(token, id, '&status=cancelled');
    expect(left).toHaveLength(1000 - read.length);
    expect(left[0]).toMatchObject({ documentStatus: 'failed', error: { code: 'cancelled' } });
  });

  it('is retried where it failed or was cancelled, and nowhere else', async () => {
    const { token } = await newUser();
    const woken = loseWakeUps();
    const { body } = await uploadBatch(
      token,
      batchForm([...notes(2), ['bad.pdf', '%PDF-1.4 nothing'], ['empty.txt', '']]),
    );
    const [first, second, bad] = await itemsOf(token, body.job.id);
    await deliver({ jobId: first?.jobId });
    await deliver({ jobId: bad?.jobId });
    expect((await call(`/v1/jobs/${body.job.id}/cancel`, { method: 'POST', token })).body.status).toBe('cancelled');
    expect((await call(`/v1/jobs/${body.job.id}/cancel`, { method: 'POST', token })).status).toBe(409);

    woken.mockClear();
    const retried = await call(`/v1/jobs/${body.job.id}/retry`, { method: 'POST', token });
    expect(retried.body).toMatchObject({ status: 'running', processedItems: 2, failedItems: 1, error: null });
    const messages = woken.mock.calls.flatMap(([batch]) => [...batch].map((message: any) => message.body.jobId));
    expect(messages.sort()).toEqual([second?.jobId, bad?.jobId].sort());
    for (const jobId of messages) await deliver({ jobId });
    expect(await job(token, body.job.id)).toMatchObject({ status: 'succeeded', processedItems: 4, failedItems: 2 });
    expect((await itemsOf(token, body.job.id)).map(({ status }) => status)).toEqual([
      'succeeded',
      'succeeded',
      'failed',
      'failed',
    ]);
    // What never had bytes cannot be read again.
    const empty = (await itemsOf(token, body.job.id)).at(-1);
    expect((await call(`/v1/jobs/${empty?.jobId}/retry`, { method: 'POST', token })).status).toBe(409);
  });

  it('of which nothing could be read has failed, and one item that is repaired ends it well', async () => {
    const { token } = await newUser();
    const { body } = await uploadBatch(
      token,
      batchForm([
        ['a.pdf', '%PDF-1.4 nothing'],
        ['b.txt', ' \n '],
      ]),
    );
    expect(await jobEnd(token, body.job.id)).toMatchObject({ status: 'failed', error: { code: 'all_items_failed' } });
    const [, blank] = await itemsOf(token, body.job.id);
    const lost = loseWakeUps();
    await call(`/v1/jobs/${blank?.jobId}/retry`, { method: 'POST', token });
    expect(await job(token, body.job.id)).toMatchObject({ status: 'running', error: null, failedItems: 1 });
    await env.FILES.put(await originalOf(blank?.documentId), 'Now there are words in it.');
    lost.mockRestore();
    await deliver({ jobId: blank?.jobId });
    expect(await job(token, body.job.id)).toMatchObject({ status: 'succeeded', failedItems: 1, error: null });
    const nothing = await uploadBatch(token, batchForm([['c.txt', '']]));
    expect(nothing.body.job).toMatchObject({ status: 'failed', error: { code: 'all_items_failed' } });
    expect((await call(`/v1/jobs/${nothing.body.job.id}/retry`, { method: 'POST', token })).status).toBe(409);
  });

  it('ends also when its last item was ended by something else', async () => {
    const { token } = await newUser();
    const lost = loseWakeUps();
    const { body } = await uploadBatch(token, batchForm(notes(2)));
    const [first, second] = await itemsOf(token, body.job.id);
    await deliver({ jobId: first?.jobId });
    await call(`/v1/documents/${second?.documentId}/reprocess`, { method: 'POST', token });
    expect(await job(token, body.job.id)).toMatchObject({ status: 'running', processedItems: 2 });
    lost.mockRestore();
    pass(61_000);
    await deliver({ jobId: body.job.id });
    expect(await job(token, body.job.id)).toMatchObject({ status: 'succeeded' });
  });

  it('takes effect once for an idempotency key', async () => {
    const { token } = await newUser();
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const first = await uploadBatch(token, batchForm(notes(20)), headers);
    const again = await uploadBatch(token, batchForm(notes(20)), headers);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.body).toEqual(first.body);
    const other = await uploadBatch(token, batchForm(notes(19)), headers);
    expect([other.status, other.body.code]).toEqual([409, 'idempotency_key_reused']);
    expect((await call('/v1/documents?limit=200', { token })).body.items).toHaveLength(20);
  });

  it('leaves nothing behind when it is refused', async () => {
    const { token, user } = await newUser();
    const refused = [
      await uploadBatch(token, batchForm(notes(30), { collectionId: crypto.randomUUID() })),
      await uploadBatch(token, batchForm(notes(3), { title: 'One for all' })),
      await uploadBatch(token, batchForm([])),
      await call('/v1/documents/batch', { token, body: { urls: ['https://example.org/'] } }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([422, 422, 422, 415]);
    const whole = batchForm(notes(40));
    const request = new Request('http://x/', { method: 'POST', body: whole });
    const bytes = new Uint8Array(await request.arrayBuffer());
    const type = { 'content-type': request.headers.get('content-type') ?? '' };
    const cut = await call('/v1/documents/batch', {
      token,
      body: new Blob([bytes.slice(0, 5000)]).stream(),
      headers: type,
    });
    expect(cut.status, JSON.stringify(cut.body)).toBe(400);
    expect((await env.FILES.list({ prefix: `owners/${user.id}/` })).objects).toEqual([]);
    expect((await call('/v1/jobs', { token })).body.items).toEqual([]);
  });

  it('is nobody else’s', async () => {
    const [owner, stranger] = [await newUser(), await newUser()];
    const { body } = await uploadBatch(owner.token, batchForm(notes(2)));
    await jobEnd(owner.token, body.job.id);
    for (const [method, path] of [
      ['GET', '/items'],
      ['POST', '/cancel'],
      ['POST', '/retry'],
      ['GET', ''],
    ] as const) {
      expect((await call(`/v1/jobs/${body.job.id}${path}`, { method, token: stranger.token })).status).toBe(404);
    }
  });

  it('unpacks archives: what is in them are items of the batch', async () => {
    const { token } = await newUser();
    const inner = zipSync({ 'deep/kite.txt': strToU8('The kite hovers above the field.') });
    const archive = zipSync({
      'birds/heron.txt': strToU8('The heron stands in the water.'),
      'birds/inner.zip': inner,
      'birds/empty.txt': strToU8(''),
      '__MACOSX/birds/._heron.txt': strToU8('rubbish'),
      'birds/.DS_Store': strToU8('rubbish'),
    });
    const { body } = await uploadBatch(
      token,
      batchForm(
        [
          ['birds.zip', archive],
          ['note.txt', 'A swan.'],
        ],
        { tags: 'Birds' },
      ),
    );
    expect(await jobEnd(token, body.job.id)).toMatchObject({ status: 'succeeded', totalItems: 5, failedItems: 0 });
    const items = await itemsOf(token, body.job.id);
    expect(items.map(({ filename }) => filename).sort()).toEqual([
      'birds.zip',
      'heron.txt',
      'inner.zip',
      'kite.txt',
      'note.txt',
    ]);
    const zip = items.find(({ filename }) => filename === 'birds.zip');
    const kite = items.find(({ filename }) => filename === 'kite.txt');
    const { body: document } = await call(`/v1/documents/${kite?.documentId}`, { token });
    expect(document).toMatchObject({ status: 'ready', tags: ['Birds'], metadata: { path: 'deep/kite.txt' } });
    const { body: listed } = await call(`/v1/documents?parentDocumentId=${zip?.documentId}`, { token });
    expect(listed.items.map((child: { filename: string }) => child.filename).sort()).toEqual([
      'heron.txt',
      'inner.zip',
    ]);
  });
});

async function originalOf(documentId: string | null | undefined): Promise<string> {
  const row = await database
    .prepare('select owner_id, id, content_id from documents where id = ?')
    .bind(documentId)
    .first<{ owner_id: string; id: string; content_id: string }>();
  return `owners/${row?.owner_id}/documents/${row?.id}/${row?.content_id}/original`;
}
