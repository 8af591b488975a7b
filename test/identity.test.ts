import { env } from 'cloudflare:workers';
import { scryptSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createPasswords } from '../src/modules/identity/password.ts';
import { newUser, type TestUser } from './support/actors.ts';
import { type Call, call } from './support/app.ts';
import { allRows } from './support/catalogue.ts';
import { roundTrips } from './support/costs.ts';

type Problem = { status: number; code: string; detail: string; errors?: { path: string }[] };
type Session = { id: string; accessToken: string; refreshToken: string; accessTokenExpiresAt: string };
type SignedIn = { user: TestUser['user']; session: Session };

const me = (token: string, options: Call = {}) => call<TestUser['user']>('/v1/me', { token, ...options });
const login = (identifier: string, password: string) =>
  call<SignedIn & Problem>('/v1/auth/login', { body: { identifier, password } });
const refresh = (refreshToken: string) =>
  call<{ session: Session } & Problem>('/v1/auth/refresh', { body: { refreshToken } });
const register = (body: Record<string, unknown>) => call<SignedIn & Problem>('/v1/auth/register', { body });
const unique = () => `u${crypto.randomUUID().slice(0, 13)}`;

describe('an account', () => {
  it('is made, used, continued and left', async () => {
    const name = unique();
    const registered = await register({
      email: `${name}@Example.com`,
      username: name.toUpperCase(),
      password: 'correct horse battery',
      fullName: '  Ada Lovelace ',
    });
    expect(registered.status).toBe(201);
    expect(registered.headers.get('cache-control')).toBe('no-store');
    const { user } = registered.body;
    expect(user).toEqual({
      id: expect.any(String),
      email: `${name}@Example.com`,
      username: name.toUpperCase(),
      fullName: 'Ada Lovelace',
      role: 'user',
      emailVerified: false,
      emailVerifiedAt: null,
      twoFactorEnabled: false,
      bio: null,
      theme: 'system',
      locale: null,
      timeZone: null,
      preferredModel: null,
      preferences: {},
      avatar: null,
      version: 1,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    expect((await me(registered.body.session.accessToken)).body).toEqual(user);

    for (const identifier of [name, name.toUpperCase(), `${name}@example.com`, `${name.toUpperCase()}@EXAMPLE.COM`]) {
      const again = await login(identifier, 'correct horse battery');
      expect(again.status, identifier).toBe(200);
      expect(again.body.user).toEqual(user);
    }

    const { session } = (await login(name, 'correct horse battery')).body;
    expect((await me(session.accessToken)).status).toBe(200);
    const refreshed = await refresh(session.refreshToken);
    expect(refreshed.status).toBe(200);
    expect(refreshed.body.session.id).toBe(session.id);
    expect((await me(session.accessToken)).status).toBe(401);
    expect((await me(refreshed.body.session.accessToken)).status).toBe(200);

    const left = await call('/v1/auth/logout', { method: 'POST', token: refreshed.body.session.accessToken });
    expect(left.status).toBe(204);
    expect((await me(refreshed.body.session.accessToken)).status).toBe(401);
    expect((await refresh(refreshed.body.session.refreshToken)).status).toBe(401);
    expect((await me(registered.body.session.accessToken)).status).toBe(200);
  });

  it('of the seed can be made', async () => {
    const seed = { email: 'test@inmyhead.local', username: 'testuser', password: 'Test123!' };
    expect((await register(seed)).status).toBe(201);
    expect((await login('testuser', 'Test123!')).status).toBe(200);
  });

  it.each([
    ['email', { email: 'no address' }],
    ['email', { email: `${'a'.repeat(250)}@example.com` }],
    ['email', { email: ['ada@example.com'] }],
    ['username', { username: 'ab' }],
    ['username', { username: 'a'.repeat(41) }],
    ['username', { username: 'with space' }],
    ['username', { username: 'with@sign' }],
    ['username', { username: 'nul\0l' }],
    ['username', { username: 'half\ud800' }],
    ['password', { password: 'short' }],
    ['password', { password: 'x'.repeat(201) }],
    ['password', { password: 'nul\0l nul\0l' }],
    ['password', { password: 'half \udc00 half' }],
    ['password', { password: 'password123' }],
    ['password', { username: 'margaret', password: 'my-Margaret-1' }],
    ['password', { email: 'margaret@example.com', password: 'my-Margaret-1' }],
    ['fullName', { fullName: 'x'.repeat(201) }],
    ['fullName', { fullName: '   ' }],
    ['fullName', { fullName: 'nul\0l' }],
    ['fullName', { fullName: 7 }],
  ])('is refused for its %s: %j', async (path, wrong) => {
    const name = unique();
    const answer = await register({
      email: `${name}@example.com`,
      username: name,
      password: 'correct horse',
      ...wrong,
    });
    expect(answer.status).toBe(422);
    expect(new Set(answer.body.errors?.map((error) => error.path))).toEqual(new Set([path]));
  });

  it('cannot give itself a role, an id or a version', async () => {
    const name = unique();
    const wanted = { id: crypto.randomUUID(), role: 'admin', status: 'active', version: 9 };
    const answer = await register({
      email: `${name}@example.com`,
      username: name,
      password: 'correct horse',
      ...wanted,
    });
    expect(answer.body.user).toMatchObject({ role: 'user', version: 1 });
    expect(answer.body.user.id).not.toBe(wanted.id);
  });

  it('has a name and an address that nobody else has, whatever their case and form', async () => {
    const name = unique();
    await newUser({ username: name, email: `${name}@example.com` });
    const same = [
      [{ username: name.toUpperCase() }, 'username_taken'],
      [{ username: name.replace('u', '\uff55') }, 'username_taken'],
      [{ email: `${name.toUpperCase()}@EXAMPLE.com` }, 'email_taken'],
    ] as const;
    for (const [wanted, code] of same) {
      const other = unique();
      const body = { email: `${other}@example.com`, username: other, password: 'correct horse', ...wanted };
      const answer = await register(body);
      expect([answer.status, answer.body.code]).toEqual([409, code]);
    }
  });

  it('is made once when twenty ask for the same name at the same time', async () => {
    const name = unique();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const username = index % 2 === 0 ? name : name.toUpperCase();
        return register({ email: `${name}-${index}@example.com`, username, password: 'correct horse' });
      }),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(409)]);
    const refused = answers.filter(({ status }) => status === 409);
    expect(new Set(refused.map(({ body }) => body.code))).toEqual(new Set(['username_taken']));
    const rows = (await allRows()).filter(({ row }) => row.username_key === name);
    expect(rows).toHaveLength(1);
  });

  it('is changed only by those who have read it last', async () => {
    const { token, user } = await newUser({ fullName: 'Ada' });
    const read = await me(token);
    expect(read.headers.get('etag')).toBe('"1"');
    const same = await me(token, { headers: { 'if-none-match': '"1"' } });
    expect([same.status, same.body, same.headers.get('etag')]).toEqual([304, '', '"1"']);

    const patch = (body: unknown, headers = {}) => me(token, { method: 'PATCH', body, headers });
    const changed = await patch({ fullName: 'Grace' }, { 'if-match': '"1"' });
    expect([changed.status, changed.headers.get('etag')]).toEqual([200, '"2"']);
    expect(changed.body).toMatchObject({ id: user.id, fullName: 'Grace', version: 2 });
    expect((await me(token, { headers: { 'if-none-match': '"1"' } })).body).toMatchObject({ fullName: 'Grace' });

    expect((await patch({ fullName: 'Stale' }, { 'if-match': '"1"' })).status).toBe(412);
    expect((await patch({ fullName: 'Stale', version: 1 })).status).toBe(412);
    expect((await patch({ fullName: null, version: 2 })).body).toMatchObject({ fullName: null, version: 3 });
    expect((await patch({ fullName: 'Last' })).body).toMatchObject({ fullName: 'Last', version: 4 });
    expect((await patch({ role: 'admin' })).status).toBe(422);
    expect((await me(token)).body).toMatchObject({ fullName: 'Last', role: 'user', version: 4 });
  });

  it('that is deactivated neither answers nor lets in', async () => {
    const { user, token, refreshToken, password } = await newUser();
    await env.DB.prepare("update users set status = 'deactivated' where id = ?").bind(user.id).run();
    expect((await me(token)).status).toBe(401);
    expect((await refresh(refreshToken)).status).toBe(401);
    const refused = await login(user.username, password);
    expect([refused.status, refused.body.code]).toEqual([403, 'account_deactivated']);
    expect((await login(user.username, `${password}x`)).body.code).toBe('invalid_credentials');
  });
});

