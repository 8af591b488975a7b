import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { jobEnd, upload, uploaded } from './support/library.ts';
import { LEASE, longText, objectsOf, RECIPE, search } from './support/sample-library.ts';
import { unrecorded } from './support/statement-recorder.ts';

describe('changing and deleting', () => {
  it('finds a document by its new title and tag at once, and not by the old ones', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: LEASE, filename: 'a.md', fields: { tags: 'Old' } });
    const changed = await call(`/v1/documents/${document.id}`, {
      method: 'PATCH',
      token,
      body: { title: 'Zanzibar papers', tags: ['New'] },
    });
    expect(changed.body).toMatchObject({ title: 'Zanzibar papers', tags: ['New'], version: document.version + 1 });
    expect((await search(token, 'q=zanzibar&mode=keyword')).body.items).toHaveLength(1);
    expect((await search(token, 'q=rent&tag=new')).body.items).toHaveLength(1);
    expect((await search(token, 'q=rent&tag=old')).body.items).toHaveLength(0);
  });

  it('moves a document in and out of a collection, and searches there see it at once', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: LEASE, filename: 'a.md' });
    const { body: box } = await call('/v1/collections', { token, body: { name: 'Box' } });
    const item = `/v1/collections/${box.id}/items/${document.id}`;
    const found = async () => (await search(token, `q=rent&collectionId=${box.id}`)).body.items.length;
    expect(await found()).toBe(0);
    expect((await call(item, { token, method: 'PUT' })).status).toBe(204);
    expect((await call(item, { token, method: 'PUT' })).status).toBe(204);
    expect(await found()).toBe(1);
    expect((await call(`/v1/documents?collectionId=${box.id}`, { token })).body.items).toHaveLength(1);
    expect((await call(item, { token, method: 'DELETE' })).status).toBe(204);
    expect(await found()).toBe(0);
    const stranger = await newUser();
    expect((await call(item, { token: stranger.token, method: 'PUT' })).status).toBe(404);
  });

  it('refuses a change to a version that is no longer there', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: LEASE, filename: 'a.md' });
    const path = `/v1/documents/${document.id}`;
    const first = await call(path, { method: 'PATCH', token, body: { title: 'One', version: document.version } });
    expect(first.status).toBe(200);
    const tag = first.headers.get('etag') ?? '';
    const stale = await call(path, { method: 'PATCH', token, body: { title: 'Two', version: document.version } });
    expect(stale).toMatchObject({ status: 412, body: { code: 'stale_version' } });
    const byHeader = await call(path, { method: 'DELETE', token, headers: { 'if-match': `"${document.version}"` } });
    expect(byHeader.status).toBe(412);
    const known = await call(path, { token, headers: { 'if-none-match': tag } });
    expect(known.status).toBe(304);
  });

  it('cuts a document anew when its profile changes', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: longText(30), filename: 'a.txt' });
    await call(`/v1/documents/${document.id}`, { method: 'PATCH', token, body: { profile: 'contract' } });
    const jobs = await call(`/v1/jobs?documentId=${document.id}&type=process_document`, { token });
    expect(await jobEnd(token, jobs.body.items[0].id)).toMatchObject({ status: 'succeeded' });
    const { body } = await search(token, 'q=topic3&profile=contract');
    expect(body.items[0].documentId).toBe(document.id);
  });

  it('hides a document in the trash at once, and shows it again when it is restored', async () => {
    const { token } = await newUser();
    const { document } = await uploaded({ token, content: LEASE, filename: 'a.md' });
    const path = `/v1/documents/${document.id}`;
    expect((await call(path, { method: 'DELETE', token })).status).toBe(204);
    expect((await search(token, 'q=rent')).body.items).toEqual([]);
    expect((await call(path, { token })).status).toBe(404);
    expect((await call('/v1/documents', { token })).body.items).toEqual([]);
    expect((await call('/v1/documents?trashed=true', { token })).body.items).toHaveLength(1);
    expect((await call(`${path}/restore`, { method: 'POST', token })).status).toBe(200);
    expect((await search(token, 'q=rent')).body.items).toHaveLength(1);
  });

  it('deletes for good: rows, objects, index entries and vectors are gone, and the job proves it', async () => {
    const { user, token } = await newUser();
    const { document } = await uploaded({ token, content: LEASE, filename: 'a.md', fields: { tags: 'Home' } });
    const other = await uploaded({ token, content: RECIPE, filename: 'b.md' });
    await search(token, 'q=rent');
    expect(await objectsOf(document.id)).toHaveLength(3);

    const accepted = await call(`/v1/documents/${document.id}?permanent=true`, { method: 'DELETE', token });
    expect(accepted.status).toBe(202);
    expect((await search(token, 'q=rent&mode=keyword&match=all')).body.items).toEqual([]);
    const job = await jobEnd(token, accepted.body.job.id);
    expect(job).toMatchObject({
      status: 'succeeded',
      result: { remaining: { rows: 0, objects: 0, chunks: 0, vectors: 0 } },
    });
    expect(await objectsOf(document.id)).toEqual([]);
    const tables = ['documents', 'document_tags', 'collection_items', 'queries'];
    for (const table of tables) {
      const rows = await unrecorded(env.DB).prepare(`SELECT * FROM ${table}`).all();
      expect(JSON.stringify(rows.results), table).not.toContain(document.id);
    }
    const index = env.LIBRARY_INDEX.get(env.LIBRARY_INDEX.idFromName(user.id));
    expect(await index.statistics()).toMatchObject({
      documents: 1,
      chunks: other.document.chunkCount,
      vectors: other.document.chunkCount,
    });
    expect((await search(token, 'q=dough')).body.items[0].documentId).toBe(other.document.id);
  });

  it('deletes a document that is still being read', async () => {
    const { token } = await newUser();
    const accepted = await upload({ token, content: longText(800), filename: 'a.txt' });
    const { id } = accepted.body.document;
    const deletion = await call(`/v1/documents/${id}?permanent=true`, { method: 'DELETE', token });
    expect(await jobEnd(token, deletion.body.job.id)).toMatchObject({ status: 'succeeded' });
    await jobEnd(token, accepted.body.job.id);
    await expect.poll(() => objectsOf(id), { timeout: 5_000 }).toEqual([]);
    expect((await search(token, 'q=topic3')).body.items).toEqual([]);
  });
});
