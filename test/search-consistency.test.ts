import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, expect, it, vi } from 'vitest';
import worker from '../src/index.ts';
import { randomFrom } from '../src/shared/random.ts';
import { newUser } from './support/actors.ts';
import { type Call, call } from './support/app.ts';
import { deliver, loseWakeUps } from './support/clockwork.ts';
import { type DocumentView, type JobView, upload, uploadForm } from './support/library.ts';

afterEach(() => vi.restoreAllMocks());

const OPERATIONS = 500;
const SEEDS = [11];
const MAX_DOCUMENTS = 12;
const WORDS = ['anchor', 'bridge', 'candle', 'desert', 'engine', 'forest'];
const TAGS = ['Red', 'Green', 'Blue'];
const MODES = ['keyword', 'semantic', 'hybrid'];

/** What the library should be: documents by id. */
type Model = {
  words: string[];
  /** Stands in the text, and is another one in each edition. */
  edition: string;
  tags: Set<string>;
  collections: Set<string>;
  isLive: boolean;
};

type Question = { word: string; mode: string; filter: { tag?: string; collectionId?: string } };
type Found = { documentId: string; snippet: string };
type Answer = { items: Found[]; cacheHit: boolean; notices: string[]; facets: unknown };
type Accepted = { document: DocumentView; job: JobView };

const uncached = { ...env, SEARCH_CACHE: 'false' } as typeof env;

/**
 * Whatever is done to a library, the next search is as if nothing had been asked before: its answer is the one that is made
 * without the cache, and it finds what the model says. Searches come from a small stock, so that most were asked before.
 */
