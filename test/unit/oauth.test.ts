import fc from 'fast-check';
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { derivedUsername, variedUsername } from '../../src/modules/identity/oauth/derived-username.ts';
import { createEgress } from '../../src/platform/oauth/egress.ts';
import { verifyIdToken } from '../../src/platform/oauth/id-token.ts';
import type { ProviderFailure } from '../../src/platform/oauth/identity-provider.ts';
import { createOidcProvider } from '../../src/platform/oauth/oidc.ts';

const NOW = Date.UTC(2026, 10, 22, 9, 30);
const SECONDS = NOW / 1000;
const EXPECTED = { issuer: 'https://id.example', clientId: 'us', nonce: 'the nonce', name: 'Id', now: () => NOW };
const CLAIMS = {
  iss: 'https://id.example',
  sub: 'ada',
  aud: 'us',
  iat: SECONDS - 5,
  exp: SECONDS + 300,
  nonce: 'the nonce',
};
/** Also such as no honest issuer makes. */
type Claims = Record<string, unknown>;

const failure = (wanted: ProviderFailure) => ({ name: 'ProviderError', failure: wanted });

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
let rsa: Pair;
let other: Pair;
let ec: Pair;
let keys: ReturnType<typeof createLocalJWKSet>;

beforeAll(async () => {
  [rsa, other, ec] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256'), generateKeyPair('ES256')]);
  const jwks = await Promise.all([exportJWK(rsa.publicKey), exportJWK(ec.publicKey)]);
  const [first, second] = jwks;
  keys = createLocalJWKSet({
    keys: [
      { ...first, kid: 'rsa' },
      { ...second, kid: 'ec' },
    ],
  });
});

describe('an ID token', () => {
  const verify = (token: string) => verifyIdToken(token, { keys, expected: EXPECTED });
  const sign = (claims: Claims, { alg = 'RS256', kid = 'rsa', pair = rsa } = {}) =>
    new SignJWT({ ...CLAIMS, ...claims }).setProtectedHeader({ alg, kid }).sign(pair.privateKey);

  it.each<[what: string, claims: Claims]>([
    ['nothing more', {}],
    ['a list with our name', { aud: ['us'] }],
    ['several audiences, of whom we are the party', { aud: ['us', 'them'], azp: 'us' }],
    ['times that are off by less than a minute', { iat: SECONDS + 50, exp: SECONDS - 50 }],
    ['an address that is verified', { email: 'ada@example.com', email_verified: true }],
  ])('is believed with %s', async (_, claims) => {
    expect(await verify(await sign(claims))).toMatchObject({ sub: 'ada' });
    expect(await verify(await sign(claims, { alg: 'ES256', kid: 'ec', pair: ec }))).toMatchObject({ sub: 'ada' });
  });

  it.each<[what: string, claims: Claims]>([
    ['another issuer', { iss: 'https://evil.example' }],
    ['the issuer with a slash', { iss: 'https://id.example/' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'them' }],
    ['no audience', { aud: undefined }],
    ['several audiences and no party', { aud: ['us', 'them'] }],
    ['another party', { azp: 'them' }],
    ['another party among several audiences', { aud: ['us', 'them'], azp: 'them' }],
    ['an end that is past', { exp: SECONDS - 61 }],
    ['no end', { exp: undefined }],
    ['a time in the future', { iat: SECONDS + 120 }],
    ['a time long ago', { iat: SECONDS - 700 }],
    ['no time', { iat: undefined }],
    ['a beginning in the future', { nbf: SECONDS + 120 }],
    ['another nonce', { nonce: 'another' }],
    ['no nonce', { nonce: undefined }],
    ['nobody', { sub: undefined }],
    ['an empty subject', { sub: '' }],
    ['a subject without end', { sub: 'x'.repeat(256) }],
  ])('is refused with %s', async (_, claims) => {
    await expect(verify(await sign(claims))).rejects.toMatchObject(failure('refused'));
  });

  it('is refused unless the issuer’s key has signed it', async () => {
    const good = await sign({});
    const [header = '', payload = '', signature = ''] = good.split('.');
    const altered = Buffer.from(JSON.stringify({ ...CLAIMS, sub: 'eve' })).toString('base64url');
    const { n } = await exportJWK(rsa.publicKey);
    const shared = (secret: Uint8Array) =>
      new SignJWT(CLAIMS).setProtectedHeader({ alg: 'HS256', kid: 'rsa' }).sign(secret);
    const wrong = [
      await sign({}, { pair: other }),
      await sign({}, { kid: 'unknown' }),
      new UnsecuredJWT(CLAIMS).encode(),
      `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`,
      await shared(Buffer.from(n ?? '', 'base64url')),
      await shared(Buffer.from(JSON.stringify(await exportJWK(rsa.publicKey)))),
      await new SignJWT(CLAIMS)
        .setProtectedHeader({ alg: 'PS256', kid: 'ec' })
        .sign((await generateKeyPair('PS256')).privateKey),
      [header, altered, signature].join('.'),
      [header, payload, ''].join('.'),
      [header, payload].join('.'),
      'garbage',
      '',
    ];
    for (const token of wrong) await expect(verify(token), token).rejects.toMatchObject(failure('refused'));
  });

  it('is refused when a shared secret has signed it, even if that is among the keys', async () => {
    const secret = new TextEncoder().encode('a secret that the client has as well');
    const token = await new SignJWT(CLAIMS).setProtectedHeader({ alg: 'HS256' }).sign(secret);
    const asked = verifyIdToken(token, { keys: async () => secret, expected: EXPECTED });
    await expect(asked).rejects.toMatchObject(failure('refused'));
  });

  it.each([1, 'true', 'yes', null, {}])('does not verify an address by %j', async (verified) => {
    const claims = await verify(await sign({ email: 'ada@example.com', email_verified: verified }));
    expect(claims).toMatchObject({ email: 'ada@example.com' });
    expect(claims.email_verified).toBeUndefined();
  });
});

