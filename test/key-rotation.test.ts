import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SCOPES } from '../src/shared/actor.ts';
import { newUser } from './support/actors.ts';
import { type Call, call } from './support/app.ts';
import { allRows } from './support/catalogue.ts';
import { roundTrips } from './support/costs.ts';

type Key = {
  id: string;
  key: string;
  name: string;
  prefix: string;
  scopes: string[];
  requestsPerMinute: number | null;
  expiresAt: string | null;
  lastUsedAt: string | null;
  status: string;
  rotatedFrom: string | null;
  replacedBy: string | null;
  version: number;
  code: string;
  errors?: { path: string }[];
};

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const USER_SCOPES = SCOPES.filter((scope) => scope !== 'admin');
const WRITE = ['account:read', 'account:write'];

afterEach(() => void vi.useRealTimers());

const later = (milliseconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + milliseconds });
const inMs = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString();

const use = (key: string, options: Call = {}) => call('/v1/me', { token: key, ...options });
const make = async (token: string, body: Record<string, unknown> = {}) =>
  (await call<Key>('/v1/api-keys', { token, body: { name: 'Laptop', scopes: WRITE, ...body } })).body;
const get = async (token: string, id: string) => (await call<Key>(`/v1/api-keys/${id}`, { token })).body;
const list = async (token: string) => (await call<{ items: Key[] }>('/v1/api-keys', { token })).body.items;
const rotate = (token: string, id: string, body: unknown = {}, options: Call = {}) =>
  call<Key>(`/v1/api-keys/${id}/rotate`, { token, body, ...options });
const change = (token: string, id: string, body: unknown, headers = {}) =>
  call<Key>(`/v1/api-keys/${id}`, { method: 'PATCH', token, body, headers });

describe('a key that has lost a scope', () => {
  it('makes no key with it where it is still trusted, neither anew nor in place of another', async () => {
    const { token } = await newUser();
    const scopes = [...WRITE, 'documents:read'];
    const [maker, other] = [await make(token, { scopes }), await make(token, { scopes })];
    const bindings = { ...env };
    expect((await use(maker.key, { bindings })).status).toBe(200);
    expect((await change(token, maker.id, { scopes: WRITE })).status).toBe(200);
    const body = { name: 'Wider', scopes: ['documents:read'] };
    const made = await call<Key>('/v1/api-keys', { token: maker.key, body, bindings });
    const rotated = await rotate(maker.key, other.id, {}, { bindings });
    for (const { status, body } of [made, rotated]) expect([status, body.code]).toEqual([401, 'credential_revoked']);
    expect(await list(token)).toHaveLength(2);
  });
});

