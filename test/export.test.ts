import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import worker from '../src/index.ts';
import { newApiKey, newUser } from './support/actors.ts';
import { call, send } from './support/app.ts';
import { loseWakeUps } from './support/clockwork.ts';
import { listen } from './support/console.ts';
import { roundTrips } from './support/costs.ts';
import { exported, openArchive } from './support/exports.ts';
import { upload, uploaded } from './support/library.ts';
import { pngOf } from './support/pictures.ts';
import { LEASE, longText } from './support/sample-library.ts';
import { newInhabitant } from './support/security-world.ts';
import { unrecorded } from './support/statement-recorder.ts';

afterEach(() => vi.restoreAllMocks());

const database = unrecorded(env.DB);

/** The answer while its body is still being made, as over a network. */
async function stream(token: string) {
  const request = new Request('http://commonplace.test/v1/me/export', {
    headers: { authorization: `Bearer ${token}` },
  });
  const context = createExecutionContext();
  const response = await worker.fetch(request as Request<unknown, IncomingRequestCfProperties>, env, context);
  return { response, left: () => waitOnExecutionContext(context) };
}

/** Many rows at once: documents whose bytes are the same object's name in the archive. */
async function insertDocuments(ownerId: string, count: number): Promise<void> {
  const insert = `insert into documents (id, owner_id, title, filename, media_type, size_bytes, sha256, content_id,
    status, created_at, updated_at) with recursive n (i, owner) as (select 1, ? union all select i + 1, owner from n where i < ?)
    select printf('%08x', i) || substr(owner, 9), owner, 'Note ' || i, 'note.txt', 'text/plain', 4,
    printf('%064d', 0), printf('%036d', i), 'ready', 1000 + i / 3, 1000 from n`;
  await database.prepare(insert).bind(ownerId, count).run();
}

