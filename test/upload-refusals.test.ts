import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newApiKey, newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { loseWakeUps, pass } from './support/clockwork.ts';
import { tick } from './support/cron.ts';
import { interleave } from './support/interleave.ts';
import {
  append,
  begin,
  begun,
  brokenBody,
  bytesOf,
  expectContent,
  hasParts,
  head,
  look,
  objectsOfOwner,
  offsetIn,
  PART_BYTES,
  terminate,
} from './support/tus.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const bytes = bytesOf(1_000);
const outcome = ({ status, body }: { status: number; body: { code: string } }) => [status, body.code];

async function partsIdOf(id: string): Promise<string> {
  const partsId = await env.DB.prepare('select parts_id from uploads where id = ?').bind(id).first<string>('parts_id');
  return partsId ?? '';
}

describe('an announcement', () => {
  it.each([
    ['no length', {}, 'Upload-Length'],
    ['a length that is none', { 'upload-length': '1e3' }, 'Upload-Length'],
    ['a negative one', { 'upload-length': '-1' }, 'Upload-Length'],
    ['two of them', { 'upload-length': '5, 5' }, 'Upload-Length'],
    ['an empty file', { 'upload-length': '0' }, 'Upload-Length'],
    ['the promise of a length', { 'upload-length': '5', 'upload-defer-length': '1' }, 'Upload-Defer-Length'],
    ['a part of another upload', { 'upload-length': '5', 'upload-concat': 'partial' }, 'Upload-Concat'],
    ['metadata without Base64', { 'upload-length': '5', 'upload-metadata': 'title x' }, 'Upload-Metadata'],
    ['metadata twice', { 'upload-length': '5', 'upload-metadata': 'title YQ==,title YQ==' }, 'Upload-Metadata'],
    ['metadata that is no text', { 'upload-length': '5', 'upload-metadata': 'title /w==' }, 'Upload-Metadata'],
    [
      'too much metadata',
      { 'upload-length': '5', 'upload-metadata': `title ${'YWFh'.repeat(2_000)}` },
      'Upload-Metadata',
    ],
    ['an empty title', { 'upload-length': '5', 'upload-metadata': 'title' }, 'title'],
    ['an unknown field', { 'upload-length': '5', 'upload-metadata': 'owner YQ==' }, ''],
    ['no such profile', { 'upload-length': '5', 'upload-metadata': 'profile YQ==' }, 'profile'],
    ['a collection that is none', { 'upload-length': '5', 'upload-metadata': 'collectionId YQ==' }, 'collectionId'],
  ])('with %s is refused, and says why', async (_, headers, path) => {
    const { token } = await newUser();
    const answer = await call('/v1/uploads', {
      method: 'POST',
      token,
      headers: { 'tus-resumable': '1.0.0', ...(headers as Record<string, string>) },
    });
    expect([answer.status, answer.body.errors?.[0]?.path]).toEqual([422, path]);
    expect((await call('/v1/uploads', { token })).body.items).toEqual([]);
  });

  it('names no collection that is not there, or is somebody else’s', async () => {
    const [user, other] = [await newUser(), await newUser()];
    const made = await call<{ id: string }>('/v1/collections', { token: other.token, body: { name: 'Mine' } });
    for (const collectionId of [made.body.id, crypto.randomUUID()]) {
      const { status, body } = await begin(user, { size: 5, fields: { collectionId } });
      expect([status, body.errors?.[0]?.path]).toEqual([422, 'collectionId']);
    }
  });

  it('of more than is allowed is too large, as the setting has it', async () => {
    const user = await newUser();
    expect(outcome(await begin(user, { size: 1024 ** 3 + 1 }))).toEqual([413, 'file_too_large']);
    expect((await begin(user, { size: 1024 ** 3 })).status).toBe(201);
    const bindings = { ...env, MAX_RESUMABLE_UPLOAD_BYTES: '10' } as typeof env;
    expect(outcome(await begin(user, { size: 11, bindings }))).toEqual([413, 'file_too_large']);
    expect((await call('/v1/uploads', { method: 'OPTIONS', bindings })).headers.get('tus-max-size')).toBe('10');
  });

  it('is one too many when a hundred are not finished', async () => {
    const user = await newUser();
    const id = await begun(user, { size: 5 });
    const columns = (await env.DB.prepare('select * from uploads where id = ?').bind(id).first()) ?? {};
    const names = Object.keys(columns).filter((name) => name !== 'id');
    await env.DB.prepare(
      `insert into uploads (id, ${names}) with recursive n (i) as (select 1 union all select i + 1 from n where i < 99)
       select printf('%08d', i) || substr(id, 9), ${names} from uploads, n where id = ?`,
    )
      .bind(id)
      .run();
    expect(outcome(await begin(user, { size: 5 }))).toEqual([409, 'too_many_uploads']);
    expect((await terminate(user, id)).status).toBe(204);
    expect((await begin(user, { size: 5 })).status).toBe(201);
    // Nobody else's clock has to see to them.
    await env.DB.prepare('delete from uploads where owner_id = ?').bind(user.user.id).run();
  });

  it('that is sent again with its key is one upload', async () => {
    const user = await newUser();
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const announced = { size: 1_000, bytes: bytes.subarray(0, 10), fields: { filename: 'a.bin' }, headers };
    const [first, again] = [await begin(user, announced), await begin(user, announced)];
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect([again.status, again.body]).toEqual([201, first.body]);
    for (const name of ['location', 'upload-offset', 'upload-expires', 'tus-resumable']) {
      expect(again.headers.get(name), name).toBe(first.headers.get(name));
    }
    expect(outcome(await begin(user, { ...announced, size: 1_001 }))).toEqual([409, 'idempotency_key_reused']);
    const other = { ...announced, fields: { filename: 'b.bin' } };
    expect(outcome(await begin(user, other))).toEqual([409, 'idempotency_key_reused']);
    expect((await call('/v1/uploads', { token: user.token })).body.items).toHaveLength(1);
  });
});