describe('a key that is rotated', () => {
  it('gives what it had to its successor, and works until the overlap ends', async () => {
    const { token } = await newUser();
    const old = await make(token, { requestsPerMinute: 60, expiresAt: inMs(30 * DAY_MS) });
    expect(old).toMatchObject({ status: 'active', rotatedFrom: null, replacedBy: null, version: 1 });
    expect((await use(old.key)).status).toBe(200);
    const rotated = await rotate(token, old.id, { overlapSeconds: 3600 });
    expect([rotated.status, roundTrips(rotated)]).toEqual([201, 1]);
    expect(rotated.headers.get('cache-control')).toBe('no-store');
    expect(rotated.headers.get('location')).toBe(`/v1/api-keys/${rotated.body.id}`);
    const { body: next } = rotated;
    expect(next.key).toMatch(/^cp_[\w-]{43}$/);
    expect(next.key).not.toBe(old.key);
    expect(next).toMatchObject({
      name: 'Laptop',
      scopes: WRITE,
      requestsPerMinute: 60,
      expiresAt: old.expiresAt,
      lastUsedAt: null,
      status: 'active',
      rotatedFrom: old.id,
      replacedBy: null,
    });
    const replaced = await get(token, old.id);
    expect(replaced).toMatchObject({ status: 'replaced', replacedBy: next.id, version: 2 });
    expect(Math.abs(Date.parse(replaced.expiresAt ?? '') - Date.now() - HOUR_MS)).toBeLessThan(10_000);
    expect((await list(token)).map(({ id, status }) => [id, status])).toEqual([
      [next.id, 'active'],
      [old.id, 'replaced'],
    ]);
    for (const { key } of [old, next]) expect((await use(key)).status).toBe(200);
    later(HOUR_MS + 60_000);
    expect((await use(old.key)).status).toBe(401);
    expect((await use(next.key)).status).toBe(200);
    expect((await get(next.key, old.id)).status).toBe('expired');
    expect(JSON.stringify(await allRows())).not.toContain(next.key.slice(3));
  });

  it('stops at once without an overlap, and after a day with the usual one', async () => {
    const { token } = await newUser();
    const [soon, usual] = [await make(token), await make(token)];
    for (const { key } of [soon, usual]) expect((await use(key)).status).toBe(200);
    expect((await rotate(token, soon.id, { overlapSeconds: 0 })).status).toBe(201);
    expect((await use(soon.key)).status).toBe(401);
    expect((await get(token, soon.id)).status).toBe('expired');
    await rotate(token, usual.id);
    const end = Date.parse((await get(token, usual.id)).expiresAt ?? '');
    expect(Math.abs(end - Date.now() - DAY_MS)).toBeLessThan(10_000);
  });

  it('never lives longer by it', async () => {
    const { token } = await newUser();
    const expiresAt = inMs(HOUR_MS);
    const old = await make(token, { expiresAt });
    await rotate(token, old.id, { overlapSeconds: 7200 });
    expect((await get(token, old.id)).expiresAt).toBe(expiresAt);
  });

  it('has one successor, however many ask at once', async () => {
    const { token } = await newUser();
    const old = await make(token);
    const answers = await Promise.all(Array.from({ length: 10 }, () => rotate(token, old.id)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('key_replaced');
    expect(await list(token)).toHaveLength(2);
  });

  it.each([
    [{ overlapSeconds: -1 }],
    [{ overlapSeconds: 604_801 }],
    [{ overlapSeconds: 1.5 }],
    [{ overlapSeconds: '60' }],
  ])('has no overlap of %j', async (body) => {
    const { token } = await newUser();
    const { id } = await make(token);
    expect((await rotate(token, id, body)).body.errors).toMatchObject([{ path: 'overlapSeconds' }]);
  });

  it('must be there, be one’s own, and not have expired', async () => {
    const [owner, stranger] = await Promise.all([newUser(), newUser()]);
    const { id } = await make(owner.token);
    expect((await rotate(stranger.token, id)).status).toBe(404);
    expect((await rotate(owner.token, crypto.randomUUID())).status).toBe(404);
    await env.DB.prepare('update api_keys set expires_at = ? where id = ?').bind(Date.now(), id).run();
    const late = await rotate(owner.token, id);
    expect([late.status, late.body.code]).toEqual([409, 'key_expired']);
    expect(await list(owner.token)).toHaveLength(1);
  });

  it('is rotated once for one idempotency key, and its successor is stored nowhere', async () => {
    const { token } = await newUser();
    const { id } = await make(token);
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const first = await rotate(token, id, {}, { headers });
    const again = await rotate(token, id, {}, { headers });
    expect([first.status, again.status]).toEqual([201, 409]);
    expect(await list(token)).toHaveLength(2);
    expect(JSON.stringify(await allRows())).not.toContain(first.body.key);
  });

  it('is forgotten a day after it has ended', async () => {
    const { token } = await newUser();
    const old = await make(token);
    await rotate(token, old.id, { overlapSeconds: 0 });
    await env.DB.prepare('update api_keys set expires_at = expires_at - ? where id = ?')
      .bind(DAY_MS + 1000, old.id)
      .run();
    expect(await list(token)).toHaveLength(2);
    const { id } = await make(token);
    expect((await list(token)).map((key) => key.id)).not.toContain(old.id);
    expect((await list(token)).map((key) => key.id)).toContain(id);
  });
});

describe('a key that rotates keys', () => {
  it('may rotate itself, and its successor has no more than it had', async () => {
    const { token } = await newUser();
    const expiresAt = inMs(2 * DAY_MS);
    const old = await make(token, { expiresAt, requestsPerMinute: 30 });
    const next = (await rotate(old.key, old.id, { overlapSeconds: 60 })).body;
    expect(next).toMatchObject({ expiresAt, requestsPerMinute: 30, scopes: WRITE, rotatedFrom: old.id });
    // In its overlap it can make nothing that lives longer than it does.
    const child = await make(old.key, { scopes: ['account:read'] });
    expect(Date.parse(child.expiresAt ?? '')).toBeLessThanOrEqual(Date.now() + 61_000);
    expect((await rotate(old.key, next.id)).body.expiresAt).toBe((await get(token, old.id)).expiresAt);
  });

  it('gets at no key with a scope that it lacks', async () => {
    const { token } = await newUser();
    const strong = await make(token, { scopes: USER_SCOPES });
    for (const scopes of [['account:write'], USER_SCOPES.filter((scope) => scope !== 'search:read')]) {
      const weak = await make(token, { scopes });
      const answer = await rotate(weak.key, strong.id);
      expect([answer.status, answer.body.code]).toEqual([403, 'scopes_exceeded']);
    }
    expect((await use(strong.key)).status).toBe(200);
    expect((await get(token, strong.id)).replacedBy).toBeNull();
  });

  it('gets no longer life and no higher limit from a stronger key', async () => {
    const { token } = await newUser();
    const strong = await make(token, { requestsPerMinute: 1000 });
    const expiresAt = inMs(HOUR_MS);
    const weak = await make(token, { expiresAt, requestsPerMinute: 5 });
    expect((await rotate(weak.key, strong.id)).body).toMatchObject({ expiresAt, requestsPerMinute: 5 });
  });

  it('is not believed when it was revoked where this isolate cannot see it', async () => {
    const { token } = await newUser();
    const [maker, other] = [await make(token), await make(token)];
    expect((await use(maker.key)).status).toBe(200);
    await env.DB.prepare('delete from api_keys where id = ?').bind(maker.id).run();
    for (const answer of [await rotate(maker.key, other.id), await change(maker.key, other.id, { name: 'Mine' })]) {
      expect([answer.status, answer.body.code]).toEqual([401, 'credential_revoked']);
    }
  });
});

describe('a key that is changed', () => {
  it('is by its user’s session what they want, at once', async () => {
    const { token } = await newUser();
    const made = await make(token, { scopes: ['account:read'] });
    expect((await use(made.key, { method: 'PATCH', body: { fullName: 'Ada' } })).status).toBe(403);
    const expiresAt = inMs(DAY_MS);
    const changes = { name: ' Desktop ', scopes: [...WRITE, 'account:read'], expiresAt, requestsPerMinute: 7 };
    const changed = await change(token, made.id, changes);
    expect([changed.status, changed.headers.get('etag'), roundTrips(changed)]).toEqual([200, '"2"', 1]);
    const expected = { name: 'Desktop', scopes: WRITE, expiresAt, requestsPerMinute: 7, version: 2 };
    expect(changed.body).toMatchObject(expected);
    expect(await get(token, made.id)).toEqual({ ...changed.body, lastUsedAt: expect.any(String) });
    const renamed = await use(made.key, { method: 'PATCH', body: { fullName: 'Ada' } });
    expect([renamed.status, renamed.headers.get('ratelimit-policy')]).toEqual([200, expect.stringContaining('q=7')]);
    const endless = await change(token, made.id, { expiresAt: null, requestsPerMinute: null });
    expect(endless.body).toMatchObject({ expiresAt: null, requestsPerMinute: null, version: 3 });
    expect((await use(made.key)).status).toBe(200);
  });

  it('is changed only by those who have read it last', async () => {
    const { token } = await newUser();
    const { id } = await make(token);
    const etag = (await call(`/v1/api-keys/${id}`, { token })).headers.get('etag') ?? '';
    expect((await change(token, id, { name: 'One' }, { 'if-match': etag })).status).toBe(200);
    expect((await change(token, id, { name: 'Two' }, { 'if-match': etag })).status).toBe(412);
    expect((await change(token, id, { name: 'Two', version: 1 })).status).toBe(412);
    expect((await get(token, id)).name).toBe('One');
  });

  it.each([
    ['nothing', {}],
    ['only a version', { version: 1 }],
    ['no scopes', { scopes: [] }],
    ['an unknown scope', { scopes: ['documents:own'] }],
    ['an end in the past', { expiresAt: '2020-01-01T00:00:00Z' }],
    ['an end that is no time', { expiresAt: 'soon' }],
    ['no requests', { requestsPerMinute: 0 }],
    ['another owner', { ownerId: crypto.randomUUID() }],
    ['another prefix', { prefix: 'cp_' }],
  ])('is not given %s', async (_, wrong) => {
    const { token } = await newUser();
    const { id } = await make(token);
    expect((await change(token, id, wrong)).status).toBe(422);
    expect((await get(token, id)).version).toBe(1);
  });

  it('has never a scope that its user lacks, and no end but its own once it is replaced', async () => {
    const { token } = await newUser();
    const { id } = await make(token);
    const asked = await change(token, id, { scopes: ['admin'] });
    expect([asked.status, asked.body.code]).toEqual([403, 'scopes_exceeded']);
    await rotate(token, id);
    for (const expiresAt of [null, inMs(30 * DAY_MS)]) {
      expect((await change(token, id, { expiresAt })).body.code).toBe('key_replaced');
    }
    expect((await change(token, id, { name: 'Old' })).body).toMatchObject({ name: 'Old', status: 'replaced' });
  });

  it('is by a key only made less', async () => {
    const { token } = await newUser();
    const by = await make(token, { scopes: USER_SCOPES });
    const expiresAt = inMs(DAY_MS);
    const target = await make(token, { scopes: [...WRITE, 'tags:read'], expiresAt, requestsPerMinute: 60 });
    for (const [path, more] of [
      ['scopes', { scopes: [...WRITE, 'tags:write'] }],
      ['expiresAt', { expiresAt: inMs(2 * DAY_MS) }],
      ['expiresAt', { expiresAt: null }],
      ['requestsPerMinute', { requestsPerMinute: 61 }],
      ['requestsPerMinute', { requestsPerMinute: null }],
    ] as const) {
      for (const changer of [by.key, target.key]) {
        const answer = await change(changer, target.id, more);
        expect(answer.status, JSON.stringify(more)).toBe(403);
        if (changer === by.key) expect(answer.body.code).toBe('key_widened');
        expect(JSON.stringify(answer.body)).toContain(changer === by.key ? path : '');
      }
    }
    expect(await get(token, target.id)).toMatchObject({ expiresAt, requestsPerMinute: 60, version: 1 });
    const sooner = inMs(HOUR_MS);
    const less = { scopes: ['account:write'], expiresAt: sooner, requestsPerMinute: 59 };
    expect((await change(target.key, target.id, less)).body).toMatchObject({ ...less, version: 2 });
    expect((await change(by.key, target.id, { name: 'Less' })).body.name).toBe('Less');
  });

  it('keeps below the usual limit if a key made or changes it, where there is one', async () => {
    const bindings = { ...env, ...{ REQUESTS_PER_MINUTE_PER_KEY: '50' } };
    const { token } = await newUser();
    const usual = await make(token);
    const more = { name: 'More', scopes: WRITE, requestsPerMinute: 51 };
    const made = await call<Key>('/v1/api-keys', { token: usual.key, body: more, bindings });
    expect(made.body.requestsPerMinute).toBe(50);
    const patch = (requestsPerMinute: number) =>
      call<Key>(`/v1/api-keys/${usual.id}`, {
        method: 'PATCH',
        token: usual.key,
        body: { requestsPerMinute },
        bindings,
      });
    expect((await patch(51)).body.code).toBe('key_widened');
    expect((await patch(50)).body.requestsPerMinute).toBe(50);
  });
});

describe('a key that is revoked', () => {
  it('stops at once here, and within the bound where it was used moments ago', async () => {
    const { token } = await newUser();
    const elsewhere = { ...env, ...{ IDENTITY_CACHE_SECONDS: '1' } };
    const [deleted, replaced] = [await make(token), await make(token)];
    for (const { key } of [deleted, replaced]) {
      for (const bindings of [env, elsewhere]) expect((await use(key, { bindings })).status).toBe(200);
    }
    await call(`/v1/api-keys/${deleted.id}`, { method: 'DELETE', token });
    await rotate(token, replaced.id, { overlapSeconds: 0 });
    for (const { key } of [deleted, replaced]) {
      expect((await use(key)).status).toBe(401);
      expect((await use(key, { bindings: elsewhere })).status).toBe(200);
    }
    later(1000);
    for (const { key } of [deleted, replaced]) expect((await use(key, { bindings: elsewhere })).status).toBe(401);
  });
});