describe('requests to a provider', () => {
  const SITE = 'https://id.example/x';
  function underTest(answer: () => Response | Promise<Response>, { allowsHttp = false, time = { now: 0 } } = {}) {
    const sent: { url: string; init: RequestInit }[] = [];
    const fake: typeof fetch = async (input, init = {}) => {
      sent.push({ url: String(input), init });
      return answer();
    };
    const policy = { firstDelayMs: 1, timeoutMs: 100 };
    const egress = createEgress({ name: 'Id', allowsHttp, now: () => time.now, fetch: fake, policy });
    return { egress, sent, time };
  }

  it('read JSON, follow nothing, and say who asks', async () => {
    const { egress, sent } = underTest(() => Response.json({ a: 1 }));
    expect(await egress.get(SITE, { authorization: 'x' })).toEqual({ status: 200, body: { a: 1 } });
    expect(sent[0]?.init).toMatchObject({ redirect: 'manual', signal: expect.any(AbortSignal) });
    expect(sent[0]?.init.headers).toMatchObject({ authorization: 'x', 'user-agent': 'commonplace' });
  });

  it.each<[what: string, answer: () => Response | Promise<Response>, failure: ProviderFailure, tries: number]>([
    ['is redirected', () => Response.redirect('https://evil.example'), 'misconfigured', 1],
    ['gets too much', () => new Response(new Uint8Array(300_000)), 'misconfigured', 1],
    ['is turned away', () => new Response('', { status: 500 }), 'unavailable', 2],
    ['is slowed down', () => new Response('', { status: 429 }), 'unavailable', 2],
    ['reaches nobody', () => Promise.reject(new TypeError('secret address')), 'unavailable', 2],
    ['waits for ever', () => new Promise<Response>(() => {}), 'unavailable', 2],
    ['waits for the end for ever', () => new Response(new ReadableStream({})), 'unavailable', 2],
  ])('one that %s fails; a form is sent once', async (_, answer, wanted, tries) => {
    const reading = underTest(answer);
    await expect(reading.egress.get(SITE)).rejects.toMatchObject(failure(wanted));
    expect(reading.sent).toHaveLength(tries);
    const sending = underTest(answer);
    await expect(sending.egress.post(SITE, new URLSearchParams())).rejects.toMatchObject(failure(wanted));
    expect(sending.sent).toHaveLength(1);
  });

  it.each(['http://id.example/x', 'ftp://id.example', 'file:///etc/passwd', 'https://a:b@id.example', '//id', '', 'x'])(
    'never go to %s',
    async (address) => {
      const { egress, sent } = underTest(() => Response.json({}));
      expect(egress.allows(address)).toBe(false);
      await expect(egress.get(address)).rejects.toMatchObject(failure('misconfigured'));
      expect(sent).toEqual([]);
    },
  );

  it('may be unencrypted on one machine', () => {
    expect(underTest(() => Response.json({}), { allowsHttp: true }).egress.allows('http://127.0.0.1:9/')).toBe(true);
  });

  it('leave a provider alone that fails and fails', async () => {
    const { egress, sent, time } = underTest(() => new Response('', { status: 503 }));
    for (let i = 0; i < 9; i++) {
      await expect(egress.post(SITE, new URLSearchParams())).rejects.toMatchObject(failure('unavailable'));
    }
    expect(sent).toHaveLength(5);
    time.now += 31_000;
    await expect(egress.post(SITE, new URLSearchParams())).rejects.toMatchObject(failure('unavailable'));
    expect(sent).toHaveLength(6);
  });
});

