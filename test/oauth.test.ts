import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';
import { aPerson, type FakeProviders, fakeProviders } from './support/fake-providers.ts';
import { mailedToken } from './support/outbox.ts';
import { APP, isolate, rowsIn, type SignedIn, signInBy, storedAccountOf } from './support/sign-in.ts';

const bindings = isolate();
let providers: FakeProviders;
let browser: ReturnType<typeof signInBy>;

beforeEach(async () => {
  providers = await fakeProviders();
  browser = signInBy(providers, bindings);
});
afterEach(() => void vi.unstubAllGlobals());

const me = (token: string) => call('/v1/me', { token });
const setUser = (id: string, change: string) =>
  env.DB.prepare(`update users set ${change} where id = ?`).bind(id).run();
const exchange = (code: string, more = {}) =>
  call<SignedIn & { code: string }>('/v1/auth/oauth/exchange', { bindings, body: { code, ...more } });

describe('the providers', () => {
  it('are those that are configured', async () => {
    expect((await call('/v1/auth/oauth/providers')).body).toEqual({ items: [] });
    const local = { id: 'work', name: 'Work', issuer: 'https://id.example', clientId: 'a', clientSecret: 'b' };
    const { body } = await call('/v1/auth/oauth/providers', {
      bindings: isolate({ OAUTH_OIDC: JSON.stringify([local]) }),
    });
    expect(body).toEqual({
      items: [
        { id: 'github', name: 'GitHub' },
        { id: 'google', name: 'Google' },
        { id: 'work', name: 'Work' },
      ],
    });
    expect((await browser.begin('work')).status).toBe(404);
    expect((await call('/v1/auth/oauth/github/authorize')).status).toBe(404);
    expect(providers.requests).toEqual([]);
  });

  const production = {
    ENVIRONMENT: 'production',
    MAIL: 'none',
    ENCRYPTION_KEYS: `k:${Buffer.alloc(32).toString('base64')}`,
  };
  const issuer = (values: object) => ({
    OAUTH_OIDC: JSON.stringify([
      { id: 'x', name: 'X', issuer: 'https://x.example', clientId: 'a', clientSecret: 'b', ...values },
    ]),
  });
  it.each([
    [{ OAUTH_GITHUB_CLIENT_SECRET: undefined }, /OAUTH_GITHUB_CLIENT_ID and OAUTH_GITHUB_CLIENT_SECRET/],
    [{ OAUTH_GOOGLE_CLIENT_ID: undefined }, /OAUTH_GOOGLE_CLIENT_ID/],
    [{ OAUTH_OIDC: '{' }, /OAUTH_OIDC: It must be JSON/],
    [{ OAUTH_OIDC: '{}' }, /OAUTH_OIDC/],
    [issuer({ id: 'github' }), /OAUTH_OIDC/],
    [issuer({ id: 'Up/../down' }), /OAUTH_OIDC/],
    [issuer({ issuer: 'ftp://x.example' }), /OAUTH_OIDC/],
    [issuer({ issuer: 'https://user:secret@x.example' }), /OAUTH_OIDC/],
    [issuer({ scopes: ['email'] }), /OAUTH_OIDC/],
    [issuer({ clientSecret: '' }), /OAUTH_OIDC/],
    [issuer({ jwksUri: 'https://x.example' }), /OAUTH_OIDC/],
    [{ OAUTH_OIDC: JSON.stringify([1, 2].flatMap(() => JSON.parse(issuer({}).OAUTH_OIDC))) }, /same id/],
    [{ OAUTH_REDIRECT_URIS: 'javascript:alert(1)' }, /OAUTH_REDIRECT_URIS/],
    [{ OAUTH_REDIRECT_URIS: 'http://app.example.com/' }, /OAUTH_REDIRECT_URIS/],
    [{ OAUTH_REDIRECT_URIS: 'https://app.example.com/#here' }, /OAUTH_REDIRECT_URIS/],
    [{ OAUTH_REDIRECT_URIS: '/here' }, /OAUTH_REDIRECT_URIS/],
    [{ ...production }, /PUBLIC_URL/],
    [{ ...production, PUBLIC_URL: 'https://c.example', ...issuer({ issuer: 'http://x.example' }) }, /must be https/],
  ])('are refused when they are configured by %j', async (variables, message) => {
    await expect(call('/health', { bindings: isolate(variables) })).rejects.toThrow(message);
  });
});

