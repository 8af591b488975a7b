import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createDnsOverHttps } from '../../src/platform/web/resolver.ts';
import { createUrlGuard } from '../../src/platform/web/url-guard.ts';
import type { WebAnswer } from '../../src/platform/web/web.ts';
import { createWebFetcher } from '../../src/platform/web/web-fetcher.ts';

type Site = (url: URL, headers: Headers) => Response | Promise<Response>;

/** The web as a function, with a resolver that knows one private name. */
function webOf(site: Site, { timeoutMs = 1_000, maxBytes = 1_000 } = {}) {
  const asked: { url: string; headers: Headers }[] = [];
  const resolver = { addressesOf: async (name: string) => [name.startsWith('private') ? '10.0.0.1' : '93.184.215.14'] };
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    const headers = new Headers(init?.headers);
    asked.push({ url: String(input), headers });
    expect(init).toMatchObject({ redirect: 'manual', cache: 'no-store' });
    return site(new URL(String(input)), headers);
  };
  const web = createWebFetcher({
    guard: createUrlGuard({ resolver, allowedHosts: [], ports: [80, 443], ownHosts: [] }),
    homepage: 'https://kb.example.com',
    maxBytes,
    timeoutMs,
    now: Date.now,
    fetch,
  });
  return { web, asked };
}

async function textOf(answer: WebAnswer): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of answer.body) text += decoder.decode(piece, { stream: true });
  return text;
}

const html = (text: string, headers: Record<string, string> = {}) =>
  new Response(text, { headers: { 'content-type': 'text/html; charset=utf-8', ...headers } });
const redirect = (location: string, status = 302) => new Response(null, { status, headers: { location } });
const read = async (site: Site, options?: Parameters<typeof webOf>[1]) =>
  textOf(await webOf(site, options).web.open('https://example.com/a'));

/** Bytes that keep coming, one piece after each pause. */
const trickle = (pieces: number, pauseMs: number) =>
  new ReadableStream<Uint8Array>({
    async pull(controller) {
      await sleep(pauseMs);
      if (pieces-- > 0) controller.enqueue(new Uint8Array(100).fill(120));
      else controller.close();
    },
  });

