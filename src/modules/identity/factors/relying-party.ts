import type { Config } from '../../../config.ts';
import { passkeysNotConfigured } from './factors.errors.ts';

/** Who passkeys are made for, in the words of WebAuthn: `id` is the domain that they are bound to. */
export type RelyingParty = { id: string; name: string; origin: string };

type Site = Pick<Config, 'PUBLIC_URL' | 'ENVIRONMENT'>;

const NAME = 'Commonplace';
const LOCAL_HOST = 'localhost';
const IP_ADDRESS = /^(\[.*\]|[\d.]+)$/;

/**
 * The relying party of an installation. Undefined where browsers would make no passkey: they are bound to domain names,
 * not addresses, and pages without TLS may use them on `localhost` only, which in production is nobody's.
 */
export function relyingPartyOf({ PUBLIC_URL, ENVIRONMENT }: Site): RelyingParty | undefined {
  const { hostname: id, origin, protocol } = new URL(PUBLIC_URL);
  const isLocal = id === LOCAL_HOST && ENVIRONMENT !== 'production';
  const isPublic = protocol === 'https:' && id !== LOCAL_HOST && !IP_ADDRESS.test(id);
  return isLocal || isPublic ? { id, name: NAME, origin } : undefined;
}

/** @throws passkeys_not_configured where there can be none. */
export function requireRelyingParty(site: Site): RelyingParty {
  const party = relyingPartyOf(site);
  if (!party) throw passkeysNotConfigured();
  return party;
}