async function live(seed: number) {
  const random = randomFrom(seed);
  const below = (end: number) => Math.floor(random() * end);
  const pick = <T>(from: readonly T[]): T => {
    const picked = from[below(from.length)];
    if (picked === undefined) throw new Error('There is nothing to pick from.');
    return picked;
  };
  const some = <T>(from: readonly T[]) => from.filter(() => random() < 0.4);

  const { token } = await newUser();
  const ask = <T = any>(path: string, options: Call = {}) => call<T>(`/v1${path}`, { token, ...options });
  /** A search whose history nobody waits for: it is written after the answer. */
  const contexts: ExecutionContext[] = [];
  const look = async (path: string, bindings = env): Promise<Answer> => {
    const context = createExecutionContext();
    contexts.push(context);
    const request = new Request(`http://commonplace.test${path}`, { headers: { authorization: `Bearer ${token}` } });
    const response = await worker.fetch(request as Request<unknown, IncomingRequestCfProperties>, bindings, context);
    expect(response.status).toBe(200);
    return response.json();
  };
  const done = async (path: string, options: Call) => {
    const answer = await ask(path, options);
    expect(answer.status, `${options.method} ${path} ${JSON.stringify(answer.body)}`).toBeLessThan(300);
    return answer.body;
  };
  const model = new Map<string, Model>();
  const parents = new Map<string, string | null>();
  for (const name of ['Upper', 'Lower', 'Other']) {
    parents.set((await done('/collections', { body: { name } })).id, null);
  }
  const collections = [...parents.keys()];
  const [upper = '', lower = ''] = collections;
  const isWithin = (id: string | null, ancestor: string): boolean =>
    id !== null && (id === ancestor || isWithin(parents.get(id) ?? null, ancestor));

  let edition = 0;
  const newText = () => {
    edition += 1;
    const words = some(WORDS);
    return { words, edition: `edition${edition}x`, text: `The edition${edition}x says ${words.join(' and ')}.` };
  };
  const read = async ({ job }: Pick<Accepted, 'job'>) => {
    await deliver({ jobId: job.id });
    const { body } = await ask<JobView>(`/jobs/${job.id}`);
    expect(body, JSON.stringify(body)).toMatchObject({ status: 'succeeded' });
  };
  const someone = (wanted: (document: Model) => boolean) => {
    const ids = [...model].flatMap(([id, document]) => (wanted(document) ? [id] : []));
    return ids.length === 0 ? undefined : pick(ids);
  };
  const get = (id: string): Model => {
    const document = model.get(id);
    if (!document) throw new Error(`There is no ${id}.`);
    return document;
  };
  const withLive = async (act: (id: string, document: Model) => Promise<void>) => {
    const id = someone(({ isLive }) => isLive);
    if (id === undefined) return add();
    await act(id, get(id));
  };

  const add = async (): Promise<void> => {
    if (model.size >= MAX_DOCUMENTS) return ACTS.destroy?.();
    const { text, ...facts } = newText();
    const tags = some(TAGS);
    const collectionId = random() < 0.5 ? pick(collections) : undefined;
    const fields = { ...(tags.length > 0 && { tags: tags.join(',') }), ...(collectionId && { collectionId }) };
    const { status, body } = await upload({ token, content: text, filename: `${facts.edition}.txt`, fields });
    expect(status, JSON.stringify(body)).toBe(202);
    await read(body);
    const filed = { tags: new Set(tags), collections: new Set(collectionId ? [collectionId] : []) };
    model.set(body.document.id, { ...facts, ...filed, isLive: true });
  };

  const ACTS: Record<string, () => Promise<void>> = {
    add,
    replace: () =>
      withLive(async (id, document) => {
        const { text, ...facts } = newText();
        const form = uploadForm({ content: text, filename: `${facts.edition}.txt` });
        await read(await done(`/documents/${id}/content`, { method: 'PUT', body: form }));
        Object.assign(document, facts);
      }),
    reprocess: () => withLive(async (id) => read(await done(`/documents/${id}/reprocess`, { method: 'POST' }))),
    tag: () =>
      withLive(async (id, document) => {
        const tags = some(TAGS);
        await done(`/documents/${id}`, { method: 'PATCH', body: { tags } });
        document.tags = new Set(tags);
      }),
    dropTag: async () => {
      const { items } = await done('/tags', {});
      if (items.length === 0 || random() < 0.7) return ACTS.tag?.();
      const { id, name } = pick<{ id: string; name: string }>(items);
      await done(`/tags/${id}`, { method: 'DELETE' });
      for (const { tags } of model.values()) tags.delete(name);
    },
    file: () =>
      withLive(async (documentId, { collections: filed }) => {
        const id = pick(collections);
        await done(`/collections/${id}/items/${documentId}`, { method: filed.has(id) ? 'DELETE' : 'PUT' });
        if (!filed.delete(id)) filed.add(id);
      }),
    nest: async () => {
      const parentId = parents.get(lower) === null ? upper : null;
      await done(`/collections/${lower}`, { method: 'PATCH', body: { parentId } });
      parents.set(lower, parentId);
    },
    trash: () =>
      withLive(async (id, document) => {
        await done(`/documents/${id}`, { method: 'DELETE' });
        document.isLive = false;
      }),
    restore: async () => {
      const id = someone(({ isLive }) => !isLive);
      if (id === undefined) return ACTS.trash?.();
      await done(`/documents/${id}/restore`, { method: 'POST' });
      get(id).isLive = true;
    },
    destroy: async () => {
      const id = someone(() => model.size > 3);
      if (id === undefined) return add();
      await done(`/documents/${id}?permanent=true`, { method: 'DELETE' });
      model.delete(id);
    },
  };

  const hits = { known: 0, asked: 0 };
  const asked: Question[] = [];

  /** People ask again what they have just asked. */
  const newQuestion = (): Question => {
    const filter: Question['filter'] = {};
    if (random() < 0.3) filter.tag = pick(TAGS);
    else if (random() < 0.4) filter.collectionId = pick(collections);
    const question = { word: pick(WORDS), mode: pick(MODES), filter };
    asked.push(question);
    return question;
  };

  const search = async (): Promise<void> => {
    const { word, mode, filter } = asked.length > 3 && random() < 0.7 ? pick(asked.slice(-3)) : newQuestion();
    const query = new URLSearchParams({
      q: word,
      mode,
      match: 'all',
      limit: '200',
      facets: 'tag,collection',
      ...filter,
    });
    const [answer, anew] = [await look(`/v1/search?${query}`), await look(`/v1/search?${query}`, uncached)];
    const said = `${mode} ${word} ${JSON.stringify(filter)}, ${answer.cacheHit ? 'known' : 'made'}`;
    expect({ items: answer.items, notices: answer.notices, facets: answer.facets }, said).toEqual({
      items: anew.items,
      notices: anew.notices,
      facets: anew.facets,
    });
    expect(anew.cacheHit).toBe(false);
    hits.asked += 1;
    hits.known += answer.cacheHit ? 1 : 0;

    const allowed = [...model].filter(
      ([, { isLive, tags, collections: filed }]) =>
        isLive &&
        (filter.tag === undefined || tags.has(filter.tag)) &&
        (filter.collectionId === undefined || [...filed].some((id) => isWithin(id, filter.collectionId ?? ''))),
    );
    const having = allowed.filter(([, { words }]) => words.includes(word)).map(([id]) => id);
    const found = new Set(answer.items.map(({ documentId }) => documentId));
    if (mode === 'keyword') expect([...found].toSorted(), said).toEqual(having.toSorted());
    expect(
      [...found].filter((id) => !allowed.some(([known]) => known === id)),
      said,
    ).toEqual([]);
    if (mode === 'hybrid')
      expect(
        having.filter((id) => !found.has(id)),
        said,
      ).toEqual([]);
    for (const { documentId, snippet } of answer.items) expect(snippet, said).toContain(get(documentId).edition);
  };

  loseWakeUps();
  for (let i = 0; i < 4; i++) await add();
  const names = Object.keys(ACTS);
  for (let i = 0; i < OPERATIONS; i++) {
    if (random() < 0.7) await search();
    else await ACTS[pick(names)]?.();
  }
  for (const context of contexts) await waitOnExecutionContext(context);
  return hits;
}

it.each(SEEDS)('searches see every write at once, cache or not (seed %i)', { timeout: 120_000 }, async (seed) => {
  const { known, asked } = await live(seed);
  // Otherwise nothing was shown.
  expect(asked).toBeGreaterThan(300);
  expect(known).toBeGreaterThan(60);
});
