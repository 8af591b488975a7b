/**
 * The vector store port: nearest neighbours among one owner's chunk vectors. Writes may become visible later
 * (`consistency`), and nothing of one owner is ever visible to another.
 */
export type VectorBatch = {
  /** Embedding model of every vector here; a store refuses to mix models for one owner. */
  model: string;
  dimension: number;
  /** One entry per vector; kind and profile are what queries may filter by. */
  items: { documentId: string; ordinal: number; kind: string; profile: string }[];
  /** `items.length × dimension` values, vector by vector, each L2-normalised. */
  values: Float32Array;
};

export type VectorQuery = {
  model: string;
  /** `dimension` values, L2-normalised. */
  values: Float32Array;
  /** 1 to 100. */
  topK: number;
  filter?: { kinds?: string[]; profiles?: string[] };
};

export type VectorMatch = { documentId: string; ordinal: number /** Cosine. */; score: number };

export type VectorStore = {
  readonly consistency: 'immediate' | 'eventual';
  /**
   * Stores vectors of chunks that the owner's index has been given, replacing those with the same document and ordinal.
   * Idempotent; any number of vectors (adapters split into what their store takes).
   * @throws VectorModelMismatchError when the owner's vectors are of another model.
   */
  upsert(ownerId: string, batch: VectorBatch): Promise<void>;
  /** The nearest vectors by cosine, best first, at most `topK`. */
  query(ownerId: string, query: VectorQuery): Promise<VectorMatch[]>;
  /** Removes the vectors of a document's chunks with ordinals in [fromOrdinal, toOrdinal). Idempotent. */
  remove(ownerId: string, range: { documentId: string; fromOrdinal: number; toOrdinal: number }): Promise<void>;
  /**
   * Removes vectors of the owner, whatever they belong to: all that it finds.
   * @returns how many it found. Zero proves that none is left; after anything else it must be asked again, where writes
   * are visible only later after a while.
   */
  removeOwner(ownerId: string): Promise<number>;
};

export class VectorModelMismatchError extends Error {
  override readonly name = 'VectorModelMismatchError';
}
