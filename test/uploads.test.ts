import { env } from 'cloudflare:workers';
import { crc32 } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newApiKey, newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { loseWakeUps } from './support/clockwork.ts';
import { roundTrips } from './support/costs.ts';
import { jobEnd } from './support/library.ts';
import { LEASE } from './support/sample-library.ts';
import {
  append,
  begin,
  begun,
  bytesOf,
  expectContent,
  head,
  look,
  metadataOf,
  objectsOfOwner,
  offsetIn,
  PART_BYTES,
  sha,
  terminate,
} from './support/tus.ts';

afterEach(() => vi.restoreAllMocks());

const text = new TextEncoder().encode(LEASE);

describe('a file that comes in pieces', () => {
  it('becomes a document with all that was said of it, and is read', async () => {
    const user = await newUser();
    const { token } = user;
    const collection = await call<{ id: string }>('/v1/collections', { token, body: { name: 'Papers' } });
    const made = await begin(user, {
      size: text.length,
      fields: {
        filename: 'lease.md',
        filetype: 'text/markdown',
        title: 'The lease',
        tags: 'Flat, Contract',
        collectionId: collection.body.id,
        profile: 'contract',
        metadata: '{"year":2026}',
      },
    });
    expect([made.status, made.headers.get('location')]).toEqual([201, `/v1/uploads/${made.body.id}`]);
    expect(Date.parse(made.headers.get('upload-expires') ?? '')).toBeGreaterThan(Date.now() + 47 * 3_600_000);
    expect(made.body).toMatchObject({ status: 'receiving', filename: 'lease.md', receivedBytes: 0, documentId: null });
    const { id } = made.body;

    const half = text.length >> 1;
    const first = await append(user, { id, offset: 0, bytes: text.subarray(0, half) });
    expect([first.status, offsetIn(first), first.headers.get('link')]).toEqual([204, half, null]);
    expect((await call('/v1/documents', { token })).body.items).toEqual([]);

    const second = await append(user, { id, offset: half, bytes: text.subarray(half) });
    expect([second.status, offsetIn(second)]).toEqual([204, text.length]);
    expect(second.headers.get('link')).toBe(`</v1/documents/${id}>; rel="related"`);
    expect(second.headers.get('upload-expires')).toBeNull();
    expect((await look(user, id)).body).toMatchObject({ status: 'complete', documentId: id });

    const { body: jobs } = await call(`/v1/jobs?documentId=${id}`, { token });
    expect(jobs.items).toMatchObject([{ type: 'process_document' }]);
    expect(await jobEnd(token, jobs.items[0].id)).toMatchObject({ status: 'succeeded' });
    const { body: document } = await call(`/v1/documents/${id}`, { token });
    expect(document).toMatchObject({
      title: 'The lease',
      filename: 'lease.md',
      mediaType: 'text/markdown',
      kind: 'markdown',
      profile: 'contract',
      tags: ['Contract', 'Flat'],
      collectionIds: [collection.body.id],
      metadata: { year: 2026 },
    });
    await expectContent(user, id, text);
    expect((await objectsOfOwner(user.user.id)).filter((key) => key.includes('/uploads/'))).toEqual([]);
  });

  it('may be of several parts, which need not be where the pieces are', async () => {
    const user = await newUser();
    loseWakeUps();
    const bytes = bytesOf(2 * PART_BYTES + 300_000);
    const id = await begun(user, { size: bytes.length, fields: { filename: 'film.bin' } });
    let offset = 0;
    for (const end of [1_000, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 7, bytes.length]) {
      const answer = await append(user, { id, offset, bytes: bytes.subarray(offset, end) });
      expect([answer.status, offsetIn(answer)]).toEqual([204, end]);
      offset = end;
    }
    await expectContent(user, id, bytes);
    expect((await objectsOfOwner(user.user.id)).map((key) => key.split('/').at(-1))).toEqual(['original']);
  });

  it('may bring its first bytes, or all of them, with its announcement', async () => {
    const user = await newUser();
    const whole = await begin(user, { size: text.length, bytes: text, fields: { filename: 'lease.md' } });
    expect([whole.status, offsetIn(whole)]).toEqual([201, text.length]);
    expect(whole.body).toMatchObject({ status: 'complete', documentId: whole.body.id });
    await expectContent(user, whole.body.id, text);
    const some = await begin(user, { size: text.length, bytes: text.subarray(0, 9) });
    expect([some.status, offsetIn(some), some.body.filename]).toEqual([201, 9, 'unnamed']);
    expect((await append(user, { id: some.body.id, offset: 9, bytes: text.subarray(9) })).status).toBe(204);
    await expectContent(user, some.body.id, text);
  });

  it('can be sent by a key that may do nothing else', async () => {
    const user = await newUser();
    const { key } = await newApiKey(user, ['documents:write']);
    const person = { token: key };
    const id = await begun(person, { size: 3, bytes: text.subarray(0, 1) });
    expect(offsetIn(await head(person, id))).toBe(1);
    expect((await append(person, { id, offset: 1, bytes: text.subarray(1, 3) })).status).toBe(204);
    expect((await look(user, id)).body.status).toBe('complete');
  });

  it('is made without its collection when that has been deleted on the way', async () => {
    const user = await newUser();
    const { token } = user;
    const { body } = await call<{ id: string }>('/v1/collections', { token, body: { name: 'Gone' } });
    const id = await begun(user, { size: 3, fields: { collectionId: body.id } });
    await call(`/v1/collections/${body.id}`, { method: 'DELETE', token });
    expect((await append(user, { id, offset: 0, bytes: text.subarray(0, 3) })).status).toBe(204);
    expect((await call(`/v1/documents/${id}`, { token })).body).toMatchObject({ id, collectionIds: [] });
  });

  it('becomes a version of the document that it was meant for, or one of its own if that is gone', async () => {
    const user = await newUser();
    const { token } = user;
    loseWakeUps();
    const first = await begun(user, { size: 9, bytes: text.subarray(0, 9) });
    const fields = { filename: 'second.md', versionOf: first };
    const answer = await begin(user, { size: text.length, bytes: text, fields });
    expect(answer.body).toMatchObject({ status: 'complete', documentId: first });
    expect(answer.headers.get('link')).toBe(`</v1/documents/${first}>; rel="related"`);
    await expectContent(user, first, text);
    const { body } = await call(`/v1/documents/${first}/versions`, { token });
    expect(body.items.map(({ number }: { number: number }) => number)).toEqual([2, 1]);
    // Forgetting the upload takes nothing from the document.
    expect((await terminate(user, answer.body.id)).status).toBe(204);
    await expectContent(user, first, text);

    const third = await begun(user, { size: 5, fields: { versionOf: first } });
    await call(`/v1/documents/${first}`, { method: 'DELETE', token });
    await append(user, { id: third, offset: 0, bytes: text.subarray(0, 5) });
    expect((await look(user, third)).body).toMatchObject({ status: 'complete', documentId: third });
    await expectContent(user, third, text.subarray(0, 5));
    expect((await begin(user, { size: 5, fields: { versionOf: first } })).body.errors?.[0]?.path).toBe('versionOf');
  });

  it('is not kept twice by those who want it once', async () => {
    const user = await newUser();
    loseWakeUps();
    const fields = { onDuplicate: 'skip' };
    const [one, two] = [
      await begin(user, { size: 9, bytes: text.subarray(0, 9), fields }),
      await begin(user, { size: 9, bytes: text.subarray(0, 9), fields }),
    ];
    expect([one.body.documentId, two.body.documentId]).toEqual([one.body.id, one.body.id]);
    expect((await call('/v1/documents', { token: user.token })).body.items).toHaveLength(1);
    expect(await objectsOfOwner(user.user.id)).toHaveLength(1);
    await expectContent(user, one.body.id, text.subarray(0, 9));
  });

  it('costs few round trips, and its reads leave no entry in the audit log', async () => {
    const user = await newUser();
    loseWakeUps();
    await call('/v1/me', { token: user.token });
    const made = await begin(user, { size: 10 });
    const { id } = made.body;
    const first = await append(user, { id, offset: 0, bytes: text.subarray(0, 5) });
    const asked = await head(user, id);
    const last = await append(user, { id, offset: 5, bytes: text.subarray(5, 10) });
    const gone = await terminate(user, await begun(user, { size: 10 }));
    // To begin: a batch. To add: a claim, and a batch. To end, too: the list of parts, and the document's batch.
    expect([made, first, asked, last, gone].map(roundTrips)).toEqual([1, 2, 1, 4, 2]);
    const { results } = await env.DB.prepare('select action from audit_logs where actor_id = ? order by seq')
      .bind(user.user.id)
      .all<{ action: string }>();
    expect(results.map(({ action }) => action).filter((action) => /upload/i.test(action))).toEqual([
      'createUpload',
      'appendToUpload',
      'appendToUpload',
      'job.completeUpload',
      'createUpload',
      'deleteUpload',
    ]);
  });
});

