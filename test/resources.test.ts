import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { forgetOpenJobs, loseWakeUps, pass } from './support/clockwork.ts';
import { roundTrips } from './support/costs.ts';
import { tick } from './support/cron.ts';
import { act, add, added, article, fakeWeb, fetched, html, online, readBy, resource, run } from './support/fake-web.ts';
import type { DocumentView } from './support/library.ts';
import { search } from './support/sample-library.ts';
import { unrecorded } from './support/statement-recorder.ts';

beforeEach(async () => {
  await forgetOpenJobs();
  loseWakeUps();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const HEAD = `<meta name="author" content="Ada Vogel"><meta property="og:site_name" content="The Journal">
  <meta property="article:published_time" content="2026-10-03T08:00:00Z"><link rel="canonical" href="/heron">
  <link rel="license" href="https://creativecommons.org/licenses/by/4.0/">`;
const HERON = 'https://journal.example.com/heron';

const documentOf = async (token: string, id: string | null) =>
  (await call<DocumentView>(`/v1/documents/${id}`, { token })).body;
const found = async (token: string, q: string) => (await search(token, `mode=keyword&q=${q}`)).body.items.length;
const documentsOf = async (token: string) => (await call('/v1/documents', { token })).body.items.length;
const objectsUnder = async (userId: string) =>
  (await env.FILES.list({ prefix: `owners/${userId}/` })).objects.map(({ key }) => key.split('/').slice(3).join('/'));

describe('a page from the web', () => {
  it('becomes a document that says where it is from', async () => {
    const { token } = await newUser();
    const collection = await call('/v1/collections', { token, body: { name: 'Birds' } });
    const web = fakeWeb({ 'journal.example.com': () => html(article('heron', HEAD), { etag: '"1"' }) });
    const given = { url: `${HERON}?utm_source=mail#top`, tags: ['Bird'], collectionId: collection.body.id };
    const { resource: made, job } = await fetched(token, given);
    expect(job).toMatchObject({
      type: 'fetch_resource',
      status: 'succeeded',
      documentId: null,
      result: { outcome: 'kept' },
    });
    expect(made).toMatchObject({
      type: 'page',
      status: 'ready',
      url: HERON,
      finalUrl: HERON,
      canonicalUrl: HERON,
      title: 'heron — The Journal',
      author: 'Ada Vogel',
      siteName: 'The Journal',
      language: 'en',
      licence: 'CC-BY-4.0',
      publishedAt: '2026-10-03T08:00:00.000Z',
      error: null,
      usage: { fetches: 1, opens: 0 },
    });
    expect(made.quality?.score).toBeGreaterThan(70);
    expect(made.quality?.reasons.map(({ code }) => code)).toContain('licence');
    expect(await documentOf(token, made.documentId)).toMatchObject({
      status: 'ready',
      kind: 'html',
      title: 'heron',
      filename: 'heron.html',
      tags: ['Bird'],
      collectionIds: [collection.body.id],
      metadata: {
        sourceUrl: HERON,
        canonicalUrl: HERON,
        author: 'Ada Vogel',
        siteName: 'The Journal',
        publishedAt: '2026-10-03T08:00:00.000Z',
        licence: 'CC-BY-4.0',
        language: 'en',
        resourceId: made.id,
      },
    });
    expect(await found(token, 'heron')).toBeGreaterThan(0);
    const original = await call(`/v1/documents/${made.documentId}/content`, { token });
    expect(original.body).toBe(await html(article('heron', HEAD)).text());
    expect(web.requests.map(({ url }) => url)).toEqual([HERON]);
  });

  it('costs one batch to take in, and one look to see', async () => {
    const { token } = await newUser();
    // So that this isolate knows the caller.
    await call('/v1/me', { token, bindings: online });
    const first = await add(token, { url: HERON });
    expect([first.status, roundTrips(first)]).toEqual([202, 1]);
    expect(first.headers.get('location')).toBe(`/v1/resources/${first.body.resource.id}`);
    for (const path of [`/v1/resources/${first.body.resource.id}`, '/v1/resources?sort=qualityScore']) {
      const answer = await call(path, { token, bindings: online });
      expect([answer.status, roundTrips(answer)], path).toEqual([200, 1]);
    }
    const check = await act(token, first.body.resource, 'check');
    expect([check.status, roundTrips(check)]).toEqual([202, 1]);
  });

  it('is the same however its address is written, and each user’s own', async () => {
    const [ada, bob] = [await newUser(), await newUser()];
    fakeWeb({ 'journal.example.com': () => html(article('heron')) });
    const { resource: made } = await fetched(ada.token, { url: HERON });
    for (const url of [HERON, `${HERON}#x`, `${HERON}?fbclid=1`, 'HTTPS://Journal.Example.com:443/a/../heron']) {
      const again = await add(ada.token, { url });
      expect([again.status, again.body.resource.id, again.body.job], url).toEqual([200, made.id, null]);
    }
    expect(await documentsOf(ada.token)).toBe(1);
    expect((await add(bob.token, { url: HERON })).body.resource.id).not.toBe(made.id);
  });

  it('may be a file of any kind, with what its headers say of it', async () => {
    const { token } = await newUser();
    const headers = {
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': 'attachment; filename="notes on herons.txt"',
      link: '<https://creativecommons.org/publicdomain/zero/1.0/>; rel="license"',
    };
    fakeWeb({ 'files.example.com': () => new Response('The heron is a patient bird.', { headers }) });
    const { resource: made } = await fetched(token, { url: 'https://files.example.com/d?id=7', title: 'Herons' });
    expect(made).toMatchObject({
      type: 'file',
      title: 'Herons',
      licence: 'CC0-1.0',
      mediaType: headers['content-type'],
    });
    const document = await documentOf(token, made.documentId);
    expect(document).toMatchObject({ title: 'Herons', filename: 'notes on herons.txt', kind: 'text', status: 'ready' });
  });

  it.each([
    'http://localhost/',
    'http://127.1:80/',
    'http://[::ffff:10.0.0.1]/',
    'https://user:pw@example.com/',
    'ftp://example.com/',
    'nonsense',
  ])('is refused at once at %s', async (url) => {
    const { token } = await newUser();
    const answer = await call('/v1/resources', { token, body: { url }, bindings: online });
    expect([answer.status, answer.body.errors]).toEqual([422, [{ path: 'url', message: expect.any(String) }]]);
    expect((await call('/v1/resources', { token })).body.items).toEqual([]);
  });

  it('is filed in no collection that is somebody else’s', async () => {
    const [ada, bob] = [await newUser(), await newUser()];
    const theirs = await call('/v1/collections', { token: bob.token, body: { name: 'Theirs' } });
    const answer = await add(ada.token, { url: HERON, collectionId: theirs.body.id });
    expect([answer.status, (await call('/v1/resources', { token: ada.token })).body.items]).toEqual([422, []]);
  });
});

describe('what cannot be fetched', () => {
  it.each<[what: string, site: () => Response, code: string]>([
    ['leads into a private network', () => Response.redirect('http://169.254.169.254/latest', 302), 'address_refused'],
    ['goes round in a circle', () => Response.redirect(HERON, 301), 'redirects'],
    ['is not there', () => new Response('', { status: 404 }), 'http_404'],
    ['is a stream', () => new Response('', { headers: { 'content-type': 'text/event-stream' } }), 'unsupported_answer'],
    ['is empty', () => new Response('', { headers: { 'content-type': 'text/html' } }), 'empty'],
  ])('says why when it %s, and leaves nothing behind', async (_, site, code) => {
    const { token, user } = await newUser();
    fakeWeb({ 'journal.example.com': site });
    const { resource: made, job } = await fetched(token, { url: HERON });
    expect([job.status, job.attempts, job.error?.code]).toEqual(['failed', 1, code]);
    expect(made).toMatchObject({
      status: 'failed',
      documentId: null,
      error: { code, message: expect.stringMatching(/\.$/) },
    });
    expect([await documentsOf(token), await objectsUnder(user.id)]).toEqual([0, []]);
  });

  it('may be a name that leads into a private network', async () => {
    const { token } = await newUser();
    const web = fakeWeb({ 'sly.example.com': () => html('secret') }, { addresses: { 'sly.example.com': '10.0.0.1' } });
    const { job } = await fetched(token, { url: 'https://sly.example.com/' });
    expect([job.error?.code, web.requests]).toEqual(['address_refused', []]);
  });

  it('is asked for again when it is added or accepted again', async () => {
    const { token } = await newUser();
    const web = fakeWeb({ 'journal.example.com': () => new Response('', { status: 404 }) });
    const { resource: made } = await fetched(token, { url: HERON });
    web.sites['journal.example.com'] = () => html(article('heron'));
    const again = await added(token, { url: HERON });
    expect(again.resource).toMatchObject({ id: made.id, status: 'pending', error: null });
    expect(await run(token, again.job)).toMatchObject({ status: 'succeeded' });
    expect((await act(token, made, 'accept')).body.code).toBe('resource_accepted');
    expect(await resource(token, made.id)).toMatchObject({ status: 'ready', error: null });
  });

  it('is tried four times when the site is in trouble, and left alone for as long as it asks', async () => {
    const { token } = await newUser();
    const busy = () => new Response('', { status: 503, headers: { 'retry-after': '100' } });
    const web = fakeWeb({ 'journal.example.com': busy });
    const { job, resource: made } = await added(token, { url: HERON });
    expect(await run(token, job)).toMatchObject({ status: 'queued', attempts: 0, error: { code: 'waiting' } });
    pass(50_000);
    await run(token, job);
    expect(web.asked('/heron')).toBe(1);
    for (let attempt = 0; attempt < 8; attempt++) {
      pass(120_000);
      await run(token, job);
    }
    expect((await call(`/v1/jobs/${job.id}`, { token })).body).toMatchObject({
      status: 'failed',
      error: { code: 'http_503' },
    });
    expect(web.asked('/heron')).toBe(7);
    expect(await resource(token, made.id)).toMatchObject({ status: 'failed', error: { code: 'http_503' } });
  });

  it('is nothing at all where nobody has said that the web may be fetched', async () => {
    const { token } = await newUser();
    const web = fakeWeb({ 'journal.example.com': () => html(article('heron')) });
    const { job } = await added(token, { url: HERON });
    expect(await run(token, job, env)).toMatchObject({ status: 'failed', error: { code: 'fetching_off' } });
    expect(web.requests).toEqual([]);
  });
});

describe('looking again', () => {
  it('finds what has not changed by its ETag, and asks for no more', async () => {
    const { token } = await newUser();
    const web = fakeWeb({
      'journal.example.com': ({ headers }) =>
        headers.get('if-none-match') === '"1"'
          ? new Response(null, { status: 304 })
          : html(article('heron'), { etag: '"1"' }),
    });
    const { resource: made } = await fetched(token, { url: HERON });
    const { body } = await act(token, made, 'check');
    expect((await run(token, body.job)).result).toEqual({ outcome: 'unchanged', documentId: made.documentId });
    expect(web.requests.at(-1)?.headers.get('if-none-match')).toBe('"1"');
    expect(await resource(token, made.id)).toMatchObject({ usage: { fetches: 2 }, changedAt: made.changedAt });
    expect(await documentOf(token, made.documentId)).toMatchObject({ contentVersion: 1, status: 'ready' });
  });

  it('gives the same document what is new, and keeps what people have made of it', async () => {
    const { token, user } = await newUser();
    const web = fakeWeb({ 'journal.example.com': () => html(article('heron', HEAD)) });
    const { resource: made } = await fetched(token, { url: HERON, tags: ['Bird'] });
    await call(`/v1/documents/${made.documentId}`, {
      method: 'PATCH',
      token,
      body: { title: 'My bird', metadata: { note: 'mine' } },
    });
    const looked = async () => {
      const done = await run(token, (await act(token, made, 'check')).body.job);
      await readBy(token, done);
      return done.result?.outcome;
    };
    expect(await looked()).toBe('unchanged');
    web.sites['journal.example.com'] = () => html(article('stork', HEAD));
    expect(await looked()).toBe('changed');
    expect(await documentOf(token, made.documentId)).toMatchObject({
      title: 'My bird',
      tags: ['Bird'],
      contentVersion: 2,
      metadata: { note: 'mine', sourceUrl: HERON },
    });
    expect([await found(token, 'heron'), await found(token, 'stork')]).toEqual([0, expect.any(Number)]);
    expect(await documentsOf(token)).toBe(1);
    const folders = new Set((await objectsUnder(user.id)).map((key) => key.split('/').slice(0, 2).join('/')));
    // What the page was before stays one of the document's versions.
    expect(folders.size).toBe(2);
    const { body } = await call(`/v1/documents/${made.documentId}/versions`, { token });
    expect(body.items.map(({ number }: { number: number }) => number)).toEqual([2, 1]);
  });

  it('happens by itself as often as somebody wants it to, once for any number of ticks', async () => {
    const owner = await newUser();
    const web = fakeWeb({ 'journal.example.com': () => html(article('heron')) });
    const { resource: made } = await fetched(owner.token, { url: HERON, checkEveryHours: 2 });
    expect(made.nextCheckAt).not.toBeNull();
    const jobs = async () =>
      (
        await unrecorded(env.DB)
          .prepare(
            "select id, status from processing_jobs where subject_id = ? and type = 'fetch_resource' order by id",
          )
          .bind(made.id)
          .all<{ id: string; status: string }>()
      ).results;
    pass(100 * 60_000);
    await tick(online);
    expect(await jobs()).toMatchObject([{ status: 'succeeded' }]);
    pass(30 * 60_000);
    await Promise.all([tick(online), tick(online)]);
    await tick(online);
    // What has been done is forgotten.
    const [job, ...others] = await jobs();
    expect([job?.status, others]).toEqual(['queued', []]);
    web.sites['journal.example.com'] = () => new Response('', { status: 404 });
    const { body } = await call('/v1/auth/login', {
      body: { identifier: owner.user.username, password: owner.password },
    });
    const { accessToken: token } = body.session;
    await run(token, { id: job?.id ?? '' });
    // What there is stays, with the reason why it is no newer.
    expect(await resource(token, made.id)).toMatchObject({
      status: 'ready',
      error: { code: 'http_404' },
      documentId: made.documentId,
    });
    await call(`/v1/resources/${made.id}`, { method: 'PATCH', token, body: { checkEveryHours: null } });
    pass(400 * 60_000);
    await tick(online);
    expect(await jobs()).toHaveLength(1);
  });

  it('leaves a document in the trash alone, and brings back none that was deleted', async () => {
    const { token } = await newUser();
    const web = fakeWeb({ 'journal.example.com': () => html(article('heron')) });
    const { resource: made } = await fetched(token, { url: HERON, checkEveryHours: 1 });
    await call(`/v1/documents/${made.documentId}`, { method: 'DELETE', token });
    expect((await run(token, (await act(token, made, 'check')).body.job)).result).toEqual({ outcome: 'in_trash' });
    const { body } = await call(`/v1/documents/${made.documentId}?permanent=true`, { method: 'DELETE', token });
    await run(token, body.job);
    expect(await resource(token, made.id)).toMatchObject({ status: 'ready', documentId: null });
    pass(2 * 60 * 60_000);
    await tick(online);
    expect([web.requests.length, await documentsOf((await newUser()).token)]).toEqual([1, 0]);
    const open = await unrecorded(env.DB)
      .prepare('select count(*) as total from processing_jobs where subject_id = ? and due_at is not null')
      .bind(made.id)
      .first('total');
    expect(open).toBe(0);
  });
});
