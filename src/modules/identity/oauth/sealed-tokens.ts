import { type ProviderTokens, providerTokens } from '../../../platform/oauth/identity-provider.ts';
import type { KeyRing } from '../../../platform/secrets/key-ring.ts';
import type { OauthAccount } from './oauth.table.ts';

/** The account that tokens are sealed for: beside another they do not open. */
type Place = Pick<OauthAccount, 'ownerId' | 'provider' | 'providerAccountId'>;

const contextOf = ({ ownerId, provider, providerAccountId }: Place) =>
  `oauth_accounts/${ownerId}/${provider}/${providerAccountId}`;

export function sealTokens(keyRing: KeyRing, place: Place, tokens: ProviderTokens): Promise<string> {
  // Only what these are: whatever else comes along has columns of its own.
  return keyRing.seal(JSON.stringify(providerTokens.parse(tokens)), contextOf(place));
}

/** @returns the tokens, and whether an older key had sealed them. */
export async function openTokens(keyRing: KeyRing, account: OauthAccount) {
  const { text, isOutdated } = await keyRing.open(account.sealedTokens, contextOf(account));
  return { tokens: providerTokens.parse(JSON.parse(text)), isOutdated };
}