describe('the protocol', () => {
  it('says what is supported, to anyone', async () => {
    const { status, headers } = await call('/v1/uploads', { method: 'OPTIONS' });
    expect(status).toBe(204);
    expect(headers.get('tus-resumable')).toBeNull();
    expect(Object.fromEntries([...headers].filter(([name]) => name.startsWith('tus-')))).toEqual({
      'tus-version': '1.0.0',
      'tus-extension': 'creation,creation-with-upload,checksum,expiration,termination',
      'tus-max-size': String(1024 ** 3),
      'tus-checksum-algorithm': 'sha1,sha256,crc32',
    });
  });

  it('answers HEAD with what a client needs to go on, and keeps it out of caches', async () => {
    const user = await newUser();
    const metadata = `${metadataOf({ filename: 'ä.txt' })},relativePath`;
    const made = await begin(user, { size: 100, headers: { 'upload-metadata': metadata } });
    const { status, headers, body } = await head(user, made.body.id);
    expect([status, body]).toEqual([200, '']);
    expect(headers.get('upload-offset')).toBe('0');
    expect(headers.get('upload-length')).toBe('100');
    expect(headers.get('upload-metadata')).toBe(metadata);
    expect(headers.get('upload-expires')).toBe(made.headers.get('upload-expires'));
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('tus-resumable')).toBe('1.0.0');
    expect((await look(user, made.body.id)).body.filename).toBe('ä.txt');
  });

  it('is spoken in one version, which every answer names', async () => {
    const user = await newUser();
    const id = await begun(user, { size: 3 });
    for (const version of ['0.2.2', '1.0', '2.0.0']) {
      const headers = { 'tus-resumable': version };
      const answers = [
        await begin(user, { size: 3, headers }),
        await append(user, { id, offset: 0, bytes: text.subarray(0, 3), headers }),
        await head(user, id, headers),
        await call(`/v1/uploads/${id}`, { method: 'DELETE', token: user.token, headers }),
      ];
      for (const answer of answers) {
        expect([answer.status, answer.headers.get('tus-version')]).toEqual([412, '1.0.0']);
        expect(answer.headers.get('tus-resumable')).toBe('1.0.0');
      }
    }
    const nothing = await call(`/v1/uploads/${id}`, { method: 'DELETE', token: user.token });
    expect([nothing.status, nothing.body.code]).toEqual([412, 'unsupported_version']);
    expect((await look(user, id)).body).toMatchObject({ status: 'receiving', receivedBytes: 0 });
  });

  it('lets POST stand for the methods that some clients lack', async () => {
    const user = await newUser();
    const [id, other] = [await begun(user, { size: 3 }), await begun(user, { size: 3 })];
    const ask = (target: string, headers: Record<string, string>, body?: string) =>
      call(`/v1/uploads/${target}`, {
        method: 'POST',
        token: user.token,
        headers: { 'tus-resumable': '1.0.0', 'content-type': 'application/offset+octet-stream', ...headers },
        ...(body !== undefined && { body }),
      });
    const added = await ask(id, { 'x-http-method-override': 'PATCH', 'upload-offset': '0' }, 'abc');
    expect([added.status, offsetIn(added)]).toEqual([204, 3]);
    expect((await ask(other, { 'x-http-method-override': 'DELETE' })).status).toBe(204);
    expect((await look(user, other)).status).toBe(404);
    expect((await ask(id, {}, 'abc')).status).toBe(422);
    expect((await ask(id, { 'x-http-method-override': 'PATCH' }, 'abc')).status).toBe(422);
  });

  it('lets browsers of a configured origin send and read its headers', async () => {
    const bindings = { ...env, CORS_ORIGINS: 'https://app.example' } as typeof env;
    const { headers } = await call('/v1/uploads', {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'PATCH' },
      bindings,
    });
    const allowed = headers.get('access-control-allow-headers') ?? '';
    for (const name of ['tus-resumable', 'upload-offset', 'upload-length', 'upload-metadata', 'upload-checksum']) {
      expect(allowed).toContain(name);
    }
  });
});

