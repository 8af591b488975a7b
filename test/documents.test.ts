import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { newUser } from './support/actors.ts';
import { call, send } from './support/app.ts';
import { roundTrips } from './support/costs.ts';
import { type DocumentView, jobEnd, upload, uploaded, uploadForm } from './support/library.ts';
import { LEASE, longText, RECIPE, search } from './support/sample-library.ts';

describe('handing in and finding', () => {
  it('finds a document by word, by likeness, and by both, with the passage and why', async () => {
    const { token } = await newUser();
    const fields = { tags: 'Home, Contracts', metadata: '{"source":"scanner"}' };
    const { document, job } = await uploaded({ token, content: LEASE, filename: 'lease.md', fields });
    await uploaded({ token, content: RECIPE, filename: 'bread.md' });
    expect(job).toMatchObject({ status: 'succeeded', progressPercentage: 100, attempts: 1, error: null });
    expect(document).toMatchObject({
      title: 'Lease for the flat',
      status: 'ready',
      kind: 'markdown',
      language: 'en',
      tags: ['Contracts', 'Home'],
      metadata: { source: 'scanner' },
    });
    for (const mode of ['keyword', 'semantic', 'hybrid']) {
      const { status, body } = await search(token, `q=notice period&mode=${mode}`);
      expect(status, JSON.stringify(body)).toBe(200);
      const [first] = body.items;
      expect(first).toMatchObject({ documentId: document.id, title: 'Lease for the flat' });
      expect(first.snippet).toContain('notice period of three months');
      const marked = first.highlights.map(([start, end]: [number, number]) => first.snippet.slice(start, end));
      expect(marked).toEqual(expect.arrayContaining(['notice', 'period']));
      expect(Object.keys(first.scores)).toEqual(mode === 'hybrid' ? ['keyword', 'semantic'] : [mode]);
    }
  });

  it('answers an upload with 202 at the cost of one batch, and a read at the cost of one query', async () => {
    const { token } = await newUser();
    const accepted = await upload({ token, content: LEASE, filename: 'lease.md', fields: { tags: 'A,B,C' } });
    expect(accepted.status).toBe(202);
    expect(accepted.headers.get('location')).toBe(`/v1/documents/${accepted.body.document.id}`);
    expect(roundTrips(accepted)).toBeLessThanOrEqual(2);
    await jobEnd(token, accepted.body.job.id);
    for (const path of [`/v1/documents/${accepted.body.document.id}`, '/v1/documents', '/v1/jobs']) {
      expect(roundTrips(await call(path, { token })), path).toBe(1);
    }
    expect(roundTrips(await search(token, 'q=rent'))).toBe(0);
    expect(roundTrips(await search(token, 'q=rent&tag=A'))).toBe(1);
  });

  it('processes a document of any size within the budget of database round trips', async () => {
    const { token } = await newUser();
    const lines: string[] = [];
    const { log } = console;
    console.log = (line: string) => lines.push(line);
    const { document } = await uploaded({ token, content: longText(2500), filename: 'long.txt' }).finally(() => {
      console.log = log;
    });
    expect(document.chunkCount).toBeGreaterThan(1000);
    const job = lines
      .map((line) => JSON.parse(line))
      .find((entry) => entry.event === 'job' && entry.type === 'process_document');
    expect(job.roundTrips).toBeLessThanOrEqual(12 - 2);
  });

  it('keeps a title that a person gave, and takes the file’s own otherwise', async () => {
    const { token } = await newUser();
    const given = await uploaded({ token, content: LEASE, filename: 'a.md', fields: { title: 'Our home' } });
    expect(given.document.title).toBe('Our home');
    const untitled = await uploaded({
      token,
      content: 'Just a line without any heading.',
      filename: 'shopping_list.txt',
    });
    expect(untitled.document.title).toBe('shopping list');
  });

  it('files an upload into a collection, and refuses one that is not there without keeping the bytes', async () => {
    const { token } = await newUser();
    const collection = await call('/v1/collections', { token, body: { name: 'Flat' } });
    const child = await call('/v1/collections', { token, body: { name: 'Letters', parentId: collection.body.id } });
    const { document } = await uploaded({
      token,
      content: LEASE,
      filename: 'a.md',
      fields: { collectionId: child.body.id },
    });
    expect(document['collectionIds']).toEqual([child.body.id]);
    const inside = await search(token, `q=rent&collectionId=${collection.body.id}`);
    expect(inside.body.items).toHaveLength(1);

    const before = (await env.FILES.list()).objects.length;
    const refused = await upload({
      token,
      content: LEASE,
      filename: 'a.md',
      fields: { collectionId: crypto.randomUUID() },
    });
    expect(refused.status).toBe(422);
    expect(refused.body).toMatchObject({ errors: [{ path: 'collectionId' }] });
    expect((await env.FILES.list()).objects).toHaveLength(before);
  });

  it.each([
    [
      'no file',
      () => {
        const form = new FormData();
        form.set('title', 'x');
        return form;
      },
      422,
    ],
    ['an empty file', () => uploadForm({ content: '', filename: 'a.txt' }), 422],
    ['an unknown profile', () => uploadForm({ content: 'text', filename: 'a.txt', fields: { profile: 'poem' } }), 422],
    [
      'metadata that is no JSON',
      () => uploadForm({ content: 'text', filename: 'a.txt', fields: { metadata: '{' } }),
      422,
    ],
    ['a JSON body', () => ({ file: 'text' }), 415],
  ])('refuses an upload with %s and keeps nothing', async (_what, body, status) => {
    const { token } = await newUser();
    const before = (await env.FILES.list()).objects.length;
    const answer = await call('/v1/documents', { token, body: body() });
    expect(answer.status).toBe(status);
    expect((await call('/v1/documents', { token })).body.items).toEqual([]);
    expect((await env.FILES.list()).objects).toHaveLength(before);
  });

  it('refuses a form that breaks off in the middle and keeps nothing', async () => {
    const { token } = await newUser();
    const body = '--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhalf of a f';
    const answer = await call('/v1/documents', {
      token,
      body,
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
    });
    expect(answer.status).toBe(400);
    expect((await call('/v1/documents', { token })).body.items).toEqual([]);
  });

  it('gives a clear reason when a file cannot be read', async () => {
    const { token } = await newUser();
    const bytes = crypto.getRandomValues(new Uint8Array(4000));
    const { document, job } = await uploaded({ token, content: bytes, filename: 'a.pdf' });
    expect(job).toMatchObject({ status: 'failed', attempts: 1, error: { code: 'unsupported_format' } });
    expect(document).toMatchObject({ status: 'failed', error: { code: 'unsupported_format' } });
    const replaced = await call(`/v1/documents/${document.id}/content`, {
      method: 'PUT',
      token,
      body: uploadForm({ content: LEASE, filename: 'a.md' }),
    });
    expect(replaced.status).toBe(202);
    expect(await jobEnd(token, replaced.body.job.id)).toMatchObject({ status: 'succeeded' });
    expect((await search(token, 'q=rent')).body.items[0].documentId).toBe(document.id);
  });
});