describe('a discovery document', () => {
  const issuer = 'https://id.example/tenant/';
  const good = {
    issuer,
    authorization_endpoint: 'https://id.example/authorize?tenant=1',
    token_endpoint: 'https://id.example/token',
    jwks_uri: 'https://id.example/keys',
  };
  const ask = (document: unknown, status = 200) => {
    const asked: string[] = [];
    const fake: typeof fetch = async (input) => {
      asked.push(String(input));
      return Response.json(document, { status });
    };
    const settings = { id: 'id', name: 'Id', issuer, clientId: 'us', clientSecret: 's', scopes: ['openid'] };
    const provider = createOidcProvider(settings, { allowsHttp: false, now: () => NOW, fetch: fake });
    return { asked, question: () => provider.ask({ state: 'the state', redirectUri: 'https://us.example/back' }) };
  };

  it('is read once an hour, and says where to ask', async () => {
    const { asked, question } = ask(good);
    const first = await question();
    const second = await question();
    expect(asked).toEqual(['https://id.example/tenant/.well-known/openid-configuration']);
    const { origin, pathname, searchParams } = new URL(first.url);
    expect(origin + pathname).toBe('https://id.example/authorize');
    expect(Object.fromEntries(searchParams)).toMatchObject({ tenant: '1', state: 'the state', scope: 'openid' });
    expect(first.secrets.codeVerifier).not.toBe(second.secrets.codeVerifier);
    expect(first.secrets.nonce).not.toBe(second.secrets.nonce);
  });

  it.each([
    [{ ...good, issuer: 'https://evil.example' }],
    [{ ...good, issuer: issuer.replace(/\/$/, '') }],
    [{ ...good, token_endpoint: 'http://id.example/token' }],
    [{ ...good, jwks_uri: 'file:///etc/passwd' }],
    [{ ...good, userinfo_endpoint: 'https://user:secret@id.example' }],
    [{ ...good, authorization_endpoint: 'javascript:alert(1)' }],
    [{ ...good, authorization_endpoint: undefined }],
    [null],
    [[]],
  ])('is not used when it is %j', async (document) => {
    await expect(ask(document).question()).rejects.toMatchObject(failure('misconfigured'));
  });

  it('is not used when it is none', async () => {
    await expect(ask(good, 404).question()).rejects.toMatchObject(failure('misconfigured'));
  });
});

