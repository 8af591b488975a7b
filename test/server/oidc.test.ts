import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalServer } from '../../scripts/server.ts';
import { type Browser, consentAs, openBrowser, type Page } from '../support/browser.ts';
import { type Installation, install } from '../support/local-server.ts';
import { type OidcPerson, type OidcServer, startOidcServer } from '../support/oidc-server.ts';

type SignedIn = {
  user: { id: string; email: string; username: string; fullName: string | null; emailVerified: boolean };
  session: { accessToken: string };
};
type Problem = { code: string; detail: string };

const APP = 'com.example.app:/signed-in';
const CALLBACK = /\/v1\/auth\/oauth\/local\/callback/;
const BACK_IN_APP = /^com\.example\.app:/;

let issuer: OidcServer;
let installation: Installation;
let server: LocalServer;
/** Where the server says that it is: cookies are kept by name. */
let home: string;

beforeAll(async () => {
  issuer = await startOidcServer();
  const local = { id: 'local', name: 'The local issuer', issuer: issuer.issuer, ...issuer.client };
  installation = await install({ OAUTH_OIDC: JSON.stringify([local]), OAUTH_REDIRECT_URIS: APP });
  server = await installation.start();
  home = `http://localhost:${server.port}`;
  await issuer.allow(`${home}/v1/auth/oauth/local/callback`);
});

afterAll(async () => {
  await server?.stop();
  await issuer?.stop();
  await installation?.remove();
});

const api = async <T>(path: string, init: RequestInit & { json?: unknown; token?: string } = {}) => {
  const { json, token, ...rest } = init;
  const response = await fetch(home + path, {
    ...rest,
    ...(json !== undefined && { method: 'POST', body: JSON.stringify(json) }),
    headers: {
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
  });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T };
};

/** Somebody whom the issuer knows, by a name that nobody else has. */
const aPerson = (claims: OidcPerson = {}) => {
  const name = `person-${crypto.randomUUID().slice(0, 8)}`;
  issuer.people.set(name, { email: `${name}@example.com`, email_verified: true, ...claims });
  return name;
};

const authorizePath = (query: Record<string, string> = {}) =>
  `/v1/auth/oauth/local/authorize?${new URLSearchParams(query)}`;

/** To the issuer, through its pages, and back to just before the callback. @returns the callback's address. */
async function askAs(browser: Browser, name: string, tamper: (url: URL) => void = () => {}): Promise<string> {
  const begun = await browser.request(home + authorizePath());
  expect(begun.status).toBe(302);
  const url = new URL(begun.headers.get('location') ?? '');
  tamper(url);
  const page = await browser.go(url.href, { stopsAt: CALLBACK });
  return (await consentAs(browser, name, { page, stopsAt: CALLBACK })).url;
}

const finish = async <T>(browser: Browser, callback: string): Promise<{ status: number; body: T }> => {
  const { status, text } = await browser.go(callback);
  return { status, body: JSON.parse(text) as T };
};

const signIn = async (browser: Browser, name: string) =>
  finish<SignedIn & Problem>(browser, await askAs(browser, name));

