import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { createRuntime, createServices } from '../src/services.ts';
import { jobActor, SCOPES, type Scope } from '../src/shared/actor.ts';
import { newApiKey, newUser, type TestUser } from './support/actors.ts';
import { type Call, call } from './support/app.ts';
import { allRows } from './support/catalogue.ts';
import { roundTrips } from './support/costs.ts';
import { interleave } from './support/interleave.ts';

type Problem = { status: number; code: string; detail: string; errors?: { path: string }[] };
type Session = { id: string; accessToken: string; refreshToken: string; accessTokenExpiresAt: string };
type SignedIn = { user: TestUser['user']; session: Session };
type Key = {
  id: string;
  key: string;
  prefix: string;
  scopes: string[];
  expiresAt: string | null;
  lastUsedAt: string | null;
};

const USER_SCOPES = SCOPES.filter((scope) => scope !== 'admin');
const DAY_MS = 24 * 60 * 60 * 1000;

const me = (token: string, options: Call = {}) => call<TestUser['user']>('/v1/me', { token, ...options });
const login = (identifier: string, password: string) =>
  call<SignedIn & Problem>('/v1/auth/login', { body: { identifier, password } });
const refresh = (refreshToken: string) =>
  call<{ session: Session } & Problem>('/v1/auth/refresh', { body: { refreshToken } });
const register = (body: Record<string, unknown>) => call<SignedIn & Problem>('/v1/auth/register', { body });
const newKey = (token: string, body: Record<string, unknown>) =>
  call<Key & Problem>('/v1/api-keys', { token, body: { name: 'Key', scopes: ['account:read'], ...body } });
const unique = () => `u${crypto.randomUUID().slice(0, 13)}`;

describe('a password', () => {
  it('is changed by who knows it, and ends every other session', async () => {
    const { user, token, password, refreshToken } = await newUser();
    const other = (await login(user.username, password)).body.session;
    expect((await me(other.accessToken)).status).toBe(200);
    const change = (currentPassword: string, newPassword: string) =>
      call<Problem>('/v1/auth/password/change', { token, body: { currentPassword, newPassword } });

    expect((await change('wrong horse', 'better horse')).body.errors).toMatchObject([{ path: 'currentPassword' }]);
    for (const weak of [password, 'password123', `xx${user.username}`, 'short']) {
      const refused = await change(password, weak);
      expect([refused.status, refused.body.errors?.[0]?.path]).toEqual([422, 'newPassword']);
    }
    expect((await me(other.accessToken)).status).toBe(200);

    expect((await change(password, 'better horse')).status).toBe(204);
    expect((await me(other.accessToken)).status).toBe(401);
    expect((await refresh(other.refreshToken)).status).toBe(401);
    expect((await me(token)).status).toBe(200);
    expect((await refresh(refreshToken)).status).toBe(200);
    expect((await login(user.username, password)).status).toBe(401);
    expect((await login(user.username, 'better horse')).status).toBe(200);
  });

  it('that is changed while a login is under way does not let it in', async () => {
    const { user, token, password } = await newUser();
    const sessions = async () => (await call<{ items: unknown[] }>('/v1/me/sessions', { token })).body.items;
    const late = await interleave(() => login(user.username, password), {
      beforeCall: 2,
      happens: () =>
        env.DB.prepare(
          "update users set password_hash = replace(password_hash, 'scrypt$1024', 'scrypt$2048') where id = ?",
        )
          .bind(user.id)
          .run(),
    });
    expect([late.status, late.body.code]).toEqual([401, 'invalid_credentials']);
    expect(await sessions()).toHaveLength(1);
  });

  it('that was changed meanwhile lets no login through', async () => {
    const { user, token, password } = await newUser();
    const [changed, ...logins] = await Promise.all([
      call('/v1/auth/password/change', { token, body: { currentPassword: password, newPassword: 'better horse' } }),
      ...Array.from({ length: 5 }, () => login(user.username, password)),
    ]);
    expect(changed.status).toBe(204);
    for (const { status, body } of logins) {
      expect([200, 401]).toContain(status);
      if (status === 200) expect((await me(body.session.accessToken)).status).toBe(401);
    }
  });
});

