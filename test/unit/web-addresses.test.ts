import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../src/platform/web/public-address.ts';
import type { Resolver } from '../../src/platform/web/resolver.ts';
import { robotsAllow } from '../../src/platform/web/robots.ts';
import { createUrlGuard, type UrlGuardOptions } from '../../src/platform/web/url-guard.ts';

const PRIVATE = [
  ['0.0.0.0', 'this network'],
  ['10.255.0.1', 'private'],
  ['100.64.0.1', 'a provider’s'],
  ['100.100.100.200', 'metadata of a cloud'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['168.63.129.16', 'the host of a cloud'],
  ['169.254.169.254', 'metadata'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.0.0.192', 'metadata of a cloud'],
  ['192.0.2.1', 'documentation'],
  ['192.168.1.1', 'private'],
  ['198.18.0.1', 'benchmarks'],
  ['198.19.255.255', 'benchmarks'],
  ['203.0.113.7', 'documentation'],
  ['224.0.0.1', 'multicast'],
  ['239.255.255.255', 'multicast'],
  ['255.255.255.255', 'broadcast'],
  ['::', 'nothing'],
  ['::1', 'loopback'],
  ['::127.0.0.1', 'an IPv4 address, the old way'],
  ['::ffff:8.8.8.8', 'an IPv4 address, mapped'],
  ['::ffff:7f00:1', 'loopback, mapped'],
  ['64:ff9b::8.8.8.8', 'NAT64'],
  ['64:ff9b:1::1', 'NAT64 of a network'],
  ['100::1', 'a sink'],
  ['2001::1', 'Teredo'],
  ['2001:20::1', 'identifiers'],
  ['2001:db8::1', 'documentation'],
  ['2002:7f00:1::', '6to4 of loopback'],
  ['2002:808:808::', '6to4'],
  ['3fff::1', 'documentation'],
  ['5f00::1', 'segments'],
  ['fc00::1', 'private'],
  ['fd00:ec2::254', 'metadata of a cloud'],
  ['fe80::1', 'link-local'],
  ['ff02::1', 'multicast'],
  ['example.com', 'a name'],
  ['1.2.3', 'short'],
  ['1.2.3.256', 'no byte'],
  ['01.2.3.4', 'octal'],
  ['2606::4700::1', 'two gaps'],
  ['2606:4700', 'too short'],
  ['1:2:3:4:5:6:7:8:9', 'too long'],
  ['', 'nothing at all'],
] as const;

const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '2001:4860:4860::8888',
  '2001:200::1',
  '2a00:1450:4001:81b::200e',
];

describe('an address', () => {
  it.each(PRIVATE)('%s is not for everybody: %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(PUBLIC)('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it('is judged alike however a URL writes it', () => {
    const byte = fc.nat(255);
    fc.assert(
      fc.property(fc.tuple(byte, byte, byte, byte), ([a, b, c, d]) => {
        const number = ((a * 256 + b) * 256 + c) * 256 + d;
        const dotted = `${a}.${b}.${c}.${d}`;
        const spellings = [
          String(number),
          `0x${number.toString(16)}`,
          `0${a.toString(8)}.0x${b.toString(16)}.${c * 256 + d}`,
          `${a}.${(b * 256 + c) * 256 + d}`,
          dotted.replaceAll('.', '。'),
        ];
        for (const spelling of spellings) expect(new URL(`http://${spelling}/`).hostname).toBe(dotted);
      }),
    );
  });

  it('is public in no IPv6 form that hides an IPv4 address', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.constantFrom('::ffff:', '::', '64:ff9b::', '::ffff:0:'), (address, prefix) => {
        const { hostname } = new URL(`http://[${prefix}${address}]/`);
        expect(isPublicAddress(hostname.slice(1, -1))).toBe(false);
        expect(isPublicAddress(`${prefix}${address}`)).toBe(false);
      }),
    );
  });

  it('is judged whatever it is', () => {
    fc.assert(fc.property(fc.string(), (text) => void isPublicAddress(text)));
    fc.assert(fc.property(fc.ipV6(), (text) => void isPublicAddress(text)));
  });
});

