import { createHash } from 'node:crypto';
import type { Config } from '../../../config.ts';
import type { Statement } from '../../../db/client.ts';
import { requireChange } from '../../../db/sql.ts';
import type { Logger } from '../../../platform/logger.ts';
import { type IdentityProvider, ProviderError, questionSecrets } from '../../../platform/oauth/identity-provider.ts';
import type { Actor } from '../../../shared/actor.ts';
import { AppError, invalidField, notFound } from '../../../shared/app-error.ts';
import type { AuthService } from '../auth.service.ts';
import { recentLogin } from '../factors/recent-login.ts';
import * as identityErrors from '../identity.errors.ts';
import { createIdentityRepository } from '../identity.repository.ts';
import type { Client } from '../sessions.ts';
import type { SignIn } from '../sign-in.ts';
import { type IssuedToken, issueToken, parseToken } from '../tokens.ts';
import type { IdentityProviders } from './configured-providers.ts';
import * as errors from './oauth.errors.ts';
import { createOauthRepository } from './oauth.repository.ts';
import type { OauthAccount, OauthState } from './oauth.table.ts';
import { type Arrival, createOauthUsers, type Identified, type Linker, type OauthUsersDeps } from './oauth-users.ts';

type Deps = OauthUsersDeps & {
  config: Pick<Config, 'REGISTRATION_OPEN' | 'PUBLIC_URL' | 'OAUTH_REDIRECT_URIS'>;
  identityProviders: IdentityProviders;
  auth: AuthService;
  logger: Logger;
};

export type Beginning = {
  /** The app to go back to, one of OAUTH_REDIRECT_URIS; without it, the answer to the callback is the outcome. */
  redirectUri?: string | undefined;
  /** What the app will show a verifier for (S256), so that a code that others see is worth nothing to them. */
  codeChallenge?: string | undefined;
  /** The browser's cookie from an earlier sign-in. */
  browser?: string | undefined;
};

/** Where to send the browser, and the cookie by which it is known when it comes back. */
export type Begun = { url: string; cookie: { name: string; value: string; isSecure: boolean; maxAgeSeconds: number } };

/** What comes back from a provider by way of a browser. */
export type Answer = Client & {
  code?: string | undefined;
  state?: string | undefined;
  error?: string | undefined;
  issuer?: string | undefined;
  browser?: string | undefined;
};

export type Outcome =
  | { type: 'signed_in'; signedIn: SignIn }
  | { type: 'linked'; account: OauthAccount }
  | { type: 'redirect'; location: string };

const STATE_SECONDS = 10 * 60;
const CODE_SECONDS = 60;

