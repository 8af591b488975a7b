import { describe, expect, it } from 'vitest';
import { createEmbeddedVectors } from '../src/platform/vectors/embedded.ts';
import { createVectorizeVectors } from '../src/platform/vectors/vectorize.ts';
import { createFakeVectorize } from './support/fake-vectorize.ts';
import { aDocument, chunksOf, indexOf } from './support/indexed-documents.ts';
import { CONTRACT_DIMENSION, CONTRACT_MODEL, describeVectorStore } from './support/vector-store.contract.ts';

const FAST = { firstDelayMs: 1, timeoutMs: 200 };
const QUERY = { model: CONTRACT_MODEL, values: Float32Array.of(1, 0, 0, 0, 0, 0, 0, 0), topK: 3 };

describe('vectors in the owner’s index', () => {
  describeVectorStore(() => ({
    store: createEmbeddedVectors(indexOf),
    async prepare(ownerId, documents) {
      for (const { documentId, chunks, kind, profile } of documents) {
        const document = aDocument(documentId, { kind, profile });
        await indexOf(ownerId).beginGeneration(document);
        await indexOf(ownerId).appendChunks(document, chunksOf(Array.from({ length: chunks }, () => 'text')));
        await indexOf(ownerId).commitGeneration(document);
      }
    },
    settle: async () => undefined,
  }));
});

describe('vectors in Vectorize', () => {
  describeVectorStore(() => {
    const index = createFakeVectorize({ dimensions: CONTRACT_DIMENSION });
    return {
      store: createVectorizeVectors(index, { model: CONTRACT_MODEL, policy: FAST }),
      prepare: async () => undefined,
      settle: async () => index.settle(),
    };
  });

  function one(policy = {}) {
    const index = createFakeVectorize({ dimensions: CONTRACT_DIMENSION });
    const store = createVectorizeVectors(index, { policy: { ...FAST, ...policy } });
    const items = [{ documentId: 'a', ordinal: 0, kind: 'text', profile: 'general' }];
    const batch = { model: CONTRACT_MODEL, dimension: CONTRACT_DIMENSION, items, values: QUERY.values };
    return { index, store, batch };
  }

  it('are visible only when the service has processed them', async () => {
    const { index, store, batch } = one();
    await store.upsert('owner', batch);
    expect(await store.query('owner', QUERY)).toEqual([]);
    index.settle();
    expect(await store.query('owner', QUERY)).toMatchObject([{ documentId: 'a', ordinal: 0 }]);
    expect(store.consistency).toBe('eventual');
  });

  it('are tried again when the service stumbles, and not when the request is wrong', async () => {
    const { index, store, batch } = one();
    index.failNext('internal error', 'network connection lost');
    await store.upsert('owner', batch);
    expect(index.calls).toMatchObject({ describe: 3, upsert: 1 });
    index.failNext('VECTOR_UPSERT_ERROR: the id is too long');
    await expect(store.upsert('owner', batch)).rejects.toThrow('too long');
    expect(index.calls.upsert).toBe(2);
    index.failNext('overloaded', 'overloaded', 'overloaded', 'overloaded');
    await expect(store.query('owner', QUERY)).rejects.toThrow('overloaded');
    expect(index.calls.query).toBe(4);
  });

  it('are removed by the hundred where nobody knows their names, until none is found', async () => {
    const { index, store } = one();
    const items = Array.from({ length: 250 }, (_, ordinal) => ({
      documentId: 'a',
      ordinal,
      kind: 'text',
      profile: 'general',
    }));
    const values = new Float32Array(250 * CONTRACT_DIMENSION).fill(-Math.SQRT1_2 / 2);
    await store.upsert('owner', { model: CONTRACT_MODEL, dimension: CONTRACT_DIMENSION, items, values });
    index.settle();
    const found = [];
    for (let look = 0; look < 5; look++) {
      found.push(await store.removeOwner('owner'));
      // Until the service has processed it, the same ones are found again.
      if (look !== 1) index.settle();
    }
    expect(found).toEqual([100, 100, 100, 50, 0]);
  });

  it('are given up on when the service does not answer', async () => {
    const { index, batch } = one();
    const silent = { ...index, upsert: () => new Promise<never>(() => undefined) };
    const store = createVectorizeVectors(silent, { policy: { ...FAST, timeoutMs: 20, attempts: 2 } });
    await expect(store.upsert('owner', batch)).rejects.toThrow('No answer within 20 ms');
  });
});

describe('the stand-in for Vectorize', () => {
  const values = [1, 0];

  it('refuses what the service refuses', async () => {
    const index = createFakeVectorize({ dimensions: 2 });
    const many = Array.from({ length: 1001 }, (_, i) => ({ id: String(i), values }));
    await expect(index.upsert(many)).rejects.toThrow('too many');
    await expect(index.upsert([{ id: 'x'.repeat(65), values }])).rejects.toThrow('too long');
    await expect(index.upsert([{ id: 'a', namespace: 'x'.repeat(65), values }])).rejects.toThrow('too long');
    await expect(index.upsert([{ id: 'a', values: [1] }])).rejects.toThrow('dimensions');
    await expect(index.upsert([{ id: 'a', values, metadata: { note: 'x'.repeat(11_000) } }])).rejects.toThrow('large');
    await expect(index.query(values, { topK: 101 })).rejects.toThrow('topK');
    await expect(index.query(values, { topK: 21, returnMetadata: 'all' })).rejects.toThrow('topK');
    await index.upsert([{ id: 'a', values, metadata: { n: 3 } }]);
    index.settle();
    await expect(index.query(values, { filter: { n: JSON.parse('{"$like": 1}') } })).rejects.toThrow('operator');
  });

  it('filters by every operator and shows writes after the promised number of reads', async () => {
    const index = createFakeVectorize({ dimensions: 2, settleAfterReads: 1 });
    const { mutationId } = await index.upsert([1, 2, 3].map((n) => ({ id: `v${n}`, values, metadata: { n } })));
    expect((await index.query(values)).count).toBe(0);
    const ids = async (filter: VectorizeVectorMetadataFilter) =>
      (await index.query(values, { filter })).matches.map((match) => match.id).sort();
    expect(await ids({ n: 2 })).toEqual(['v2']);
    expect(await ids({ n: { $ne: 2 } })).toEqual(['v1', 'v3']);
    expect(await ids({ n: { $in: [1, 9] } })).toEqual(['v1']);
    expect(await ids({ n: { $nin: [1, 9] } })).toEqual(['v2', 'v3']);
    expect(await ids({ n: { $gt: 1, $lte: 3 } })).toEqual(['v2', 'v3']);
    expect(await ids({ n: { $lt: 2 } })).toEqual(['v1']);
    expect(await ids({ n: { $gte: 3 } })).toEqual(['v3']);
    expect(await index.describe()).toMatchObject({ vectorCount: 3, processedUpToMutation: mutationId });
  });
});
