import { env } from 'cloudflare:workers';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { newAdmin, newApiKey, newUser, type TestUser } from './support/actors.ts';
import { type Call, call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';
import { interleave } from './support/interleave.ts';
import { mailedToken, mailsTo } from './support/outbox.ts';

type Account = {
  id: string;
  role: string;
  status: string;
  fullName: string | null;
  version: number;
  deactivatedAt: string | null;
  reactivatedAt: string | null;
  emailVerified: boolean;
  password?: string | null;
};
type Problem = { code: string; errors?: { path: string }[] };

let admin: TestUser;
let user: TestUser;

const ask = <T = Account>(path: string, options: Call = {}) =>
  call<T & Problem>(`/v1/admin/users${path}`, { token: admin.token, ...options });
const post = (path: string, options: Call = {}) => ask(path, { method: 'POST', ...options });
const patch = (id: string, body: unknown, options: Call = {}) => ask(`/${id}`, { method: 'PATCH', body, ...options });
const me = (token: string, options: Call = {}) => call('/v1/me', { token, ...options });
const login = (identifier: string, password: string) => call('/v1/auth/login', { body: { identifier, password } });

const activeAdmins = async () =>
  (await env.DB.prepare(
    "/* test */ select count(*) as total from users where role = 'admin' and status = 'active'",
  ).first<number>('total')) ?? 0;

/** Leaves these administrators only. */
const onlyAdmins = (ids: string[]) =>
  env.DB.prepare(
    "/* test */ update users set role = 'user' where role = 'admin' and id not in (select value from json_each(?))",
  )
    .bind(JSON.stringify(ids))
    .run();

beforeAll(async () => {
  admin = await newAdmin();
});

beforeEach(async () => {
  user = await newUser();
});

describe('a deactivated account', () => {
  it('is out at once, with all its sessions and keys, and comes back with its keys only', async () => {
    const { key } = await newApiKey(user, ['account:read']);
    const elsewhere = { ...env };
    expect((await me(user.token)).status).toBe(200);
    expect((await me(key)).status).toBe(200);
    const deactivated = await post(`/${user.user.id}/deactivate`);
    expect([deactivated.status, deactivated.body.status]).toEqual([200, 'deactivated']);
    expect(Date.now() - Date.parse(deactivated.body.deactivatedAt ?? '')).toBeLessThan(5_000);
    expect(deactivated.body.reactivatedAt).toBeNull();
    expect((await me(user.token)).status).toBe(401);
    expect((await me(key)).status).toBe(401);
    expect((await me(key, { bindings: elsewhere })).status).toBe(401);
    expect((await call('/v1/auth/refresh', { body: { refreshToken: user.refreshToken } })).status).toBe(401);
    expect((await login(user.user.username, user.password)).body.code).toBe('account_deactivated');
    const left = await env.DB.prepare('select id from user_sessions where user_id = ?').bind(user.user.id).all();
    expect(left.results).toEqual([]);

    const again = await post(`/${user.user.id}/deactivate`);
    expect(again.body).toEqual(deactivated.body);

    const reactivated = await post(`/${user.user.id}/reactivate`);
    expect(reactivated.body).toMatchObject({
      status: 'active',
      deactivatedAt: deactivated.body.deactivatedAt,
      reactivatedAt: expect.any(String),
    });
    expect((await post(`/${user.user.id}/reactivate`)).body).toEqual(reactivated.body);
    expect((await me(user.token)).status).toBe(401);
    expect((await me(key)).status).toBe(200);
    expect((await login(user.user.username, user.password)).status).toBe(200);
  });

  it('may be trusted by another isolate for 30 seconds at most', async () => {
    const { key } = await newApiKey(user, ['tags:read']);
    const bindings = { ...env };
    const elsewhere = () => call('/v1/tags', { token: key, bindings });
    expect((await elsewhere()).status).toBe(200);
    await post(`/${user.user.id}/deactivate`);
    expect((await elsewhere()).status).toBe(200);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 30_000 });
    expect((await elsewhere()).status).toBe(401);
    vi.useRealTimers();
  });

  it('cannot be entered by a mail that was sent before', async () => {
    await call('/v1/auth/password/forgot', { body: { email: user.user.email } });
    const token = await mailedToken(user.user.email, 'cpw_');
    await post(`/${user.user.id}/deactivate`);
    await post(`/${user.user.id}/reactivate`);
    const reset = await call('/v1/auth/password/reset', { body: { token, newPassword: 'Another horse 77!' } });
    expect([reset.status, reset.body.code]).toEqual([422, 'invalid_token']);
  });

  it('costs one round trip to make, and one to take back', async () => {
    await ask('');
    expect(roundTrips(await post(`/${user.user.id}/deactivate`))).toBe(1);
    expect(roundTrips(await post(`/${user.user.id}/reactivate`))).toBe(1);
    expect(roundTrips(await patch(user.user.id, { role: 'admin' }))).toBe(1);
    expect(roundTrips(await patch(user.user.id, { role: 'user' }))).toBe(1);
  });
});