describe('signing in with a real OpenID provider', () => {
  it('makes an account, opens a session, and finds the same account again', async () => {
    const name = aPerson({ name: 'Ada Lovelace', preferred_username: 'Ada.Löve' });
    const browser = openBrowser();
    const first = await signIn(browser, name);
    expect(first.status, JSON.stringify(first.body)).toBe(200);
    expect(first.body.user).toMatchObject({
      email: `${name}@example.com`,
      username: 'ada.love',
      fullName: 'Ada Lovelace',
      emailVerified: true,
    });
    const me = await api('/v1/me', { token: first.body.session.accessToken });
    expect([me.status, me.body]).toEqual([200, first.body.user]);

    // The issuer remembers this browser, and another one asks for the name again.
    for (const again of [browser, openBrowser()]) {
      const second = await signIn(again, name);
      expect(second.body.user.id).toBe(first.body.user.id);
      expect(second.body.session.accessToken).not.toBe(first.body.session.accessToken);
    }
    expect(issuer.requests.filter((path) => path.endsWith('openid-configuration'))).toHaveLength(1);
  });

  it('binds the sign-in to the browser by a cookie that no script reads', async () => {
    const browser = openBrowser();
    const begun = await browser.request(home + authorizePath());
    expect(browser.cookies()).toMatchObject([{ name: 'cp_oauth', path: '/', isHttpOnly: true, sameSite: 'Lax' }]);
    const query = Object.fromEntries(new URL(begun.headers.get('location') ?? '').searchParams);
    expect(query).toEqual({
      response_type: 'code',
      client_id: issuer.client.clientId,
      redirect_uri: `${home}/v1/auth/oauth/local/callback`,
      scope: 'openid email profile',
      state: expect.stringMatching(/^cps_[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
  });

  it('brings an app a code that is good for one session, and no tokens', async () => {
    const name = aPerson();
    const codeVerifier = `${crypto.randomUUID()}${crypto.randomUUID()}`;
    const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(codeVerifier));
    const codeChallenge = Buffer.from(hash).toString('base64url');
    const browser = openBrowser();
    const stopsAt = BACK_IN_APP;
    const page = await browser.go(home + authorizePath({ redirectUri: APP, codeChallenge }), { stopsAt });
    const app = new URL((await consentAs(browser, name, { page, stopsAt })).url);
    expect([...app.searchParams.keys()]).toEqual(['code']);
    const code = app.searchParams.get('code') ?? '';
    expect(code).toMatch(/^cpo_[\w-]{43}$/);

    const exchange = (json: object) => api<SignedIn & Problem>('/v1/auth/oauth/exchange', { json });
    expect((await exchange({ code })).body.code).toBe('invalid_code');
    expect((await exchange({ code, codeVerifier: 'x'.repeat(50) })).body.code).toBe('invalid_code');
    const answers = await Promise.all(Array.from({ length: 5 }, () => exchange({ code, codeVerifier })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422, 422, 422, 422]);
    const { session } = answers.find(({ status }) => status === 200)?.body ?? expect.fail();
    expect((await api('/v1/me', { token: session.accessToken })).body).toMatchObject({ email: `${name}@example.com` });
  });

  it('tells the app when somebody says no', async () => {
    const browser = openBrowser();
    const stopsAt = BACK_IN_APP;
    const page = await browser.go(home + authorizePath({ redirectUri: APP }), { stopsAt });
    const abort = /href="([^"]*abort)"/.exec(page.text)?.[1] ?? '';
    const { url } = await browser.go(new URL(abort, page.url).href, { stopsAt });
    expect(url).toBe(`${APP}?error=oauth_denied`);
    const alone: Page = await browser.go(home + authorizePath());
    const denied = await browser.go(new URL(/href="([^"]*abort)"/.exec(alone.text)?.[1] ?? '', alone.url).href);
    expect([denied.status, JSON.parse(denied.text).code]).toEqual([403, 'oauth_denied']);
  });

  it('goes on when the issuer changes its keys', async () => {
    const name = aPerson();
    const { body } = await signIn(openBrowser(), name);
    await issuer.rotateKeys();
    await sleep(1100);
    const later = await signIn(openBrowser(), name);
    expect([later.status, later.body.user.id]).toEqual([200, body.user.id]);
  });
});

describe('an answer', () => {
  const refused = async (browser: Browser, callback: string) => {
    const { status, body } = await finish<Problem>(browser, callback);
    return [status, body.code];
  };

  it('is not taken from another browser, nor with a made-up state, nor twice', async () => {
    const name = aPerson();
    const browser = openBrowser();
    const callback = await askAs(browser, name);
    expect(await refused(openBrowser(), callback)).toEqual([422, 'invalid_state']);
    const stranger = openBrowser();
    await stranger.request(home + authorizePath());
    expect(await refused(stranger, callback)).toEqual([422, 'invalid_state']);
    const forged = new URL(callback);
    forged.searchParams.set('state', `cps_${'A'.repeat(43)}`);
    expect(await refused(browser, forged.href)).toEqual([422, 'invalid_state']);
    expect((await finish(browser, callback)).status).toBe(200);
    expect(await refused(browser, callback)).toEqual([422, 'invalid_state']);
  });

  it('is taken once by ten at the same time', async () => {
    const browser = openBrowser();
    const callback = await askAs(browser, aPerson());
    const answers = await Promise.all(Array.from({ length: 10 }, () => finish(browser, callback)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(422)]);
  });

  it('is not taken with a code that was used, or that was given to another question', async () => {
    const name = aPerson();
    const browser = openBrowser();
    const used = await askAs(browser, name);
    expect((await finish(browser, used)).status).toBe(200);
    for (const callback of [used, await askAs(openBrowser(), aPerson())]) {
      const mixed = new URL(await askAs(browser, name));
      mixed.searchParams.set('code', new URL(callback).searchParams.get('code') ?? '');
      expect(await refused(browser, mixed.href)).toEqual([401, 'oauth_refused']);
    }
  });

  it.each(['nonce', 'code_challenge'])('is not taken when the %s of the question was changed', async (parameter) => {
    const browser = openBrowser();
    const callback = await askAs(browser, aPerson(), (url) => url.searchParams.set(parameter, 'A'.repeat(43)));
    expect(await refused(browser, callback)).toEqual([401, 'oauth_refused']);
  });

  it('is not taken from somebody who says that they are another issuer, or does not say who they are', async () => {
    for (const change of [
      (url: URL) => url.searchParams.set('iss', 'https://evil.example'),
      (url: URL) => url.searchParams.delete('iss'),
    ]) {
      const browser = openBrowser();
      const callback = new URL(await askAs(browser, aPerson()));
      expect(callback.searchParams.get('iss')).toBe(issuer.issuer);
      change(callback);
      expect(await refused(browser, callback.href)).toEqual([401, 'oauth_refused']);
    }
  });
});

describe('an account that has the address already', () => {
  async function registered() {
    const username = `user-${crypto.randomUUID().slice(0, 8)}`;
    const email = `${username}@example.com`;
    const password = `Pw-${crypto.randomUUID()}`;
    const { body } = await api<SignedIn>('/v1/auth/register', { json: { email, username, password } });
    return { ...body, email };
  }

  const verify = async (email: string) => {
    const { body } = await api<{ items: { to: string; text: string }[] }>('/v1/dev/outbox?limit=100');
    const token = /#token=(cpv_[\w-]+)/.exec(body.items.find(({ to }) => to === email)?.text ?? '')?.[1];
    expect((await api('/v1/auth/email/verify', { json: { token } })).status).toBe(200);
  };

  it('is not opened by somebody who merely says that it is theirs', async () => {
    const victim = await registered();
    await verify(victim.email);
    const thief = aPerson({ email: victim.email, email_verified: false });
    const { status, body } = await signIn(openBrowser(), thief);
    expect([status, body.code]).toEqual([409, 'oauth_email_unverified']);
    const linked = await api<{ items: unknown[] }>('/v1/me/oauth-accounts', { token: victim.session.accessToken });
    expect(linked.body.items).toEqual([]);
  });

  it('is opened when both sides have verified the address, and not before', async () => {
    const { email, user, session } = await registered();
    const name = aPerson({ email });
    const early = await signIn(openBrowser(), name);
    expect([early.status, early.body.code]).toEqual([409, 'account_exists']);
    await verify(email);
    const late = await signIn(openBrowser(), name);
    expect([late.status, late.body.user.id]).toEqual([200, user.id]);
    const linked = await api<{ items: { provider: string; email: string }[] }>('/v1/me/oauth-accounts', {
      token: session.accessToken,
    });
    expect(linked.body.items).toMatchObject([{ provider: 'local', email }]);
  });
});
