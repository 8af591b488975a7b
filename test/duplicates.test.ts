import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { createDuplicatesService } from '../src/modules/library/duplicates.service.ts';
import { newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';
import { openDatabase } from './support/database.ts';
import { type DocumentView, type JobView, jobEnd, uploaded, uploadForm } from './support/library.ts';
import { redAndBlue, songs, twiceTheLandscape } from './support/media-samples.ts';
import { LEASE, objectsOf, RECIPE } from './support/sample-library.ts';
import { unrecorded } from './support/statement-recorder.ts';
import { replaced, versionsOf } from './support/versions.ts';

type SameBytes = {
  documentId: string;
  title: string;
  resolve: Record<'skip' | 'version', { method: string; href: string }>;
};
type Uploaded = { document: DocumentView; job: JobView | null; duplicates: SameBytes[] };
type Duplicate = { documentId: string; title: string; kind: string; similarity: number; explanation: string };

const handIn = (token: string, fields: Record<string, string> = {}, content = LEASE) =>
  call<Uploaded>('/v1/documents', { token, body: uploadForm({ content, filename: 'lease.md', fields }) });

const duplicatesOf = async (token: string, id: string) =>
  (await call<{ items: Duplicate[] }>(`/v1/documents/${id}/duplicates`, { token })).body.items;

const listed = async (token: string) => (await call<{ items: DocumentView[] }>('/v1/documents', { token })).body.items;

describe('the same file again', () => {
  it('is accepted, and the answer says what is there already and what can be done', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: LEASE, filename: 'first.md' });
    const again = await handIn(token);
    expect(again).toMatchObject({
      status: 202,
      body: { duplicates: [{ documentId: document.id, title: 'Lease for the flat', filename: 'first.md' }] },
    });
    expect(roundTrips(again)).toBeLessThanOrEqual(2);
    expect(again.body.document.id).not.toBe(document.id);
    const { skip, version } = again.body.duplicates[0]?.resolve ?? {};
    expect(version).toEqual({ method: 'PUT', href: `/v1/documents/${document.id}/content` });
    await jobEnd(token, again.body.job?.id ?? '');
    const removed = await call(skip?.href ?? '', { method: skip?.method ?? '', token });
    expect(await jobEnd(token, removed.body.job.id)).toMatchObject({ status: 'succeeded' });
    expect((await listed(token)).map(({ id }) => id)).toEqual([document.id]);
  });

  it('is kept without a word when its sender says so', async () => {
    const { token } = await newUser();
    await handIn(token);
    expect(await handIn(token, { onDuplicate: 'keep' })).toMatchObject({ status: 202, body: { duplicates: [] } });
    expect(await listed(token)).toHaveLength(2);
  });

  it('is skipped when its sender says so: the answer is what is there, and nothing is made', async () => {
    const { token, user } = await newUser();
    const first = await handIn(token, { onDuplicate: 'skip' });
    expect(first).toMatchObject({ status: 202, body: { job: { status: 'queued' } } });
    await jobEnd(token, first.body.job?.id ?? '');
    const again = await handIn(token, { onDuplicate: 'skip', title: 'Again' });
    expect(again).toMatchObject({ status: 200, body: { document: { id: first.body.document.id }, job: null } });
    expect(roundTrips(again)).toBeLessThanOrEqual(2);
    expect(again.headers.get('location')).toBe(`/v1/documents/${first.body.document.id}`);
    expect(await listed(token)).toHaveLength(1);
    expect((await env.FILES.list({ prefix: `owners/${user.id}/` })).objects).toHaveLength(3);
    await call(`/v1/documents/${first.body.document.id}`, { method: 'DELETE', token });
    // What is in the trash is no reason to lose a file.
    expect((await handIn(token, { onDuplicate: 'skip' })).status).toBe(202);
  });

  it('becomes a version of what is there when its sender says so', async () => {
    const { token, user } = await newUser();
    const first = await handIn(token, { onDuplicate: 'version' });
    expect(first).toMatchObject({ status: 202, body: { document: { contentVersion: 1 } } });
    await jobEnd(token, first.body.job?.id ?? '');
    const again = await handIn(token, { onDuplicate: 'version' });
    const { id } = first.body.document;
    expect(again).toMatchObject({ status: 202, body: { document: { id, contentVersion: 2 } } });
    expect(roundTrips(again)).toBeLessThanOrEqual(2);
    expect(await jobEnd(token, again.body.job?.id ?? '')).toMatchObject({ result: { embeddedTexts: 0 } });
    expect((await versionsOf(token, id)).items).toHaveLength(2);
    expect((await env.FILES.list({ prefix: `owners/${user.id}/` })).objects).toHaveLength(6);
  });

  it('takes no notice of what others have', async () => {
    const [owner, stranger] = await Promise.all([newUser(), newUser()]);
    await handIn(owner.token);
    expect(await handIn(stranger.token)).toMatchObject({ status: 202, body: { duplicates: [] } });
    const skipping = await handIn(stranger.token, { onDuplicate: 'skip' });
    expect((await listed(stranger.token)).map(({ id }) => id)).toEqual([skipping.body.document.id]);
    expect(await duplicatesOf(owner.token, (await listed(owner.token))[0]?.id ?? '')).toEqual([]);
  });

  it('ten times at once: all are accepted, none is lost, and each knows of the nine others', async () => {
    const { token } = await newUser();
    const answers = await Promise.all(Array.from({ length: 10 }, () => handIn(token)));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(202));
    await Promise.all(answers.map(({ body }) => jobEnd(token, body.job?.id ?? '')));
    const ids = answers.map(({ body }) => body.document.id).sort();
    expect(new Set(ids).size).toBe(10);
    // Each was told of those that were accepted before it.
    const told = answers.map(({ body }) => body.duplicates.length).sort((a, b) => a - b);
    expect(told).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const known = await Promise.all(ids.map((id) => duplicatesOf(token, id)));
    for (const [at, items] of known.entries()) {
      expect(items.map(({ documentId }) => documentId).sort()).toEqual(ids.filter((_, other) => other !== at));
      expect(items.every(({ kind, similarity }) => kind === 'exact' && similarity === 1)).toBe(true);
    }
    for (const id of ids) expect(await objectsOf(id)).toHaveLength(3);
  });

  it('ten times at once, to be skipped: one is made, and all answers name it', async () => {
    const { token } = await newUser();
    const answers = await Promise.all(Array.from({ length: 10 }, () => handIn(token, { onDuplicate: 'skip' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(9).fill(200), 202]);
    expect(new Set(answers.map(({ body }) => body.document.id)).size).toBe(1);
    expect(await listed(token)).toHaveLength(1);
  });

  it('ten times at once, as versions: one document has all ten', async () => {
    const { token, user } = await newUser();
    const answers = await Promise.all(Array.from({ length: 10 }, () => handIn(token, { onDuplicate: 'version' })));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(202));
    const [document] = await listed(token);
    expect(await listed(token)).toHaveLength(1);
    const { items } = await versionsOf(token, document?.id ?? '');
    expect(items.map(({ number }) => number)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    const { objects } = await env.FILES.list({ prefix: `owners/${user.id}/` });
    expect(objects.filter(({ key }) => key.endsWith('/original'))).toHaveLength(10);
  });
});

