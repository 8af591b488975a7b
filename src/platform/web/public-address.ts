/** First and last address of ranges that are not for everybody (IANA's registry of special purposes), and why. */
const SPECIAL_IPV4: [first: string, bits: number][] = [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // shared by customers of a provider; the metadata of one cloud
  ['127.0.0.0', 8], // loopback
  ['169.254.0.0', 16], // link-local; the metadata of most clouds
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // protocols; the metadata of one cloud
  ['192.0.2.0', 24], // documentation
  ['192.31.196.0', 24], // sinks of reverse lookups
  ['192.52.193.0', 24], // relays
  ['192.88.99.0', 24], // relays of 6to4
  ['192.168.0.0', 16], // private
  ['192.175.48.0', 24], // sinks of reverse lookups
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, and broadcast
  ['168.63.129.16', 32], // public in form, but the host of the virtual machine in one cloud
];

/** Of the unicast addresses of the internet, 2000::/3, those that are none, or that hide an IPv4 address. */
const SPECIAL_IPV6: [first: number[], bits: number][] = [
  [[0x2001, 0x0000], 23], // protocols; Teredo, which hides an IPv4 address
  [[0x2001, 0x0db8], 32], // documentation
  [[0x2002], 16], // 6to4, which hides an IPv4 address
  [[0x2620, 0x004f, 0x8000], 48], // sinks of reverse lookups
  [[0x3fff], 20], // documentation
];

/**
 * Whether anybody on the internet may have the address: an IPv4 address as four decimal numbers, or an IPv6 address as
 * RFC 4291 writes it. Everything else is not: what cannot be read, what is reserved, what stands for another address
 * (mapped, NAT64, 6to4, Teredo).
 */
export function isPublicAddress(address: string): boolean {
  const ipv4 = parseIpv4(address);
  if (ipv4 !== undefined) {
    return !SPECIAL_IPV4.some(([first, bits]) => isWithin(ipv4, { first: parseIpv4(first) ?? [], bits, width: 8 }));
  }
  const ipv6 = parseIpv6(address);
  if (ipv6 === undefined || !isWithin(ipv6, { first: [0x2000], bits: 3, width: 16 })) return false;
  return !SPECIAL_IPV6.some(([first, bits]) => isWithin(ipv6, { first, bits, width: 16 }));
}

/** Whether the text is an address rather than a name. */
export const isAddress = (text: string): boolean => parseIpv4(text) !== undefined || parseIpv6(text) !== undefined;

type Range = { first: number[]; bits: number /** Bits of each part. */; width: number };

function isWithin(parts: number[], { first, bits, width }: Range): boolean {
  for (let at = 0, left = bits; left > 0; at++, left -= width) {
    const shift = Math.max(0, width - left);
    if ((parts[at] ?? 0) >> shift !== (first[at] ?? 0) >> shift) return false;
  }
  return true;
}

/** Its four bytes; undefined for any other notation, which a URL's parser has turned into this one. */
function parseIpv4(text: string): number[] | undefined {
  if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text)) return undefined;
  const bytes = text.split('.').map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

/** Its eight groups. */
function parseIpv6(text: string): number[] | undefined {
  if (!/^[\da-f:.]{2,45}$/i.test(text) || !text.includes(':')) return undefined;
  const spelled = text.replace(/[\d.]+$/, (tail) => (tail.includes('.') ? (groupsOfIpv4(tail) ?? 'x') : tail));
  const halves = spelled.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  const isWhole = halves.length === 2 ? missing >= 1 : missing === 0;
  const groups = [...head, ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...tail];
  if (!isWhole || !groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  return groups.map((group) => Number.parseInt(group, 16));
}

function groupsOfIpv4(text: string): string | undefined {
  const [a = 0, b = 0, c = 0, d = 0] = parseIpv4(text) ?? [];
  return parseIpv4(text) && `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}
