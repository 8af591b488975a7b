import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { newApiKey, newUser, type TestUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { entries, newAdmin, watched } from './support/audit.ts';
import { mailedToken } from './support/outbox.ts';

let admin: TestUser;
beforeAll(async () => {
  admin = await newAdmin();
});

type SecurityEvent = {
  id: string;
  action: string;
  outcome: string;
  errorCode: string | null;
  by: string;
  credentialId: string | null;
  objectType: string | null;
  objectId: string | null;
  client: string | null;
};

/** The user's own security history, newest first. */
async function history(token: string, query = ''): Promise<SecurityEvent[]> {
  const { status, body } = await call<{ items: SecurityEvent[] }>(`/v1/me/security-events?${query}`, { token });
  expect(status).toBe(200);
  return body.items;
}

const PASSWORD = 'Another horse 77!';

describe('signing in', () => {
  it('leaves an entry for the account that is made, and for none that is not', async () => {
    const username = `user-${crypto.randomUUID().slice(0, 13)}`;
    const body = { email: `${username}@example.com`, username, password: PASSWORD };
    const { answer, left } = await watched(admin, { path: '/v1/auth/register', body });
    const { user, session } = answer.body;
    expect(left).toMatchObject([
      {
        action: 'auth.register',
        outcome: 'succeeded',
        actorType: 'user',
        actorId: user.id,
        credentialId: session.id,
        accountId: user.id,
        objectType: 'user',
        objectId: user.id,
      },
    ]);
    const again = await watched(admin, { path: '/v1/auth/register', body });
    expect(again.left).toMatchObject([
      { outcome: 'refused', errorCode: 'username_taken', actorType: 'anonymous', actorId: null, objectId: null },
    ]);
  });

  it('leaves one for a login that is right, wrong, or at nobody', async () => {
    const { user, password } = await newUser();
    const login = (identifier: string, secret: string) =>
      watched(admin, { path: '/v1/auth/login', body: { identifier, password: secret } });
    const right = await login(user.email, password);
    expect(right.left).toMatchObject([
      { action: 'auth.login', outcome: 'succeeded', actorId: user.id, credentialId: right.answer.body.session.id },
    ]);
    const refused = { action: 'auth.login', outcome: 'refused', errorCode: 'invalid_credentials', actorId: null };
    const wrong = await login(user.username, 'wrong');
    expect(wrong.left).toMatchObject([{ ...refused, accountId: user.id, objectType: 'user', objectId: user.id }]);
    const nobody = `nobody-${crypto.randomUUID()}`;
    const [first, second, other] = [await login(nobody, 'x'), await login(nobody, 'y'), await login(`${nobody}2`, 'x')];
    expect(first.left).toMatchObject([{ ...refused, accountId: null, objectType: 'login' }]);
    expect(second.left[0]?.objectId).toBe(first.left[0]?.objectId);
    expect(other.left[0]?.objectId).not.toBe(first.left[0]?.objectId);
  });

  it('leaves one for each attempt that a lock-out refuses', async () => {
    const { user } = await newUser();
    const body = { identifier: user.email, password: 'wrong' };
    for (let i = 0; i < 10; i++) expect((await call('/v1/auth/login', { body })).status).toBe(401);
    const { answer, left } = await watched(admin, { path: '/v1/auth/login', body });
    expect(answer.status).toBe(429);
    expect(left).toMatchObject([{ action: 'auth.login', outcome: 'refused', errorCode: 'too_many_attempts' }]);
    expect(await entries(admin, { objectId: user.id, outcome: 'refused' })).toHaveLength(10);
  });

  it('leaves one for a refresh, and tells a replay from nonsense', async () => {
    const { user, sessionId, refreshToken } = await newUser();
    const refresh = (token: string, headers = {}) =>
      watched(admin, { path: '/v1/auth/refresh', headers, body: { refreshToken: token } });
    const session = { objectType: 'session', objectId: sessionId, accountId: user.id };
    const exchanged = await refresh(refreshToken);
    expect(exchanged.left).toMatchObject([
      { ...session, action: 'auth.refreshSession', outcome: 'succeeded', actorType: 'user', actorId: user.id },
    ]);
    // The answer seems to have been lost: it is given again, and nothing has happened.
    const again = await refresh(refreshToken);
    expect([again.answer.status, again.left]).toEqual([200, []]);
    const replayed = await refresh(refreshToken, { 'user-agent': 'somebody else' });
    expect(replayed.answer.body.code).toBe('invalid_refresh_token');
    expect(replayed.left).toMatchObject([
      {
        ...session,
        action: 'auth.refreshReplayed',
        outcome: 'refused',
        errorCode: 'refresh_token_replayed',
        actorType: 'anonymous',
        actorId: null,
      },
    ]);
    for (const token of [refreshToken, `cpr_${'A'.repeat(43)}`]) {
      expect((await refresh(token)).left).toMatchObject([
        { action: 'auth.refreshSession', outcome: 'refused', errorCode: 'invalid_refresh_token', objectId: null },
      ]);
    }
  });

  it('leaves one for the way out', async () => {
    const { user, token, sessionId } = await newUser();
    const { left } = await watched(admin, { path: '/v1/auth/logout', method: 'POST', token });
    expect(left).toMatchObject([
      { action: 'auth.logout', outcome: 'succeeded', actorId: user.id, credentialId: sessionId },
    ]);
  });
});

describe('passwords and addresses', () => {
  it('leave an entry when a password is changed, or is not', async () => {
    const { user, token, password } = await newUser();
    const change = (currentPassword: string) =>
      watched(admin, { path: '/v1/auth/password/change', token, body: { currentPassword, newPassword: PASSWORD } });
    expect((await change('wrong')).left).toMatchObject([
      { action: 'auth.changePassword', outcome: 'refused', errorCode: 'invalid_fields', actorId: user.id },
    ]);
    expect((await change(password)).left).toMatchObject([{ action: 'auth.changePassword', outcome: 'succeeded' }]);
  });

  it('leave one when a reset is asked for, and when it is made', async () => {
    const { user } = await newUser();
    const forgot = (email: string) => watched(admin, { path: '/v1/auth/password/forgot', body: { email } });
    const asked = { action: 'auth.forgotPassword', actorType: 'anonymous' };
    const ofUser = { ...asked, accountId: user.id, objectType: 'user', objectId: user.id };
    for (let i = 0; i < 5; i++)
      expect((await forgot(user.email)).left).toMatchObject([{ ...ofUser, outcome: 'succeeded' }]);
    expect((await forgot(user.email)).left).toMatchObject([
      { ...ofUser, outcome: 'refused', errorCode: 'too_many_mails' },
    ]);
    const nobody = await forgot(`${crypto.randomUUID()}@example.com`);
    expect(nobody.left).toMatchObject([{ ...asked, outcome: 'succeeded', accountId: null, objectType: 'login' }]);

    const reset = (token: string) =>
      watched(admin, { path: '/v1/auth/password/reset', body: { token, newPassword: PASSWORD } });
    const token = await mailedToken(user.email, 'cpw_');
    expect((await reset(token)).left).toMatchObject([
      { action: 'auth.resetPassword', outcome: 'succeeded', accountId: user.id, objectId: user.id },
    ]);
    expect((await reset(token)).left).toMatchObject([
      { action: 'auth.resetPassword', outcome: 'refused', errorCode: 'invalid_token', objectId: null },
    ]);
  });

  it('leave one when an address is verified', async () => {
    const { user } = await newUser();
    const verify = (token: string) => watched(admin, { path: '/v1/auth/email/verify', body: { token } });
    const token = await mailedToken(user.email, 'cpv_');
    expect((await verify(token)).left).toMatchObject([
      { action: 'auth.verifyEmail', outcome: 'succeeded', accountId: user.id, objectType: 'user', objectId: user.id },
    ]);
    expect((await verify(token)).left).toMatchObject([{ outcome: 'refused', errorCode: 'invalid_token' }]);
  });
});

describe('one’s own security history', () => {
  it('shows what concerns the account, newest first, and nothing else', async () => {
    const { user, token, sessionId } = await newUser();
    await call('/v1/tags', { token, body: { name: 'No event' } });
    const headers = { 'user-agent': 'curl/8.9.1' };
    await call('/v1/auth/login', { headers, body: { identifier: user.email, password: 'wrong' } });
    const { id, key } = await newApiKey({ token }, ['tags:read']);
    await call('/v1/documents', { token: key });
    await call(`/v1/me/sessions/${sessionId}`, { method: 'DELETE', token });
    const { body } = await call('/v1/auth/login', { body: { identifier: user.email, password: 'wrong' } });
    expect(body.code).toBe('invalid_credentials');
    const reader = await newUser();
    expect(await history(reader.token)).toMatchObject([{ action: 'auth.register', by: 'you' }]);

    const keyForHistory = await call('/v1/me/security-events', { token: key });
    expect(keyForHistory.status).toBe(403);
    await env.DB.prepare('update api_keys set scopes = \'["account:read"]\' where id = ?').bind(id).run();
    const bindings = { ...env };
    const answer = await call<{ items: SecurityEvent[] }>('/v1/me/security-events', { token: key, bindings });
    expect(answer.body.items.map(({ action, outcome, by }) => [action, outcome, by])).toEqual([
      ['listSecurityEvents', 'refused', 'you'],
      ['auth.login', 'refused', 'anonymous'],
      ['endSession', 'succeeded', 'you'],
      ['listDocuments', 'refused', 'you'],
      ['createApiKey', 'succeeded', 'you'],
      ['auth.login', 'refused', 'anonymous'],
      ['auth.register', 'succeeded', 'you'],
    ]);
    expect(answer.body.items[2]).toMatchObject({ objectType: 'session', objectId: sessionId });
    expect(answer.body.items[3]).toMatchObject({ credentialId: id, errorCode: 'forbidden' });
    expect(answer.body.items[5]?.client).toBe('curl');
  });

  it('is read page by page', async () => {
    const { token } = await newUser();
    for (let i = 0; i < 4; i++) await call('/v1/me', { method: 'PATCH', token, body: { fullName: `Ada ${i}` } });
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query: string = `limit=2${cursor && `&cursor=${cursor}`}`;
      const { body } = await call(`/v1/me/security-events?${query}`, { token });
      seen.push(...body.items.map(({ id }: SecurityEvent) => id));
      cursor = body.nextCursor;
    }
    expect(seen).toHaveLength(5);
    expect(seen).toEqual((await history(token)).map(({ id }) => id));
    const foreign = await call('/v1/admin/audit-logs?limit=1', admin);
    const wrong = await call(`/v1/me/security-events?cursor=${foreign.body.nextCursor}`, { token });
    expect(wrong.status).toBe(422);
  });
});