describe('a fetch', () => {
  it('says honestly who asks, and sends nothing else about anybody', async () => {
    const { web, asked } = webOf(() =>
      html('Hello', { etag: '"1"', 'last-modified': 'Mon, 02 Nov 2026 10:00:00 GMT' }),
    );
    const answer = await web.open('https://example.com/a?b=c');
    expect(answer).toMatchObject({
      status: 200,
      url: 'https://example.com/a?b=c',
      mediaType: 'text/html; charset=utf-8',
      etag: '"1"',
      lastModified: 'Mon, 02 Nov 2026 10:00:00 GMT',
    });
    expect(await textOf(answer)).toBe('Hello');
    const [request] = asked;
    expect([...(request?.headers.keys() ?? [])].sort()).toEqual(['accept', 'user-agent']);
    expect(request?.headers.get('user-agent')).toBe('commonplace/1 (+https://kb.example.com)');
  });

  it('asks whether something has changed by what the server said last', async () => {
    const { web } = webOf(
      (_, headers) => new Response(null, { status: headers.get('if-none-match') === '"1"' ? 304 : 500 }),
    );
    expect((await web.open('https://example.com/', { etag: '"1"' })).status).toBe(304);
    // A 304 that nobody asked for is an answer without an answer.
    const odd = webOf(() => new Response(null, { status: 304 })).web;
    await expect(odd.open('https://example.com/')).rejects.toMatchObject({ failure: 'http_304' });
  });

  it('follows redirects, and remembers where they led', async () => {
    const { web, asked } = webOf(({ pathname }) => {
      const step = Number(pathname.slice(1));
      return step < 5 ? redirect(`/${step + 1}#part`, [301, 302, 303, 307, 308][step]) : html('There');
    });
    const answer = await web.open('https://example.com/0');
    expect([answer.url, await textOf(answer)]).toEqual(['https://example.com/5', 'There']);
    expect(asked).toHaveLength(6);
  });

  it.each<[what: string, site: Site, failure: string]>([
    ['six redirects', ({ pathname }) => redirect(`${pathname}x`), 'redirects'],
    ['a circle', ({ pathname }) => redirect(pathname === '/a' ? '/b' : '/a'), 'redirects'],
    ['itself', ({ href }) => redirect(href), 'redirects'],
    ['a private address', () => redirect('http://169.254.169.254/latest'), 'address_refused'],
    ['a private name', () => redirect('https://private.example.com/'), 'address_refused'],
    ['another port', () => redirect('https://example.com:6379/'), 'address_refused'],
    ['another scheme', () => redirect('file:///etc/passwd'), 'address_refused'],
    ['a login in the address', () => redirect('https://a:b@example.com/'), 'address_refused'],
    ['a redirect to nowhere', () => new Response(null, { status: 302 }), 'http_302'],
    ['a missing page', () => new Response('', { status: 404 }), 'http_404'],
    ['no content', () => new Response(null, { status: 204 }), 'unsupported_answer'],
    [
      'an endless stream',
      () => new Response('', { headers: { 'content-type': 'text/event-stream' } }),
      'unsupported_answer',
    ],
    [
      'a form',
      () => new Response('', { headers: { 'content-type': 'multipart/x-mixed-replace' } }),
      'unsupported_answer',
    ],
    ['another compression', () => html('x', { 'content-encoding': 'zstd' }), 'unsupported_answer'],
    ['a file that says it is too large', () => html('x', { 'content-length': '1001' }), 'too_large'],
  ])('refuses %s, once', async (_, site, failure) => {
    await expect(read(site)).rejects.toMatchObject({ name: 'WebError', failure, isTransient: false });
  });

  it('asks nobody behind a refused redirect', async () => {
    const { web, asked } = webOf(() => redirect('https://private.example.com/secret'));
    await expect(web.open('https://example.com/')).rejects.toThrow();
    expect(asked.map(({ url }) => url)).toEqual(['https://example.com/']);
  });

  it.each<[what: string, site: Site, failure: string]>([
    ['a server in trouble', () => new Response('', { status: 503, headers: { 'retry-after': '120' } }), 'http_503'],
    ['a server that nobody reaches', () => Promise.reject(new TypeError('Network connection lost.')), 'unreachable'],
    ['less than was promised', () => html('short', { 'content-length': '500' }), 'broken_off'],
  ])('may try again after %s', async (_, site, failure) => {
    await expect(read(site)).rejects.toMatchObject({ failure, isTransient: true });
  });

  it('remembers for how long it is asked to stay away, but not for days', async () => {
    const waiting = (after: string) => read(() => new Response('', { status: 429, headers: { 'retry-after': after } }));
    await expect(waiting('120')).rejects.toMatchObject({ retryAfterMs: 120_000 });
    await expect(waiting('99999999')).rejects.toMatchObject({ retryAfterMs: 3_600_000 });
    await expect(waiting('Thu, 01 Jan 1970 00:00:00 GMT')).rejects.toMatchObject({ retryAfterMs: 0 });
    await expect(waiting('soon')).rejects.toMatchObject({ retryAfterMs: undefined });
  });

  it('stops reading at the limit, however small the answer was on its way', async () => {
    let sent = 0;
    const bomb = () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            sent += 1;
            controller.enqueue(new Uint8Array(400));
          },
        }),
        { headers: { 'content-type': 'text/html', 'content-encoding': 'gzip', 'content-length': '40' } },
      );
    await expect(read(bomb)).rejects.toMatchObject({ failure: 'too_large' });
    expect(sent).toBeLessThan(6);
  });

  it.each<[what: string, site: Site]>([
    ['answers', () => sleep(5_000).then(() => html('late'))],
    ['redirects', ({ pathname }) => sleep(150).then(() => redirect(`${pathname}x`))],
    ['sends byte by byte', () => new Response(trickle(1_000, 20), { headers: { 'content-type': 'text/html' } })],
    [
      'never ends',
      () =>
        new Response(new ReadableStream({ pull: () => new Promise(() => {}) }), {
          headers: { 'content-type': 'text/html' },
        }),
    ],
  ])('leaves a server that %s too slowly', async (_, site) => {
    const start = performance.now();
    await expect(read(site, { timeoutMs: 300, maxBytes: 1_000_000 })).rejects.toMatchObject({
      failure: 'timed_out',
      isTransient: true,
    });
    expect(performance.now() - start).toBeLessThan(1_500);
  });
});

