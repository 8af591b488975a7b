import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { newApiKey, newUser } from './support/actors.ts';
import { type Answer, type Call, call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';

type Session = { id: string; accessToken?: string; refreshToken?: string; accessTokenExpiresAt: string };
type Problem = { code: string; session: Session; errors?: { path: string }[] };

const HERE = 'https://commonplace.test';
const LISTED = 'https://app.commonplace.test';
const EVIL = 'https://evil.example';
const FROM_HERE = { origin: HERE };

const on = { ...env, ...{ COOKIES: 'true', CORS_ORIGINS: LISTED } };
/** Any origin may call with a token; none is listed. */
const open = { ...env, ...{ COOKIES: 'true', CORS_ORIGINS: '*' } };

const ask = <T = Problem>(path: string, options: Call = {}) =>
  call<T>(path, { bindings: on, origin: HERE, ...options });

/** The cookies that an answer sets: value and attributes by name. */
function cookiesOf({ headers }: Answer): Record<string, { value: string; attributes: string[] }> {
  return Object.fromEntries(
    headers.getSetCookie().map((line) => {
      const [pair = '', ...attributes] = line.split('; ');
      const [name = '', value = ''] = pair.split('=');
      return [name, { value, attributes: attributes.filter((text) => !text.startsWith('Expires')).sort() }];
    }),
  );
}

const login = (user: { username: string }, password: string, options: Call = {}) =>
  ask('/v1/auth/login', {
    body: { identifier: user.username, password, cookie: true },
    headers: FROM_HERE,
    ...options,
  });

/** A user who has logged in with a browser, and the cookies that it sends. */
async function inBrowser() {
  const someone = await newUser();
  const answer = await login(someone.user, someone.password);
  expect(answer.status).toBe(200);
  const cookies = cookiesOf(answer);
  const cookie = `__Host-cp_session=${cookies['__Host-cp_session']?.value}`;
  const refreshing = `__Secure-cp_refresh=${cookies['__Secure-cp_refresh']?.value}`;
  return { ...someone, answer, cookies, cookie, refreshing };
}

describe('a session in cookies', () => {
  it('is kept where scripts cannot read it, and works', async () => {
    const { answer, cookies, cookie, user } = await inBrowser();
    const attributes = ['HttpOnly', 'Path=/', 'SameSite=Strict', 'Secure'];
    expect(cookies).toEqual({
      '__Host-cp_session': { value: expect.stringMatching(/^cpa_[\w-]{43}$/), attributes },
      '__Secure-cp_refresh': {
        value: expect.stringMatching(/^cpr_[\w-]{43}$/),
        attributes: ['HttpOnly', 'Path=/v1/auth/refresh', 'SameSite=Strict', 'Secure'],
      },
    });
    const expires = /Expires=([^;]+)/.exec(answer.headers.getSetCookie()[0] ?? '')?.[1] ?? '';
    const end = Date.parse(answer.body.session.accessTokenExpiresAt);
    expect(Math.abs(Date.parse(expires) - end)).toBeLessThan(1000);
    expect(JSON.stringify(answer.body)).not.toMatch(/cp[ar]_/);
    expect(answer.headers.get('cache-control')).toBe('no-store');

    const me = await ask('/v1/me', { headers: { cookie } });
    expect([me.status, me.body]).toEqual([200, expect.objectContaining({ id: user.id })]);
    expect(roundTrips(await ask('/v1/me', { headers: { cookie } }))).toBe(1);
  });

  it('can begin with the account', async () => {
    const name = `u${crypto.randomUUID().slice(0, 13)}`;
    const body = { email: `${name}@example.com`, username: name, password: 'correct horse battery', cookie: true };
    const answer = await ask('/v1/auth/register', { body, headers: FROM_HERE });
    expect([answer.status, Object.keys(cookiesOf(answer))]).toEqual([
      201,
      ['__Host-cp_session', '__Secure-cp_refresh'],
    ]);
    expect(JSON.stringify(answer.body)).not.toMatch(/cp[ar]_/);
  });

  it('is refreshed by its other cookie', async () => {
    const { cookie, refreshing } = await inBrowser();
    const refresh = (headers: Record<string, string>) => ask('/v1/auth/refresh', { body: {}, headers });
    const refreshed = await refresh({ ...FROM_HERE, cookie: refreshing });
    expect(refreshed.status).toBe(200);
    expect(JSON.stringify(refreshed.body)).not.toMatch(/cp[ar]_/);
    const next = cookiesOf(refreshed);
    expect(next['__Host-cp_session']?.value).toMatch(/^cpa_/);
    expect((await ask('/v1/me', { headers: { cookie } })).status).toBe(401);
    const renewed = `__Host-cp_session=${next['__Host-cp_session']?.value}`;
    expect((await ask('/v1/me', { headers: { cookie: renewed } })).status).toBe(200);

    const nothing = await refresh(FROM_HERE);
    expect([nothing.status, nothing.body.errors]).toEqual([422, [expect.objectContaining({ path: 'refreshToken' })]]);
    const given = await ask('/v1/auth/refresh', {
      body: { refreshToken: next['__Secure-cp_refresh']?.value },
      headers: { cookie: refreshing },
    });
    // Who gives a token itself is answered with tokens.
    expect([given.status, given.body.session.accessToken, given.headers.getSetCookie()]).toEqual([
      200,
      expect.stringMatching(/^cpa_/),
      [],
    ]);
  });

  it.each([
    ['logged out', 'POST', '/v1/auth/logout', undefined],
    ['ended with all others', 'DELETE', '/v1/me/sessions?keepCurrent=false', undefined],
    ['of an account that is deactivated', 'POST', '/v1/me/deactivate', 'password'],
  ])('is cleared when it is %s', async (_, method, path, field) => {
    const { cookie, password } = await inBrowser();
    const body = field === undefined ? {} : { body: { password } };
    const left = await ask(path, { method, headers: { ...FROM_HERE, cookie }, ...body });
    expect(left.status).toBe(204);
    const cleared = left.headers.getSetCookie();
    expect(cleared).toHaveLength(2);
    expect(cleared[0]).toMatch(/^__Host-cp_session=; Max-Age=0; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
    expect(cleared[1]).toMatch(/^__Secure-cp_refresh=; Max-Age=0; Path=\/v1\/auth\/refresh; HttpOnly; Secure;/);
    expect((await ask('/v1/me', { headers: { cookie } })).status).toBe(401);
  });

  it('has other names on one’s own machine, where there is no TLS', async () => {
    const { user, password } = await newUser();
    const plain = 'http://localhost:8787';
    const answer = await login(user, password, { origin: plain, headers: { origin: plain } });
    const cookies = cookiesOf(answer);
    expect(Object.keys(cookies)).toEqual(['cp_session', 'cp_refresh']);
    expect(cookies['cp_session']?.attributes).toEqual(['HttpOnly', 'Path=/', 'SameSite=Strict']);
    const cookie = `cp_session=${cookies['cp_session']?.value}`;
    expect((await ask('/v1/me', { origin: plain, headers: { cookie } })).status).toBe(200);
    // A name without a prefix, which any neighbouring host may set, is worth nothing where there is TLS.
    expect((await ask('/v1/me', { headers: { cookie } })).status).toBe(401);
  });

  it('is never without TLS in production', async () => {
    const ENCRYPTION_KEYS = `2026:${Buffer.alloc(32, 7).toString('base64')}`;
    const production = { ...on, ...{ ENVIRONMENT: 'production', ENCRYPTION_KEYS, MAIL: 'none' } };
    const { user, password } = await newUser();
    const plain = 'http://commonplace.test';
    const answer = await login(user, password, { origin: plain, headers: { origin: plain }, bindings: production });
    expect(Object.keys(cookiesOf(answer))).toEqual(['__Host-cp_session', '__Secure-cp_refresh']);
  });
});

describe('a change that is asked for with a cookie', () => {
  const change = (cookie: string, headers: Record<string, string>, bindings: typeof env = on) =>
    ask<{ code: string; fullName: string }>('/v1/me', {
      method: 'PATCH',
      body: { fullName: 'Mallory' },
      headers: { cookie, ...headers },
      bindings,
    });

  it.each([
    ['this origin', { origin: HERE }],
    ['this origin, as the browser says', { 'sec-fetch-site': 'same-origin' }],
    ['a listed origin', { origin: LISTED, 'sec-fetch-site': 'same-site' }],
  ])('may come from %s', async (_, headers) => {
    const { cookie } = await inBrowser();
    expect((await change(cookie, headers)).status).toBe(200);
  });

  const FOREIGN: [where: string, headers: Record<string, string>][] = [
    ['another origin', { origin: EVIL }],
    ['another origin that claims to be this one', { origin: EVIL, 'sec-fetch-site': 'same-origin' }],
    ['another port', { origin: `${HERE}:8443` }],
    ['another scheme', { origin: 'http://commonplace.test' }],
    ['a neighbouring host', { origin: 'https://blog.commonplace.test' }],
    ['a host that begins alike', { origin: `${HERE}.evil.example` }],
    ['no origin at all', { origin: 'null' }],
    ['another site, as the browser says', { 'sec-fetch-site': 'cross-site' }],
    ['a neighbouring host, as the browser says', { 'sec-fetch-site': 'same-site' }],
    ['nowhere', {}],
  ];

  it.each(FOREIGN)('does not come from %s', async (_, headers) => {
    const { cookie, token, refreshing } = await inBrowser();
    const refused = await change(cookie, headers);
    expect([refused.status, refused.body.code]).toEqual([403, 'cross_site_request']);
    expect((await call('/v1/me', { token })).body).toMatchObject({ fullName: null, version: 1 });
    const refresh = await ask('/v1/auth/refresh', { body: {}, headers: { cookie: refreshing, ...headers } });
    expect([refresh.status, refresh.body.code]).toEqual([403, 'cross_site_request']);
    const logout = await ask('/v1/auth/logout', { method: 'POST', headers: { cookie, ...headers } });
    expect(logout.status).toBe(403);
    // It may still look, but a foreign page cannot read the answer.
    const seen = await ask('/v1/me', { headers: { cookie, ...headers } });
    expect([seen.status, seen.headers.get('access-control-allow-origin')]).toEqual([200, null]);
  });

  it('comes from nowhere else either when any origin may call', async () => {
    const { cookie } = await inBrowser();
    expect((await change(cookie, { origin: EVIL }, open)).body.code).toBe('cross_site_request');
    expect((await change(cookie, { origin: '*' }, open)).body.code).toBe('cross_site_request');
    expect((await change(cookie, FROM_HERE, open)).status).toBe(200);
  });

  it.each(FOREIGN)('is not prepared by a login from %s', async (_, headers) => {
    const { user, password } = await newUser();
    const answer = await login(user, password, { headers });
    expect([answer.status, answer.body.code, answer.headers.getSetCookie()]).toEqual([403, 'cross_site_request', []]);
  });
});

describe('a bearer token', () => {
  it('needs no origin, and goes before any cookie', async () => {
    const { token, user } = await newUser();
    const other = await inBrowser();
    const change = (headers: Record<string, string>) =>
      ask('/v1/me', { method: 'PATCH', body: { fullName: 'Ada' }, token, headers });
    for (const headers of [{}, { origin: EVIL }, { cookie: other.cookie, origin: EVIL }]) {
      const answer = await change(headers as Record<string, string>);
      expect([answer.status, answer.body]).toEqual([200, expect.objectContaining({ id: user.id })]);
    }
    const wrong = { cookie: other.cookie, authorization: 'Bearer cpa_short' };
    expect((await ask('/v1/me', { headers: wrong })).status).toBe(401);
    const left = await ask('/v1/auth/logout', { method: 'POST', token, headers: { cookie: other.cookie } });
    expect([left.status, left.headers.getSetCookie()]).toEqual([204, []]);
    expect((await ask('/v1/me', { headers: { cookie: other.cookie } })).status).toBe(200);
  });

  it('is what a login answers with unless cookies are asked for', async () => {
    const { user, password } = await newUser();
    for (const extra of [{}, { cookie: false }]) {
      const body = { identifier: user.username, password, ...extra };
      const answer = await ask('/v1/auth/login', { body });
      expect(answer.body.session.accessToken).toMatch(/^cpa_/);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
  });

  it('of an API key, or one to refresh with, is no cookie', async () => {
    const { token, refreshToken } = await newUser();
    const { key } = await newApiKey({ token }, ['account:read']);
    for (const value of [key, refreshToken, `${token}x`, '', 'x'.repeat(4000)]) {
      expect((await ask('/v1/me', { headers: { cookie: `__Host-cp_session=${value}` } })).status).toBe(401);
    }
  });
});

describe('where cookies are off, as they are by default', () => {
  it('none is set and none is read', async () => {
    const { cookie, refreshing, user, password } = await inBrowser();
    const off = { ...on, ...{ COOKIES: 'false' } };
    expect((await ask('/v1/me', { headers: { cookie }, bindings: off })).status).toBe(401);
    const headers = { ...FROM_HERE, cookie: refreshing };
    expect((await ask('/v1/auth/refresh', { body: {}, headers, bindings: off })).status).toBe(422);
    const refused = await login(user, password, { bindings: off });
    expect([refused.status, refused.body.errors]).toEqual([422, [expect.objectContaining({ path: 'cookie' })]]);
    expect((await login(user, password, { bindings: env })).status).toBe(422);
  });
});

describe('browsers of other origins', () => {
  const preflight = (origin: string, bindings: typeof env) =>
    ask('/v1/me', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'PATCH', 'access-control-request-headers': 'content-type' },
      bindings,
    });
  const shared = ({ headers }: Answer) =>
    ['access-control-allow-origin', 'access-control-allow-credentials'].map((name) => headers.get(name));

  it('may send cookies only if they are listed', async () => {
    const { cookie } = await inBrowser();
    for (const answer of [await preflight(LISTED, on), await ask('/v1/me', { headers: { cookie, origin: LISTED } })]) {
      expect(shared(answer)).toEqual([LISTED, 'true']);
      expect(answer.headers.get('vary')).toContain('Origin');
    }
    expect(shared(await preflight(EVIL, on))).toEqual([null, null]);
    const any = { ...env, ...{ COOKIES: 'true', CORS_ORIGINS: `*,${LISTED}` } };
    expect(shared(await preflight(EVIL, any))).toEqual(['*', null]);
    expect(shared(await preflight(LISTED, any))).toEqual([LISTED, 'true']);
    expect(shared(await preflight(EVIL, open))).toEqual(['*', null]);
    const off = { ...env, ...{ CORS_ORIGINS: LISTED } };
    expect(shared(await preflight(LISTED, off))).toEqual([LISTED, null]);
  });
});
