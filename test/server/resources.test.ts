import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalServer } from '../../scripts/server.ts';
import type { Added, ResourceView } from '../support/fake-web.ts';
import { type Client, connect } from '../support/http-client.ts';
import type { JobView } from '../support/library.ts';
import { type Installation, install } from '../support/local-server.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const TIMEOUT_MS = 1_500;
const MAX_BYTES = 300_000;
const PATIENCE_MS = 15_000;

const page = (subject: string) => `<!doctype html><html lang="en"><head><title>The ${subject}</title>
  <meta name="author" content="Ada Vogel"></head><body><nav><a href="/">Home</a></nav><article><h1>The ${subject}</h1>
  ${`<p>The ${subject} stands in the shallow water and waits, for hours if need be, until a fish comes near.</p>`.repeat(12)}
  </article></body></html>`;

const ok = (response: ServerResponse, body: string | Buffer, headers: Record<string, string> = {}) =>
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(body);
const redirect =
  (location: string): Answer =>
  (_, response) =>
    response.writeHead(302, { location }).end();

/** What stands at which path; the test changes it. */
const site = new Map<string, Answer>();
const asked: string[] = [];
let secrets = 0;

async function listen(answer: Answer): Promise<{ server: Server; port: number }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

let web: Awaited<ReturnType<typeof listen>>;
let secret: Awaited<ReturnType<typeof listen>>;
let installation: Installation;
let server: LocalServer;
let client: Client;

beforeAll(async () => {
  web = await listen((request, response) => {
    const path = request.url ?? '/';
    asked.push(path);
    const answer = site.get(path);
    if (answer) answer(request, response);
    else response.writeHead(404).end();
  });
  secret = await listen((_, response) => {
    secrets += 1;
    response.end('secret');
  });
  installation = await install({
    SCRYPT_COST_LOG2: '10',
    FETCH_ALLOWED_HOSTS: `127.0.0.1:${web.port}`,
    FETCH_GAP_MS: '0',
    FETCH_TIMEOUT_MS: String(TIMEOUT_MS),
    FETCH_MAX_BYTES: String(MAX_BYTES),
  });
  server = await installation.start();
  client = await connect(server.url);
});

afterAll(async () => {
  await server?.stop();
  await installation?.remove();
  for (const open of [web, secret]) {
    open?.server.closeAllConnections();
    open?.server.close();
  }
});

const urlOf = (path: string) => `http://127.0.0.1:${web.port}${path}`;

/** Waits until the job has got as far as that, or has ended. */
async function jobOf({ id }: Pick<JobView, 'id'>, isThere = (_: JobView) => false): Promise<JobView> {
  for (const until = Date.now() + PATIENCE_MS; ; await sleep(50)) {
    const { body } = await client.request<JobView>(`/v1/jobs/${id}`);
    if (['succeeded', 'failed'].includes(body.status) || isThere(body)) return body;
    if (Date.now() > until) throw new Error(`The job is still ${body.status}: ${JSON.stringify(body)}`);
  }
}

const add = async (path: string, fields: object = {}) => {
  const { status, body } = await client.request<Added>('/v1/resources', { body: { url: urlOf(path), ...fields } });
  expect(status, JSON.stringify(body)).toBe(202);
  return body;
};
const get = async ({ id }: Pick<ResourceView, 'id'>) =>
  (await client.request<ResourceView>(`/v1/resources/${id}`)).body;
const post = (path: string) => client.request<Added>(path, { method: 'POST' });
const found = async (q: string) =>
  (await client.request<{ items: unknown[] }>(`/v1/search?mode=keyword&q=${q}`)).body.items.length;

