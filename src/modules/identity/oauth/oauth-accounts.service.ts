import type { Database } from '../../../db/client.ts';
import { requireChange } from '../../../db/sql.ts';
import type { Clock } from '../../../platform/clock.ts';
import {
  type IdentityProvider,
  type IssuedTokens,
  ProviderError,
  type ProviderTokens,
} from '../../../platform/oauth/identity-provider.ts';
import type { KeyRing } from '../../../platform/secrets/key-ring.ts';
import type { Actor } from '../../../shared/actor.ts';
import { notFound } from '../../../shared/app-error.ts';
import type { Page, PageRequest } from '../../../shared/page.ts';
import { recentLogin } from '../factors/recent-login.ts';
import * as identityErrors from '../identity.errors.ts';
import { createIdentityRepository } from '../identity.repository.ts';
import type { IdentityProviders } from './configured-providers.ts';
import * as errors from './oauth.errors.ts';
import { createOauthRepository } from './oauth.repository.ts';
import type { OauthAccount } from './oauth.table.ts';
import { openTokens, sealTokens } from './sealed-tokens.ts';

type Deps = { database: Database; clock: Clock; keyRing: KeyRing; identityProviders: IdentityProviders };

/** A token that ends sooner is renewed before it is used. */
const MIN_LEFT_MS = 60_000;
/** Time for who was faster to store what they were given. */
const OTHERS_STORE_MS = 300;

/** The accounts elsewhere that users have linked. */
export function createOauthAccountsService({ database, clock, keyRing, identityProviders }: Deps) {
  const repository = createOauthRepository(database);
  const identity = createIdentityRepository(database);

  const store = async (account: OauthAccount, tokens: ProviderTokens & Pick<IssuedTokens, 'expiresAt'>) => {
    const { id, version, ownerId } = account;
    const sealedTokens = await sealTokens(keyRing, account, tokens);
    const renewal = { id, version, sealedTokens, tokensExpireAt: tokens.expiresAt, now: clock.now() };
    await database.commit([repository.renewTokens(ownerId, renewal)]);
  };

  const read = async (userId: string, id: string): Promise<OauthAccount> => {
    const account = await repository.findAccount(userId, id);
    if (!account) throw notFound('linked account');
    return account;
  };

  const isFresh = ({ tokensExpireAt }: OauthAccount) =>
    tokensExpireAt === null || tokensExpireAt > clock.now() + MIN_LEFT_MS;

  /** New tokens by the refresh token. Who refreshes at the same moment may have used it up: then theirs do. */
  const refresh = async (account: OauthAccount, tokens: ProviderTokens): Promise<string> => {
    const provider = identityProviders.get(account.provider);
    if (!provider) throw notFound('provider');
    if (tokens.refreshToken === undefined) throw errors.accessLost(provider.name);
    const renewed = await askAgain(provider, tokens.refreshToken);
    if (renewed) {
      await store(account, { ...tokens, ...renewed });
      return renewed.accessToken;
    }
    await clock.sleep(OTHERS_STORE_MS);
    const later = await read(account.ownerId, account.id);
    if (later.version === account.version || !isFresh(later)) throw errors.accessLost(provider.name);
    return (await openTokens(keyRing, later)).tokens.accessToken;
  };

  return {
    list: ({ userId }: Actor, page: PageRequest): Promise<Page<OauthAccount>> => repository.listAccounts(userId, page),

    /** Unlinks an account, unless its user could not come back then. @throws recent_login_required */
    async unlink(actor: Actor, id: string): Promise<void> {
      const { userId, credential } = actor;
      if (credential.type !== 'session') throw identityErrors.sessionRequired();
      await database.commit([
        identity.requireRecentSession(actor, recentLogin(clock.now())),
        repository.requireOtherWayIn(userId, { id, refusal: errors.onlyWayIn }),
        repository.removeAccount(userId, id),
        requireChange(database, () => notFound('linked account')),
      ]);
    },

    /** An access token for the provider's API, renewed if it must be. @throws oauth_access_lost */
    async accessTokenFor(userId: string, id: string): Promise<string> {
      const account = await read(userId, id);
      const { tokens, isOutdated } = await openTokens(keyRing, account);
      if (!isFresh(account)) return refresh(account, tokens);
      if (isOutdated) await store(account, { ...tokens, expiresAt: account.tokensExpireAt });
      return tokens.accessToken;
    },
  };
}

/** @returns undefined when the provider refuses the refresh token. */
async function askAgain(provider: IdentityProvider, refreshToken: string): Promise<IssuedTokens | undefined> {
  try {
    return await provider.refresh(refreshToken);
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    if (error.failure === 'refused') return undefined;
    throw errors.providerFailed(provider.name, error);
  }
}

export type OauthAccountsService = ReturnType<typeof createOauthAccountsService>;
