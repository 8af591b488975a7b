/** Results of the index's writes. Reasons instead of exceptions: error classes do not survive a call to another object. */

export type BeginResult = { accepted: true } | { accepted: false; reason: 'stale' | 'removed' };

export type AppendResult =
  | { ok: true /** Chunks of the generation so far. */; chunks: number }
  | { ok: false; reason: 'unknown_generation' };

export type PutVectorsResult =
  | { ok: true; stored: number /** Ordinals that are no chunk of the document. */; missing: number }
  | { ok: false; reason: 'unknown_document' | 'malformed' }
  | { ok: false; reason: 'model_mismatch'; held: { model: string; dimension: number } | null };

export type CommitResult =
  | { ok: true; chunks: number }
  | { ok: false; reason: 'unknown_generation' }
  | { ok: false; reason: 'incomplete' /** Chunks that have arrived. */; chunks: number };

export type UpdateResult = { ok: true } | { ok: false; reason: 'stale' | 'removed' };

/** What is left of a removed document: all zeros. */
export type RemoveResult = { chunks: number; vectors: number };

export type IndexVectorQuery = {
  model: string;
  /** L2-normalised. */
  values: Float32Array;
  /** 1 to 100. */
  topK: number;
  filter?: { kinds?: string[]; profiles?: string[] };
};

export type QueryVectorsResult =
  | { ok: true; matches: { documentId: string; ordinal: number /** Cosine. */; score: number }[] }
  | { ok: false; reason: 'model_mismatch' };

/** One document as the index holds it, for comparison with the catalogue. */
export type DocumentDescription = {
  documentId: string;
  /** Of the attributes. */
  revision: number;
  /** Of the committed content, or null while there is none. */
  contentRevision: number | null;
  chunks: number;
  vectors: number;
  visible: boolean;
};

export type DescribeRequest = {
  /** Only these; otherwise all, page by page. */
  ids?: string[];
  /** The `next` of the page before. */
  after?: string;
  /** 1 to 1,000. */
  limit?: number;
};

export type DescribeResult = { documents: DocumentDescription[]; next: string | null };
