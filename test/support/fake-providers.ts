import { createHash } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { expect, vi } from 'vitest';
import { once } from '../../src/shared/once.ts';

export type FakePerson = {
  id: number;
  login: string;
  name: string | null;
  emails: { email: string; primary: boolean; verified: boolean }[];
};

type Question = { person: FakePerson; challenge: string; redirectUri: string; nonce: string | null };
type Request = { url: string; headers: Headers; form: URLSearchParams };

export const CLIENTS = {
  OAUTH_GITHUB_CLIENT_ID: 'github-client',
  OAUTH_GITHUB_CLIENT_SECRET: 'github-secret',
  OAUTH_GOOGLE_CLIENT_ID: 'google-client',
  OAUTH_GOOGLE_CLIENT_SECRET: 'google-secret',
};

const GOOGLE = 'https://accounts.google.com';

/** Somebody whom GitHub and Google know, with one verified address. */
export function aPerson(overrides: Partial<FakePerson> = {}): FakePerson {
  const login = `octo-${crypto.randomUUID().slice(0, 8)}`;
  const id = 1 + Math.floor(Math.random() * 2 ** 40);
  return {
    id,
    login,
    name: null,
    emails: [{ email: `${login}@example.com`, primary: true, verified: true }],
    ...overrides,
  };
}

/** The Worker keeps the keys that it has read: they last as long as it does. */
const keys = once(() => generateKeyPair('RS256'));

/**
 * GitHub and Google in place of the network: whoever is asked for anything else has made a request that should not be.
 * Codes are good once, for who can show the verifier; tokens for who they were issued to.
 */
export async function fakeProviders() {
  const { privateKey, publicKey } = await keys();
  const jwk = { ...(await exportJWK(publicKey)), kid: 'key-1', alg: 'RS256', use: 'sig' };
  const codes = new Map<string, Question>();
  const holders = new Map<string, FakePerson>();
  const requests: Request[] = [];
  const lifetime = { seconds: undefined as number | undefined, claims: {} as JWTPayload };
  /** Answers before anything else does, while it is set. */
  const instead: { answer?: ((request: Request) => Response | Promise<Response> | undefined) | undefined } = {};

  const grant = (person: FakePerson) => {
    const tokens = { access_token: `access-${crypto.randomUUID()}`, refresh_token: `refresh-${crypto.randomUUID()}` };
    for (const token of Object.values(tokens)) holders.set(token, person);
    return {
      ...tokens,
      token_type: 'bearer',
      scope: 'email',
      ...(lifetime.seconds && { expires_in: lifetime.seconds }),
    };
  };

  const redeem = (form: URLSearchParams): Question | undefined => {
    const code = form.get('code') ?? '';
    const question = codes.get(code);
    codes.delete(code);
    const shown = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const isRight = question?.challenge === shown && question.redirectUri === form.get('redirect_uri');
    return isRight ? question : undefined;
  };

  const refresh = (form: URLSearchParams) => {
    const old = form.get('refresh_token') ?? '';
    const person = holders.get(old);
    holders.delete(old);
    return person ? Response.json(grant(person)) : undefined;
  };

  const githubTokens = ({ form }: Request): Response => {
    expect([form.get('client_id'), form.get('client_secret')]).toEqual(['github-client', 'github-secret']);
    if (form.get('grant_type') === 'refresh_token') {
      return refresh(form) ?? Response.json({ error: 'bad_refresh_token' });
    }
    const question = redeem(form);
    return Response.json(question ? grant(question.person) : { error: 'bad_verification_code' });
  };

  const googleTokens = async ({ form, headers }: Request): Promise<Response> => {
    expect(headers.get('authorization')).toBe(`Basic ${btoa('google-client:google-secret')}`);
    const question = redeem(form);
    if (!question) return Response.json({ error: 'invalid_grant' }, { status: 400 });
    const { person, nonce } = question;
    const [first] = person.emails;
    const payload = { email: first?.email, email_verified: first?.verified, name: person.name, nonce };
    const idToken = await new SignJWT({ ...payload, ...lifetime.claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'key-1' })
      .setIssuer(GOOGLE)
      .setAudience('google-client')
      .setSubject(String(person.id))
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey);
    return Response.json({ ...grant(person), id_token: idToken });
  };

  const holderOf = ({ headers }: Request) => holders.get(headers.get('authorization')?.replace('Bearer ', '') ?? '');
  const ofHolder = (request: Request, show: (person: FakePerson) => unknown) => {
    expect(request.headers.get('user-agent')).toBe('commonplace');
    const person = holderOf(request);
    return person ? Response.json(show(person)) : new Response('{}', { status: 401 });
  };

  const routes: Record<string, (request: Request) => Response | Promise<Response>> = {
    'https://github.com/login/oauth/access_token': githubTokens,
    'https://api.github.com/user': (request) => ofHolder(request, ({ id, login, name }) => ({ id, login, name })),
    'https://api.github.com/user/emails': (request) => ofHolder(request, ({ emails }) => emails),
    [`${GOOGLE}/.well-known/openid-configuration`]: () =>
      Response.json({
        issuer: GOOGLE,
        authorization_endpoint: `${GOOGLE}/o/oauth2/v2/auth`,
        token_endpoint: 'https://oauth2.googleapis.com/token',
        jwks_uri: 'https://www.googleapis.com/oauth2/v3/certs',
      }),
    'https://oauth2.googleapis.com/token': googleTokens,
    'https://www.googleapis.com/oauth2/v3/certs': () => Response.json({ keys: [jwk] }),
  };

  vi.stubGlobal('fetch', async (input: string, init: RequestInit = {}) => {
    const body = init.body instanceof URLSearchParams ? init.body : new URLSearchParams();
    const request = { url: input, headers: new Headers(init.headers), form: body };
    requests.push(request);
    expect(init.redirect).toBe('manual');
    const early = await instead.answer?.(request);
    if (early) return early;
    const route = routes[input.split('?')[0] ?? ''];
    if (!route) throw new Error(`Nobody should have asked ${input}.`);
    return route(request);
  });

  return {
    requests,
    instead,
    lifetime,
    /** Lets somebody agree to the question at an authorization address. @returns what the browser brings back. */
    agree(url: string, person: FakePerson): { code: string; state: string } {
      const { searchParams } = new URL(url);
      const get = (name: string) => searchParams.get(name) ?? expect.fail(`${url} has no ${name}.`);
      expect([get('response_type'), get('code_challenge_method')]).toEqual(['code', 'S256']);
      const code = `code-${crypto.randomUUID()}`;
      const nonce = searchParams.get('nonce');
      codes.set(code, { person, challenge: get('code_challenge'), redirectUri: get('redirect_uri'), nonce });
      return { code, state: get('state') };
    },
    /** What a person takes back at the provider. */
    revoke: () => holders.clear(),
  };
}

export type FakeProviders = Awaited<ReturnType<typeof fakeProviders>>;