describe('a real site', () => {
  it('is fetched, followed, decompressed, read and found', async () => {
    site.set('/old', redirect('/new?x=1'));
    site.set('/new?x=1', (request, response) => {
      expect(request.headers['user-agent']).toMatch(/^commonplace\/1 \(\+http/);
      expect(request.headers.cookie).toBeUndefined();
      ok(response, gzipSync(page('heron')), { 'content-encoding': 'gzip' });
    });
    const { resource, job } = await add('/old');
    expect((await jobOf(job)).status).toBe('succeeded');
    const kept = await get(resource);
    expect(kept).toMatchObject({ type: 'page', status: 'ready', finalUrl: urlOf('/new?x=1'), author: 'Ada Vogel' });
    const document = await client.settled(kept.documentId ?? '', PATIENCE_MS);
    expect(document).toMatchObject({ status: 'ready', title: 'The heron', kind: 'html' });
    expect(await found('heron')).toBeGreaterThan(0);
  });

  it('is looked at again by its ETag, and gives the same document what is new', async () => {
    let version = 1;
    site.set('/page', (request, response) => {
      const etag = `"${version}"`;
      if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end();
      else ok(response, page(version === 1 ? 'stork' : 'crane'), { etag });
    });
    const { resource, job } = await add('/page');
    await jobOf(job);
    const { documentId } = await get(resource);
    await client.settled(documentId ?? '', PATIENCE_MS);
    const check = async () => (await jobOf((await post(`/v1/resources/${resource.id}/check`)).body.job)).result;
    expect(await check()).toMatchObject({ outcome: 'unchanged' });
    version = 2;
    expect(await check()).toMatchObject({ outcome: 'changed', documentId });
    expect(await client.settled(documentId ?? '', PATIENCE_MS)).toMatchObject({
      contentVersion: 2,
      title: 'The crane',
    });
    expect([await found('stork'), await found('crane')]).toEqual([0, expect.any(Number)]);
  });

  it('has a feed, whose entries become documents when they are accepted', async () => {
    site.set('/a', (_, response) => ok(response, page('egret')));
    const items = ['/a', '/b'].map((path) => `<item><title>${path}</title><link>${path}</link></item>`).join('');
    const rss = `<rss version="2.0"><channel><title>Birds</title>${items}</channel></rss>`;
    site.set('/feed', (_, response) => ok(response, rss, { 'content-type': 'application/rss+xml' }));
    const { resource, job } = await add('/feed');
    expect((await jobOf(job)).result).toMatchObject({ outcome: 'feed_read', discovered: 2 });
    const { body } = await client.request<{ items: ResourceView[] }>(`/v1/resources?feedId=${resource.id}&q=/a`);
    const [entry] = body.items;
    const accepted = await post(`/v1/resources/${entry?.id}/accept`);
    expect((await jobOf(accepted.body.job)).result).toMatchObject({ outcome: 'kept' });
    expect(asked).not.toContain('/b');
  });
});

describe('a hostile site', () => {
  const failing: [what: string, code: string, set: () => void][] = [
    [
      'sends gigabytes in a kilobyte',
      'too_large',
      () =>
        site.set('/x', (_, response) =>
          ok(response, gzipSync(Buffer.alloc(50_000_000)), { 'content-encoding': 'gzip' }),
        ),
    ],
    [
      'sends without end',
      'too_large',
      () =>
        site.set('/x', (_, response) => {
          response.writeHead(200, { 'content-type': 'text/html' });
          const pump = () => {
            while (!response.destroyed && response.write('x'.repeat(10_000)));
          };
          response.on('drain', pump);
          pump();
        }),
    ],
    [
      'says that it sends more than is fetched',
      'too_large',
      () =>
        site.set(
          '/x',
          (_, response) =>
            void response.writeHead(200, { 'content-type': 'text/html', 'content-length': '999999999' }).write('x'),
        ),
    ],
    [
      'sends its visitors round in a circle',
      'redirects',
      () => void site.set('/x', redirect('/y')).set('/y', redirect('/x')),
    ],
    [
      'sends them to a private address',
      'address_refused',
      () => site.set('/x', redirect(`http://127.0.0.1:${secret.port}/`)),
    ],
    [
      'sends them to the metadata of a cloud',
      'address_refused',
      () => site.set('/x', redirect('http://169.254.169.254/latest/meta-data/')),
    ],
    [
      'sends them to our own service',
      'address_refused',
      () => site.set('/x', redirect(`http://localhost:${server.port}/v1/me`)),
    ],
    ['sends them to a file', 'address_refused', () => site.set('/x', redirect('file:///etc/passwd'))],
  ];

  it.each(failing)('that %s gets nowhere', async (_, code, set) => {
    set();
    const { resource, job } = await add(`/x`);
    expect((await jobOf(job)).error?.code).toBe(code);
    expect(await get(resource)).toMatchObject({ status: 'failed', documentId: null, error: { code } });
    await client.request(`/v1/resources/${resource.id}`, { method: 'DELETE' });
    expect(secrets).toBe(0);
  });

  it.each<[what: string, answer: Answer]>([
    [
      'sends a byte a moment',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/html' });
        const timer = setInterval(() => response.write('x'), 50);
        response.on('close', () => clearInterval(timer));
      },
    ],
    ['never answers', () => {}],
    [
      'breaks off before the end',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/html', 'content-length': '5000' });
        response.write('<p>Half of it');
        setTimeout(() => response.destroy(), 50);
      },
    ],
    ['hangs up', (request) => void request.socket.destroy()],
  ])('that %s is left, and asked again later', async (_, answer) => {
    site.set('/slow', answer);
    const { resource, job } = await add('/slow');
    const start = Date.now();
    const tried = await jobOf(job, ({ error }) => error !== null);
    expect(tried).toMatchObject({ attempts: expect.any(Number), error: { code: 'temporary' } });
    expect(Date.now() - start).toBeLessThan(TIMEOUT_MS + 5_000);
    // It comes to its senses.
    site.set('/slow', (_request, response) => ok(response, page('bittern')));
    expect((await jobOf(job)).status).toBe('succeeded');
    const { documentId } = await get(resource);
    expect(await client.settled(documentId ?? '', PATIENCE_MS)).toMatchObject({
      status: 'ready',
      title: 'The bittern',
    });
    await client.request(`/v1/resources/${resource.id}`, { method: 'DELETE' });
  });

  it('keeps nobody else from being served', async () => {
    const { body } = await client.request<{ status: string }>('/health/ready');
    expect(body.status).toBe('ready');
    const { body: job } = await client.request<JobView>('/v1/maintenance/reconcile', { method: 'POST' });
    expect((await jobOf(job)).result).toMatchObject({ problemCount: 0 });
  });
});