describe('taking everything along', () => {
  it('gives one archive with all that the user owns, every byte as its hash says', async () => {
    const { token, user, canary, belongings, sessionId } = await newInhabitant();
    const pdf = new Uint8Array(70_000).map((_, at) => (at * 7) % 256);
    const binary = await uploaded({ token, content: pdf, filename: 'con.pdf', fields: { metadata: '{"year":2026}' } });
    const lease = await uploaded({ token, content: LEASE, filename: 'metadata.json', type: 'text/markdown' });
    await call(`/v1/documents/${lease.document.id}`, { method: 'DELETE', token });
    await call(`/v1/search?q=${canary}&mode=keyword`, { token });

    const response = await send('/v1/me/export', { token });
    const day = new Date().toISOString().slice(0, 10);
    expect(response.headers.get('content-type')).toBe('application/zip');
    expect(response.headers.get('content-disposition')).toContain(
      `attachment; filename="commonplace-${user.username}-${day}.zip"`,
    );
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('link')).toBeNull();
    const archive = openArchive(new Uint8Array(await response.arrayBuffer()));

    expect(archive.manifest).toMatchObject({
      format: 'commonplace-export',
      version: 1,
      user: { id: user.id, username: user.username },
      counts: { documents: 3 },
      incomplete: [],
      next: null,
    });
    expect(archive.json('account.json')).toMatchObject({ id: user.id, email: user.email, fullName: canary });
    expect(archive.bytes('avatar.png')).toEqual(pngOf(1, 1));
    expect(archive.json('sessions.json')).toMatchObject([{ id: sessionId, isCurrent: true }]);
    expect(archive.json('api-keys.json')).toMatchObject([{ id: belongings['api-keys'] }]);
    expect(archive.json('collections.json')).toMatchObject([{ id: belongings.collections, deletedAt: null }]);
    expect(archive.json('tags.json')).toMatchObject([{ name: `Tag ${canary}`, usageCount: 1 }]);
    const [first = '', second = '', ...rest] = archive.text('queries.ndjson').split('\n');
    const opened = { documentId: belongings.documents, rank: 1 };
    expect(JSON.parse(first)).toMatchObject({ query: canary, type: 'keyword', results: [opened] });
    expect(JSON.parse(second)).toMatchObject({ query: canary, results: [] });
    expect(rest).toEqual(['']);
    expect(archive.json('saved-searches.json')).toMatchObject([{ name: `Search ${canary}`, search: { q: canary } }]);
    const jobs = archive
      .text('jobs.ndjson')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(jobs).toContainEqual(expect.objectContaining({ id: belongings.jobs, status: 'succeeded' }));

    const report = `documents/${belongings.documents}`;
    expect(archive.text(`${report}/${canary}.md`)).toContain(`The notice period of ${canary} is three months.`);
    expect(archive.text(`${report}/text.txt`)).toContain(`The notice period of ${canary} is three months.`);
    expect(archive.json(`${report}/metadata.json`)).toMatchObject({
      id: belongings.documents,
      tags: [`Tag ${canary}`],
      collectionIds: [belongings.collections],
      metadata: { note: canary },
      files: { original: `${canary}.md`, text: 'text.txt' },
    });
    expect(archive.bytes(`documents/${binary.document.id}/_con.pdf`)).toEqual(pdf);
    expect(archive.names).not.toContain(`documents/${binary.document.id}/text.txt`);
    const trashed = `documents/${lease.document.id}`;
    expect(archive.text(`${trashed}/original-metadata.json`)).toBe(LEASE);
    expect(archive.json(`${trashed}/metadata.json`).deletedAt).not.toBeNull();
  });

  it('gives no secret and nothing of anybody else’s', async () => {
    const [owner, other] = await Promise.all([newInhabitant(), newInhabitant()]);
    const { key } = await newApiKey(owner, ['account:read']);
    const response = await send('/v1/me/export', { token: owner.token });
    const archive = new TextDecoder('latin1').decode(await response.arrayBuffer());
    expect(archive).toContain(owner.canary);
    for (const secret of [key, owner.token, owner.refreshToken, owner.password, 'scrypt$', 'token_hash', 'keyHash']) {
      expect(archive).not.toContain(secret);
    }
    for (const word of [other.canary, other.user.id, other.user.email]) expect(archive).not.toContain(word);
  });

  it('is the same text as the API gives, also of long documents', async () => {
    const { token } = await newUser();
    const content = `# “Quotes”, \\ and 😀\n\n${longText(400)}`;
    const { document } = await uploaded({ token, content, filename: 'long.md' });
    const { body } = await call(`/v1/documents/${document.id}/text`, { token });
    const archive = await exported(token);
    expect(archive.text(`documents/${document.id}/text.txt`)).toBe(body.text);
  });

  it('of an empty account is an archive too', async () => {
    const { token } = await newUser();
    const archive = await exported(token);
    expect(archive.json('collections.json')).toEqual([]);
    expect(archive.text('queries.ndjson')).toBe('');
    expect(archive.manifest.counts.documents).toBe(0);
  });

  it('is for sessions only', async () => {
    const { key } = await newApiKey(await newUser(), ['account:read', 'documents:read']);
    const answer = await call('/v1/me/export', { token: key });
    expect([answer.status, answer.body.code]).toEqual([403, 'session_required']);
  });
});

