import { CodeChallengeMethod, generateCodeVerifier, OAuth2Client } from 'arctic';
import { z } from 'zod';
import { email, nameOf } from './claims.ts';
import { createEgress, type EgressOptions } from './egress.ts';
import { type IdentityProvider, ProviderError } from './identity-provider.ts';
import { type ClientCredentials, requestTokens } from './token-endpoint.ts';

const NAME = 'GitHub';
const ISSUER = 'https://github.com/login/oauth';
const AUTHORIZE = 'https://github.com/login/oauth/authorize';
const TOKENS = 'https://github.com/login/oauth/access_token';
const USER = 'https://api.github.com/user';
const EMAILS = 'https://api.github.com/user/emails?per_page=100';
const SCOPES = ['read:user', 'user:email'];
const API_VERSION = { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' };

const userSchema = z.object({ id: z.number().int().positive(), login: nameOf, name: nameOf.nullable() });
const emailsSchema = z.array(z.object({ email, primary: z.boolean(), verified: z.boolean() })).max(1000);

/** GitHub, which speaks OAuth 2 but not OpenID Connect: who somebody is, its API says. */
export function createGitHubProvider(
  client: ClientCredentials,
  options: Omit<EgressOptions, 'name' | 'allowsHttp'>,
): IdentityProvider {
  const { now } = options;
  const egress = createEgress({ ...options, name: NAME, allowsHttp: false });

  const tokensFor = (grant: Record<string, string>) =>
    requestTokens(egress, { request: { endpoint: TOKENS, client, method: 'form', grant }, name: NAME, now });

  const read = async <T extends z.ZodType>(address: string, schema: T, accessToken: string): Promise<z.output<T>> => {
    const { status, body } = await egress.get(address, { ...API_VERSION, authorization: `Bearer ${accessToken}` });
    const parsed = schema.safeParse(body);
    if (status === 200 && parsed.success) return parsed.data;
    throw new ProviderError('refused', `${NAME} answered ${status} to who somebody is.`);
  };

  return {
    id: 'github',
    name: NAME,

    async ask({ state, redirectUri }) {
      const secrets = { codeVerifier: generateCodeVerifier(), nonce: '' };
      const oauth = new OAuth2Client(client.clientId, null, redirectUri);
      const { S256 } = CodeChallengeMethod;
      const url = oauth.createAuthorizationURLWithPKCE(AUTHORIZE, state, S256, secrets.codeVerifier, SCOPES);
      return { url: url.href, secrets };
    },

    async redeem({ code, secrets, redirectUri, issuer }) {
      if (issuer !== undefined && issuer !== ISSUER) {
        throw new ProviderError('refused', `The answer is not from ${NAME}.`);
      }
      const tokens = await tokensFor({ code, redirect_uri: redirectUri, code_verifier: secrets.codeVerifier });
      const [user, emails] = await Promise.all([
        read(USER, userSchema, tokens.accessToken),
        read(EMAILS, emailsSchema, tokens.accessToken),
      ]);
      // Any other address may be one that they left long ago.
      const primary = emails.find((entry) => entry.primary && entry.verified)?.email;
      const person = {
        accountId: String(user.id),
        email: primary,
        isEmailVerified: primary !== undefined,
        username: user.login,
        fullName: user.name ?? undefined,
      };
      return { person, tokens };
    },

    refresh: (refreshToken) => tokensFor({ grant_type: 'refresh_token', refresh_token: refreshToken }),
  };
}
