import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newApiKey, newUser } from './support/actors.ts';
import { call, send } from './support/app.ts';
import { deliver, forgetOpenJobs, loseWakeUps, pass } from './support/clockwork.ts';
import { roundTrips } from './support/costs.ts';
import { exported } from './support/exports.ts';
import { type JobView, jobEnd, upload, uploaded, uploadForm } from './support/library.ts';
import { objectsOf, search } from './support/sample-library.ts';
import { unrecorded } from './support/statement-recorder.ts';
import { embeddedTexts, replace, replaced, restoreVersion, versionsOf } from './support/versions.ts';

const HERON = '# Herons\n\nThe heron stood in the shallow water and waited.';
const EGRET = '# Egrets\n\nThe egret flew over the reeds and was gone.';
const STORK = '# Storks\n\nThe stork came back in March.';

afterEach(() => vi.restoreAllMocks());

const database = unrecorded(env.DB);
const found = async (token: string, word: string) => (await search(token, `q=${word}&mode=keyword`)).body.items;
const contentOf = async (token: string, id: string, number: number, headers = {}) =>
  send(`/v1/documents/${id}/versions/${number}/content`, { token, headers });

/** A text whose paragraphs are passages of their own; the one at the place, if any, says something else. */
const chapters = (count: number, { changed }: { changed?: number } = {}) =>
  Array.from({ length: count }, (_, at) => {
    const subject = at === changed ? 'quite another matter' : `matter number ${at}`;
    return `## Chapter ${at}\n\n${`This chapter deals with ${subject}, in some breadth. `.repeat(8)}`;
  }).join('\n\n');

describe('versions', () => {
  it('are kept when a document gets other bytes: listed, downloaded whole and in part, and brought back', async () => {
    const owner = await newUser();
    const { token } = owner;
    const { key, id: keyId } = await newApiKey(owner, ['documents:write']);
    const { document } = await uploaded({ token, content: HERON, filename: 'birds.md', fields: { tags: 'Birds' } });
    const { body } = await replace(key, document.id, EGRET);
    await jobEnd(token, body.job.id);

    const { items, storedBytes } = await versionsOf(token, document.id);
    expect(items).toMatchObject([
      { number: 2, isPresent: true, filename: 'a.md', madeBy: { type: 'api_key', id: keyId }, restoredFrom: null },
      { number: 1, isPresent: false, filename: 'birds.md', madeBy: { type: 'user', id: owner.user.id } },
    ]);
    expect(storedBytes).toBe(HERON.length + EGRET.length);
    expect(await (await contentOf(token, document.id, 1)).text()).toBe(HERON);
    expect(await (await contentOf(token, document.id, 2)).text()).toBe(EGRET);
    const part = await contentOf(token, document.id, 1, { range: 'bytes=2-7' });
    expect([part.status, await part.text()]).toEqual([206, 'Herons']);
    expect(part.headers.get('content-disposition')).toMatch(/^attachment.*birds\.md/);
    expect(part.headers.get('content-security-policy')).toContain('sandbox');
    expect((await contentOf(token, document.id, 3)).status).toBe(404);
    expect(await found(token, 'heron')).toEqual([]);

    const restored = await restoreVersion(token, document.id, 1);
    expect(restored).toMatchObject({ status: 202, body: { document: { contentVersion: 3, tags: ['Birds'] } } });
    await jobEnd(token, restored.body.job.id);
    expect(await found(token, 'heron')).toHaveLength(1);
    expect(await found(token, 'egret')).toEqual([]);
    expect(await (await send(`/v1/documents/${document.id}/content`, { token })).text()).toBe(HERON);
    const after = await versionsOf(token, document.id);
    expect(after.items.map(({ number, restoredFrom }) => [number, restoredFrom])).toEqual([
      [3, 1],
      [2, null],
      [1, null],
    ]);
    // The version that was brought back takes no more room, and its files are those of the first.
    expect(after.storedBytes).toBe(storedBytes);
    expect((await call('/v1/me/stats', { token })).body.storageBytes).toBe(storedBytes);
    expect(await objectsOf(document.id)).toHaveLength(6);
  });

  it('come page by page, at the cost of one query', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: HERON, filename: 'a.md' });
    for (const content of [EGRET, STORK, `${STORK} Late.`]) await replaced(token, document.id, content);
    const path = `/v1/documents/${document.id}/versions`;
    const numbers: number[] = [];
    for (let cursor = ''; ; ) {
      const page = await call(`${path}?limit=2${cursor && `&cursor=${cursor}`}`, { token });
      expect(roundTrips(page)).toBe(1);
      numbers.push(...page.body.items.map(({ number }: { number: number }) => number));
      if (page.body.nextCursor === null) break;
      cursor = page.body.nextCursor;
    }
    expect(numbers).toEqual([4, 3, 2, 1]);
    expect(roundTrips(await call(`${path}/2/content`, { token }))).toBe(1);
    expect(roundTrips(await replace(token, document.id, HERON))).toBe(2);
    expect(roundTrips(await restoreVersion(token, document.id, 1))).toBe(1);
    expect((await call(`${path}?cursor=nonsense`, { token })).status).toBe(422);
  });

  it('are nobody else’s, and none of a document in the trash', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: HERON, filename: 'a.md' });
    await replaced(token, document.id, EGRET);
    const stranger = await newUser();
    const path = `/v1/documents/${document.id}/versions`;
    const requests = [
      ['GET', path],
      ['GET', `${path}/1/content`],
      ['POST', `${path}/1/restore`],
      ['DELETE', `${path}/1`],
    ] as const;
    for (const [method, target] of requests) {
      expect((await call(target, { method, token: stranger.token })).status, target).toBe(404);
    }
    await call(`/v1/documents/${document.id}`, { method: 'DELETE', token });
    for (const [method, target] of requests) expect((await call(target, { method, token })).status, target).toBe(404);
    await call(`/v1/documents/${document.id}/restore`, { method: 'POST', token });
    expect((await versionsOf(token, document.id)).items).toHaveLength(2);
  });
});