describe('while things change', () => {
  it('holds what there was when it began; what was deleted meanwhile is left out, and said', async () => {
    const { token } = await newUser();
    loseWakeUps();
    const made: string[] = [];
    for (let at = 0; at < 60; at++) {
      const { body } = await upload({ token, content: `Note ${at}`, filename: `${at}.txt` });
      made.push(body.document.id);
    }
    const { response } = await stream(token);
    const reader = response.body?.getReader();
    if (!reader) throw new Error('There is no body.');
    const parts = [(await reader.read()).value ?? new Uint8Array()];
    // Of the first page, whose rows will have been read: the objects go. Of the second: the rows.
    const [first, second] = [made[40], made[55]];
    const keys = await env.FILES.list({ prefix: 'owners/' });
    await env.FILES.delete(keys.objects.map(({ key }) => key).filter((key) => key.includes(String(first))));
    await database.prepare('delete from documents where id in (?, ?)').bind(first, second).run();
    const late = await upload({ token, content: 'Late', filename: 'late.txt' });
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
    }
    const archive = openArchive(new Uint8Array(Buffer.concat(parts)));
    const held = new Set(archive.names.map((name) => name.split('/')[1]));
    const gone = [first, second];
    expect(made.filter((id) => !held.has(id)).sort()).toEqual(gone.sort());
    expect(archive.manifest.counts.documents).toBe(58);
    expect(archive.manifest.incomplete.every(({ documentId }) => gone.includes(documentId))).toBe(true);
    expect(held.has(late.body.document.id)).toBe(false);
    expect((await exported(token)).manifest.counts.documents).toBe(59);
  });

  it('takes the newer bytes of a document that was replaced', async () => {
    const { token, user } = await newUser();
    loseWakeUps();
    const { body } = await upload({ token, content: 'Old', filename: 'a.txt' });
    const { id } = body.document;
    const { get } = env.FILES;
    vi.spyOn(env.FILES, 'get').mockImplementationOnce(async (...args) => {
      const contentId = crypto.randomUUID();
      await env.FILES.put(`owners/${user.id}/documents/${id}/${contentId}/original`, 'New');
      await database.prepare('update documents set content_id = ? where id = ?').bind(contentId, id).run();
      await env.FILES.delete(String(args[0]));
      return get.apply(env.FILES, args as never);
    });
    expect((await exported(token)).text(`documents/${id}/a.txt`)).toBe('New');
  });

  it('breaks off when a store fails, so that nobody takes a part for the whole', async () => {
    const { token } = await newUser();
    await uploaded({ token, content: LEASE, filename: 'lease.md' });
    vi.spyOn(env.FILES, 'get').mockRejectedValue(new Error('network connection lost'));
    const { lines, stop } = listen();
    const { response } = await stream(token);
    await expect(response.arrayBuffer()).rejects.toThrow('network connection lost');
    stop();
    expect(lines.some((line) => line.includes('export.failed'))).toBe(true);
  });

  it('stops working when nobody reads any more', async () => {
    const { token } = await newUser();
    for (let at = 0; at < 5; at++) await uploaded({ token, content: longText(50), filename: `${at}.md` });
    const opened = vi.spyOn(env.FILES, 'get');
    const { response, left } = await stream(token);
    const reader = response.body?.getReader();
    for (let at = 0; at < 30; at++) await reader?.read();
    await reader?.cancel();
    await left();
    const before = opened.mock.calls.length;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(opened.mock.calls.length).toBe(before);
    expect(before).toBeLessThan(10);
  });
});

describe('large libraries', () => {
  it('come in several archives, each of which says where the next one is', async () => {
    const { token, user } = await newUser();
    await insertDocuments(user.id, 3_005);
    const opening = vi.spyOn(env.FILES, 'get').mockResolvedValue(null as never);
    const first = await send('/v1/me/export', { token });
    const link = /^<(.+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const opened = openArchive(new Uint8Array(await first.arrayBuffer()));
    expect(opened.manifest.next).toBe(link);
    expect(opened.names).toContain('account.json');
    const next = await exported(token, link);
    expect(next.manifest.next).toBeNull();
    expect(next.names).not.toContain('account.json');
    // None of them has bytes: each is named once, by one of the archives.
    const named = [opened, next].map(({ manifest }) => manifest.incomplete.map(({ documentId }) => documentId));
    expect(named.map((ids) => ids.length)).toEqual([3_000, 5]);
    expect(new Set(named.flat()).size).toBe(3_005);
    // One call for each original.
    expect(opening).toHaveBeenCalledTimes(3_005);
  });

  it('refuses a place that it has not given', async () => {
    const { token } = await newUser();
    expect((await call('/v1/me/export?cursor=nonsense', { token })).status).toBe(422);
  });

  it('cost two round trips before the first byte', async () => {
    const { token, user } = await newUser();
    await insertDocuments(user.id, 200);
    await call('/v1/me', { token });
    const response = await send('/v1/me/export', { token });
    expect(roundTrips(response)).toBe(2);
    await response.body?.cancel();
  });
});