describe('the guard', () => {
  const asked: string[] = [];
  const resolver = (addresses: Record<string, string[]>): Resolver => ({
    async addressesOf(name) {
      asked.push(name);
      return addresses[name] ?? ['93.184.215.14'];
    },
  });
  const guard = (options: Partial<UrlGuardOptions> = {}) =>
    createUrlGuard({
      resolver: resolver({}),
      allowedHosts: [],
      ports: [80, 443],
      ownHosts: ['kb.example.com'],
      ...options,
    });

  it.each([
    'ftp://example.com/',
    'file:///etc/passwd',
    'data:text/html,x',
    'javascript:alert(1)',
    'gopher://example.com/',
    'http://user@example.com/',
    'http://:secret@example.com/',
    'http://example.com:22/',
    'https://example.com:8443/',
    'http://localhost/',
    'http://LOCALHOST./',
    'http://a.localhost/',
    'http://printer.local/',
    'http://metadata.google.internal/computeMetadata/v1/',
    'http://router.lan/',
    'http://intranet/',
    'http://metadata/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f.0.0.1/',
    'http://0177.0.0.1/',
    'http://127。0。0。1/',
    'http://①②⑦.0.0.1/',
    'http://[::1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://[fe80::1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://kb.example.com/v1/me',
    'http://1.0.0.127.in-addr.arpa/',
    `http://example.com/${'x'.repeat(2000)}`,
  ])('refuses %s without asking anybody', async (address) => {
    asked.length = 0;
    const url = new URL(address);
    expect(guard().refusal(url)).toEqual(expect.any(String));
    await expect(guard().check(url)).rejects.toMatchObject({ name: 'WebError', failure: 'address_refused' });
    expect(asked).toEqual([]);
  });

  it('refuses a name that leads to a private address, also beside public ones', async () => {
    const sly = {
      'evil.example.com': ['93.184.215.14', '10.0.0.1'],
      '127.0.0.1.nip.io': ['127.0.0.1'],
      'v6.example.com': ['::1'],
    };
    for (const name of Object.keys(sly)) {
      const check = guard({ resolver: resolver(sly) }).check(new URL(`https://${name}/`));
      await expect(check, name).rejects.toMatchObject({ failure: 'address_refused', isTransient: false });
    }
  });

  it('lets the public web pass, and asks for each name', async () => {
    asked.length = 0;
    await guard().check(new URL('https://example.com/'));
    await guard().check(new URL('http://example.org:80/'));
    await guard().check(new URL('https://1.1.1.1/'));
    expect(asked).toEqual(['example.com', 'example.org']);
  });

  it('fetches from other ports and from hosts of tests only where it is told to', async () => {
    await guard({ ports: [443, 8443] }).check(new URL('https://example.com:8443/'));
    const allowed = guard({ allowedHosts: ['127.0.0.1:8000'] });
    await allowed.check(new URL('http://127.0.0.1:8000/'));
    await expect(allowed.check(new URL('http://127.0.0.1:8001/'))).rejects.toMatchObject({
      failure: 'address_refused',
    });
    await expect(allowed.check(new URL('http://x@127.0.0.1:8000/'))).rejects.toMatchObject({
      failure: 'address_refused',
    });
  });

  it('without a resolver fetches nothing, not even by a public address', async () => {
    const off = guard({ resolver: undefined });
    for (const address of ['https://example.com/', 'https://1.1.1.1/']) {
      await expect(off.check(new URL(address))).rejects.toMatchObject({ failure: 'fetching_off' });
    }
  });
});

describe('robots.txt', () => {
  const allows = (robots: string, path: string) => robotsAllow(robots, { agent: 'commonplace', path });

  it.each<[robots: string, path: string, allowed: boolean]>([
    ['', '/', true],
    ['User-agent: *\nDisallow: /', '/', false],
    ['User-agent: *\nDisallow:', '/x', true],
    ['User-agent: *\nDisallow: /private', '/private/x', false],
    ['User-agent: *\nDisallow: /private', '/public', true],
    ['User-agent: *\nDisallow: /\nAllow: /news', '/news/1', true],
    ['User-agent: *\nAllow: /a\nDisallow: /a', '/a', true],
    ['User-agent: other\nDisallow: /', '/', true],
    ['User-agent: Commonplace\nDisallow: /x\n\nUser-agent: *\nDisallow: /', '/y', true],
    ['User-agent: a\nUser-agent: commonplace\nDisallow: /x', '/x', false],
    ['user-AGENT : *\ndisallow: /x # why', '/x', false],
    ['User-agent: *\nDisallow: /*.pdf$', '/a/b.pdf', false],
    ['User-agent: *\nDisallow: /*.pdf$', '/a/b.pdf?x', true],
    ['User-agent: *\nDisallow: /a*b*c', '/a1b2c3', false],
    ['User-agent: *\nDisallow: /a$', '/ab', true],
    ['User-agent: *\nDisallow: /a*a$', '/a', true],
    ['User-agent: *\r\nDisallow: /x\r\nUser-agent: *\r\nDisallow: /y', '/y', false],
    ['Disallow: /', '/', true],
    ['<html>Not found</html>', '/', true],
  ])('%j and %s: %s', (robots, path, allowed) => {
    expect(allows(robots, path)).toBe(allowed);
  });

  it('takes no long time over any pattern', () => {
    const robots = `User-agent: *\n${`Disallow: /${'*a'.repeat(240)}$\n`.repeat(4000)}`;
    const start = performance.now();
    allows(robots, `/${'a'.repeat(1900)}b`);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
