import { isAddress, isPublicAddress } from './public-address.ts';
import type { Resolver } from './resolver.ts';
import { WebError } from './web.ts';

export type UrlGuard = {
  /** Why the address is refused, as far as it says so itself. */
  refusal(url: URL): string | undefined;
  /** The same, with its name looked up. @throws WebError unless everything is as it should be. */
  check(url: URL): Promise<void>;
};

export type UrlGuardOptions = {
  /** Without one, nothing is fetched but from the allowed hosts. */
  resolver: Resolver | undefined;
  /** `host` or `host:port`: fetched from whatever they are. */
  allowedHosts: readonly string[];
  ports: readonly number[];
  /** Our own names: nobody has us call ourselves. */
  ownHosts: readonly string[];
};

export const MAX_URL_CHARACTERS = 2_000;
const MAX_NAME_CHARACTERS = 253;
const DEFAULT_PORTS: Record<string, number> = { 'http:': 80, 'https:': 443 };

/** Names that mean something in one network only, or nowhere. */
const PRIVATE_NAMES =
  /(^|\.)(localhost|localdomain|local|internal|intranet|private|corp|home|lan|arpa|onion|test|invalid|example)$/;

const NOT_PUBLIC = 'The address is not on the public web.';

/**
 * Decides whether an address may be fetched: only the web, only by its ports, only from hosts that are on the internet for
 * everybody. A URL's parser has already turned every notation of an IPv4 address (octal, hexadecimal, one number) into
 * the usual one. What is looked up here is looked up again by whoever connects: a name that changes in between is seen
 * by nobody. What is then reached is what the platform's network reaches, which holds no machine of ours.
 */
export function createUrlGuard({ resolver, allowedHosts, ports, ownHosts }: UrlGuardOptions): UrlGuard {
  const isAllowed = ({ hostname, host }: URL) => allowedHosts.includes(hostname) || allowedHosts.includes(host);

  const refusal = (url: URL): string | undefined => {
    const { protocol, port, username, password, href } = url;
    if (protocol !== 'http:' && protocol !== 'https:') return 'Only addresses with http or https can be fetched.';
    if (href.length > MAX_URL_CHARACTERS) return `An address may have at most ${MAX_URL_CHARACTERS} characters.`;
    if (username !== '' || password !== '') return 'An address with a user name or password in it cannot be fetched.';
    if (isAllowed(url)) return undefined;
    const chosen = port === '' ? DEFAULT_PORTS[protocol] : Number(port);
    if (chosen === undefined || !ports.includes(chosen))
      return `Only the ports ${ports.join(', ')} can be fetched from.`;
    return hostRefusal(url, ownHosts);
  };

  return {
    refusal,
    async check(url) {
      const reason = refusal(url);
      if (reason !== undefined) throw new WebError('address_refused', reason);
      if (isAllowed(url)) return;
      if (!resolver) {
        throw new WebError(
          'fetching_off',
          'This installation fetches nothing from the web: no resolver is configured.',
        );
      }
      if (isAddress(bare(url.hostname))) return;
      const addresses = await resolver.addressesOf(url.hostname);
      if (!addresses.every(isPublicAddress)) throw new WebError('address_refused', NOT_PUBLIC);
    },
  };
}

function hostRefusal({ hostname }: URL, ownHosts: readonly string[]): string | undefined {
  const name = bare(hostname).replace(/\.$/, '');
  if (ownHosts.includes(name)) return 'The address is this service’s own.';
  if (isAddress(name)) return isPublicAddress(name) ? undefined : NOT_PUBLIC;
  const isPublicName = name.includes('.') && name.length <= MAX_NAME_CHARACTERS && !PRIVATE_NAMES.test(name);
  return isPublicName ? undefined : NOT_PUBLIC;
}

/** IPv6 addresses stand in brackets. */
const bare = (hostname: string) => hostname.replace(/^\[|\]$/g, '');