describe('what an issuer says beside the ID token', () => {
  const issuer = EXPECTED.issuer;
  const redeem = async (said: { claims?: Claims; userInfo?: unknown; status?: number }) => {
    const jwk = { ...(await exportJWK(rsa.publicKey)), kid: 'rsa', alg: 'RS256' };
    const endpoint = (name: string) => `${issuer}/${name}`;
    const [authorization_endpoint, token_endpoint] = [endpoint('authorize'), endpoint('token')];
    const [jwks_uri, userinfo_endpoint] = [endpoint('keys'), endpoint('me')];
    let nonce = '';
    const answers: Record<string, () => unknown> = {
      [`${issuer}/.well-known/openid-configuration`]: () => ({
        ...{ issuer, authorization_endpoint, token_endpoint, jwks_uri, userinfo_endpoint },
      }),
      [jwks_uri]: () => ({ keys: [jwk] }),
      [userinfo_endpoint]: () => said.userInfo,
      [token_endpoint]: async () => ({
        access_token: 'a',
        token_type: 'Bearer',
        id_token: await new SignJWT({ ...CLAIMS, nonce, ...said.claims })
          .setProtectedHeader({ alg: 'RS256', kid: 'rsa' })
          .sign(rsa.privateKey),
      }),
    };
    const fake: typeof fetch = async (input) => {
      const status = String(input) === userinfo_endpoint ? said.status : 200;
      return Response.json(await answers[String(input)]?.(), { status: status ?? 200 });
    };
    const settings = { id: 'id', name: 'Id', issuer, clientId: 'us', clientSecret: 's', scopes: ['openid'] };
    const provider = createOidcProvider(settings, { allowsHttp: false, now: () => NOW, fetch: fake });
    const redirectUri = 'https://us.example/back';
    const { secrets } = await provider.ask({ state: 'the state', redirectUri });
    ({ nonce } = secrets);
    return (await provider.redeem({ code: 'c', secrets, redirectUri })).person;
  };

  it('completes who somebody is', async () => {
    const userInfo = { sub: 'ada', email: 'ada@example.com', email_verified: true, name: 'Ada' };
    expect(await redeem({ userInfo })).toMatchObject({
      email: 'ada@example.com',
      isEmailVerified: true,
      fullName: 'Ada',
    });
    expect(await redeem({ userInfo: { sub: 'ada' } })).toMatchObject({ email: undefined, isEmailVerified: false });
  });

  it('is not asked for an address that the token has', async () => {
    const claims = { email: 'ada@example.com' };
    const userInfo = { sub: 'ada', email: 'ada@example.com', email_verified: true };
    expect(await redeem({ claims, userInfo })).toMatchObject({ email: 'ada@example.com', isEmailVerified: false });
  });

  it.each([
    [{ userInfo: { sub: 'eve', email: 'victim@example.com', email_verified: true } }],
    [{ userInfo: { email: 'victim@example.com', email_verified: true } }],
    [{ userInfo: { sub: 'ada' }, status: 403 }],
    [{ userInfo: null }],
  ])('is refused when it is %j', async (said) => {
    await expect(redeem(said)).rejects.toMatchObject(failure('refused'));
  });
});

describe('a derived username', () => {
  const ALLOWED = /^[a-z\d][a-z\d._-]{2,29}$/;

  it.each([
    [{ username: 'Ada.Lovelace', email: undefined }, 'ada.lovelace'],
    [{ username: 'ada@work.example', email: undefined }, 'ada'],
    [{ username: 'Zo\u00eb', email: undefined }, 'zoe'],
    [{ username: 'a', email: 'ada.l@example.com' }, 'ada.l'],
    [{ username: '\u0430\u0434\u0430', email: 'ada@example.com' }, 'ada'],
    [{ username: undefined, email: 'ada+lists@example.com' }, 'ada-lists'],
    [{ username: '-._', email: undefined }, 'user'],
    [{ username: undefined, email: undefined }, 'user'],
    [{ username: 'x'.repeat(100), email: undefined }, 'x'.repeat(30)],
  ])('of %j is %s', (person, expected) => {
    expect(derivedUsername(person)).toBe(expected);
  });

  it('is one that could be registered, whatever it comes from', () => {
    const text = fc.option(fc.string({ unit: 'binary' }), { nil: undefined });
    fc.assert(
      fc.property(text, text, (username, email) => {
        const name = derivedUsername({ username, email });
        return ALLOWED.test(name) && /^[a-z\d][a-z\d._-]{2,39}$/.test(variedUsername(name));
      }),
    );
  });
});
