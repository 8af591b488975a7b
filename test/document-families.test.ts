import { env } from 'cloudflare:workers';
import { strToU8, zipSync } from 'fflate';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newUser } from './support/actors.ts';
import { call, send } from './support/app.ts';
import { deliver, loseWakeUps, pass } from './support/clockwork.ts';
import { isolateThatDies } from './support/dying-isolate.ts';
import { type DocumentView, type JobView, jobEnd, upload, uploaded } from './support/library.ts';
import { mail } from './support/mails.ts';
import { search } from './support/sample-library.ts';
import { settled } from './support/security-world.ts';
import { unrecorded } from './support/statement-recorder.ts';
import { replaced } from './support/versions.ts';

const database = unrecorded(env.DB);

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const HERON = 'The heron waits at the weir.';
const KITE = 'The kite hovers above the field.';
const letter = mail({ subject: 'Birds of the week', text: 'See what I saw.' }, [
  { filename: 'heron.txt', content: HERON },
  { filename: 'kite.txt', content: KITE },
  { filename: 'kite again.txt', content: KITE },
]);

const childrenOf = async (token: string, id: string, query = ''): Promise<DocumentView[]> =>
  (await call(`/v1/documents?parentDocumentId=${id}&limit=200${query}`, { token })).body.items;

const names = (documents: DocumentView[]) => documents.map(({ filename }) => filename).sort();

/** Uploads and waits until it and all that came out of it have been read. */
async function readWhole(token: string, content: string | Uint8Array, filename: string) {
  const { document } = await uploaded({ token, content, filename });
  // What is read makes more to read.
  for (let known = -1, now = 0; known !== now; ) {
    known = now;
    await settled({ token });
    now = (await call('/v1/jobs?limit=200', { token })).body.items.length;
  }
  return document;
}

const rows = async <T>(query: string, ...values: string[]) =>
  (
    await database
      .prepare(query)
      .bind(...values)
      .all<T>()
  ).results;

/** What is in the archive of an owner that belongs to no document. */
async function strayObjects(ownerId: string): Promise<string[]> {
  const places = await rows<{ id: string; content_id: string }>(
    'select id, content_id from documents where owner_id = ?',
    ownerId,
  );
  const known = new Set(places.map(({ id, content_id }) => `owners/${ownerId}/documents/${id}/${content_id}`));
  const { objects } = await env.FILES.list({ prefix: `owners/${ownerId}/` });
  return objects.map(({ key }) => key).filter((key) => !known.has(key.split('/').slice(0, 5).join('/')));
}

async function problems(token: string): Promise<unknown> {
  const { body } = await call('/v1/maintenance/reconcile', { method: 'POST', token });
  return (await jobEnd(token, body.id)).result?.problems;
}

