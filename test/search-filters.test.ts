import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { newUser } from './support/actors.ts';
import { call, send } from './support/app.ts';
import { roundTrips } from './support/costs.ts';
import { type DocumentView, uploaded } from './support/library.ts';
import { search } from './support/sample-library.ts';

type Body = Record<string, unknown>;
type File = { name: string; text: string; tags?: string; metadata?: Body; collectionId?: string };

const titles = (answer: { body: { items: { title: string }[] } }) => answer.body.items.map(({ title }) => title).sort();

async function aFile(token: string, { name, text, tags = '', metadata = {}, collectionId }: File) {
  const fields = { title: name, tags, metadata: JSON.stringify(metadata), ...(collectionId && { collectionId }) };
  return (await uploaded({ token, content: text, filename: `${name}.md`, fields })).document;
}

describe('narrowing a search', () => {
  let token: string;
  let stranger: string;
  let outer: { id: string };
  let inner: { id: string };
  let files: Record<'lease' | 'offer' | 'note', DocumentView>;

  /** A search with a body. */
  const post = (body: Body, as = token) => call('/v1/search', { token: as, body: { q: 'rent', ...body } });
  const found = async (body: Body) => {
    const answer = await post({ mode: 'keyword', ...body });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return titles(answer);
  };
  const where = (filter: Body) => found({ filter });
  const foundBy = async (query: string) => {
    const answer = await search(token, `q=rent&mode=keyword&${query}`);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return titles(answer);
  };

  beforeAll(async () => {
    ({ token } = await newUser());
    stranger = (await newUser()).token;
    outer = (await call('/v1/collections', { token, body: { name: 'Outer' } })).body;
    inner = (await call('/v1/collections', { token, body: { name: 'Inner', parentId: outer.id } })).body;
    const [lease, offer, note] = [
      await aFile(token, {
        name: 'lease',
        text: '---\nauthor: Ada\n---\n# Lease\n\nThe rent is due each month, says the landlord of the house.',
        tags: 'Home,Contracts',
        metadata: { author: 'Ada', year: 2021, parties: ['Ada', 'Bob'], signed: true, place: { city: 'Oslo' } },
        collectionId: inner.id,
      }),
      await aFile(token, {
        name: 'offer',
        text: 'An offer: rent of 900 crowns.',
        tags: 'Home',
        metadata: { author: 'Bob', year: 2024 },
      }),
      await aFile(token, {
        name: 'note',
        text: `The rent went up. ${'And so on it goes. '.repeat(40)}`,
        collectionId: outer.id,
      }),
    ];
    files = { lease, offer, note };
  }, 30_000);

  it('takes several of everything, repeated or separated by commas', async () => {
    expect(await foundBy('tag=home')).toEqual(['lease', 'offer']);
    expect(await foundBy('tag=contracts&tag=nobody')).toEqual(['lease']);
    expect(await foundBy('allTags=Home&allTags=Contracts')).toEqual(['lease']);
    expect(await foundBy('noTags=Contracts&noTags=Nobody')).toEqual(['note', 'offer']);
    expect(await foundBy('allTags=Home&allTags=Nobody')).toEqual([]);
    expect(await foundBy('kind=pdf,markdown')).toEqual(['lease', 'note', 'offer']);
    expect(await foundBy('kind=pdf')).toEqual([]);
    expect(await foundBy(`documentId=${files.note.id},${files.lease.id}`)).toEqual(['lease', 'note']);
    expect(await foundBy(`collectionId=${outer.id}`)).toEqual(['lease', 'note']);
    expect(await foundBy(`collectionId=${inner.id}`)).toEqual(['lease']);
    expect(await foundBy('minSizeBytes=500')).toEqual(['note']);
    expect(await foundBy('status=ready,pending')).toEqual(['lease', 'note', 'offer']);
    expect(await foundBy('status=failed')).toEqual([]);
    expect(await found({ tag: 'Home', documentId: [files.offer.id] })).toEqual(['offer']);
    expect(await foundBy(`updatedFrom=${encodeURIComponent(String(files.note['updatedAt']))}`)).toEqual(['note']);
    expect(await foundBy('to=2020-01-01T00:00:00Z')).toEqual([]);
  });

  it('takes a tree of conditions, by metadata too', async () => {
    expect(await where({ 'metadata.author': 'Ada' })).toEqual(['lease']);
    expect(await where({ 'metadata.author': { $ne: 'Ada' } })).toEqual(['note', 'offer']);
    expect(await where({ 'metadata.year': { $gt: 2021, $lte: 2024 } })).toEqual(['offer']);
    expect(await where({ 'metadata.parties': 'Bob' })).toEqual(['lease']);
    expect(await where({ 'metadata.signed': true, 'metadata.place.city': { $in: ['Oslo', 'Rome'] } })).toEqual([
      'lease',
    ]);
    expect(await where({ 'extractedMetadata.author': { $exists: true } })).toEqual(['lease']);
    expect(await where({ $or: [{ tag: 'Contracts' }, { collectionId: outer.id }] })).toEqual(['lease', 'note']);
    expect(await where({ $not: { collectionId: outer.id } })).toEqual(['offer']);
    expect(await where({ tag: { $nin: ['Home'] }, sizeBytes: { $gte: 10 } })).toEqual(['note']);
    expect(await where({ createdAt: { $lte: files.lease['createdAt'] } })).toEqual(['lease']);
    expect(await where({ status: { $ne: 'ready' } })).toEqual([]);
    expect(await foundBy(`filter=${encodeURIComponent('{"metadata.author":"Bob"}')}`)).toEqual(['offer']);
  });

  it('says what is wrong with a filter, and where', async () => {
    const wrong: [Body, string, string][] = [
      [{ author: 'x' }, 'filter.author', 'There is no such field to filter by.'],
      [
        { createdAt: { $gt: 'yesterday' } },
        'filter.createdAt.$gt',
        'It must be a date and time with its offset, as in 2026-01-31T12:00:00Z.',
      ],
      [
        { $or: [{ kind: 'pdf' }, { status: 'asleep' }] },
        'filter.$or.1.status',
        'It must be one of pending, processing, ready, failed, deleting.',
      ],
      [{ kind: { $gt: 'a' } }, 'filter.kind.$gt', 'The values of this field have no order.'],
    ];
    for (const [filter, path, message] of wrong) {
      const { status, body } = await post({ filter });
      expect([status, body.errors]).toEqual([422, [{ path, message }]]);
    }
    expect((await search(token, 'q=rent&filter={')).status).toBe(422);
    expect((await search(token, 'q=rent&kind=')).status).toBe(422);
    expect((await search(token, `q=rent&collectionId=${crypto.randomUUID()}`)).status).toBe(404);
    expect((await post({ filter: { $or: [{ collectionId: outer.id }] } }, stranger)).status).toBe(404);
    expect(
      titles(await post({ filter: { $or: [{ tag: 'Home' }, { documentId: files.lease.id }] } }, stranger)),
    ).toEqual([]);
  });

  it('counts what was found by facets, in one round trip with filters', async () => {
    const answer = await search(
      token,
      'q=rent&mode=keyword&facets=kind,tag,collection&facets=year&kind=markdown&tag=Home',
    );
    const year = String(new Date().getUTCFullYear());
    expect(answer.body.facets).toEqual({
      kind: [{ value: 'markdown', count: 2 }],
      tag: [
        { value: 'Home', count: 2 },
        { value: 'Contracts', count: 1 },
      ],
      collection: [{ value: inner.id, name: 'Inner', count: 1 }],
      year: [{ value: year, count: 2 }],
    });
    expect(roundTrips(answer)).toBe(1);
    expect(roundTrips(await search(token, 'q=rent&facets=kind,language,profile&kind=markdown'))).toBe(0);
    expect((await search(token, 'q=rent&facets=size')).status).toBe(422);
  });

  it('sorts by date and title', async () => {
    const order = async (query: string) =>
      (await search(token, `q=rent&${query}`)).body.items.map(({ title }: { title: string }) => title);
    expect(await order('mode=keyword&sort=title')).toEqual(['lease', 'note', 'offer']);
    expect(await order('mode=hybrid&sort=title&order=desc')).toEqual(['offer', 'note', 'lease']);
    expect(await order('mode=keyword&sort=createdAt')).toEqual(['note', 'offer', 'lease']);
    expect(await order('mode=semantic&sort=createdAt&order=asc')).toEqual(['lease', 'offer', 'note']);
  });

  it('goes from page to page by a cursor that is of use for this search only', async () => {
    const first = await search(token, 'q=rent&mode=keyword&limit=2&kind=markdown,text');
    const cursor = first.body.nextCursor;
    const on = (query: string, as = token) => search(as, `mode=keyword&limit=2&cursor=${cursor}&${query}`);
    const second = await on('q=rent&kind=markdown,text&facets=kind');
    expect([...titles(first), ...titles(second)].sort()).toEqual(['lease', 'note', 'offer']);
    expect(second.body.nextCursor).toBeNull();
    const errors = [{ path: 'cursor', message: expect.stringContaining('must stay as they were') }];
    for (const query of ['q=rents&kind=markdown,text', 'q=rent', 'q=rent&kind=markdown,text&sort=title']) {
      expect(await on(query), query).toMatchObject({ status: 422, body: { errors } });
    }
    expect(await on('q=rent&kind=markdown,text', stranger)).toMatchObject({ status: 422, body: { errors } });
    const forged = [`${cursor.slice(0, -2)}`, `${cursor}AA`, 'x', `${cursor.slice(0, 18)}${'_'.repeat(80)}`];
    for (const bad of forged) {
      const answer = await search(token, `q=rent&mode=keyword&limit=2&kind=markdown,text&cursor=${bad}`);
      expect(answer.status, bad).toBe(422);
    }
  });

  it('sees what is changed at once', async () => {
    const { document } = await uploaded({ token, content: 'A fleeting quokka.', filename: 'q.md' });
    const about = async (filter: Body) => (await post({ q: 'quokka', mode: 'keyword', filter })).body.items.length;
    const change = async (body: Body) =>
      expect((await send(`/v1/documents/${document.id}`, { method: 'PATCH', token, body })).status).toBe(200);
    expect(await about({ 'metadata.mood': 'shy' })).toBe(0);
    await change({ metadata: { mood: 'shy' } });
    expect(await about({ 'metadata.mood': 'shy' })).toBe(1);
    await change({ metadata: {}, tags: ['Wild'] });
    expect(await about({ 'metadata.mood': 'shy' })).toBe(0);
    expect(await about({ tag: 'Wild' })).toBe(1);
    const { body: now } = await call(`/v1/documents/${document.id}`, { token });
    expect(await about({ updatedAt: { $gte: now.updatedAt } })).toBe(1);
    await env.DB.prepare("update documents set status = 'processing' where id = ?").bind(document.id).run();
    expect(await about({ status: 'ready' })).toBe(0);
    expect(await about({ status: { $in: ['processing'] } })).toBe(1);
  });
});