describe('an API key', () => {
  it('is shown once, does what its scopes say and nothing else', async () => {
    const { token, user } = await newUser();
    const made = await newKey(token, { name: ' Laptop ', scopes: ['account:read', 'account:read'] });
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe(`/v1/api-keys/${made.body.id}`);
    expect(made.body).toMatchObject({ name: 'Laptop', scopes: ['account:read'], expiresAt: null, lastUsedAt: null });
    expect(made.body.key.startsWith(made.body.prefix)).toBe(true);

    const { key } = made.body;
    expect((await me(key)).body.id).toBe(user.id);
    expect((await me(key, { method: 'PATCH', body: { fullName: 'No' } })).status).toBe(403);
    expect((await newKey(key, {})).status).toBe(403);
    expect((await call('/v1/auth/logout', { method: 'POST', token: key })).status).toBe(403);

    const one = await call<Key>(`/v1/api-keys/${made.body.id}`, { token });
    const list = await call<{ items: Key[] }>('/v1/api-keys', { token });
    expect(list.body.items).toEqual([one.body]);
    expect(one.body).not.toHaveProperty('key');
    expect(Date.parse(one.body.lastUsedAt ?? '')).toBeGreaterThan(Date.now() - 60_000);
  });

  it('is noted as used once a minute', async () => {
    const { token } = await newUser();
    const { id, key } = await newApiKey({ token }, ['account:read']);
    const used = async () => (await call<Key>(`/v1/api-keys/${id}`, { token })).body.lastUsedAt;
    await me(key);
    const first = await used();
    await env.DB.prepare('update api_keys set last_used_at = last_used_at - 30000 where id = ?').bind(id).run();
    await me(key);
    expect(Date.parse((await used()) ?? '')).toBe(Date.parse(first ?? '') - 30_000);
  });

  it('stops at once when it is deleted', async () => {
    const { token } = await newUser();
    const { id, key } = await newApiKey({ token }, ['account:read']);
    expect((await me(key)).status).toBe(200);
    expect((await call(`/v1/api-keys/${id}`, { method: 'DELETE', token })).status).toBe(204);
    expect((await me(key)).status).toBe(401);
    expect((await call(`/v1/api-keys/${id}`, { token })).status).toBe(404);
  });

  it('ends when it was said to', async () => {
    const { token } = await newUser();
    const expiresAt = new Date(Date.now() + DAY_MS).toISOString();
    const { body } = await newKey(token, { expiresAt });
    expect(body.expiresAt).toBe(expiresAt);
    await env.DB.prepare('update api_keys set expires_at = ? where id = ?').bind(Date.now(), body.id).run();
    expect((await me(body.key)).status).toBe(401);
    const past = await newKey(token, { expiresAt: new Date(Date.now() - 1000).toISOString() });
    expect(past.body.errors).toMatchObject([{ path: 'expiresAt' }]);
  });

  it.each([
    ['no scopes', { scopes: [] }],
    ['an unknown scope', { scopes: ['documents:own'] }],
    ['a scope with a capital', { scopes: ['Account:read'] }],
    ['scopes in one string', { scopes: 'account:read' }],
    ['no name', { name: ' ' }],
    ['a long name', { name: 'x'.repeat(101) }],
    ['a time without a zone', { expiresAt: '2099-01-01T00:00:00' }],
    ['a time as a number', { expiresAt: 4_000_000_000_000 }],
  ])('is not made with %s', async (_, wrong) => {
    const { token } = await newUser();
    expect((await newKey(token, wrong)).status).toBe(422);
  });

  it('never has more scopes than who makes it', async () => {
    const { token } = await newUser();
    const escalated = await newKey(token, { scopes: ['account:read', 'admin'] });
    expect([escalated.status, escalated.body.code]).toEqual([403, 'scopes_exceeded']);
    expect(escalated.body.detail).toContain('admin');

    const { key } = await newApiKey({ token }, ['account:write', 'tags:read']);
    for (const scope of USER_SCOPES.filter((name) => name !== 'account:write' && name !== 'tags:read')) {
      expect((await newKey(key, { scopes: ['tags:read', scope] })).body.code, scope).toBe('scopes_exceeded');
    }
    expect((await newKey(key, { scopes: ['tags:read'] })).status).toBe(201);
  });

  it('never lives longer than the key that made it', async () => {
    const { token } = await newUser();
    const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();
    const expiresAt = inDays(2);
    const maker = (await newKey(token, { scopes: ['account:write'], expiresAt })).body.key;
    const scopes = ['account:write'];
    expect((await newKey(maker, { scopes })).body.expiresAt).toBe(expiresAt);
    expect((await newKey(maker, { scopes, expiresAt: inDays(3) })).body.expiresAt).toBe(expiresAt);
    const sooner = inDays(1);
    expect((await newKey(maker, { scopes, expiresAt: sooner })).body.expiresAt).toBe(sooner);

    const endless = (await newKey(token, { scopes })).body.key;
    expect((await newKey(endless, { scopes })).body.expiresAt).toBeNull();
    expect((await newKey(endless, { scopes, expiresAt })).body.expiresAt).toBe(expiresAt);
  });

  it('is not made by a credential that was revoked where this isolate cannot see it', async () => {
    const { token, sessionId } = await newUser();
    const { id, key } = await newApiKey({ token }, ['account:write']);
    expect((await newKey(key, { scopes: ['account:write'] })).status).toBe(201);
    await env.DB.prepare('delete from api_keys where id = ?').bind(id).run();
    const byKey = await newKey(key, { scopes: ['account:write'] });
    expect([byKey.status, byKey.body.code]).toEqual([401, 'credential_revoked']);
    await env.DB.prepare('delete from user_sessions where id = ?').bind(sessionId).run();
    expect((await newKey(token, {})).body.code).toBe('credential_revoked');
  });

  it('is not made by a job, which acts for its owner and has no scope', async () => {
    const { user } = await newUser();
    const services = createServices(createRuntime(env), { requestId: 'test', waitUntil: () => {} });
    const actor = jobActor({ id: crypto.randomUUID(), ownerId: user.id });
    expect([actor.userId, actor.scopes.size]).toEqual([user.id, 0]);
    const make = (scopes: Scope[]) => services.apiKeys.create(actor, { name: 'Key', scopes });
    await expect(make(['tags:read'])).rejects.toMatchObject({ code: 'scopes_exceeded' });
    await expect(make([])).rejects.toMatchObject({ code: 'credential_revoked' });
  });

  it('loses the scopes that its user loses', async () => {
    const { user, password } = await newUser();
    await env.DB.prepare("update users set role = 'admin' where id = ?").bind(user.id).run();
    const { session } = (await login(user.username, password)).body;
    const { body } = await newKey(session.accessToken, { scopes: ['admin', 'account:write'] });
    await env.DB.prepare("update users set role = 'user' where id = ?").bind(user.id).run();
    expect((await newKey(body.key, { scopes: ['admin'] })).body.code).toBe('scopes_exceeded');
    expect((await newKey(body.key, { scopes: ['account:write'] })).status).toBe(201);
  });

  it('is one of a hundred at most', async () => {
    const { user, token } = await newUser();
    const now = Date.now();
    const insert = env.DB.prepare(
      "insert into api_keys (id, owner_id, name, prefix, key_hash, scopes, created_at, updated_at) values (?, ?, 'k', 'cp_', ?, '[]', ?, ?)",
    );
    await env.DB.batch(
      Array.from({ length: 99 }, () => insert.bind(crypto.randomUUID(), user.id, crypto.randomUUID(), now, now)),
    );
    const answers = await Promise.all(Array.from({ length: 5 }, () => newKey(token, {})));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('too_many_keys');
  });
});