describe('a changed account', () => {
  it('has the role, status and name that an administrator gives it', async () => {
    const { id } = user.user;
    const promoted = await patch(id, { role: 'admin', fullName: '  Grace ' }, { headers: { 'if-match': '"1"' } });
    expect([promoted.status, promoted.headers.get('etag')]).toEqual([200, '"2"']);
    expect(promoted.body).toMatchObject({ role: 'admin', fullName: 'Grace', status: 'active', version: 2 });
    expect((await ask('', { token: user.token })).status).toBe(200);

    const stopped = await patch(id, { status: 'deactivated', version: 2 });
    expect(stopped.body).toMatchObject({ status: 'deactivated', deactivatedAt: expect.any(String), version: 3 });
    expect((await ask('', { token: user.token })).status).toBe(401);
    const same = await patch(id, { status: 'deactivated' });
    expect(same.body.deactivatedAt).toBe(stopped.body.deactivatedAt);
    expect((await patch(id, { status: 'active', role: 'user' })).body).toMatchObject({
      status: 'active',
      role: 'user',
      reactivatedAt: expect.any(String),
    });
  });

  it('is changed only by those who have read it last', async () => {
    const { id } = user.user;
    for (const stale of ['"9"', '"0"', '"x"']) {
      const answer = await patch(id, { role: 'admin' }, { headers: { 'if-match': stale } });
      expect([answer.status, answer.body.code]).toEqual([412, 'stale_version']);
    }
    expect((await patch(id, { role: 'admin', version: 9 })).status).toBe(412);
    expect((await ask(`/${id}`)).body).toMatchObject({ role: 'user', version: 1 });
  });

  it.each([
    [{}],
    [{ role: 'owner' }],
    [{ status: 'deleted' }],
    [{ email: 'x@example.com' }],
    [{ role: 'admin', password: 'x' }],
    [{ fullName: 'nul\0l' }],
  ])('is not changed by %j', async (body) => {
    expect((await patch(user.user.id, body)).status).toBe(422);
    expect((await ask(`/${user.user.id}`)).body).toMatchObject({ role: 'user', status: 'active', version: 1 });
  });

  it('loses its rights within the bound: what it may no longer do is refused even where it is still trusted', async () => {
    const former = await newAdmin();
    expect((await ask('', { token: former.token })).status).toBe(200);
    await env.DB.prepare("update users set role = 'user' where id = ?").bind(former.user.id).run();
    const attempts = [
      patch(user.user.id, { role: 'admin' }, { token: former.token }),
      post(`/${user.user.id}/deactivate`, { token: former.token }),
      post(`/${user.user.id}/force-reset`, { token: former.token }),
      ask(`/${user.user.id}/sessions`, { method: 'DELETE', token: former.token }),
      post('', { token: former.token, body: { email: 'mallory@example.com', username: 'mallory', role: 'admin' } }),
    ];
    for (const answer of await Promise.all(attempts)) {
      expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
    }
    expect((await me(user.token)).status).toBe(200);
    expect((await ask(`/${user.user.id}`)).body).toMatchObject({ role: 'user', status: 'active', version: 1 });
  });
});

describe('administrators', () => {
  it('do nothing to themselves by mistake', async () => {
    const { id } = admin.user;
    const attempts = [
      () => patch(id, { role: 'user' }),
      () => patch(id, { role: 'admin' }),
      () => patch(id, { status: 'deactivated' }),
      () => post(`/${id}/deactivate`),
      () => post(`/${id}/force-reset`),
      () => ask(`/${id}/sessions`, { method: 'DELETE' }),
    ];
    for (const attempt of attempts) {
      const answer = await attempt();
      expect([answer.status, answer.body.code]).toEqual([409, 'own_account']);
    }
    expect((await patch(id, { fullName: 'Root' })).body).toMatchObject({ fullName: 'Root', role: 'admin' });
    expect((await me(admin.token)).status).toBe(200);
  });

  it('who demote each other at once leave one', async () => {
    for (let round = 0; round < 5; round++) {
      const [one, two] = await Promise.all([newAdmin(), newAdmin()]);
      await onlyAdmins([one.user.id, two.user.id]);
      const answers = await Promise.all([
        patch(two.user.id, { role: 'user' }, { token: one.token }),
        patch(one.user.id, { role: 'user' }, { token: two.token }),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 403]);
      expect(await activeAdmins()).toBe(1);
    }
    admin = await newAdmin();
  });

  it('who deactivate each other at once leave one', async () => {
    const [one, two] = await Promise.all([newAdmin(), newAdmin()]);
    await onlyAdmins([one.user.id, two.user.id]);
    const answers = await interleave(() => post(`/${two.user.id}/deactivate`, { token: one.token }), {
      beforeCall: 2,
      happens: () => env.DB.prepare("update users set status = 'deactivated' where id = ?").bind(one.user.id).run(),
    });
    expect([answers.status, answers.body.code]).toEqual([403, 'forbidden']);
    expect(await activeAdmins()).toBe(1);
    admin = await newAdmin();
  });
});

