import { expect, it } from 'vitest';
import { VectorModelMismatchError, type VectorStore } from '../../src/platform/vectors/vector-store.ts';

export const CONTRACT_MODEL = 'contract-model';
export const CONTRACT_DIMENSION = 8;

export type StoreUnderTest = {
  store: VectorStore;
  /** Gives the owner's index documents with so many chunks, for stores that need them there. */
  prepare(
    ownerId: string,
    documents: { documentId: string; chunks: number; kind: string; profile: string }[],
  ): Promise<void>;
  /** Makes writes visible where that takes time. */
  settle(): Promise<void>;
};

type Item = { documentId: string; ordinal: number; kind: string; profile: string };

/** What every vector store must do, whatever is behind it. */
export function describeVectorStore(create: () => StoreUnderTest): void {
  const owner = () => crypto.randomUUID();

  async function fill(under: StoreUnderTest, ownerId: string, items: (Item & { angle: number })[]): Promise<void> {
    const documents = [...Map.groupBy(items, (item) => item.documentId)].map(([documentId, of]) => ({
      documentId,
      chunks: Math.max(...of.map((item) => item.ordinal)) + 1,
      kind: of[0]?.kind ?? 'text',
      profile: of[0]?.profile ?? 'general',
    }));
    await under.prepare(ownerId, documents);
    await put(under, ownerId, items);
  }

  async function put(under: StoreUnderTest, ownerId: string, items: (Item & { angle: number })[]): Promise<void> {
    const values = new Float32Array(items.length * CONTRACT_DIMENSION);
    for (const [i, { angle }] of items.entries()) values.set(direction(angle), i * CONTRACT_DIMENSION);
    const plain = items.map(({ angle: _, ...item }) => item);
    await under.store.upsert(ownerId, { model: CONTRACT_MODEL, dimension: CONTRACT_DIMENSION, items: plain, values });
    await under.settle();
  }

  const near = (under: StoreUnderTest, ownerId: string, filter?: { kinds?: string[]; profiles?: string[] }) =>
    under.store.query(ownerId, { model: CONTRACT_MODEL, values: direction(0), topK: 10, ...(filter && { filter }) });

  const items = [
    { documentId: 'a', ordinal: 0, kind: 'pdf', profile: 'general', angle: 1 },
    { documentId: 'a', ordinal: 1, kind: 'pdf', profile: 'general', angle: 0.1 },
    { documentId: 'b', ordinal: 0, kind: 'text', profile: 'contract', angle: 0.5 },
  ];

  it('finds the nearest first, with their cosine', async () => {
    const under = create();
    const ownerId = owner();
    await fill(under, ownerId, items);
    const matches = await near(under, ownerId);
    expect(matches.map(({ documentId, ordinal }) => `${documentId}#${ordinal}`)).toEqual(['a#1', 'b#0', 'a#0']);
    expect(matches[0]?.score).toBeCloseTo(Math.cos(0.1), 2);
    const one = { model: CONTRACT_MODEL, values: direction(1), topK: 1 };
    expect(await under.store.query(ownerId, one)).toMatchObject([{ documentId: 'a', ordinal: 0 }]);
  });

  it('finds nothing before anything is stored', async () => {
    expect(await near(create(), owner())).toEqual([]);
  });

  it('filters by kind and profile', async () => {
    const under = create();
    const ownerId = owner();
    await fill(under, ownerId, items);
    const ids = async (filter: { kinds?: string[]; profiles?: string[] }) =>
      (await near(under, ownerId, filter)).map((match) => match.documentId);
    expect(await ids({ kinds: ['pdf'] })).toEqual(['a', 'a']);
    expect(await ids({ profiles: ['contract', 'policy'] })).toEqual(['b']);
    expect(await ids({ kinds: ['pdf'], profiles: ['contract'] })).toEqual([]);
  });

  it('replaces what it is given again', async () => {
    const under = create();
    const ownerId = owner();
    await fill(under, ownerId, items);
    await put(under, ownerId, items);
    await put(under, ownerId, [{ documentId: 'b', ordinal: 0, kind: 'text', profile: 'contract', angle: 0 }]);
    expect((await near(under, ownerId)).map((match) => match.documentId)).toEqual(['b', 'a', 'a']);
  });

  it('removes chunks of a document, as often as asked', async () => {
    const under = create();
    const ownerId = owner();
    await fill(under, ownerId, items);
    for (let i = 0; i < 2; i++) {
      await under.store.remove(ownerId, { documentId: 'a', fromOrdinal: 1, toOrdinal: 5 });
      await under.settle();
      expect((await near(under, ownerId)).map((match) => match.documentId)).toEqual(['b', 'a']);
    }
    await under.store.remove(ownerId, { documentId: 'a', fromOrdinal: 0, toOrdinal: 2 });
    await under.store.remove(ownerId, { documentId: 'nobody', fromOrdinal: 0, toOrdinal: 3 });
    await under.settle();
    expect((await near(under, ownerId)).map((match) => match.documentId)).toEqual(['b']);
  });

  it('removes all of an owner’s, and says when nothing was left to remove', async () => {
    const under = create();
    const [mine, yours] = [owner(), owner()];
    await fill(under, mine, items);
    await fill(under, yours, [{ documentId: 'z', ordinal: 0, kind: 'pdf', profile: 'general', angle: 0 }]);
    expect(await under.store.removeOwner(mine)).toBe(3);
    await under.settle();
    expect(await near(under, mine)).toEqual([]);
    expect(await under.store.removeOwner(mine)).toBe(0);
    expect(await under.store.removeOwner(owner())).toBe(0);
    expect((await near(under, yours)).map((match) => match.documentId)).toEqual(['z']);
  });

  it('keeps owners apart', async () => {
    const under = create();
    const [mine, yours] = [owner(), owner()];
    await fill(under, mine, items);
    await fill(under, yours, [{ documentId: 'z', ordinal: 0, kind: 'pdf', profile: 'general', angle: 0 }]);
    expect((await near(under, mine)).map((match) => match.documentId)).toEqual(['a', 'b', 'a']);
    expect((await near(under, yours)).map((match) => match.documentId)).toEqual(['z']);
  });

  it('refuses vectors of another model', async () => {
    const under = create();
    const ownerId = owner();
    await fill(under, ownerId, items);
    const [item] = items.map(({ angle: _, ...rest }) => rest);
    const other = { model: 'another', dimension: 4, items: item ? [item] : [], values: Float32Array.of(1, 0, 0, 0) };
    await expect(under.store.upsert(ownerId, other)).rejects.toThrow(VectorModelMismatchError);
    const same = { ...other, dimension: CONTRACT_DIMENSION, values: direction(0) };
    await expect(under.store.upsert(ownerId, same)).rejects.toThrow(VectorModelMismatchError);
    await expect(under.store.query(ownerId, { model: 'another', values: direction(0), topK: 1 })).rejects.toThrow(
      VectorModelMismatchError,
    );
  });

  it('takes any number at once', async () => {
    const under = create();
    const ownerId = owner();
    const many = Array.from({ length: 2300 }, (_, ordinal) => ({
      documentId: 'long',
      ordinal,
      kind: 'text',
      profile: 'general',
      angle: 0.0006 * (2300 - ordinal),
    }));
    await fill(under, ownerId, many);
    const nearest = await under.store.query(ownerId, { model: CONTRACT_MODEL, values: direction(0), topK: 100 });
    expect(nearest).toHaveLength(100);
    expect(Math.min(...nearest.map((match) => match.ordinal))).toBeGreaterThan(2100);
  });
}

/** The unit vector at an angle (radians) in the plane of the first two dimensions. */
function direction(angle: number): Float32Array {
  const vector = new Float32Array(CONTRACT_DIMENSION);
  vector.set([Math.cos(angle), Math.sin(angle)]);
  return vector;
}