describe('deleting a version for good', () => {
  const remove = (token: string, id: string, number: number) =>
    call<{ job: JobView; code: string }>(`/v1/documents/${id}/versions/${number}`, { method: 'DELETE', token });

  it('removes its bytes and what was read in them, but not the present one’s', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: HERON, filename: 'a.md' });
    await replaced(token, document.id, EGRET);
    expect(await remove(token, document.id, 2)).toMatchObject({ status: 409, body: { code: 'version_is_present' } });
    expect((await remove(token, document.id, 7)).status).toBe(404);
    const removed = await remove(token, document.id, 1);
    expect(removed).toMatchObject({ status: 202, body: { job: { type: 'delete_version', documentId: document.id } } });
    expect((await versionsOf(token, document.id)).items.map(({ number }) => number)).toEqual([2]);
    expect(await jobEnd(token, removed.body.job.id)).toMatchObject({
      status: 'succeeded',
      result: { removed: true, remaining: { objects: 0 } },
    });
    expect(await objectsOf(document.id)).toHaveLength(3);
    const known = await call(`/v1/documents/${document.id}/analyses?all=true`, { token });
    expect(known.body.items.filter((item: { isOfPresentContent: boolean }) => !item.isOfPresentContent)).toEqual([]);
    expect((await remove(token, document.id, 1)).status).toBe(404);
    expect((await restoreVersion(token, document.id, 1)).status).toBe(404);
    expect(await found(token, 'egret')).toHaveLength(1);
  });

  it('leaves the bytes that another version shares with it', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: HERON, filename: 'a.md' });
    await replaced(token, document.id, EGRET);
    await jobEnd(token, (await restoreVersion(token, document.id, 1)).body.job.id);
    const removed = await remove(token, document.id, 1);
    expect(await jobEnd(token, removed.body.job.id)).toMatchObject({ result: { removed: false } });
    expect(await (await contentOf(token, document.id, 3)).text()).toBe(HERON);
  });

  it('happens by itself to the oldest when there are more than are kept', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: HERON, filename: 'a.md' });
    await replaced(token, document.id, EGRET);
    // The analyses that wait would have their turn before.
    await forgetOpenJobs();
    const lost = loseWakeUps();
    const { body } = await replace(token, document.id, STORK);
    lost.mockRestore();
    const bindings = { ...env, VERSIONS_KEPT: '1' };
    await deliver({ jobId: body.job.id }, bindings);
    expect((await versionsOf(token, document.id)).items.map(({ number }) => number)).toEqual([3, 2]);
    const jobs = await call<{ items: JobView[] }>('/v1/jobs?type=delete_version', { token });
    expect(jobs.body.items).toHaveLength(1);
    // As the clock would.
    for (const { id } of jobs.body.items) await deliver({ jobId: id });
    expect(await objectsOf(document.id)).toHaveLength(6);
    expect((await restoreVersion(token, document.id, 1)).status).toBe(404);
  });
});

describe('embedding', () => {
  it('asks the model only for passages that changed, whatever the file is called', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: chapters(40), filename: 'book.md' });
    const { asked, job } = await embeddedTexts(token, () =>
      replace(token, document.id, chapters(40, { changed: 17 }), 'second-edition.md'),
    );
    expect(job).toMatchObject({ status: 'succeeded', result: { chunks: document.chunkCount, embeddedTexts: 1 } });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toContain('quite another matter');
    expect(await found(token, 'another matter')).not.toEqual([]);
  });

  it('asks for none when a version is brought back, and finds by meaning what it said', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: chapters(10), filename: 'book.md' });
    await replaced(token, document.id, HERON);
    const { asked } = await embeddedTexts(token, () => restoreVersion(token, document.id, 1));
    expect(asked).toEqual([]);
    expect((await search(token, 'q=chapter matter&mode=semantic')).body.items.length).toBeGreaterThan(5);
  });

  it('asks for none when an upload between two like ones was never read', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: chapters(10), filename: 'book.md' });
    const lost = vi.spyOn(env.JOBS, 'sendBatch').mockResolvedValue(undefined as never);
    await replace(token, document.id, STORK);
    lost.mockRestore();
    const { asked } = await embeddedTexts(token, () => replace(token, document.id, `${chapters(10)}\n`));
    expect(asked).toEqual([]);
  });

  it('asks for the passages that are new when a document is cut in another way', async () => {
    const { token } = await newUser();
    const content = `${chapters(6)}\n\n## Long\n\n${'A sentence of the long chapter, one of many. '.repeat(80)}`;
    const { document } = await uploaded({ token, content, filename: 'book.md' });
    const { asked, job } = await embeddedTexts(token, async () => {
      await call(`/v1/documents/${document.id}`, { method: 'PATCH', token, body: { profile: 'contract' } });
      const { body } = await call(`/v1/jobs?documentId=${document.id}&type=process_document`, { token });
      return { body: { job: body.items[0] } };
    });
    expect(job.status).toBe('succeeded');
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((text) => !text.includes('long chapter'))).toEqual([]);
  });
});