const PARAGRAPHS = Array.from({ length: 12 }, (_, at) =>
  Array.from({ length: 40 }, (_, word) => `word${(at * 131 + word * word * 17) % 997}`).join(' '),
);
const TEXT = PARAGRAPHS.join('.\n\n');

describe('what is nearly the same', () => {
  it('is found by its text, with how much and why; what is not, is not', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: TEXT, filename: 'a.txt' });
    const edited = TEXT.replace('word17', 'another').toUpperCase().replaceAll('\n\n', '\n');
    const near = await uploaded({ token, content: `${edited} One more line.`, filename: 'b.txt' });
    const half = await uploaded({ token, content: PARAGRAPHS.slice(0, 7).join('\n\n'), filename: 'half.txt' });
    await uploaded({ token, content: RECIPE, filename: 'c.md' });
    const twin = await uploaded({ token, content: TEXT, filename: 'd.txt' });
    const answer = await call(`/v1/documents/${document.id}/duplicates`, { token });
    expect(roundTrips(answer)).toBe(2);
    expect(answer.body.items).toMatchObject([
      { documentId: twin.document.id, kind: 'exact', similarity: 1, explanation: 'Both files have the same bytes.' },
      { documentId: near.document.id, kind: 'near-text', filename: 'b.txt' },
      { documentId: half.document.id, kind: 'near-text' },
    ]);
    const [, second, third] = answer.body.items;
    expect(second.similarity).toBeGreaterThan(0.9);
    expect(third.similarity).toBeGreaterThan(0.4);
    expect(third.similarity).toBeLessThan(0.75);
    expect(second.explanation).toContain(`${Math.round(second.similarity * 100)} %`);
  });

  it('is told by the present content only, and not of what is in the trash', async () => {
    const { token } = await newUser();
    const one = await uploaded({ token, content: TEXT, filename: 'a.txt' });
    const other = await uploaded({ token, content: `${TEXT} More.`, filename: 'b.txt' });
    expect(await duplicatesOf(token, one.document.id)).toHaveLength(1);
    await replaced(token, other.document.id, RECIPE);
    expect(await duplicatesOf(token, one.document.id)).toEqual([]);
    await replaced(token, other.document.id, `${TEXT} Again.`);
    expect(await duplicatesOf(token, one.document.id)).toHaveLength(1);
    await call(`/v1/documents/${other.document.id}`, { method: 'DELETE', token });
    expect(await duplicatesOf(token, one.document.id)).toEqual([]);
    const stranger = await newUser();
    expect((await call(`/v1/documents/${one.document.id}/duplicates`, { token: stranger.token })).status).toBe(404);
  });

  it('is found among pictures, whatever their format and size', async () => {
    const { token } = await newUser();
    const { photo, smaller } = twiceTheLandscape();
    const { document } = await uploaded({ token, content: photo, filename: 'photo.jpg' });
    const same = await uploaded({ token, content: smaller, filename: 'smaller.png' });
    await uploaded({ token, content: redAndBlue(), filename: 'other.png' });
    const found = await duplicatesOf(token, document.id);
    expect(found).toMatchObject([
      { documentId: same.document.id, kind: 'image', explanation: expect.stringContaining('of 64 bits') },
    ]);
    expect(await duplicatesOf(token, same.document.id)).toMatchObject([{ documentId: document.id, kind: 'image' }]);
  });

  it('is found among recordings, however loud they are and wherever they begin', async () => {
    const { token } = await newUser();
    const { song, fainter, other } = songs();
    const { document } = await uploaded({ token, content: song, filename: 'song.wav' });
    const same = await uploaded({ token, content: fainter, filename: 'fainter.wav' });
    await uploaded({ token, content: other, filename: 'other.wav' });
    expect(await duplicatesOf(token, document.id)).toMatchObject([
      { documentId: same.document.id, kind: 'audio', explanation: expect.stringContaining('of their bits') },
    ]);
  });
});