describe('somebody new', () => {
  it.each(['github', 'google'])('gets an account by %s, and finds it again', async (provider) => {
    const person = aPerson({ name: 'Octavia' });
    const first = await browser.signIn(provider, person);
    expect(first.status, JSON.stringify(first.body)).toBe(200);
    expect(first.headers.get('cache-control')).toBe('no-store');
    expect(first.body.user).toMatchObject({
      email: `${person.login}@example.com`,
      username: person.login,
      fullName: 'Octavia',
      emailVerified: true,
    });
    expect(roundTrips(first)).toBe(4);
    expect((await me(first.body.session.accessToken)).body).toEqual(first.body.user);

    const second = await browser.signIn(provider, { ...person, login: 'renamed', emails: [] });
    expect([second.status, second.body.user.id]).toEqual([200, first.body.user.id]);
    expect(roundTrips(second)).toBe(3);
    const rows = (await rowsIn('oauth_accounts')).filter(({ user_id }) => user_id === first.body.user.id);
    expect(rows).toMatchObject([{ provider, provider_account_id: String(person.id), version: 2, email: null }]);
    const [user] = (await rowsIn('users')).filter(({ id }) => id === first.body.user.id);
    expect(user).toMatchObject({ password_hash: 'none', login_count: 2 });
  });

  it('leaves no token that could be read from the database', async () => {
    const { body } = await browser.signIn('google', aPerson());
    const state = (await rowsIn('oauth_states')).at(-1);
    const all = JSON.stringify([await storedAccountOf(body.user.id), state]);
    expect(all).not.toMatch(/access-|refresh-|eyJ|code-/);
    expect(String(state?.sealed_secrets)).toMatch(/^local\.[\w-]+\.[\w-]+$/);
  });

  it('gets a username that nobody has, whatever they are called elsewhere', async () => {
    const { user } = await newUser();
    const names = [];
    for (const login of [user.username, user.username, 'Ünïcødé/../<b>', '\u0430\u0434\u0430', '..', 'a']) {
      const email = `${crypto.randomUUID()}@example.com`;
      const { status, body } = await browser.signIn(
        'github',
        aPerson({ login, emails: [{ email, primary: true, verified: true }] }),
      );
      expect(status, JSON.stringify(body)).toBe(200);
      names.push(body.user.username);
    }
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z\d][a-z\d._-]{2,39}$/);
    expect(names[0]).toMatch(new RegExp(`^${user.username}-\\d{6}$`));
    expect(names[2]).toBe('unic-de-..-b');
  });

  it.each([
    ['the address is not verified', [{ email: 'a@example.com', primary: true, verified: false }]],
    ['only another address is verified', [{ email: 'b@example.com', primary: false, verified: true }]],
    ['it is none', [{ email: 'no address', primary: true, verified: true }]],
    ['it would be folded into another', [{ email: '\uff41@example.com', primary: true, verified: true }]],
    ['there is none', []],
  ])('gets no account when %s', async (_, emails) => {
    for (const provider of ['github', 'google']) {
      // Google knows one address only.
      if (provider === 'google' && emails[0]?.primary === false) continue;
      const { status, body } = await browser.signIn(provider, aPerson({ emails }));
      expect([status, body.code]).toEqual([409, 'oauth_email_unverified']);
    }
  });

  it('gets none while registration is closed; who has one gets in', async () => {
    const person = aPerson();
    const { body } = await browser.signIn('github', person);
    const closed = signInBy(providers, isolate({ REGISTRATION_OPEN: 'false' }));
    expect((await closed.signIn('github', person)).body.user.id).toBe(body.user.id);
    const refused = await closed.signIn('github', aPerson());
    expect([refused.status, refused.body.code]).toEqual([403, 'registration_closed']);
  });

  it('gets one account when they sign in in two tabs at once', async () => {
    const person = aPerson();
    const answers = await Promise.all(Array.from({ length: 5 }, () => browser.signIn('github', person)));
    const made = answers.filter(({ status }) => status === 200).map(({ body }) => body.user.id);
    expect(new Set(made).size).toBe(1);
    for (const { status, body } of answers) expect(status === 200 || body.code === 'oauth_raced').toBe(true);
    expect((await rowsIn('users')).filter(({ email }) => email === person.emails[0]?.email)).toHaveLength(1);
  });

  it('has no password until they set one', async () => {
    const { body } = await browser.signIn('github', aPerson());
    const { email } = body.user;
    const login = (password: string) => call('/v1/auth/login', { body: { identifier: email, password } });
    for (const guess of ['none', 'null', body.user.id]) {
      const { status, body: problem } = await login(guess);
      expect([status, problem.code]).toEqual([401, 'invalid_credentials']);
    }
    await call('/v1/auth/password/forgot', { body: { email } });
    const newPassword = 'swampland tidy outgrow';
    const token = await mailedToken(email, 'cpw_');
    expect((await call('/v1/auth/password/reset', { body: { token, newPassword } })).status).toBe(204);
    expect((await login(newPassword)).status).toBe(200);
    expect(await storedAccountOf(body.user.id)).toBeDefined();
  });
});

describe('somebody with an account', () => {
  it('gets into it only if both sides have verified the address', async () => {
    const { user } = await newUser();
    const emails = [{ email: user.email.toUpperCase(), primary: true, verified: false }];
    expect((await browser.signIn('github', aPerson({ emails }))).body.code).toBe('oauth_email_unverified');
    const verified = aPerson({ emails: [{ ...emails[0], email: user.email, primary: true, verified: true }] });
    const early = await browser.signIn('github', verified);
    expect([early.status, early.body.code]).toEqual([409, 'account_exists']);
    expect(await storedAccountOf(user.id)).toBeUndefined();
    await setUser(user.id, 'email_verified_at = 1');
    expect((await browser.signIn('github', verified)).body.user.id).toBe(user.id);
    expect((await browser.signIn('github', { ...verified, emails: [] })).body.user.id).toBe(user.id);
  });

  it('does not get in when it is deactivated, nor does their app', async () => {
    const person = aPerson();
    const { body } = await browser.signIn('github', person);
    const waiting = await browser.signIn('github', person, { redirectUri: APP });
    await setUser(body.user.id, "status = 'deactivated'");
    const refused = await browser.signIn('github', person);
    expect([refused.status, refused.body.code]).toEqual([403, 'account_deactivated']);
    const back = await browser.signIn('github', person, { redirectUri: APP });
    expect(back.headers.get('location')).toBe(`${APP}&error=account_deactivated`);
    const code = new URL(waiting.headers.get('location') ?? '').searchParams.get('code') ?? '';
    expect((await exchange(code)).body.code).toBe('account_deactivated');
  });
});
