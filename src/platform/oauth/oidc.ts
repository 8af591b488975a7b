import { CodeChallengeMethod, generateCodeVerifier, generateState, OAuth2Client } from 'arctic';
import type { JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { createExpiringCache } from '../../shared/expiring-cache.ts';
import { createEgress, type Egress, type EgressOptions } from './egress.ts';
import { type Claims, claims, verifyIdToken } from './id-token.ts';
import { type IdentityProvider, type Person, ProviderError, type Redemption } from './identity-provider.ts';
import { type ClientCredentials, requestTokens } from './token-endpoint.ts';

export type OidcSettings = ClientCredentials & { id: string; name: string; issuer: string; scopes: readonly string[] };

type Metadata = z.output<ReturnType<typeof metadataSchema>>;
type Directory = { metadata: Metadata; keys: JWTVerifyGetKey };

const MAX_ADDRESS_CHARS = 2000;
const METADATA_KEPT_MS = 60 * 60 * 1000;
const KEYS_KEPT_MS = 10 * 60 * 1000;
/**
 * A token signed by an unknown key makes us look for new keys, at most this often. Tokens come from the issuer itself,
 * so that nobody else can make us ask.
 */
const KEYS_COOL_DOWN_MS = 1000;

/** Any issuer that speaks OpenID Connect, by its discovery document. */
export function createOidcProvider(settings: OidcSettings, options: Omit<EgressOptions, 'name'>): IdentityProvider {
  const { id, name, issuer, clientId, clientSecret, scopes } = settings;
  const { now } = options;
  const egress = createEgress({ ...options, name });
  const schema = metadataSchema(egress, issuer);
  const known = createExpiringCache<Directory>({ ttlMs: METADATA_KEPT_MS, maxEntries: 1, now });

  const discover = async (): Promise<Directory> => {
    const remembered = known.get(issuer);
    if (remembered) return remembered;
    const { status, body } = await egress.get(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    const parsed = schema.safeParse(body);
    if (status !== 200 || !parsed.success) {
      throw new ProviderError('misconfigured', `${name} publishes no discovery document that can be used.`);
    }
    const directory = { metadata: parsed.data, keys: await remoteKeys(egress, parsed.data.jwks_uri, name) };
    known.set(issuer, directory);
    return directory;
  };

  const tokensFor = ({ metadata }: Directory, grant: Record<string, string>) => {
    const methods = metadata.token_endpoint_auth_methods_supported;
    const method = methods === undefined || methods.includes('client_secret_basic') ? 'basic' : 'form';
    const request = { endpoint: metadata.token_endpoint, client: { clientId, clientSecret }, method, grant } as const;
    return requestTokens(egress, { request, name, now });
  };

  const readUserInfo = async (address: string, { accessToken, sub }: { accessToken: string; sub: string }) => {
    const { status, body } = await egress.get(address, { authorization: `Bearer ${accessToken}` });
    const parsed = claims.safeParse(body);
    const isTheirs = status === 200 && parsed.success && parsed.data.sub === sub;
    if (!isTheirs) throw new ProviderError('refused', `${name} says nothing of the person that it named.`);
    return parsed.data;
  };

  return {
    id,
    name,

    async ask({ state, redirectUri }) {
      const { metadata } = await discover();
      const secrets = { codeVerifier: generateCodeVerifier(), nonce: generateState() };
      const client = new OAuth2Client(clientId, null, redirectUri);
      const { S256 } = CodeChallengeMethod;
      const { authorization_endpoint: endpoint } = metadata;
      const url = client.createAuthorizationURLWithPKCE(endpoint, state, S256, secrets.codeVerifier, [...scopes]);
      url.searchParams.set('nonce', secrets.nonce);
      return { url: url.href, secrets };
    },

    async redeem({ code, secrets, redirectUri, issuer: answeredBy }: Redemption) {
      const directory = await discover();
      const { metadata, keys } = directory;
      requireIssuer(metadata, { answeredBy, name });
      const tokens = await tokensFor(directory, {
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        code_verifier: secrets.codeVerifier,
      });
      const { idToken, accessToken } = tokens;
      if (idToken === undefined) throw new ProviderError('refused', `${name} gave no ID token.`);
      const expected = { issuer, clientId, nonce: secrets.nonce, name, now };
      const said = await verifyIdToken(idToken, { keys, expected });
      const { userinfo_endpoint: userInfo } = metadata;
      const isSilent = said.email === undefined && userInfo !== undefined;
      const more = isSilent ? await readUserInfo(userInfo, { accessToken, sub: said.sub }) : said;
      return { person: personOf(said, more), tokens };
    },

    refresh: async (refreshToken) =>
      tokensFor(await discover(), { grant_type: 'refresh_token', refresh_token: refreshToken }),
  };
}

function metadataSchema(egress: Egress, issuer: string) {
  const address = z.string().max(MAX_ADDRESS_CHARS).refine(egress.allows);
  return z.object({
    issuer: z.literal(issuer),
    authorization_endpoint: address,
    token_endpoint: address,
    jwks_uri: address,
    userinfo_endpoint: address.optional(),
    token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
    authorization_response_iss_parameter_supported: z.boolean().optional(),
  });
}

async function remoteKeys(egress: Egress, address: string, name: string): Promise<JWTVerifyGetKey> {
  const { createRemoteJWKSet, customFetch } = await import('jose');
  return createRemoteJWKSet(new URL(address), {
    cacheMaxAge: KEYS_KEPT_MS,
    cooldownDuration: KEYS_COOL_DOWN_MS,
    [customFetch]: async () => {
      const { status, body } = await egress.get(address);
      if (status !== 200) throw new ProviderError('unavailable', `${name} answered ${status} instead of its keys.`);
      return Response.json(body ?? null);
    },
  });
}

/** Defends against mix-up: who says that an answer is theirs must be who was asked (RFC 9207). */
function requireIssuer(metadata: Metadata, { answeredBy, name }: { answeredBy: string | undefined; name: string }) {
  const isSilent = answeredBy === undefined && metadata.authorization_response_iss_parameter_supported !== true;
  if (isSilent || answeredBy === metadata.issuer) return;
  throw new ProviderError('refused', `The answer is not from ${name}.`);
}

const personOf = (said: Claims, more: Claims): Person => ({
  accountId: said.sub,
  email: more.email,
  isEmailVerified: more.email !== undefined && more.email_verified === true,
  username: said.preferred_username ?? more.preferred_username,
  fullName: said.name ?? more.name,
});
