import { z } from 'zod';
import type { Egress } from './egress.ts';
import { type IssuedTokens, ProviderError } from './identity-provider.ts';

export type ClientCredentials = { clientId: string; clientSecret: string };

export type TokenRequest = {
  endpoint: string;
  client: ClientCredentials;
  /** Where the client's name and secret go: in the `Authorization` header, or into the form. */
  method: 'basic' | 'form';
  grant: Record<string, string>;
};

const MAX_TOKEN_CHARS = 16_000;

const token = z.string().min(1).max(MAX_TOKEN_CHARS);
const granted = z.object({
  access_token: token,
  token_type: z.string().regex(/^bearer$/i),
  refresh_token: token.optional(),
  id_token: token.optional(),
  expires_in: z.coerce.number().positive().optional(),
  scope: z.string().max(2000).optional(),
});
const refused = z.object({ error: z.string().regex(/^[\w.-]{1,100}$/) });

/** What a provider says when it does not know us; anything else is about this grant. GitHub has words of its own. */
const OPERATORS_PROBLEMS = [
  'invalid_client',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'incorrect_client_credentials',
  'redirect_uri_mismatch',
];

/** Tokens for a grant (RFC 6749, 4.1.3 and 6). @throws ProviderError */
export async function requestTokens(
  egress: Egress,
  { request, name, now }: { request: TokenRequest; name: string; now: () => number },
): Promise<IssuedTokens> {
  const { endpoint, client, method, grant } = request;
  const form = new URLSearchParams(grant);
  if (method === 'form') {
    form.set('client_id', client.clientId);
    form.set('client_secret', client.clientSecret);
  }
  const answer = await egress.post(endpoint, form, method === 'basic' ? { authorization: basic(client) } : {});
  // GitHub answers 200 to what it refuses.
  const refusal = refused.safeParse(answer.body);
  if (refusal.success) {
    const { error } = refusal.data;
    const failure = OPERATORS_PROBLEMS.includes(error) ? 'misconfigured' : 'refused';
    throw new ProviderError(failure, `${name} refused a grant: ${error}.`);
  }
  const { success, data } = granted.safeParse(answer.body);
  if (answer.status !== 200 || !success) {
    throw new ProviderError('misconfigured', `${name} answered ${answer.status} without tokens.`);
  }
  return {
    accessToken: data.access_token,
    ...(data.refresh_token !== undefined && { refreshToken: data.refresh_token }),
    ...(data.id_token !== undefined && { idToken: data.id_token }),
    expiresAt: data.expires_in === undefined ? null : now() + Math.floor(data.expires_in) * 1000,
    scope: data.scope ?? null,
  };
}

/** Both are encoded as forms are before they are joined (RFC 6749, 2.3.1). */
function basic({ clientId, clientSecret }: ClientCredentials): string {
  const encoded = [clientId, clientSecret].map((part) => encodeURIComponent(part).replaceAll('%20', '+'));
  return `Basic ${Buffer.from(encoded.join(':')).toString('base64')}`;
}