describe('everything that walks what is stored', () => {
  /** Some hours later: young objects may belong to an upload that is still under way. */
  const reconcile = async (token: string) => {
    const lost = loseWakeUps();
    const { body } = await call<JobView>('/v1/maintenance/reconcile', { token, method: 'POST' });
    lost.mockRestore();
    pass(2 * 60 * 60_000);
    await deliver({ jobId: body.id });
    vi.useRealTimers();
    return (await jobEnd(token, body.id)).result as { problemCount: number; problems: { type: string }[] };
  };

  it('knows versions: nothing is an orphan, and what is lost is said', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: HERON, filename: 'a.md' });
    await replaced(token, document.id, EGRET);
    await replaced(token, document.id, STORK);
    expect(await reconcile(token)).toMatchObject({ problemCount: 0 });
    expect(await objectsOf(document.id)).toHaveLength(9);
    const contentId = await database
      .prepare('select content_id from document_versions where document_id = ? and number = 1')
      .bind(document.id)
      .first<string>('content_id');
    await env.FILES.delete((await objectsOf(document.id)).filter((key) => key.includes(String(contentId))));
    expect(await reconcile(token)).toMatchObject({ problemCount: 1, problems: [{ type: 'missing_version' }] });
    expect((await contentOf(token, document.id, 1)).status).toBe(404);
  });

  it('lets people take all versions along', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: HERON, filename: 'birds.md' });
    await replaced(token, document.id, EGRET);
    const archive = await exported(token);
    const folder = `documents/${document.id}`;
    expect(archive.text(`${folder}/a.md`)).toBe(EGRET);
    expect(archive.text(`${folder}/versions/1/birds.md`)).toBe(HERON);
    expect(archive.json(`${folder}/metadata.json`).versions).toMatchObject([
      { number: 1, file: 'versions/1/birds.md' },
    ]);
  });

  it('leaves nothing of a document that is deleted for good', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: HERON, filename: 'a.md' });
    await replaced(token, document.id, EGRET);
    const { body } = await call(`/v1/documents/${document.id}?permanent=true`, { method: 'DELETE', token });
    expect(await jobEnd(token, body.job.id)).toMatchObject({ result: { remaining: { rows: 0, objects: 0 } } });
    const rows = await database
      .prepare(
        `select (select count(*) from document_versions where document_id = ?1)
          + (select count(*) from document_fingerprints where document_id = ?1) as total`,
      )
      .bind(document.id)
      .first('total');
    expect(rows).toBe(0);
    expect(await objectsOf(document.id)).toEqual([]);
  });
});

describe('an upload as a version', () => {
  it('of a document that is named keeps what that has', async () => {
    const { token, user } = await newUser();
    const { document } = await uploaded({ token, content: HERON, filename: 'a.md', fields: { title: 'Birds' } });
    const fields = { versionOf: document.id };
    const answer = await upload({ token, content: EGRET, filename: 'b.md', fields });
    expect(answer).toMatchObject({ status: 202, body: { document: { id: document.id, contentVersion: 2 } } });
    expect(roundTrips(answer)).toBe(2);
    await jobEnd(token, answer.body.job.id);
    expect(await found(token, 'egret')).toMatchObject([{ documentId: document.id, title: 'Birds' }]);
    expect((await call('/v1/documents', { token })).body.items).toHaveLength(1);
    const { objects } = await env.FILES.list({ prefix: `owners/${user.id}/` });
    expect(objects.every(({ key }) => key.includes(document.id))).toBe(true);
    expect(objects).toHaveLength(6);
  });

  it.each([
    ['a document that is not there', { versionOf: crypto.randomUUID() }, 'versionOf'],
    ['another choice', { versionOf: crypto.randomUUID(), onDuplicate: 'skip' }, 'onDuplicate'],
    ['what a version does not have', { versionOf: crypto.randomUUID(), title: 'New' }, 'title'],
  ])('with %s is refused, and nothing is kept', async (_what, fields, path) => {
    const { token, user } = await newUser();
    const body = uploadForm({ content: HERON, filename: 'a.md', fields });
    const answer = await call('/v1/documents', { token, body });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ path }] } });
    expect((await env.FILES.list({ prefix: `owners/${user.id}/` })).objects).toEqual([]);
  });
});