describe('a login', () => {
  it('says the same for an unknown account and a wrong password', async () => {
    const { user } = await newUser();
    const bodies = [];
    for (const identifier of [user.username, user.email, unique(), `${unique()}@example.com`]) {
      const { status, body } = await login(identifier, 'wrong horse battery');
      expect([status, body.code]).toEqual([401, 'invalid_credentials']);
      bodies.push({ ...body, requestId: '' });
    }
    for (const body of bodies) expect(body).toEqual(bodies[0]);
  });

  it('hashes the password anew when it was stored at a lower cost', async () => {
    const { user, password } = await newUser();
    const stored = () =>
      env.DB.prepare('select password_hash from users where id = ?').bind(user.id).first<string>('password_hash');
    const salt = Buffer.alloc(16, 7);
    const weak = scryptSync(password, salt, 32, { N: 256, r: 8, p: 1 }).toString('base64url');
    const weakHash = `scrypt$256$8$1$${salt.toString('base64url')}$${weak}`;
    await env.DB.prepare('update users set password_hash = ? where id = ?').bind(weakHash, user.id).run();

    expect((await login(user.username, `${password}x`)).status).toBe(401);
    expect(await stored()).toBe(weakHash);
    expect((await login(user.username, password)).status).toBe(200);
    const renewed = (await stored()) ?? '';
    expect(renewed).toMatch(/^scrypt\$1024\$8\$5\$/);
    expect(await createPasswords({ costLog2: 10 }).verify(password, renewed)).toBe(true);
    await login(user.username, password);
    expect(await stored()).toBe(renewed);
  });

  it('counts, and sweeps the sessions that have run out', async () => {
    const { user, sessionId, password } = await newUser();
    await env.DB.prepare('update user_sessions set refresh_expires_at = 1 where id = ?').bind(sessionId).run();
    const { session } = (await login(user.username, password)).body;
    const rows = (await allRows()).filter(({ row }) => row.user_id === user.id || row.id === user.id);
    expect(rows.filter(({ table }) => table === 'user_sessions').map(({ row }) => row.id)).toEqual([session.id]);
    expect(rows.find(({ table }) => table === 'users')?.row).toMatchObject({ login_count: 1, version: 1 });
  });
});