/** Signing in, and linking, by an account elsewhere. */
export function createOauthService(deps: Deps) {
  const { database, config, clock, ids, keyRing, identityProviders, auth, logger } = deps;
  const repository = createOauthRepository(database);
  const users = createOauthUsers(deps);
  const isSecure = config.PUBLIC_URL.startsWith('https:');
  /** The prefix keeps other hosts of the same domain from setting it; browsers take it over https only. */
  const cookieName = isSecure ? '__Host-cp_oauth' : 'cp_oauth';

  const providerOf = (id: string): IdentityProvider => {
    const provider = identityProviders.get(id);
    if (!provider) throw notFound('provider');
    return provider;
  };
  const callbackOf = ({ id }: IdentityProvider) => `${config.PUBLIC_URL}/v1/auth/oauth/${id}/callback`;

  /** Asks a provider; its failures become answers, and lines in the log. */
  const ask = async <T>({ id, name }: IdentityProvider, question: () => Promise<T>): Promise<T> => {
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      if (error.failure === 'misconfigured') logger.error('oauth.failed', error, { provider: id });
      else logger.warn('oauth.failed', { provider: id, failure: error.failure, reason: error.message });
      throw errors.providerFailed(name, error);
    }
  };

  const begin = async (
    providerId: string,
    { redirectUri, codeChallenge, browser, linker, guards = [] }: Beginning & { linker?: Linker; guards?: Statement[] },
  ): Promise<Begun> => {
    const provider = providerOf(providerId);
    if (redirectUri !== undefined && !config.OAUTH_REDIRECT_URIS.includes(redirectUri)) {
      throw errors.redirectNotAllowed();
    }
    const state = issueToken('oauth_state');
    const cookie = browserToken(browser);
    const { url, secrets } = await ask(provider, () =>
      provider.ask({ state: state.token, redirectUri: callbackOf(provider) }),
    );
    const id = ids.next();
    const now = clock.now();
    await database.commit([
      ...guards,
      repository.insertState({
        id,
        stateHash: state.hash,
        browserHash: cookie.hash,
        provider: provider.id,
        sealedSecrets: await keyRing.seal(JSON.stringify(secrets), contextOf({ id })),
        intent: linker ? 'link' : 'login',
        ...linker,
        redirectUri: redirectUri ?? null,
        codeChallenge: codeChallenge ?? null,
        expiresAt: now + STATE_SECONDS * 1000,
        createdAt: now,
      }),
    ]);
    return { url, cookie: { name: cookieName, value: cookie.token, isSecure, maxAgeSeconds: STATE_SECONDS } };
  };

  const arrivalOf = async (state: OauthState, { code, error, issuer }: Answer): Promise<Arrival> => {
    const provider = providerOf(state.provider);
    if (error === 'access_denied') throw errors.signInDenied(provider.name);
    if (error !== undefined) throw errors.signInRefused(provider.name);
    if (code === undefined) throw invalidField('code', 'It is missing.');
    const { text } = await keyRing.open(state.sealedSecrets, contextOf(state));
    const secrets = questionSecrets.parse(JSON.parse(text));
    const answer = { code, secrets, issuer, redirectUri: callbackOf(provider) };
    return { provider, ...(await ask(provider, () => provider.redeem(answer))) };
  };

  /** The app gets a code: tokens have no business in addresses, which histories and logs keep. */
  const codeFor = async (state: OauthState, { user, alongside }: Identified) => {
    if (user.status !== 'active') throw identityErrors.accountDeactivated(user.deactivatedBy);
    const { token, hash: codeHash } = issueToken('oauth_code');
    const now = clock.now();
    const { codeChallenge } = state;
    const times = { expiresAt: now + CODE_SECONDS * 1000, createdAt: now };
    const row = { id: ids.next(), ownerId: user.id, codeHash, codeChallenge, ...times };
    await database.commit([...alongside, repository.insertCode(row)]);
    return token;
  };

  const link = async (state: OauthState, arrival: Arrival): Promise<Outcome> => {
    const { userId, sessionId, redirectUri } = state;
    if (userId === null || sessionId === null) throw errors.invalidState();
    const account = await users.link({ userId, sessionId }, arrival);
    if (redirectUri === null) return { type: 'linked', account };
    return { type: 'redirect', location: withParameter(redirectUri, ['linked', account.provider]) };
  };

  const login = async (
    state: OauthState,
    { arrival, client }: { arrival: Arrival; client: Client },
  ): Promise<Outcome> => {
    const { user, alongside } = await users.identify(arrival);
    const { redirectUri } = state;
    if (redirectUri === null) {
      return {
        type: 'signed_in',
        signedIn: await auth.signIn(user, { ...client, proof: alongside }),
      };
    }
    const code = await codeFor(state, { user, alongside });
    return { type: 'redirect', location: withParameter(redirectUri, ['code', code]) };
  };

  const complete = async (state: OauthState, answer: Answer): Promise<Outcome> => {
    const arrival = await arrivalOf(state, answer);
    return state.intent === 'link' ? link(state, arrival) : login(state, { arrival, client: answer });
  };

  return {
    cookieName,

    listProviders: () => [...identityProviders.values()],

    /** Begins a sign-in by anybody's browser. */
    beginLogin: (providerId: string, beginning: Beginning): Promise<Begun> => begin(providerId, beginning),

    /**
     * Begins linking an account to the user, whose session must last until it is linked.
     * @throws recent_login_required
     */
    async beginLink(actor: Actor, providerId: string, beginning: Beginning): Promise<Begun> {
      const { userId, credential } = actor;
      if (credential.type !== 'session') throw identityErrors.sessionRequired();
      const guards = [createIdentityRepository(database).requireRecentSession(actor, recentLogin(clock.now()))];
      return begin(providerId, { ...beginning, linker: { userId, sessionId: credential.id }, guards });
    },

    /**
     * Takes a provider's answer, once, from the browser that began. An app that waits for the outcome also hears why
     * there is none.
     */
    async finish(providerId: string, answer: Answer): Promise<Outcome> {
      const provider = providerOf(providerId).id;
      const asked = parseToken(answer.state ?? '');
      const browser = parseToken(answer.browser ?? '');
      if (asked?.kind !== 'oauth_state' || browser?.kind !== 'oauth_browser') throw errors.invalidState();
      const claim = { stateHash: asked.hash, browserHash: browser.hash, provider, now: clock.now() };
      const [[state]] = await database.commit([repository.claimState(claim)]);
      if (!state) throw errors.invalidState();
      const { redirectUri } = state;
      if (redirectUri === null) return complete(state, answer);
      return complete(state, answer).catch((error: unknown) => {
        if (!(error instanceof AppError)) throw error;
        return { type: 'redirect', location: withParameter(redirectUri, ['error', error.code]) };
      });
    },

    /** Exchanges a code that an app was given for a session, once. */
    async exchange({ code, codeVerifier, ...client }: Client & { code: string; codeVerifier?: string | undefined }) {
      const parsed = parseToken(code);
      if (parsed?.kind !== 'oauth_code') throw errors.invalidCode();
      const now = clock.now();
      const found = await repository.findCode(parsed.hash, now);
      if (!found || !answers(codeVerifier, found.codeChallenge)) throw errors.invalidCode();
      const proof = [repository.useCode(parsed.hash, now), requireChange(database, errors.invalidCode)];
      return auth.signIn(found.user, { ...client, proof });
    },

    /** Removes sign-ins that nobody can finish any more. @returns how many. */
    removeExpired: () => repository.removeExpired(clock.now()),
  };
}

export type OauthService = ReturnType<typeof createOauthService>;

/** Sign-ins in several tabs share the cookie. */
function browserToken(given = ''): IssuedToken {
  const known = parseToken(given);
  return known?.kind === 'oauth_browser' ? { token: given, hash: known.hash } : issueToken('oauth_browser');
}

const contextOf = ({ id }: Pick<OauthState, 'id'>) => `oauth_states/${id}`;

function withParameter(uri: string, [name, value]: [name: string, value: string]): string {
  const url = new URL(uri);
  url.searchParams.set(name, value);
  return url.href;
}

/** Whether the verifier is that of the challenge (RFC 7636, S256). Neither comes without the other. */
function answers(verifier: string | undefined, challenge: string | null): boolean {
  if (verifier === undefined || challenge === null) return verifier === undefined && challenge === null;
  return createHash('sha256').update(verifier).digest('base64url') === challenge;
}
