import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { deliver, forgetOpenJobs, loseWakeUps, pass } from './support/clockwork.ts';
import { listen } from './support/console.ts';
import { tick } from './support/cron.ts';
import { isolateThatDies } from './support/dying-isolate.ts';
import { exported } from './support/exports.ts';
import {
  type Added,
  act,
  added,
  article,
  fakeWeb,
  fetched,
  html,
  ONLINE,
  online,
  type ResourceView,
  readBy,
  resource,
  run,
} from './support/fake-web.ts';
import { unrecorded } from './support/statement-recorder.ts';

beforeEach(async () => {
  await forgetOpenJobs();
  loseWakeUps();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const FEED = 'https://birds.example.com/feed.xml';
const PAGE = 'https://birds.example.com/heron';
const BIRDS = ['heron', 'stork', 'crane'];

const rss = (names: string[]) =>
  new Response(
    `<?xml version="1.0"?><rss version="2.0"><channel><title>Birds</title><link>https://birds.example.com/</link>${names
      .map(
        (name, day) => `<item><title>The ${name}</title><link>/${name}?utm_source=feed</link><author>Ada</author>
        <pubDate>${new Date(Date.UTC(2026, 9, 1 + day)).toUTCString()}</pubDate></item>`,
      )
      .join('')}<item><link>http://10.0.0.1/private</link></item></channel></rss>`,
    { headers: { 'content-type': 'application/rss+xml' } },
  );

/** A site with a feed that names what it is told to. */
function birds({ names = BIRDS, robots = '' }: { names?: string[]; robots?: string } = {}) {
  const site = { names, robots };
  const web = fakeWeb({
    'birds.example.com': ({ url: { pathname } }) => {
      if (pathname === '/feed.xml') return rss(site.names);
      if (pathname === '/robots.txt') return new Response(site.robots, { headers: { 'content-type': 'text/plain' } });
      return html(article(pathname.slice(1)));
    },
  });
  return { site, web };
}

const listed = async (token: string, query: string) =>
  (await call<{ items: ResourceView[] }>(`/v1/resources?${query}`, { token })).body.items;
const documentsOf = async (token: string) => (await call('/v1/documents', { token })).body.items.length;
const openJobs = async (userId: string) =>
  (
    await unrecorded(env.DB)
      .prepare(
        "select id from processing_jobs where owner_id = ? and type = 'fetch_resource' and due_at is not null order by id",
      )
      .bind(userId)
      .all<{ id: string }>()
  ).results;

describe('a feed', () => {
  it('discovers what it names, newest first, for people to accept or dismiss', async () => {
    const { token } = await newUser();
    const { web } = birds();
    const { resource: feed, job } = await fetched(token, { url: FEED, tags: ['Bird'] });
    expect(job.result).toEqual({ outcome: 'feed_read', entries: 4, discovered: 3, accepted: 0 });
    expect(feed).toMatchObject({
      type: 'feed',
      status: 'ready',
      title: 'Birds',
      checkEveryHours: 1,
      documentId: null,
      usage: { fetches: 1, discovered: 3, accepted: 0 },
    });
    const entries = await listed(token, `feedId=${feed.id}&status=discovered&sort=publishedAt`);
    expect(entries.map(({ title, author, url }) => [title, author, url])).toEqual(
      [...BIRDS].reverse().map((name) => [`The ${name}`, 'Ada', `https://birds.example.com/${name}`]),
    );
    const [crane, stork] = entries as [ResourceView, ResourceView];
    expect(crane).toMatchObject({ tags: ['Bird'], publishedAt: '2026-10-03T00:00:00.000Z', type: null });

    const accepted = await act(token, crane, 'accept');
    expect([accepted.status, accepted.body.resource.status]).toEqual([202, 'pending']);
    await readBy(token, await run(token, accepted.body.job));
    const kept = await resource(token, crane.id);
    expect(kept).toMatchObject({ status: 'ready', type: 'page', feedId: feed.id });
    expect((await call(`/v1/documents/${kept.documentId}`, { token })).body).toMatchObject({
      status: 'ready',
      tags: ['Bird'],
    });

    expect((await act(token, stork, 'dismiss')).body).toMatchObject({ status: 'dismissed' });
    expect((await act(token, stork, 'check')).body.code).toBe('resource_not_accepted');
    expect((await act(token, crane, 'dismiss')).body.code).toBe('resource_in_use');
    expect((await resource(token, feed.id)).usage).toMatchObject({ discovered: 3, accepted: 1 });
    expect([await documentsOf(token), web.asked('/stork')]).toEqual([1, 0]);
  });

  it('is looked at by the clock, names nothing twice, and nothing that was dismissed', async () => {
    const { token, user } = await newUser();
    const { site } = birds({ names: ['heron', 'stork'] });
    const { resource: feed } = await fetched(token, { url: FEED, type: 'feed' });
    const [stork] = await listed(token, 'status=discovered&q=stork');
    if (stork) await act(token, stork, 'dismiss');
    site.names = BIRDS;
    pass(61 * 60_000 - 2_000_000);
    await tick(online);
    expect(await openJobs(user.id)).toEqual([]);
    pass(2_000_000);
    await tick(online);
    const [job] = await openJobs(user.id);
    // An hour has gone by, and with it the session.
    vi.useRealTimers();
    await unrecorded(env.DB).prepare('update processing_jobs set due_at = 1 where id = ?').bind(job?.id).run();
    expect((await run(token, { id: job?.id ?? '' })).result).toMatchObject({ discovered: 1 });
    const states = (await listed(token, `feedId=${feed.id}`)).map(({ title, status }) => `${title} ${status}`);
    expect(states.sort()).toEqual(['The crane discovered', 'The heron discovered', 'The stork dismissed']);
  });

  it('may have what it names fetched by itself, as far as robots.txt lets programs', async () => {
    const { token, user } = await newUser();
    const { web } = birds({ robots: 'User-agent: *\nDisallow: /stork' });
    const { job } = await fetched(token, { url: FEED, autoAccept: true });
    expect(job.result).toMatchObject({ discovered: 3, accepted: 3 });
    for (const { id } of await openJobs(user.id)) await readBy(token, await run(token, { id }));
    const states = await listed(token, 'sort=publishedAt&order=asc');
    const entries = states.filter(({ feedId }) => feedId !== null);
    expect(entries.map(({ status, error }) => [status, error?.code])).toEqual([
      ['ready', undefined],
      ['failed', 'refused_by_robots'],
      ['ready', undefined],
    ]);
    expect([web.asked('/robots.txt'), web.asked('/stork'), await documentsOf(token)]).toEqual([1, 0, 2]);
    const stork = entries[1] as ResourceView;
    // Somebody wants it: a program no longer goes by itself.
    await run(token, (await act(token, stork, 'accept')).body.job);
    expect(await resource(token, stork.id)).toMatchObject({ status: 'ready' });
  });

  it('must be one where it is said to be, and is a page where that is said', async () => {
    const { token } = await newUser();
    fakeWeb({ 'birds.example.com': ({ url }) => (url.pathname === '/feed.xml' ? rss(BIRDS) : html(article('heron'))) });
    const { resource: none } = await fetched(token, { url: 'https://birds.example.com/heron', type: 'feed' });
    expect(none).toMatchObject({ type: 'feed', status: 'failed', error: { code: 'not_a_feed' } });
    const { resource: page } = await fetched(token, { url: FEED, type: 'page' });
    expect(page).toMatchObject({ type: 'file', status: 'ready', documentId: expect.any(String) });
    expect(await listed(token, 'status=discovered')).toEqual([]);
  });

  it('goes with what nobody has accepted; what was accepted stays', async () => {
    const { token } = await newUser();
    birds();
    const { resource: feed } = await fetched(token, { url: FEED });
    const [first] = (await listed(token, 'status=discovered')) as [ResourceView];
    await run(token, (await act(token, first, 'accept')).body.job);
    expect((await call(`/v1/resources/${feed.id}`, { method: 'DELETE', token })).status).toBe(204);
    expect(await listed(token, '')).toMatchObject([{ id: first.id, feedId: null, documentId: expect.any(String) }]);
    await call(`/v1/resources/${first.id}`, { method: 'DELETE', token });
    expect([await listed(token, ''), await documentsOf(token)]).toEqual([[], 1]);
  });
});

describe('requests to one host', () => {
  const slow: Record<string, unknown> = { ...ONLINE, FETCH_GAP_MS: '60000' };
  const patient = { ...env, ...slow };

  it('keep their distance for one owner, and nobody waits for another’s', async () => {
    const [ada, bob] = [await newUser(), await newUser()];
    birds();
    const url = (name: string) => ({ url: `https://birds.example.com/${name}` });
    const jobs = [
      await added(ada.token, url('a')),
      await added(ada.token, url('b')),
      await added(ada.token, url('c')),
    ].map(({ job }) => job);
    const states = async () =>
      Promise.all(jobs.map(async ({ id }) => (await call(`/v1/jobs/${id}`, { token: ada.token })).body.status));
    const runAll = async () => {
      for (const job of jobs) await run(ada.token, job, patient);
    };
    await runAll();
    expect(await states()).toEqual(['succeeded', 'queued', 'queued']);
    expect((await run(bob.token, (await added(bob.token, url('d'))).job, patient)).status).toBe('succeeded');
    pass(30_000);
    await runAll();
    expect(await states()).toEqual(['succeeded', 'queued', 'queued']);
    pass(31_000);
    await runAll();
    expect(await states()).toEqual(['succeeded', 'succeeded', 'queued']);
    pass(61_000);
    await runAll();
    expect(await states()).toEqual(['succeeded', 'succeeded', 'succeeded']);
  });

  it('are two at a time at most', async () => {
    const { token } = await newUser();
    let atOnce = 0;
    let most = 0;
    fakeWeb({
      'birds.example.com': async () => {
        most = Math.max(most, ++atOnce);
        await new Promise((resolve) => setTimeout(resolve, 300));
        atOnce -= 1;
        return html(article('heron'));
      },
    });
    const made = await Promise.all(
      Array.from({ length: 6 }, (_, i) => added(token, { url: `https://birds.example.com/${i}` })),
    );
    const runAll = () => Promise.all(made.map(({ job }) => run(token, job)));
    for (let round = 0; round < 8; round++) {
      // Who comes third looks again in a moment, and has not failed.
      expect((await runAll()).filter(({ status, attempts }) => status !== 'succeeded' && attempts > 0)).toEqual([]);
      pass(3_000);
    }
    expect((await runAll()).map(({ status }) => status)).toEqual(made.map(() => 'succeeded'));
    expect(most).toBeLessThanOrEqual(2);
  });
});

describe('how a resource is used', () => {
  it('counts how often its document is opened, in one write for many', async () => {
    const { token } = await newUser();
    birds();
    const { resource: made } = await fetched(token, { url: PAGE });
    const path = `/v1/documents/${made.documentId}`;
    await Promise.all([
      call(`${path}/text`, { token }),
      call(`${path}/content`, { token }),
      call(`${path}/content`, { token, headers: { range: 'bytes=0-9' } }),
      call(`${path}/content`, { token, headers: { range: 'bytes=10-19' } }),
      call(`${path}/text?start=5`, { token }),
    ]);
    expect(await resource(token, made.id)).toMatchObject({
      version: made.version,
      usage: { opens: 3, lastOpenedAt: expect.any(String) },
    });
  });

  it('can be taken along, and stands in no log', async () => {
    const { lines, stop } = listen();
    const { token } = await newUser();
    fakeWeb({
      'birds.example.com': ({ url }) =>
        url.pathname === '/heron' ? html(article('heron')) : new Response('', { status: 503 }),
    });
    const { resource: made } = await fetched(token, { url: PAGE, title: 'Zebra' });
    await fetched(token, { url: 'https://birds.example.com/zebra' });
    stop();
    expect(lines.length).toBeGreaterThan(4);
    for (const secret of ['birds.example.com', 'heron', 'Zebra', 'zebra'])
      expect(lines.join('\n')).not.toContain(secret);
    const rows = (await exported(token))
      .text('resources.ndjson')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toMatchObject([{ id: made.id, url: PAGE, title: 'Zebra', status: 'ready' }, { status: 'pending' }]);
  });
});

describe('an isolate that dies while it fetches', () => {
  const bindingsOf = (atCall: number) => {
    const { bindings, calls } = isolateThatDies(atCall);
    return { bindings: { ...bindings, ...ONLINE }, calls };
  };
  const objectsOf = async (userId: string) =>
    (await env.FILES.list({ prefix: `owners/${userId}/` })).objects.map(({ key }) => key.split('/').slice(2).join('/'));

  /** Runs a job whose first attempt dies at that call, and the next one after its lease has run out. */
  const diesAt = async (token: string, { job, atCall }: { job: Added['job']; atCall: number }) => {
    const { stop } = listen();
    await deliver({ jobId: job.id }, bindingsOf(atCall).bindings).catch(() => {});
    pass(10_000);
    await run(token, job);
    const made = await unrecorded(env.DB)
      .prepare(
        "select id from processing_jobs where type = 'process_document' and due_at is not null and owner_id = (select owner_id from processing_jobs where id = ?)",
      )
      .bind(job.id)
      .all<{ id: string }>();
    for (const { id } of made.results) await run(token, { id });
    stop();
  };

  const callsOf = async (begin: (token: string) => Promise<Added>) => {
    const { token } = await newUser();
    const { bindings, calls } = bindingsOf(Number.POSITIVE_INFINITY);
    expect((await run(token, (await begin(token)).job, bindings)).status).toBe('succeeded');
    return calls();
  };

  it('leaves one document, whole, and nothing else, whenever that is', { timeout: 60_000 }, async () => {
    birds();
    const begin = (token: string) => added(token, { url: PAGE, tags: ['Bird'] });
    const calls = await callsOf(begin);
    expect(calls).toBeGreaterThan(4);
    for (let atCall = 0; atCall <= calls; atCall++) {
      const { token, user } = await newUser();
      const { job, resource: made } = await begin(token);
      await diesAt(token, { job, atCall });
      const kept = await resource(token, made.id);
      expect(kept, `call ${atCall}`).toMatchObject({ status: 'ready', documentId: expect.any(String) });
      const { body } = await call('/v1/documents', { token });
      expect(body.items, `call ${atCall}`).toMatchObject([{ id: kept.documentId, status: 'ready', tags: ['Bird'] }]);
      const files = await objectsOf(user.id);
      expect(new Set(files.map((key) => key.split('/').slice(0, 3).join('/'))).size, files.join(' ')).toBe(1);
      vi.useRealTimers();
    }
  });

  it('gives a document what is new once, whenever that is', { timeout: 60_000 }, async () => {
    const { web } = birds();
    const begin = async (token: string) => {
      web.sites['birds.example.com'] = () => html(article('heron'));
      const { resource: made } = await fetched(token, { url: PAGE });
      web.sites['birds.example.com'] = () => html(article('stork'));
      return (await act(token, made, 'check')).body;
    };
    const calls = await callsOf(begin);
    for (let atCall = 0; atCall <= calls; atCall++) {
      const { token, user } = await newUser();
      const { job } = await begin(token);
      await diesAt(token, { job, atCall });
      const { body } = await call('/v1/documents', { token });
      expect(body.items, `call ${atCall}`).toMatchObject([{ status: 'ready', contentVersion: 2, title: 'stork' }]);
      const files = await objectsOf(user.id);
      // Both versions; bytes that an attempt stored and did not live to file wait for the reconciliation.
      const contents = new Set(files.map((key) => key.split('/').slice(0, 3).join('/'))).size;
      expect([2, 3], files.join(' ')).toContain(contents);
      vi.useRealTimers();
    }
  });
});