describe('bytes', () => {
  it('at the wrong place change nothing, and the answer says where to go on', async () => {
    const user = await newUser();
    const id = await begun(user, { size: 1_000, bytes: bytes.subarray(0, 100) });
    for (const offset of [0, 99, 101, 1_000, 5_000]) {
      const answer = await append(user, { id, offset, bytes: bytes.subarray(0, 10) });
      expect(outcome(answer)).toEqual([409, 'upload_offset_differs']);
      expect(answer.body.detail).toContain('byte 100');
    }
    expect(offsetIn(await head(user, id))).toBe(100);
  });

  it.each([
    ['as its length says', { 'content-length': '901' }],
    ['as turns out', {}],
  ])('over the announced length are refused, %s', async (_, headers) => {
    const user = await newUser();
    const id = await begun(user, { size: 1_000, bytes: bytes.subarray(0, 100) });
    const more = await append(user, { id, offset: 100, bytes: bytesOf(901), headers });
    expect(outcome(more)).toEqual([413, 'upload_too_long']);
    expect(offsetIn(await head(user, id))).toBe(100);
    expect((await append(user, { id, offset: 100, bytes: bytes.subarray(100) })).status).toBe(204);
    await expectContent(user, id, bytes);
    const late = await append(user, { id, offset: 1_000, bytes: bytesOf(1) });
    expect(outcome(late)).toEqual([413, 'upload_too_long']);
    const nothing = await append(user, { id, offset: 1_000, bytes: bytesOf(0), headers: { 'content-length': '0' } });
    expect([nothing.status, offsetIn(nothing)]).toEqual([204, 1_000]);
  });

  it('over the length of the announcement that they came with leave no upload', async () => {
    const user = await newUser();
    expect(outcome(await begin(user, { size: 10, bytes: bytesOf(11) }))).toEqual([413, 'upload_too_long']);
    const headers = { 'content-length': '11' };
    expect(outcome(await begin(user, { size: 10, bytes: bytesOf(11), headers }))).toEqual([413, 'upload_too_long']);
    expect((await call('/v1/uploads', { token: user.token })).body.items).toEqual([]);
  });

  it('are taken as bytes only', async () => {
    const user = await newUser();
    const id = await begun(user, { size: 1_000 });
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await append(user, { id, offset: 0, bytes, headers });
    expect(outcome(answer)).toEqual([415, 'unsupported_media_type']);
    const announced = await begin(user, { size: 5, headers: { 'content-type': 'text/plain', 'content-length': '5' } });
    expect(outcome(announced)).toEqual([415, 'unsupported_media_type']);
  });

  it('that break off are kept as far as they came, unless they have a checksum', async () => {
    const user = await newUser();
    const whole = bytesOf(PART_BYTES + 5_000);
    const id = await begun(user, { size: whole.length });
    const cut = await append(user, { id, offset: 0, bytes: brokenBody(whole.subarray(0, PART_BYTES + 700)) });
    expect(outcome(cut)).toEqual([400, 'upload_broken_off']);
    expect(offsetIn(await head(user, id))).toBe(PART_BYTES + 700);
    const next = { id, offset: PART_BYTES + 700 };
    const checked = { 'upload-checksum': `sha1 ${'A'.repeat(27)}=` };
    const again = await append(user, { ...next, bytes: brokenBody(bytesOf(50)), headers: checked });
    expect(outcome(again)).toEqual([400, 'upload_broken_off']);
    expect(offsetIn(await head(user, id))).toBe(PART_BYTES + 700);
    expect((await append(user, { ...next, bytes: whole.subarray(PART_BYTES + 700) })).status).toBe(204);
    await expectContent(user, id, whole);
  });

  it('of two requests at once are those of one of them', async () => {
    const user = await newUser();
    loseWakeUps();
    const whole = bytesOf(PART_BYTES + 1_000);
    const other = bytesOf(PART_BYTES + 1_000, 2);
    const id = await begun(user, { size: whole.length });
    const answers = await Promise.all([whole, other].map((sent) => append(user, { id, offset: 0, bytes: sent })));
    const statuses = answers.map(({ status }) => status);
    expect([...statuses].sort()).toEqual([204, 409]);
    await expectContent(user, id, statuses[0] === 204 ? whole : other);
  });

  it('of a request that another has overtaken change nothing, not even late ones', async () => {
    const user = await newUser();
    loseWakeUps();
    const whole = bytesOf(PART_BYTES + 1_000);
    const id = await begun(user, { size: whole.length, bytes: whole.subarray(0, 10) });
    // The first has stored its part, and is about to say so.
    const first = await interleave(() => append(user, { id, offset: 10, bytes: bytesOf(PART_BYTES + 500, 3) }), {
      beforeCall: 2,
      happens: async () => {
        const second = await append(user, { id, offset: 10, bytes: whole.subarray(10, PART_BYTES + 20) });
        expect(second.status).toBe(204);
      },
    });
    expect(outcome(first)).toEqual([409, 'upload_taken_over']);
    expect(offsetIn(await head(user, id))).toBe(PART_BYTES + 20);
    const rest = { id, offset: PART_BYTES + 20, bytes: whole.subarray(PART_BYTES + 20) };
    expect((await append(user, rest)).status).toBe(204);
    await expectContent(user, id, whole);
    expect((await objectsOfOwner(user.user.id)).filter((key) => key.includes('/uploads/'))).toEqual([]);
  });
});

