import { type AttemptPolicy, attempt } from '../../shared/attempts.ts';
import { VectorModelMismatchError, type VectorQuery, type VectorStore } from './vector-store.ts';

/** What Vectorize takes from a Worker in one call. */
const VECTORS_PER_UPSERT = 1_000;
const IDS_PER_DELETE = 1_000;
const MAX_TOP_K = 100;

/** Errors that say the request itself is wrong, as Vectorize words them. */
const PERMANENT = /VECTOR_\w*ERROR|VECTOR_\w*INVALID|invalid|too many|exceed|must be|not allowed|dimension/i;

const POLICY: AttemptPolicy = {
  attempts: 4,
  timeoutMs: 10_000,
  firstDelayMs: 100,
  isTransient: (error) => !(error instanceof Error && PERMANENT.test(error.message)),
};

/** The part of a Vectorize binding that the store uses. */
export type VectorizeBinding = Pick<Vectorize, 'describe' | 'query' | 'upsert' | 'deleteByIds'>;

type Options = {
  /** The one model whose vectors the index holds; vectors of others are refused. Without it only their length is checked. */
  model?: string;
  policy?: Partial<AttemptPolicy>;
};

/**
 * The vector store on Vectorize: one index for all owners, one namespace per owner. Writes are visible after some
 * seconds. The index needs metadata indexes on `kind` and `profile` before its first vector.
 */
export function createVectorizeVectors(index: VectorizeBinding, { model, policy }: Options = {}): VectorStore {
  const tries = { ...POLICY, ...policy };
  let dimensions: Promise<number> | undefined;

  function dimensionsOfIndex(): Promise<number> {
    dimensions ??= attempt(() => index.describe(), tries).then(
      (info) => info.dimensions,
      (error: unknown) => {
        dimensions = undefined;
        throw error;
      },
    );
    return dimensions;
  }

  async function requireModel(given: string, dimension: number): Promise<void> {
    if (model !== undefined && given !== model) {
      throw new VectorModelMismatchError(`The vector index holds vectors of ${model}, not of ${given}`);
    }
    const expected = await dimensionsOfIndex();
    if (dimension !== expected) {
      throw new VectorModelMismatchError(`The vector index has ${expected} dimensions, ${given} has ${dimension}`);
    }
  }

  return {
    consistency: 'eventual',

    async upsert(ownerId, { model: given, dimension, items, values }) {
      await requireModel(given, dimension);
      const vectors = items.map(({ documentId, ordinal, kind, profile }, i) => ({
        id: idOf(documentId, ordinal),
        namespace: ownerId,
        values: values.slice(i * dimension, (i + 1) * dimension),
        metadata: { kind, profile },
      }));
      for (const part of parts(vectors, VECTORS_PER_UPSERT)) await attempt(() => index.upsert(part), tries);
    },

    async query(ownerId, query) {
      await requireModel(query.model, query.values.length);
      const filter = filterOf(query.filter);
      const options: VectorizeQueryOptions = {
        topK: Math.min(query.topK, MAX_TOP_K),
        namespace: ownerId,
        returnValues: false,
        returnMetadata: 'none',
        ...(filter && { filter }),
      };
      const { matches } = await attempt(() => index.query(query.values, options), tries);
      return matches.map(({ id, score }) => ({ ...placeOf(id), score }));
    },

    async remove(_ownerId, { documentId, fromOrdinal, toOrdinal }) {
      const count = Math.max(0, toOrdinal - fromOrdinal);
      const ids = Array.from({ length: count }, (_, i) => idOf(documentId, fromOrdinal + i));
      for (const part of parts(ids, IDS_PER_DELETE)) await attempt(() => index.deleteByIds(part), tries);
    },

    // Vectorize cannot list a namespace, nor drop it: what is nearest to anything is found, however far it is.
    async removeOwner(ownerId) {
      const dimension = await dimensionsOfIndex();
      const anything = new Float32Array(dimension).fill(1 / Math.sqrt(dimension));
      const options: VectorizeQueryOptions = { topK: MAX_TOP_K, namespace: ownerId, returnMetadata: 'none' };
      const { matches } = await attempt(() => index.query(anything, options), tries);
      if (matches.length > 0) await attempt(() => index.deleteByIds(matches.map(({ id }) => id)), tries);
      return matches.length;
    },
  };
}

function idOf(documentId: string, ordinal: number): string {
  return `${documentId}#${ordinal}`;
}

function placeOf(id: string): { documentId: string; ordinal: number } {
  const at = id.lastIndexOf('#');
  return { documentId: id.slice(0, at), ordinal: Number(id.slice(at + 1)) };
}

function filterOf(filter: VectorQuery['filter']): VectorizeVectorMetadataFilter | undefined {
  if (filter?.kinds === undefined && filter?.profiles === undefined) return undefined;
  return {
    ...(filter.kinds && { kind: { $in: filter.kinds } }),
    ...(filter.profiles && { profile: { $in: filter.profiles } }),
  };
}

function* parts<T>(items: T[], size: number): Generator<T[]> {
  for (let first = 0; first < items.length; first += size) yield items.slice(first, first + size);
}
