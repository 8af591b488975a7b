import { createHash } from 'node:crypto';

/** A name for what should not be readable in the names of objects. Not secret: few things are guessed more easily. */
export const subjectHash = (text: string): string => createHash('sha256').update(text).digest('hex');

const IPV6_GROUPS = 8;
/** Providers give each customer at least this much of an IPv6 address to vary: 64 bits. */
const NETWORK_GROUPS = 4;

/**
 * What calls from an address are counted under: a hash of the IPv4 address, or of the network of the IPv6 address.
 * @param ip `CF-Connecting-IP`, which Cloudflare sets on every request and which no client can choose.
 */
export const addressKey = (ip: string): string => subjectHash(networkOf(ip.trim().toLowerCase()));

function networkOf(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(ip)?.[1];
  if (mapped !== undefined) return mapped;
  if (!ip.includes(':')) return ip;
  const [head = '', tail] = ip.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : Math.max(0, IPV6_GROUPS - first.length - last.length);
  const groups = [...first, ...Array.from({ length: zeros }, () => '0'), ...last];
  return groups
    .slice(0, NETWORK_GROUPS)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
