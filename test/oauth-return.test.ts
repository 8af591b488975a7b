import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { call } from './support/app.ts';
import { listen } from './support/console.ts';
import { roundTrips } from './support/costs.ts';
import { tick } from './support/cron.ts';
import { aPerson, CLIENTS, type FakeProviders, fakeProviders } from './support/fake-providers.ts';
import { APP, cookieOf, isolate, rowsIn, type SignedIn, signInBy } from './support/sign-in.ts';

const bindings = isolate();
let providers: FakeProviders;
let browser: ReturnType<typeof signInBy>;

beforeEach(async () => {
  providers = await fakeProviders();
  browser = signInBy(providers, bindings);
});
afterEach(() => void vi.unstubAllGlobals());

const me = (token: string) => call('/v1/me', { token });
const exchange = (code: string, more = {}) =>
  call<SignedIn & { code: string }>('/v1/auth/oauth/exchange', { bindings, body: { code, ...more } });

describe('the way back', () => {
  it('leads to the app that is allowed, and nowhere else', async () => {
    for (const redirectUri of [
      'https://evil.example/',
      'https://app.example.com/signed-in',
      `${APP}&more=1`,
      `${APP}/`,
      APP.toUpperCase(),
      APP.replace('https', 'http'),
      APP.replace('app.', 'app.example.com@evil.'),
      '//evil.example',
      'javascript:alert(1)',
      '',
    ]) {
      const { status, body } = await browser.begin('github', { redirectUri });
      expect([status, body.errors?.[0]?.path], redirectUri).toEqual([422, 'redirectUri']);
    }
    const back = await browser.signIn('github', aPerson(), { redirectUri: APP });
    expect(back.status).toBe(302);
    expect(back.headers.get('location')).toMatch(
      /^https:\/\/app\.example\.com\/signed-in\?from=here&code=cpo_[\w-]{43}$/,
    );
  });

  it('brings a code that is good once, for a minute', async () => {
    const codeOf = async () => {
      const back = await browser.signIn('github', aPerson(), { redirectUri: APP });
      return new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? '';
    };
    const code = await codeOf();
    const exchanged = await exchange(code);
    expect([exchanged.status, exchanged.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(roundTrips(exchanged)).toBe(2);
    expect((await me(exchanged.body.session.accessToken)).status).toBe(200);
    expect((await exchange(code)).body.code).toBe('invalid_code');
    const late = await codeOf();
    await env.DB.prepare('update oauth_codes set expires_at = ? where used_at is null and user_id > ?')
      .bind(Date.now(), '')
      .run();
    const downgraded = await codeOf();
    const codeVerifier = 'x'.repeat(43);
    for (const [wrong, more] of [
      [late, {}],
      [downgraded, { codeVerifier }],
      [`cpo_${'A'.repeat(43)}`, {}],
    ] as const) {
      expect((await exchange(wrong, more)).body.code).toBe('invalid_code');
    }
  });

  it('is answered by a redirect or by JSON, as is wanted', async () => {
    const redirected = await browser.begin('github', {}, { headers: { accept: 'text/html' } });
    expect([redirected.status, redirected.headers.get('cache-control')]).toEqual([302, 'no-store']);
    expect(redirected.headers.get('location')).toMatch(/^https:\/\/github\.com\/login\/oauth\/authorize\?/);
    expect((await browser.begin('github', { mode: 'redirect' })).status).toBe(302);
    const wanted = await browser.begin('github', { mode: 'json' }, { headers: { accept: '*/*' } });
    expect(wanted.body.url).toMatch(/^https:\/\/github\.com\//);
    expect(roundTrips(wanted)).toBe(1);
  });

  it('is kept by a cookie of this host alone, where there is https', async () => {
    const local = await browser.begin('github');
    expect(local.headers.get('set-cookie')).toMatch(
      /^cp_oauth=cpb_[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const secure = signInBy(providers, isolate({ PUBLIC_URL: 'https://c.example' }));
    const begun = await secure.begin('github');
    expect(begun.headers.get('set-cookie')).toMatch(
      /^__Host-cp_oauth=cpb_[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    const person = aPerson();
    expect((await secure.finish('github', providers.agree(begun.body.url, person), cookieOf(begun))).status).toBe(200);
    const second = await secure.begin('github', {}, { headers: { cookie: cookieOf(begun) } });
    expect(cookieOf(second)).toBe(cookieOf(begun));
    for (const cookie of ['__Host-cp_oauth=chosen-by-somebody-else', '__Host-cp_oauth=']) {
      expect(cookieOf(await secure.begin('github', {}, { headers: { cookie } }))).toMatch(/=cpb_[\w-]{43}$/);
    }
  });

  it('is closed to whoever did not begin, comes late, or comes by another provider', async () => {
    const begun = await browser.begin('github');
    const [cookie, answer] = [cookieOf(begun), providers.agree(begun.body.url, aPerson())];
    const other = cookieOf(await browser.begin('github'));
    const refused = async (provider: string, with_: Record<string, string>, by: string) =>
      expect((await browser.finish(provider, with_, by)).body.code).toBe('invalid_state');
    await refused('github', answer, '');
    await refused('github', answer, other);
    await refused('google', answer, cookie);
    await refused('github', { code: answer.code }, cookie);
    await refused('github', { ...answer, state: `cps_${'A'.repeat(43)}` }, cookie);
    await refused('github', { ...answer, state: cookie.replace('cp_oauth=', '') }, cookie);
    await env.DB.prepare('update oauth_states set expires_at = ? where expires_at > 0').bind(Date.now()).run();
    await refused('github', answer, cookie);
    expect(providers.requests).toEqual([]);
  });

  it('is taken once', async () => {
    const begun = await browser.begin('github');
    const answer = providers.agree(begun.body.url, aPerson());
    expect((await browser.finish('github', answer, cookieOf(begun))).status).toBe(200);
    expect((await browser.finish('github', answer, cookieOf(begun))).body.code).toBe('invalid_state');
  });
});

describe('a provider', () => {
  it('that says no is believed', async () => {
    const answers: [Record<string, string>, unknown[]][] = [
      [{ error: 'access_denied' }, [403, 'oauth_denied']],
      [{ error: 'server_error' }, [401, 'oauth_refused']],
      [{ code: 'made-up' }, [401, 'oauth_refused']],
      [{ code: 'made-up', iss: 'https://evil.example' }, [401, 'oauth_refused']],
      [{}, [422, 'invalid_fields']],
    ];
    for (const [answer, expected] of answers) {
      const begun = await browser.begin('github');
      const { state } = providers.agree(begun.body.url, aPerson());
      const { status, body } = await browser.finish('github', { ...answer, state }, cookieOf(begun));
      expect([status, body.code]).toEqual(expected);
    }
  });

  it.each([
    ['is down', () => new Response('', { status: 502 })],
    ['does not know us', () => Response.json({ error: 'invalid_client' }, { status: 401 })],
    ['sends us elsewhere', () => Response.redirect('https://evil.example/')],
    ['answers no JSON', () => new Response('<html>')],
    ['answers without end', () => new Response('['.repeat(300_000))],
    ['cannot be reached', () => Promise.reject(new TypeError('refused'))],
  ])('that %s is an outage, not an error', async (_, answer) => {
    const local = signInBy(providers, isolate());
    const begun = await local.begin('github');
    const brought = providers.agree(begun.body.url, aPerson());
    providers.instead.answer = answer;
    const { lines, stop } = listen();
    const { status, body, headers } = await local.finish('github', brought, cookieOf(begun));
    stop();
    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'provider_unavailable', '5']);
    expect(lines.join('\n')).toContain('oauth.failed');
    for (const secret of [brought.code, brought.state, CLIENTS.OAUTH_GITHUB_CLIENT_SECRET]) {
      expect(lines.join('\n')).not.toContain(secret);
    }
  });

  it('is not believed about a person whom its ID token does not name rightly', async () => {
    for (const claims of [{ nonce: 'another' }, { nonce: undefined }, { azp: 'another' }]) {
      providers.lifetime.claims = claims;
      const { status, body } = await browser.signIn('google', aPerson());
      expect([status, body.code], JSON.stringify(claims)).toEqual([401, 'oauth_refused']);
    }
  });
});

describe('sign-ins that nobody finishes', () => {
  it('are swept when they have run out', async () => {
    await browser.begin('github');
    await browser.signIn('github', aPerson(), { redirectUri: APP });
    await tick();
    expect((await rowsIn('oauth_states')).length).toBeGreaterThan(0);
    expect((await rowsIn('oauth_codes')).length).toBeGreaterThan(0);
    for (const table of ['oauth_states', 'oauth_codes']) {
      await env.DB.prepare(`update ${table} set expires_at = ? where expires_at > 0`)
        .bind(Date.now() - 1)
        .run();
    }
    await tick();
    expect([...(await rowsIn('oauth_states')), ...(await rowsIn('oauth_codes'))]).toEqual([]);
  });
});