describe('in a large library', () => {
  it('what is looked at does not grow with the documents that are alike, nor with those that are not', async () => {
    const { token, user } = await newUser();
    const { document } = await uploaded({ token, content: TEXT, filename: 'a.txt' });
    await uploaded({ token, content: `${TEXT} More.`, filename: 'b.txt' });
    /** How many rows it takes to find the duplicates. */
    const rowsRead = async () => {
      const { database, meter } = openDatabase();
      const actor = { userId: user.id, scopes: new Set<never>(), credential: { type: 'session' as const, id: 'x' } };
      const found = await createDuplicatesService({ database }).list(actor, document.id);
      return { rows: meter.rowsRead, found: found.length };
    };
    const few = await rowsRead();
    expect(few.found).toBe(1);
    const d1 = unrecorded(env.DB);
    /** Copies of the second document, and of its fingerprint where it shares nothing with the first. */
    const copy = (count: number, band: string) =>
      d1.batch([
        d1
          .prepare(
            `insert into documents (id, owner_id, title, filename, media_type, size_bytes, sha256, content_id, status,
              created_at, updated_at) with recursive n (i) as (select 1 union all select i + 1 from n where i < ?2)
              select lower(hex(randomblob(18))), ?1, ?3, 'c.txt', 'text/plain', 1, printf('%064d', i), printf('%036d', i),
              'ready', 1, 1 from n`,
          )
          .bind(user.id, count, band),
        d1
          .prepare(
            `insert into document_fingerprints (document_id, owner_id, content_id, text_signature)
              select id, owner_id, content_id, 'AAAA' from documents where owner_id = ? and title = ?`,
          )
          .bind(user.id, band),
        d1
          .prepare(
            `insert or ignore into fingerprint_bands select f.owner_id, ${band}, f.id from fingerprint_bands as b
              join document_fingerprints as f on f.owner_id = b.owner_id and f.text_signature = 'AAAA'
              join documents as d on d.id = f.document_id and d.title = ?2
              where b.fingerprint_id = (select id from document_fingerprints where document_id = ?1)`,
          )
          .bind(document.id, band),
      ]);
    await copy(1_500, 'b.band + 1');
    const others = await rowsRead();
    expect(others.rows).toBe(few.rows);
    await copy(1_500, 'b.band');
    const alike = await rowsRead();
    // Of each of the text's sixteen bands the latest fifty documents.
    expect(alike.rows).toBeLessThan(2_500);
  });
});