describe('an account that is taken from somebody', () => {
  it.each(['force-reset', 'deactivate'])('moves to no address that was asked for before: %s', async (verb) => {
    const email = `${crypto.randomUUID()}@example.org`;
    await call('/v1/me/email', { token: user.token, body: { email, password: user.password } });
    const token = await mailedToken(email, 'cpm_');
    await post(`/${user.user.id}/${verb}`);
    await post(`/${user.user.id}/reactivate`);
    const moved = await call('/v1/auth/email/verify', { body: { token } });
    expect([moved.status, moved.body.code]).toEqual([422, 'invalid_token']);
    expect((await ask(`/${user.user.id}`)).body).toMatchObject({ email: user.user.email, status: 'active' });
  });
});

describe('a forced reset', () => {
  it('makes the password worthless, ends the sessions, and mails a way back', async () => {
    const { user: account, password, token, refreshToken } = user;
    const { key } = await newApiKey(user, ['account:read']);
    const answer = await post(`/${account.id}/force-reset`);
    expect([answer.status, answer.body.status]).toEqual([200, 'active']);
    expect((await me(token)).status).toBe(401);
    expect((await me(key)).status).toBe(200);
    expect((await call('/v1/auth/refresh', { body: { refreshToken } })).status).toBe(401);
    for (const wrong of [password, 'unusable']) {
      expect((await login(account.username, wrong)).body.code).toBe('invalid_credentials');
    }
    const [mail] = await mailsTo(account.email);
    expect(mail?.subject).toBe('You must choose a new password');
    const newPassword = 'Another horse 77!';
    const mailed = await mailedToken(account.email, 'cpw_');
    expect((await call('/v1/auth/password/reset', { body: { token: mailed, newPassword } })).status).toBe(204);
    expect((await login(account.username, newPassword)).status).toBe(200);
  });

  it('can be followed by a forgotten password, when its mail came too late', async () => {
    await post(`/${user.user.id}/force-reset`);
    const first = await mailedToken(user.user.email, 'cpw_');
    await call('/v1/auth/password/forgot', { body: { email: user.user.email } });
    const second = await mailedToken(user.user.email, 'cpw_');
    expect(second).not.toBe(first);
    const reset = (token: string) =>
      call('/v1/auth/password/reset', { body: { token, newPassword: 'Another horse 77!' } });
    expect((await reset(first)).status).toBe(422);
    expect((await reset(second)).status).toBe(204);
  });

  it('is not for accounts that are deactivated, or not there', async () => {
    await post(`/${user.user.id}/deactivate`);
    const refused = await post(`/${user.user.id}/force-reset`);
    expect([refused.status, refused.body.code]).toEqual([409, 'account_deactivated']);
    await post(`/${user.user.id}/reactivate`);
    expect((await login(user.user.username, user.password)).status).toBe(200);
    expect(await mailsTo(user.user.email)).toHaveLength(1);
  });
});

describe('the sessions of an account', () => {
  it('are seen and ended by an administrator', async () => {
    const headers = { 'user-agent': 'Lynx' };
    await call('/v1/auth/login', { body: { identifier: user.user.username, password: user.password }, headers });
    const path = `/${user.user.id}/sessions`;
    type Sessions = { items: { userAgent: string | null; isCurrent: boolean }[]; nextCursor: string | null };
    const { body } = await ask<Sessions>(path);
    expect(body.items.map(({ userAgent, isCurrent }) => [userAgent, isCurrent])).toEqual([
      ['Lynx', false],
      [null, false],
    ]);
    const first = await ask<Sessions>(`${path}?limit=1`);
    const second = await ask<Sessions>(`${path}?limit=1&cursor=${first.body.nextCursor}`);
    expect([...first.body.items, ...second.body.items]).toEqual(body.items);
    expect(JSON.stringify(body)).not.toContain('oken');

    expect((await ask(path, { method: 'DELETE' })).status).toBe(204);
    expect((await me(user.token)).status).toBe(401);
    expect((await ask<Sessions>(path)).body.items).toEqual([]);
    expect((await login(user.user.username, user.password)).status).toBe(200);
  });
});

describe('an account that does not exist', () => {
  it.each([
    ['GET', ''],
    ['PATCH', ''],
    ['POST', '/deactivate'],
    ['POST', '/reactivate'],
    ['POST', '/force-reset'],
    ['GET', '/sessions'],
    ['DELETE', '/sessions'],
  ])('%s %s answers 404', async (method, end) => {
    const body = method === 'PATCH' ? { role: 'admin' } : undefined;
    const answer = await ask(`/${crypto.randomUUID()}${end}`, { method, ...(body && { body }) });
    expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
  });
});
