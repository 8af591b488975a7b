import type { VectorizeBinding } from '../../src/platform/vectors/vectorize.ts';

/** Limits as Vectorize documents them. */
const MAX_TOP_K = 100;
const MAX_TOP_K_WITH_CONTENT = 20;
const DEFAULT_TOP_K = 5;
const MAX_UPSERT = 1_000;
const MAX_NAME_BYTES = 64;
const MAX_METADATA_BYTES = 10 * 1024;
const MAX_FILTER_BYTES = 2_048;

type Stored = { id: string; namespace: string; values: number[]; metadata: Record<string, unknown> };
type Mutation = { id: string; apply: () => void };
type Options = {
  dimensions: number;
  /** After so many calls of `query` or `describe` a mutation becomes visible by itself; never by default. */
  settleAfterReads?: number;
};

export type FakeVectorize = VectorizeBinding & {
  /** Makes every mutation so far visible. */
  settle(): void;
  /** The next calls fail with these messages, one each. */
  failNext(...messages: string[]): void;
  /** How often each verb was called, failures included. */
  readonly calls: Record<'describe' | 'query' | 'upsert' | 'deleteByIds', number>;
};

/** Vectorize as far as the platform uses it, with its limits, its delay and its refusals. */
export function createFakeVectorize({
  dimensions,
  settleAfterReads = Number.POSITIVE_INFINITY,
}: Options): FakeVectorize {
  const visible = new Map<string, Stored>();
  const calls = { describe: 0, query: 0, upsert: 0, deleteByIds: 0 };
  const failures: string[] = [];
  let pending: Mutation[] = [];
  let processed: Mutation | undefined;
  let reads = 0;

  function settle(): void {
    for (const mutation of pending) {
      mutation.apply();
      processed = mutation;
    }
    pending = [];
    reads = 0;
  }

  function enter(verb: keyof typeof calls): void {
    calls[verb]++;
    const failure = failures.shift();
    if (failure !== undefined) throw new Error(failure);
    if (verb === 'upsert' || verb === 'deleteByIds') return;
    if (++reads > settleAfterReads) settle();
  }

  function mutate(apply: () => void): VectorizeAsyncMutation {
    const id = crypto.randomUUID();
    pending.push({ id, apply });
    return { mutationId: id };
  }

  return {
    calls,
    settle,
    failNext: (...messages) => void failures.push(...messages),

    async describe() {
      enter('describe');
      return {
        vectorCount: visible.size,
        dimensions,
        processedUpToDatetime: 0,
        // The types call it a number; the service answers with the mutation's UUID.
        processedUpToMutation: (processed?.id ?? '') as unknown as number,
      };
    },

    async upsert(vectors) {
      enter('upsert');
      refuse(vectors.length > MAX_UPSERT, `too many vectors in one upsert: ${vectors.length}`);
      const stored = vectors.map((vector) => checked(vector, dimensions));
      return mutate(() => {
        for (const vector of stored) visible.set(vector.id, vector);
      });
    },

    async deleteByIds(ids) {
      enter('deleteByIds');
      refuse(ids.length > MAX_UPSERT, `too many ids in one delete: ${ids.length}`);
      return mutate(() => {
        for (const id of ids) visible.delete(id);
      });
    },

    async query(vector, options = {}) {
      enter('query');
      const { topK = DEFAULT_TOP_K, namespace, filter = {}, returnValues = false, returnMetadata = 'none' } = options;
      const withContent = returnValues || returnMetadata === true || returnMetadata === 'all';
      const most = withContent ? MAX_TOP_K_WITH_CONTENT : MAX_TOP_K;
      refuse(topK < 1 || topK > most, `VECTOR_QUERY_ERROR: topK must be between 1 and ${most}`);
      refuse(
        vector.length !== dimensions,
        `VECTOR_QUERY_ERROR: expected ${dimensions} dimensions, got ${vector.length}`,
      );
      refuse(byteLength(JSON.stringify(filter)) > MAX_FILTER_BYTES, 'VECTOR_QUERY_ERROR: the filter is too large');
      const matches = [...visible.values()]
        .filter((stored) => namespace === undefined || stored.namespace === namespace)
        .filter((stored) => passes(stored.metadata, filter))
        .map((stored) => ({ id: stored.id, namespace: stored.namespace, score: cosine(stored.values, vector) }))
        .sort((a, b) => b.score - a.score)
        .slice(0, topK);
      return { matches, count: matches.length };
    },
  };
}

function refuse(wrong: boolean, message: string): void {
  if (wrong) throw new Error(message);
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

function checked({ id, namespace = '', values, metadata = {} }: VectorizeVector, dimensions: number): Stored {
  refuse(id === '' || byteLength(id) > MAX_NAME_BYTES, `VECTOR_UPSERT_ERROR: the id ${id} is too long`);
  refuse(byteLength(namespace) > MAX_NAME_BYTES, `VECTOR_UPSERT_ERROR: the namespace ${namespace} is too long`);
  refuse(byteLength(JSON.stringify(metadata)) > MAX_METADATA_BYTES, 'VECTOR_UPSERT_ERROR: the metadata is too large');
  refuse(values.length !== dimensions, `VECTOR_UPSERT_ERROR: expected ${dimensions} dimensions, got ${values.length}`);
  return { id, namespace, values: Array.from(values), metadata: structuredClone(metadata) };
}

const OPERATORS: Record<string, (value: unknown, operand: unknown) => boolean> = {
  $eq: (value, operand) => value === operand,
  $ne: (value, operand) => value !== operand,
  $in: (value, operand) => Array.isArray(operand) && operand.includes(value),
  $nin: (value, operand) => Array.isArray(operand) && !operand.includes(value),
  $lt: (value, operand) => isOrdered(value, operand, (order) => order < 0),
  $lte: (value, operand) => isOrdered(value, operand, (order) => order <= 0),
  $gt: (value, operand) => isOrdered(value, operand, (order) => order > 0),
  $gte: (value, operand) => isOrdered(value, operand, (order) => order >= 0),
};

function isOrdered(value: unknown, operand: unknown, test: (order: number) => boolean): boolean {
  if (typeof value === 'number' && typeof operand === 'number') return test(value - operand);
  if (typeof value === 'string' && typeof operand === 'string')
    return test(value < operand ? -1 : Number(value > operand));
  return false;
}

function passes(metadata: Record<string, unknown>, filter: VectorizeVectorMetadataFilter): boolean {
  return Object.entries(filter).every(([field, condition]) => {
    refuse(/^\$|[."]/.test(field), `VECTOR_QUERY_ERROR: invalid filter key ${field}`);
    const wanted = typeof condition === 'object' && condition !== null ? condition : { $eq: condition };
    return Object.entries(wanted).every(([operator, operand]) => {
      const holds = OPERATORS[operator];
      if (holds === undefined) throw new Error(`VECTOR_QUERY_ERROR: invalid filter operator ${operator}`);
      return holds(metadata[field], operand);
    });
  });
}

function cosine(a: number[], b: ArrayLike<number>): number {
  let [dot, squaresA, squaresB] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    const other = b[i] ?? 0;
    dot += value * other;
    squaresA += value * value;
    squaresB += other * other;
  }
  return dot / Math.sqrt(squaresA * squaresB || 1);
}