describe('what comes with a mail', () => {
  it('is a document of its own each, filed as the mail, found, and named as its child', async () => {
    const { token, user } = await newUser();
    const collection = (await call('/v1/collections', { token, body: { name: 'Letters' } })).body.id;
    const lines: string[] = [];
    vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
    const { document, job } = await uploaded({
      token,
      content: letter,
      filename: 'birds.eml',
      fields: { tags: 'Birds', collectionId: collection },
    });
    await settled({ token });
    expect(document).toMatchObject({
      title: 'Birds of the week',
      kind: 'email',
      parentDocumentId: null,
      extractedMetadata: { from: 'Ada <ada@example.org>', attachments: ['heron.txt', 'kite.txt', 'kite again.txt'] },
    });
    const children = await childrenOf(token, document.id);
    expect(names(children)).toEqual(['heron.txt', 'kite again.txt', 'kite.txt']);
    for (const child of children) {
      expect(child).toMatchObject({
        status: 'ready',
        parentDocumentId: document.id,
        tags: ['Birds'],
        collectionIds: [collection],
        chunkCount: 1,
      });
    }
    expect((await search(token, 'q=weir&mode=keyword&tag=Birds')).body.items).toMatchObject([{ title: 'heron' }]);
    const { body: items } = await call(`/v1/jobs/${job.id}/items`, { token });
    expect(items.items).toHaveLength(3);
    const costs = lines.map((line) => JSON.parse(line)).find(({ jobId }) => jobId === job.id);
    expect(costs.roundTrips).toBeLessThanOrEqual(12 - 1);
    expect(await strayObjects(user.id)).toEqual([]);
    expect(await problems(token)).toEqual([]);
  });

  it('is there once, wherever the worker died that unpacked it', { timeout: 60_000 }, async () => {
    const { token, user } = await newUser();
    loseWakeUps();
    const run = async (dyingAt: number) => {
      const { body } = await upload({ token, content: letter, filename: 'birds.eml' });
      const isolate = isolateThatDies(dyingAt);
      await deliver({ jobId: body.job.id }, isolate.bindings);
      pass(3_000);
      await Promise.all([deliver({ jobId: body.job.id }), deliver({ jobId: body.job.id })]);
      const where = `died at call ${dyingAt}`;
      expect((await call<JobView>(`/v1/jobs/${body.job.id}`, { token })).body.status, where).toBe('succeeded');
      const children = await childrenOf(token, body.document.id);
      expect(names(children), where).toEqual(['heron.txt', 'kite again.txt', 'kite.txt']);
      const jobs = await rows<{ n: number }>(
        "select count(*) as n from processing_jobs where type = 'process_document' and parent_id = ?",
        body.job.id,
      );
      expect(jobs, where).toEqual([{ n: 3 }]);
      return isolate.calls();
    };
    const whole = await run(Number.POSITIVE_INFINITY);
    for (let call = 1; call < whole; call++) await run(call);
    expect(await strayObjects(user.id)).toEqual([]);
  });

  it('stays as it is when the mail is read again, also deleted if it was deleted for good', async () => {
    const { token, user } = await newUser();
    const document = await readWhole(token, letter, 'birds.eml');
    const [first, ...others] = await childrenOf(token, document.id);
    await call(`/v1/documents/${first?.id}`, { method: 'PATCH', token, body: { title: 'Mine', tags: ['Own'] } });
    const gone = await call(`/v1/documents/${others[0]?.id}?permanent=true`, { method: 'DELETE', token });
    pass(3_000);
    expect((await jobEnd(token, gone.body.job.id)).status).toBe('succeeded');
    const { body } = await call(`/v1/documents/${document.id}/reprocess`, { method: 'POST', token });
    await jobEnd(token, body.job.id);
    await settled({ token });
    const again = await childrenOf(token, document.id);
    expect(again.map(({ id }) => id).sort()).toEqual([first?.id, others[1]?.id].sort());
    expect(again.find(({ id }) => id === first?.id)).toMatchObject({ title: 'Mine', tags: ['Own'] });
    expect(again.every(({ status }) => status === 'ready')).toBe(true);
    expect(await strayObjects(user.id)).toEqual([]);
  });

  it('keeps what it was when it gets other bytes, also when the mail is read again', async () => {
    const { token } = await newUser();
    const { id } = await readWhole(token, letter, 'week.eml');
    const heron = (await childrenOf(token, id)).find(({ filename }) => filename === 'heron.txt')?.id ?? '';
    await replaced(token, heron, 'The heron has gone.');
    const { body } = await call(`/v1/documents/${id}/reprocess`, { method: 'POST', token });
    await jobEnd(token, body.job.id);
    expect((await childrenOf(token, id)).map((child) => child['contentVersion']).sort()).toEqual([1, 1, 2]);
    const before = await send(`/v1/documents/${heron}/versions/1/content`, { token });
    expect(new TextDecoder().decode(await before.arrayBuffer()).trim()).toBe(HERON);
    expect(await problems(token)).toEqual([]);
  });

  it('goes to the trash with it and comes back with it, without what went there before', async () => {
    const { token } = await newUser();
    const forwarded = mail({ subject: 'Fwd: birds', text: 'As promised.' }, [
      { filename: 'birds.eml', type: 'message/rfc822', content: letter },
    ]);
    const document = await readWhole(token, forwarded, 'fwd.eml');
    const [inner] = await childrenOf(token, document.id);
    const [heron] = (await childrenOf(token, inner?.id ?? '')).filter(({ filename }) => filename === 'heron.txt');
    await call(`/v1/documents/${heron?.id}`, { method: 'DELETE', token });
    pass(10);

    expect((await call(`/v1/documents/${document.id}`, { method: 'DELETE', token })).status).toBe(204);
    expect((await call('/v1/documents', { token })).body.items).toEqual([]);
    await settled({ token });
    expect((await search(token, 'q=kite&mode=keyword')).body.items).toEqual([]);

    const restored = await call(`/v1/documents/${document.id}/restore`, { method: 'POST', token });
    expect(restored.body.deletedAt).toBeNull();
    await settled({ token });
    expect(names(await childrenOf(token, inner?.id ?? ''))).toEqual(['kite again.txt', 'kite.txt']);
    expect((await search(token, 'q=kite&mode=keyword')).body.items.length).toBeGreaterThan(0);
    expect((await search(token, 'q=weir&mode=keyword')).body.items).toEqual([]);
    expect(await problems(token)).toEqual([]);
  });

  it('is deleted for good with it, however deep', async () => {
    const { token, user } = await newUser();
    const forwarded = mail({ subject: 'Fwd', text: 'See below.' }, [
      { filename: 'birds.eml', type: 'message/rfc822', content: letter },
    ]);
    const document = await readWhole(token, forwarded, 'fwd.eml');
    expect((await call('/v1/documents', { token })).body.items).toHaveLength(5);
    const { body } = await call(`/v1/documents/${document.id}?permanent=true`, { method: 'DELETE', token });
    expect((await call('/v1/documents', { token })).body.items).toEqual([]);
    pass(3_000);
    expect((await jobEnd(token, body.job.id)).status).toBe('succeeded');
    await settled({ token });
    await settled({ token });
    expect(await rows('select id from documents where owner_id = ?', user.id)).toEqual([]);
    expect((await env.FILES.list({ prefix: `owners/${user.id}/` })).objects).toEqual([]);
  });

  it('goes to the trash too while it is still being unpacked', async () => {
    const { token } = await newUser();
    const lost = loseWakeUps();
    const { body } = await upload({ token, content: letter, filename: 'birds.eml' });
    lost.mockRestore();
    await call(`/v1/documents/${body.document.id}`, { method: 'DELETE', token });
    await deliver({ jobId: body.job.id });
    await settled({ token });
    expect((await call('/v1/documents', { token })).body.items).toEqual([]);
    expect(await childrenOf(token, body.document.id, '&trashed=true')).toHaveLength(3);
  });
});