describe('a checksum', () => {
  const piece = text.subarray(0, 40);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(piece));

  it.each([
    ['sha1', sha('sha1', piece)],
    ['sha256', sha('sha256', piece)],
    ['crc32', crc.toString('base64')],
  ])('by %s lets right bytes pass, and none of wrong ones', async (algorithm, digest) => {
    const user = await newUser();
    const id = await begun(user, { size: text.length });
    const headers = { 'upload-checksum': `${algorithm} ${digest}` };
    const wrong = await append(user, { id, offset: 0, bytes: text.subarray(1, 41), headers });
    expect([wrong.status, wrong.body.code]).toEqual([460, 'checksum_mismatch']);
    expect(offsetIn(await head(user, id))).toBe(0);
    expect((await append(user, { id, offset: 0, bytes: piece, headers })).status).toBe(204);
    expect((await append(user, { id, offset: 40, bytes: text.subarray(40) })).status).toBe(204);
    await expectContent(user, id, text);
  });

  it('holds for a piece of several parts as a whole', async () => {
    const user = await newUser();
    loseWakeUps();
    const bytes = bytesOf(2 * PART_BYTES + 5);
    const bent = bytes.slice();
    bent[bent.length - 1] = (bent.at(-1) ?? 0) ^ 1;
    const id = await begun(user, { size: bytes.length, bytes: bytes.subarray(0, 5) });
    const headers = { 'upload-checksum': `sha256 ${sha('sha256', bytes.subarray(5))}` };
    const refused = await append(user, { id, offset: 5, bytes: bent.subarray(5), headers });
    expect([refused.status, refused.body.code, offsetIn(await head(user, id))]).toEqual([460, 'checksum_mismatch', 5]);
    expect((await append(user, { id, offset: 5, bytes: bytes.subarray(5), headers })).status).toBe(204);
    await expectContent(user, id, bytes);
  });

  it('of the first bytes decides on the announcement too', async () => {
    const user = await newUser();
    const headers = { 'upload-checksum': `sha1 ${sha('sha1', piece)}` };
    const refused = await begin(user, { size: 99, bytes: text.subarray(0, 39), headers });
    expect([refused.status, refused.headers.get('location')]).toEqual([460, null]);
    expect((await call('/v1/uploads', { token: user.token })).body.items).toEqual([]);
    expect(await objectsOfOwner(user.user.id)).toEqual([]);
  });

  it.each([
    'md5 1B2M2Y8AsgTpgAmY7PhCfg==',
    'sha1',
    'sha1 !!!',
    'sha1 AAAA',
    'crc32 AAAAAAA=',
    `sha1  ${sha('sha1', piece)}`,
    'toString AAAA',
  ])('that is none (%s) is a bad request', async (checksum) => {
    const user = await newUser();
    const id = await begun(user, { size: 40 });
    const answer = await append(user, { id, offset: 0, bytes: piece, headers: { 'upload-checksum': checksum } });
    expect([answer.status, offsetIn(await head(user, id))]).toEqual([400, 0]);
  });
});