describe('a session', () => {
  it('ends with its access token, unless it is refreshed, and for good with its refresh token', async () => {
    const { token, refreshToken, sessionId } = await newUser();
    await env.DB.prepare('update user_sessions set access_expires_at = ? where id = ?')
      .bind(Date.now(), sessionId)
      .run();
    expect((await me(token)).status).toBe(401);
    const { session } = (await refresh(refreshToken)).body;
    expect((await me(session.accessToken)).status).toBe(200);
    await env.DB.prepare('update user_sessions set refresh_expires_at = ? where id = ?')
      .bind(Date.now(), sessionId)
      .run();
    expect((await refresh(session.refreshToken)).status).toBe(401);
  });

  it.each([
    ['nothing', ''],
    ['a word', 'hello'],
    ['a made-up access token', `cpa_${'A'.repeat(43)}`],
    ['a made-up API key', `cp_${'A'.repeat(43)}`],
    ['a quote', "cpa_' or 1=1 --"],
  ])('is not had with %s', async (_, token) => {
    const answer = await me(token);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    if (!/^cpa?_A/.test(token)) expect(roundTrips(answer)).toBe(0);
  });

  it('is had with neither the refresh token nor a hash', async () => {
    const { token, refreshToken, sessionId } = await newUser();
    const row = (await allRows()).find((entry) => entry.row.id === sessionId)?.row ?? {};
    const hashes = [row.access_token_hash, `cpa_${row.access_token_hash}`.slice(0, 47)].map(String);
    for (const wrong of [refreshToken, ...hashes]) expect((await me(wrong)).status).toBe(401);
    expect(roundTrips(await me(refreshToken))).toBe(0);
    expect((await refresh(token)).status).toBe(401);
  });

  it('is listed for its user, and can be ended by them', async () => {
    const { user, token, sessionId, password } = await newUser();
    const { session } = (await login(user.username, password)).body;
    const list = () => call<{ items: { id: string; isCurrent: boolean }[] }>('/v1/me/sessions', { token });
    expect((await list()).body.items.map(({ id, isCurrent }) => [id, isCurrent])).toEqual([
      [session.id, false],
      [sessionId, true],
    ]);
    expect((await me(session.accessToken)).status).toBe(200);
    const ended = await call(`/v1/me/sessions/${session.id}`, { method: 'DELETE', token });
    expect(ended.status).toBe(204);
    expect((await me(session.accessToken)).status).toBe(401);
    expect((await list()).body.items).toHaveLength(1);
    expect((await call(`/v1/me/sessions/${session.id}`, { method: 'DELETE', token })).status).toBe(404);
  });

  it('lists page by page', async () => {
    const { user, token, password } = await newUser();
    for (let i = 0; i < 3; i++) await login(user.username, password);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = cursor ? `&cursor=${cursor}` : '';
      const page = await call<{ items: { id: string }[]; nextCursor: string | null }>(
        `/v1/me/sessions?limit=1&order=asc${query}`,
        { token },
      );
      seen.push(...page.body.items.map(({ id }) => id));
      cursor = page.body.nextCursor;
    }
    expect(seen).toEqual([...seen].sort());
    expect(new Set(seen).size).toBe(4);
  });
});
