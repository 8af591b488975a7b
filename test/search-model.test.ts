import fc from 'fast-check';
import { expect, it } from 'vitest';
import { newUser } from './support/actors.ts';
import { call, send } from './support/app.ts';
import { uploaded } from './support/library.ts';

type Body = Record<string, unknown>;

/** A document as somebody remembers it who has made every change themselves. */
type Remembered = { id: string; tags: string[]; mood: string | undefined; isFiled: boolean; isThere: boolean };

const OPERATIONS = 30;
const TAGS = ['red', 'green', 'blue'];
const MOODS = ['calm', 'wild'];

/** What is asked, and what the answer must be. */
const QUESTIONS: [name: string, filter: (box: string) => Body, (document: Remembered) => boolean][] = [
  ['all', () => ({}), () => true],
  ['red', () => ({ tag: 'red' }), ({ tags }) => tags.includes('red')],
  ['not blue', () => ({ tag: { $nin: ['blue'] } }), ({ tags }) => !tags.includes('blue')],
  ['calm', () => ({ 'metadata.mood': 'calm' }), ({ mood }) => mood === 'calm'],
  ['moodless', () => ({ 'metadata.mood': { $exists: false } }), ({ mood }) => mood === undefined],
  ['filed', (box) => ({ collectionId: box }), ({ isFiled }) => isFiled],
  [
    'either',
    (box) => ({ $or: [{ collectionId: { $ne: box } }, { tag: 'green', 'metadata.mood': { $in: MOODS } }] }),
    ({ isFiled, tags, mood }) => !isFiled || (tags.includes('green') && mood !== undefined),
  ],
];

it('finds what was changed just now, and nothing else, through many changes', async () => {
  const { token } = await newUser();
  const box: string = (await call('/v1/collections', { token, body: { name: 'Box' } })).body.id;
  const library = await Promise.all(
    Array.from({ length: 5 }, async (_, i): Promise<Remembered> => {
      const { document } = await uploaded({ token, content: `Heron number ${i}.`, filename: `${i}.txt` });
      return { id: document.id, tags: [], mood: undefined, isFiled: false, isThere: true };
    }),
  );

  const change = async (document: Remembered, { kind, tags, mood }: Change) => {
    const path = `/v1/documents/${document.id}`;
    const done = async (answer: Promise<Response>) => expect((await answer).ok).toBe(true);
    if (!document.isThere) {
      await done(send(`${path}/restore`, { method: 'POST', token }));
      document.isThere = true;
    } else if (kind === 'trash') {
      await done(send(path, { method: 'DELETE', token }));
      document.isThere = false;
    } else if (kind === 'file') {
      const method = document.isFiled ? 'DELETE' : 'PUT';
      await done(send(`/v1/collections/${box}/items/${document.id}`, { method, token }));
      document.isFiled = !document.isFiled;
    } else {
      const metadata = mood === undefined ? {} : { mood };
      await done(send(path, { method: 'PATCH', token, body: { tags, metadata } }));
      Object.assign(document, { tags, mood });
    }
  };

  const [changes = []] = fc.sample(fc.array(someChange, { minLength: OPERATIONS, maxLength: OPERATIONS }), 1);
  for (const [i, one] of changes.entries()) {
    const document = library[one.which];
    if (document) await change(document, one);
    const [name, filter, isWanted] = QUESTIONS[i % QUESTIONS.length] ?? [];
    const body = { q: 'heron', mode: 'keyword', filter: filter?.(box) };
    const found = (await call('/v1/search', { token, body })).body.items;
    const ids = found.map(({ documentId }: { documentId: string }) => documentId).sort();
    const expected = library.filter((known) => known.isThere && isWanted?.(known)).map(({ id }) => id);
    expect(ids, `${name} after ${JSON.stringify(one)}`).toEqual(expected.sort());
  }
}, 60_000);

type Change = { which: number; kind: 'describe' | 'file' | 'trash'; tags: string[]; mood: string | undefined };

const someChange: fc.Arbitrary<Change> = fc.record({
  which: fc.nat({ max: 4 }),
  kind: fc.constantFrom('describe', 'describe', 'file', 'trash'),
  tags: fc.subarray(TAGS),
  mood: fc.constantFrom(undefined, ...MOODS),
});