describe('what comes out of an archive', () => {
  const archive = zipSync({ 'a/heron.txt': strToU8(HERON), 'b/heron.txt': strToU8(HERON), 'kite.txt': strToU8(KITE) });

  it('stays when the archive goes, unless it is to go along', async () => {
    const { token } = await newUser();
    const kept = await readWhole(token, archive, 'birds.zip');
    expect(kept).toMatchObject({ kind: 'zip', status: 'ready', chunkCount: 0, extractedMetadata: { files: 3 } });
    const children = await childrenOf(token, kept.id);
    expect(children.map(({ metadata }) => metadata).sort()).toEqual(
      expect.arrayContaining([{ path: 'a/heron.txt' }, { path: 'b/heron.txt' }, { path: 'kite.txt' }]),
    );
    const { body } = await call(`/v1/documents/${kept.id}?permanent=true`, { method: 'DELETE', token });
    pass(3_000);
    expect((await jobEnd(token, body.job.id)).status).toBe('succeeded');
    const { items } = (await call('/v1/documents', { token })).body;
    expect(items).toHaveLength(3);
    expect(items[0].parentDocumentId).toBeNull();

    const gone = await readWhole(token, archive, 'birds.zip');
    await call(`/v1/documents/${gone.id}?children=true`, { method: 'DELETE', token });
    expect((await call('/v1/documents', { token })).body.items).toHaveLength(3);
    expect(await problems(token)).toEqual([]);
  });

  it('is read four levels deep, and left unread beyond, which is said', async () => {
    const { token } = await newUser();
    let nested = zipSync({ 'treasure.txt': strToU8('The treasure lies deep.') });
    for (let level = 5; level > 0; level--) nested = zipSync({ [`level${level}.zip`]: nested });
    await readWhole(token, nested, 'level0.zip');
    const { items } = (await call('/v1/documents', { token })).body;
    expect(names(items)).toEqual(['level0.zip', 'level1.zip', 'level2.zip', 'level3.zip', 'level4.zip']);
    const deepest = items.find(({ filename }: DocumentView) => filename === 'level4.zip');
    expect(deepest).toMatchObject({
      status: 'ready',
      extractedMetadata: { leftUnread: ['level5.zip: it is packed more than 4 levels deep'] },
    });
  });

  it('is bounded however archives multiply', async () => {
    const { token, user } = await newUser();
    const pages = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}.txt`, strToU8(`Page ${i}`)]));
    loseWakeUps();
    const { body } = await upload({ token, content: zipSync({ 'inner.zip': zipSync(pages) }), filename: 'bomb.zip' });
    await deliver({ jobId: body.job.id });
    // As many as have room beside it, but for ten.
    await database
      .prepare(
        `with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 4989)
         insert into documents (id, owner_id, title, filename, media_type, size_bytes, sha256, content_id, parent_document_id,
           created_at, updated_at)
         select printf('%036d', n), ?1, 'x', 'x', 'x', 1, printf('%064d', n), printf('%036d', n), ?2, 1, 1 from numbers`,
      )
      .bind(user.id, body.document.id)
      .run();
    const [inner] = await rows<{ id: string }>('select id from processing_jobs where parent_id = ?', body.job.id);
    await deliver({ jobId: inner?.id });
    const left = { leftUnread: expect.arrayContaining(['3.txt: more than 5000 files came out of one']) };
    const { items } = (await call('/v1/documents?kind=zip&q=inner', { token })).body;
    expect(items).toMatchObject([{ status: 'ready', extractedMetadata: left }]);
    expect(await childrenOf(token, items[0].id)).toEqual([]);
    expect(await strayObjects(user.id)).toEqual([]);
  });

  it('that cannot be unpacked is named, and keeps nothing else from being read', async () => {
    const { token } = await newUser();
    const broken = zipSync({ 'good.txt': strToU8(HERON), 'bad.txt': strToU8(KITE.repeat(40)) }, { level: 0 });
    const at = Buffer.from(broken).indexOf('kite');
    broken[at] = 0x21;
    const document = await readWhole(token, broken, 'birds.zip');
    expect(document['extractedMetadata']).toMatchObject({ leftUnread: [expect.stringContaining('bad.txt: ')] });
    expect(names(await childrenOf(token, document.id))).toEqual(['good.txt']);
  });
});

describe('a mailbox', () => {
  it('becomes a document for each message', async () => {
    const { token } = await newUser();
    const messages = ['One', 'Two', 'Three'].map((subject) =>
      mail({ subject, text: `From: me\n>From here on, ${subject}.` }),
    );
    const mbox = messages.map((message) => `From ada@example.org Mon Jan  1 10:00:00 2024\n${message}\n`).join('\n');
    const document = await readWhole(token, mbox, 'inbox');
    expect(document).toMatchObject({ kind: 'mailbox', extractedMetadata: { messages: 3 } });
    const children = await childrenOf(token, document.id);
    expect(children.map(({ title }) => title).sort()).toEqual(['One', 'Three', 'Two']);
    const { body } = await call(`/v1/documents/${children[0]?.id}/text`, { token });
    expect(body.text).toContain('From here on');
    expect(body.text).not.toContain('>From');
  });
});