describe('what nobody has named', () => {
  const withRobots = (robots: Response | (() => Response)) =>
    webOf(({ pathname }) =>
      pathname === '/robots.txt' ? (typeof robots === 'function' ? robots() : robots) : html('Read'),
    );

  it('is fetched as robots.txt allows, which is asked for once', async () => {
    const { web, asked } = withRobots(() => new Response('User-agent: *\nDisallow: /no'));
    const open = (path: string) => web.open(`https://example.com${path}`, { isAutomatic: true });
    expect(await textOf(await open('/yes'))).toBe('Read');
    await expect(open('/no')).rejects.toMatchObject({ failure: 'refused_by_robots', isTransient: false });
    expect(asked.filter(({ url }) => url.endsWith('/robots.txt'))).toHaveLength(1);
    expect(await textOf(await web.open('https://example.com/no'))).toBe('Read');
  });

  it('is fetched where there is no robots.txt, and not where nobody can tell', async () => {
    const missing = withRobots(() => new Response('', { status: 404 })).web;
    expect((await missing.open('https://example.com/', { isAutomatic: true })).status).toBe(200);
    const broken = withRobots(() => new Response('', { status: 500 })).web;
    await expect(broken.open('https://example.com/', { isAutomatic: true })).rejects.toMatchObject({
      isTransient: true,
    });
  });
});

describe('looking names up', () => {
  const lookUp = (answer: (type: string | null) => Response | Promise<Response>) =>
    createDnsOverHttps({
      url: 'https://dns.example.net/dns-query',
      fetch: async (input) => answer(new URL(String(input)).searchParams.get('type')),
    }).addressesOf('example.com');

  it('gives every address of both kinds, and nothing else', async () => {
    const records = {
      A: [
        { type: 5, data: 'cdn.example.net.' },
        { type: 1, data: '93.184.215.14' },
      ],
      AAAA: [{ type: 28, data: '2606::1' }],
    };
    const found = await lookUp((type) => Response.json({ Status: 0, Answer: type === 'A' ? records.A : records.AAAA }));
    expect(found).toEqual(['93.184.215.14', '2606::1']);
  });

  it('tells a name that is not there from a resolver that is in trouble', async () => {
    await expect(lookUp(() => Response.json({ Status: 3 }))).rejects.toMatchObject({
      failure: 'host_not_found',
      isTransient: false,
    });
    await expect(lookUp(() => Response.json({ Status: 0 }))).rejects.toMatchObject({ failure: 'host_not_found' });
    const troubles = [
      () => Response.json({ Status: 2 }),
      () => new Response('<html>'),
      () => new Response('x'.repeat(100_000)),
      () => Promise.reject(new Error('down')),
      // Half an answer could be the half without the private address.
      (type: string | null) =>
        Response.json(type === 'A' ? { Status: 0, Answer: [{ type: 1, data: '1.1.1.1' }] } : { Status: 2 }),
    ];
    for (const trouble of troubles) {
      await expect(lookUp(trouble)).rejects.toMatchObject({ failure: 'unreachable', isTransient: true });
    }
  });
});
