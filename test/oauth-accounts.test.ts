import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRuntime, createServices } from '../src/services.ts';
import { newApiKey, newUser } from './support/actors.ts';
import { type Call, call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';
import { ageSession, type LoginAnswer, newTwoFactorUser, stopClock, verify } from './support/factors.ts';
import { aPerson, type FakeProviders, fakeProviders } from './support/fake-providers.ts';
import { interleave } from './support/interleave.ts';
import { mailedToken } from './support/outbox.ts';
import { APP, isolate, type LinkedAccount, signInBy, storedAccountOf } from './support/sign-in.ts';
import { codeOf } from './support/totp-codes.ts';

type Problem = { code: string };

const bindings = isolate();
let providers: FakeProviders;
let browser: ReturnType<typeof signInBy>;

beforeEach(async () => {
  providers = await fakeProviders();
  browser = signInBy(providers, bindings);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const list = (token: string) => call<{ items: LinkedAccount[] }>('/v1/me/oauth-accounts', { token });
const unlink = (token: string, id: string) => call<Problem>(`/v1/me/oauth-accounts/${id}`, { method: 'DELETE', token });
const beginLink = (options: Call) =>
  call<Problem>('/v1/me/oauth-accounts/github/authorize', { bindings, body: {}, ...options });

describe('an account elsewhere', () => {
  it('is linked by who is logged in, shown without its tokens, signed in with, and unlinked', async () => {
    const { user, token } = await newUser();
    const person = aPerson();
    const linked = await browser.link('github', person, { token });
    expect(linked.status, JSON.stringify(linked.body)).toBe(200);
    expect(roundTrips(linked)).toBe(2);
    const email = person.emails[0]?.email;
    expect(linked.body.linked).toEqual({
      id: expect.any(String),
      provider: 'github',
      email,
      scope: 'email',
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    for (const trips of [2, 1]) {
      const shown = await list(token);
      expect([shown.body.items, roundTrips(shown)]).toEqual([[linked.body.linked], trips]);
    }
    // The addresses differ: whose account it is, the link says.
    const { body } = await browser.signIn('github', person);
    expect(body.user).toMatchObject({ id: user.id, email: user.email, emailVerified: false });

    const gone = await unlink(token, linked.body.linked.id);
    expect([gone.status, roundTrips(gone)]).toEqual([204, 1]);
    expect((await list(token)).body.items).toEqual([]);
    expect((await unlink(token, linked.body.linked.id)).status).toBe(404);
    expect((await browser.signIn('github', person)).body.user.id).not.toBe(user.id);
  });

  it('is one factor: where a second is on, neither its owner nor their app gets in without that', async () => {
    stopClock();
    const user = await newTwoFactorUser();
    const person = aPerson();
    await browser.link('github', person, user);
    const { body } = await browser.signIn('github', person);
    expect(body).toMatchObject({ twoFactorRequired: true, ticket: expect.stringMatching(/^cpt_/) });
    const back = await browser.signIn('github', person, { redirectUri: APP });
    const code = new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? '';
    const exchanged = await call<LoginAnswer>('/v1/auth/oauth/exchange', { bindings, body: { code } });
    expect(exchanged.body).toMatchObject({ twoFactorRequired: true });
    expect((await verify(exchanged.body.ticket, codeOf(user.secret))).body.user.id).toBe(user.user.id);
  });

  it('is linked for an app, which hears of it without a code', async () => {
    const { token } = await newUser();
    const back = await browser.link('github', aPerson(), { token, redirectUri: APP });
    expect([back.status, back.headers.get('location')]).toEqual([302, `${APP}&linked=github`]);
    expect((await list(token)).body.items).toHaveLength(1);
    const elsewhere = await beginLink({ token, body: { redirectUri: 'https://evil.example' } });
    expect(elsewhere.status).toBe(422);
  });

  it('is linked to one user only, and to them as often as they like', async () => {
    const [one, other] = [await newUser(), await newUser()];
    const person = aPerson();
    const first = await browser.link('github', person, one);
    const again = await browser.link('github', { ...person, emails: [] }, one);
    expect(again.body.linked).toMatchObject({ id: first.body.linked.id, email: null });
    const refused = await browser.link('github', person, other);
    expect([refused.status, refused.body.code]).toEqual([409, 'oauth_account_taken']);
    expect((await list(other.token)).body.items).toEqual([]);
    expect((await list(one.token)).body.items).toHaveLength(1);
  });

  it('is neither linked nor unlinked by an API key', async () => {
    const { token } = await newUser();
    const { body } = await browser.link('github', aPerson(), { token });
    const { key } = await newApiKey({ token }, ['account:read', 'account:write']);
    for (const refused of [await beginLink({ token: key }), await unlink(key, body.linked.id)]) {
      expect([refused.status, refused.body.code]).toEqual([403, 'session_required']);
    }
    expect((await list(key)).body.items).toHaveLength(1);
  });

  it('is neither linked nor unlinked by a session that was opened long ago', async () => {
    const { token, sessionId } = await newUser();
    const { body } = await browser.link('github', aPerson(), { token });
    await ageSession({ sessionId }, 15 * 60_000);
    for (const refused of [await beginLink({ token }), await unlink(token, body.linked.id)]) {
      expect([refused.status, refused.body.code]).toEqual([403, 'recent_login_required']);
    }
    expect((await list(token)).body.items).toHaveLength(1);
  });

  it('is not linked once the session that asked has ended', async () => {
    const { token } = await newUser();
    const begun = await call<{ url: string }>('/v1/me/oauth-accounts/github/authorize', { bindings, token, body: {} });
    const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? '';
    await call('/v1/auth/logout', { method: 'POST', token });
    const late = await browser.finish('github', providers.agree(begun.body.url, aPerson()), cookie);
    expect([late.status, late.body.code]).toEqual([401, 'credential_revoked']);
  });

  it('may be one of twenty', async () => {
    const { token } = await newUser();
    for (let i = 0; i < 20; i++) expect((await browser.link('github', aPerson(), { token })).status).toBe(200);
    const refused = await browser.link('github', aPerson(), { token });
    expect([refused.status, refused.body.code]).toEqual([409, 'too_many_oauth_accounts']);
  });

  it('stays while it is the only way in, even when two are unlinked at once', async () => {
    const { body } = await browser.signIn('github', aPerson());
    const token = body.session.accessToken;
    const [{ id = '' } = {}] = (await list(token)).body.items;
    const refused = await unlink(token, id);
    expect([refused.status, refused.body.code]).toEqual([409, 'only_way_in']);
    const second = await browser.link('google', aPerson(), { token });
    const answers = await Promise.all([id, second.body.linked.id].map((each) => unlink(token, each)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);

    const left = (await list(token)).body.items[0]?.id ?? '';
    await call('/v1/auth/password/forgot', { body: { email: body.user.email } });
    const newPassword = 'swampland tidy outgrow';
    await call('/v1/auth/password/reset', { body: { token: await mailedToken(body.user.email, 'cpw_'), newPassword } });
    const login = { identifier: body.user.email, password: newPassword };
    const { body: back } = await call('/v1/auth/login', { body: login });
    expect((await unlink(back.session.accessToken, left)).status).toBe(204);
  });

  it('that is unlinked while somebody signs in with it lets them in no more', async () => {
    const { user, token } = await newUser();
    const person = aPerson();
    const { body } = await browser.link('github', person, { token });
    // After the state was claimed and the user was found.
    const late = await interleave(() => signInBy(providers, isolate()).signIn('github', person), {
      beforeCall: 6,
      happens: () => unlink(token, body.linked.id),
    });
    expect([late.status, late.body.code]).toEqual([401, 'oauth_refused']);
    expect(await storedAccountOf(user.id)).toBeUndefined();
    expect((await call<{ items: unknown[] }>('/v1/me/sessions', { token })).body.items).toHaveLength(1);
  });

  it('that somebody linked before the address was verified does not outlive a reset by whose address it is', async () => {
    const squatter = await newUser();
    const person = aPerson();
    await browser.link('github', person, squatter);
    await call('/v1/auth/password/forgot', { body: { email: squatter.user.email } });
    const token = await mailedToken(squatter.user.email, 'cpw_');
    const newPassword = 'swampland tidy outgrow';
    expect((await call('/v1/auth/password/reset', { body: { token, newPassword } })).status).toBe(204);
    expect(await storedAccountOf(squatter.user.id)).toBeUndefined();
    expect((await browser.signIn('github', person)).body.user.id).not.toBe(squatter.user.id);
  });
});

describe('a provider’s access token', () => {
  /** The services of another isolate, with these keys. */
  const accountsOf = (variables: Record<string, unknown> = {}) => {
    const context = createExecutionContext();
    const runtime = createRuntime(isolate(variables));
    return createServices(runtime, { requestId: 'test', waitUntil: (work) => context.waitUntil(work) }).oauthAccounts;
  };

  async function signedIn(seconds?: number) {
    providers.lifetime.seconds = seconds;
    const { body } = await browser.signIn('github', aPerson());
    const row = await storedAccountOf(body.user.id);
    return { userId: body.user.id, id: String(row?.id) };
  }
  const asked = () => providers.requests.filter(({ form }) => form.get('grant_type') === 'refresh_token').length;

  it('is given to its user only, and not renewed before it must be', async () => {
    const { userId, id } = await signedIn(3600);
    const token = await accountsOf().accessTokenFor(userId, id);
    expect(token).toMatch(/^access-/);
    expect(await accountsOf().accessTokenFor(userId, id)).toBe(token);
    const { user } = await newUser();
    await expect(accountsOf().accessTokenFor(user.id, id)).rejects.toMatchObject({ kind: 'not_found' });
    expect(asked()).toBe(0);
  });

  it('is renewed when it runs out, and the new one kept', async () => {
    const { userId, id } = await signedIn(30);
    providers.lifetime.seconds = 3600;
    const before = await storedAccountOf(userId);
    const token = await accountsOf().accessTokenFor(userId, id);
    expect(await accountsOf().accessTokenFor(userId, id)).toBe(token);
    expect(asked()).toBe(1);
    const after = await storedAccountOf(userId);
    expect(after?.version).toBe(Number(before?.version) + 1);
    expect(Number(after?.tokens_expire_at)).toBeGreaterThan(Date.now() + 3_500_000);
    expect(JSON.stringify(after)).not.toContain(token);
  });

  it('is renewed by one of many who need it at once', async () => {
    const { userId, id } = await signedIn(30);
    providers.lifetime.seconds = 3600;
    const tokens = await Promise.all(Array.from({ length: 4 }, () => accountsOf().accessTokenFor(userId, id)));
    expect(new Set(tokens).size).toBe(1);
    expect(await accountsOf().accessTokenFor(userId, id)).toBe(tokens[0]);
  });

  it('is lost when the provider no longer gives one', async () => {
    const { userId, id } = await signedIn(30);
    providers.revoke();
    await expect(accountsOf().accessTokenFor(userId, id)).rejects.toMatchObject({ code: 'oauth_access_lost' });
    providers.instead.answer = () => new Response('', { status: 503 });
    await expect(accountsOf().accessTokenFor(userId, id)).rejects.toMatchObject({ code: 'provider_unavailable' });
  });

  it('is sealed by the newest key when it is next used', async () => {
    const { userId, id } = await signedIn(3600);
    const token = await accountsOf().accessTokenFor(userId, id);
    const key = (name: string, byte: number) => `${name}:${Buffer.alloc(32, byte).toString('base64')}`;
    const rotated = { ENCRYPTION_KEYS: `${key('new', 7)},${key('local', 0)}` };
    expect(String((await storedAccountOf(userId))?.sealed_tokens)).toMatch(/^local\./);
    expect(await accountsOf(rotated).accessTokenFor(userId, id)).toBe(token);
    expect(String((await storedAccountOf(userId))?.sealed_tokens)).toMatch(/^new\./);
    const newOnly = { ENCRYPTION_KEYS: key('new', 7) };
    expect(await accountsOf(newOnly).accessTokenFor(userId, id)).toBe(token);
  });

  it('does not open in another row', async () => {
    const [one, other] = [await signedIn(3600), await signedIn(3600)];
    await env.DB.prepare(
      'update oauth_accounts set sealed_tokens = (select sealed_tokens from oauth_accounts where id = ?) where id = ?',
    )
      .bind(one.id, other.id)
      .run();
    await expect(accountsOf().accessTokenFor(other.userId, other.id)).rejects.toThrow();
  });
});