describe('costs', () => {
  it('few round trips', async () => {
    const name = unique();
    const password = 'correct horse battery';
    const registered = await register({ email: `${name}@example.com`, username: name, password });
    expect(roundTrips(registered)).toBe(1);
    const loggedIn = await login(name, password);
    expect(roundTrips(loggedIn)).toBe(2);
    expect(roundTrips(await login(unique(), password))).toBe(1);
    const refreshed = await refresh(loggedIn.body.session.refreshToken);
    expect(roundTrips(refreshed)).toBe(1);
    const token = refreshed.body.session.accessToken;
    expect(roundTrips(await me(token))).toBe(2);
    expect(roundTrips(await me(token))).toBe(1);
    expect(roundTrips(await me(token, { method: 'PATCH', body: { fullName: 'Ada' } }))).toBe(1);
    const made = await newKey(token, { scopes: ['account:read', 'account:write'] });
    expect(roundTrips(made)).toBe(1);
    expect(roundTrips(await call('/v1/api-keys', { token: made.body.key }))).toBe(2);
    expect(roundTrips(await call('/v1/api-keys', { token: made.body.key }))).toBe(1);
    expect(roundTrips(await call('/v1/me/sessions', { token }))).toBe(1);
    const change = { currentPassword: password, newPassword: 'better horse' };
    expect(roundTrips(await call('/v1/auth/password/change', { token, body: change }))).toBe(2);
    const { session } = (await login(name, 'better horse')).body;
    expect(roundTrips(await call('/v1/auth/logout', { method: 'POST', token: session.accessToken }))).toBe(2);
  });

  it('nothing for what cannot be a token', async () => {
    expect(roundTrips(await refresh('cpr_short'))).toBe(0);
    expect(roundTrips(await me('cpa_short'))).toBe(0);
  });
});

describe('secrets', () => {
  it('are nowhere in the catalogue', async () => {
    const { user, token, refreshToken, password } = await newUser();
    const { session } = (await login(user.username, password)).body;
    const refreshed = (await refresh(session.refreshToken)).body.session;
    const { key } = await newApiKey({ token }, ['account:read']);
    await me(key);
    const catalogue = JSON.stringify(await allRows());
    expect(catalogue).toContain(user.id);
    expect(catalogue).toContain(key.slice(0, 9));
    const tokens = [token, refreshToken, session.accessToken, session.refreshToken, refreshed.accessToken, key];
    for (const secret of [password, ...tokens, ...tokens.map((text) => text.slice(text.indexOf('_') + 1))]) {
      expect(catalogue).not.toContain(secret);
    }
  });
});
