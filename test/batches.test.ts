import { env } from 'cloudflare:workers';
import { strToU8, zipSync } from 'fflate';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';
import { deliver, loseWakeUps, pass } from './support/clockwork.ts';
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
function batchForm(files: [name: string, content: string | Uint8Array][], fields: Record<string, string> = {}): FormData {
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
    const page: any = await call(`/v1/jobs/${jobId}/items?limit=200${query}${cursor && `&cursor=${cursor}`}`, { token });
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
    const found = await call('/v1/search?q=number2&tag=Birds', { token });
    expect(found.body.items).toHaveLength(1);
  });
});
