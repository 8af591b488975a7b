import { type Config, LOCAL_URL } from '../../../config.ts';
import type { EgressOptions } from '../../../platform/oauth/egress.ts';
import { createGitHubProvider } from '../../../platform/oauth/github.ts';
import type { IdentityProvider } from '../../../platform/oauth/identity-provider.ts';
import { createOidcProvider } from '../../../platform/oauth/oidc.ts';

/** Who may say who somebody is, by the id that stands in addresses. */
export type IdentityProviders = ReadonlyMap<string, IdentityProvider>;

const GOOGLE = {
  id: 'google',
  name: 'Google',
  issuer: 'https://accounts.google.com',
  scopes: ['openid', 'email', 'profile'],
};

/** @throws Error naming the variable that is missing or wrong. */
export function createConfiguredProviders(config: Config, { now }: Pick<EgressOptions, 'now'>): IdentityProviders {
  const allowsHttp = config.ENVIRONMENT !== 'production';
  const github = credentials('OAUTH_GITHUB', config.OAUTH_GITHUB_CLIENT_ID, config.OAUTH_GITHUB_CLIENT_SECRET);
  const google = credentials('OAUTH_GOOGLE', config.OAUTH_GOOGLE_CLIENT_ID, config.OAUTH_GOOGLE_CLIENT_SECRET);
  const providers = [
    ...(github ? [createGitHubProvider(github, { now })] : []),
    ...(google ? [createOidcProvider({ ...GOOGLE, ...google }, { allowsHttp: false, now })] : []),
    ...config.OAUTH_OIDC.map((settings) => createOidcProvider(settings, { allowsHttp, now })),
  ];
  const insecure = config.OAUTH_OIDC.find(({ issuer }) => !allowsHttp && !issuer.startsWith('https:'));
  if (insecure) throw new Error(`Wrong configuration. OAUTH_OIDC: the issuer of ${insecure.id} must be https.`);
  if (!allowsHttp && providers.length > 0 && config.PUBLIC_URL === LOCAL_URL) {
    throw new Error('Wrong configuration. PUBLIC_URL: signing in elsewhere needs it, to come back to.');
  }
  return new Map(providers.map((provider) => [provider.id, provider]));
}

function credentials(name: string, clientId: string | undefined, clientSecret: string | undefined) {
  if (clientId !== undefined && clientSecret !== undefined) return { clientId, clientSecret };
  if (clientId === undefined && clientSecret === undefined) return undefined;
  throw new Error(`Wrong configuration. ${name}_CLIENT_ID and ${name}_CLIENT_SECRET belong together.`);
}