describe('what a document holds', () => {
  let token: string;
  let document: DocumentView;
  const text = longText(40);

  beforeAll(async () => {
    ({ token } = await newUser());
    ({ document } = await uploaded({ token, content: text, filename: 'Übersicht "2026".txt', type: 'text/plain' }));
  });

  it('gives back the original, byte for byte, whole or by range', async () => {
    const whole = await send(`/v1/documents/${document.id}/content`, { token });
    expect(await whole.text()).toBe(text);
    expect(whole.headers.get('content-disposition')).toContain("filename*=UTF-8''%C3%9Cbersicht");
    expect(whole.headers.get('content-disposition')).toMatch(/^attachment/);
    expect(whole.headers.get('x-content-type-options')).toBe('nosniff');

    const part = await send(`/v1/documents/${document.id}/content`, { token, headers: { range: 'bytes=10-19' } });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes 10-19/${text.length}`);
    expect(await part.text()).toBe(text.slice(10, 20));
    const tail = await send(`/v1/documents/${document.id}/content`, { token, headers: { range: 'bytes=-5' } });
    expect(await tail.text()).toBe(text.slice(-5));
    const beyond = await call(`/v1/documents/${document.id}/content`, {
      token,
      headers: { range: `bytes=${text.length}-` },
    });
    expect(beyond.status).toBe(416);
    const etag = whole.headers.get('etag') ?? '';
    const known = await send(`/v1/documents/${document.id}/content`, { token, headers: { 'if-none-match': etag } });
    expect(known.status).toBe(304);
  });

  it('gives the extracted text and its passages, whose offsets agree', async () => {
    const read = await call(`/v1/documents/${document.id}/text`, { token });
    expect(read.body.length).toBe(read.body.text.length);
    const passages = [];
    for (let cursor = ''; ; ) {
      const page = await call(`/v1/documents/${document.id}/chunks?limit=5${cursor && `&cursor=${cursor}`}`, { token });
      passages.push(...page.body.items);
      if (page.body.nextCursor === null) break;
      cursor = page.body.nextCursor;
    }
    expect(passages).toHaveLength(document.chunkCount);
    for (const { text: passage, start, end, id, ordinal } of passages) {
      expect(read.body.text.slice(start, end)).toBe(passage);
      expect(id).toBe(`${document.id}#${ordinal}`);
    }
    const slice = await call(`/v1/documents/${document.id}/text?start=5&end=25`, { token });
    expect(slice.body.text).toBe(read.body.text.slice(5, 25));
  });
});