describe('an upload that ends without a document', () => {
  it('when it is discarded takes everything along', async () => {
    const user = await newUser();
    const whole = bytesOf(PART_BYTES + 1_000);
    const id = await begun(user, { size: PART_BYTES * 2, bytes: whole });
    const partsId = await partsIdOf(id);
    expect(await hasParts(user.user.id, { id, partsId })).toBe(true);
    expect(await objectsOfOwner(user.user.id)).toHaveLength(1);
    expect((await terminate(user, id)).status).toBe(204);
    expect([(await head(user, id)).status, (await terminate(user, id)).status]).toEqual([404, 404]);
    expect((await append(user, { id, offset: whole.length, bytes })).status).toBe(404);
    expect(await objectsOfOwner(user.user.id)).toEqual([]);
    expect(await env.DB.prepare('select count(*) as n from upload_parts where upload_id = ?').bind(id).first('n')).toBe(
      0,
    );
  });

  it('is discarded while bytes arrive', async () => {
    const user = await newUser();
    const id = await begun(user, { size: PART_BYTES * 2, bytes });
    const late = await interleave(() => append(user, { id, offset: 1_000, bytes: bytesOf(PART_BYTES) }), {
      beforeCall: 2,
      happens: () => terminate(user, id),
    });
    expect(late.status).toBe(409);
    expect((await look(user, id)).status).toBe(404);
    expect(await objectsOfOwner(user.user.id)).toEqual([]);
  });

  it('when its time is over is gone with its bytes, which the clock removes', async () => {
    const { user, token } = await newUser();
    const { key } = await newApiKey({ token }, ['documents:write']);
    const keeper = { token: key };
    const id = await begun(keeper, { size: PART_BYTES * 2, bytes: bytesOf(PART_BYTES + 1) });
    const partsId = await partsIdOf(id);
    pass(48 * HOUR_MS - 60_000);
    await tick();
    expect(offsetIn(await head(keeper, id))).toBe(PART_BYTES + 1);
    pass(61_000);
    // Nobody can go on, whether the clock has been there or not.
    for (const _ of ['before', 'after']) {
      expect((await head(keeper, id)).status).toBe(410);
      expect(outcome(await append(keeper, { id, offset: PART_BYTES + 1, bytes }))).toEqual([410, 'upload_expired']);
      await tick();
    }
    expect(outcome(await terminate(keeper, id))).toEqual([410, 'upload_expired']);
    expect(await objectsOfOwner(user.id)).toEqual([]);
    expect(await hasParts(user.id, { id, partsId })).toBe(false);
    expect((await call('/v1/uploads', keeper)).body.items).toMatchObject([{ id, status: 'expired' }]);
    pass(8 * DAY_MS);
    await tick();
    expect(await env.DB.prepare('select id from uploads where id = ?').bind(id).first()).toBeNull();
  });
});

describe('an upload that is a document', () => {
  it('can be forgotten, which the document survives; the clock does so after a day', async () => {
    const user = await newUser();
    loseWakeUps();
    const [one, two] = [await begun(user, { size: 1_000, bytes }), await begun(user, { size: 1_000, bytes })];
    expect((await terminate(user, one)).status).toBe(204);
    expect((await look(user, one)).status).toBe(404);
    pass(25 * HOUR_MS);
    await tick();
    vi.useRealTimers();
    expect((await look(user, two)).status).toBe(404);
    for (const id of [one, two]) await expectContent(user, id, bytes);
  });
});
