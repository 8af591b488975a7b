import type { IndexOf } from '../../index-object/client.ts';
import type { IndexedDocument } from '../../index-object/index.types.ts';
import type { Clock } from '../../platform/clock.ts';
import { dequantize, type PackedEmbeddings } from '../../platform/embeddings/quantize.ts';
import { VectorModelMismatchError, type VectorStore } from '../../platform/vectors/vector-store.ts';
import type { Reading } from './archive.ts';
import { LeaseLostError, PermanentJobError } from './job-lifecycle.ts';

/** Small enough that a search never waits long behind one batch. */
const CHUNKS_PER_BATCH = 200;

type Options = {
  ownerId: string;
  document: IndexedDocument;
  reading: Reading;
  packed: PackedEmbeddings;
  /** Number of passages that the document had in the index before. */
  formerChunkCount: number;
  onProgress: (indexed: number) => Promise<void>;
  /** Called before searches see the passages; throws when the attempt may not do that any more. */
  beforeShowing: () => Promise<void>;
};

/**
 * Stages a document's passages and vectors in the owner's index, then makes them visible all at once.
 * @returns since when they are, which the index takes for the document's last change.
 */
export async function indexReading(
  { indexOf, vectors, clock }: { indexOf: IndexOf; vectors: VectorStore; clock: Pick<Clock, 'now'> },
  { ownerId, document, reading, packed, formerChunkCount, onProgress, beforeShowing }: Options,
): Promise<number> {
  const index = indexOf(ownerId);
  const { documentId, revision } = document;
  const generation = { documentId, revision };
  const begun = await index.beginGeneration(document);
  if (!begun.accepted) throw new LeaseLostError(`The index has something newer of document ${documentId}.`);

  for (let first = 0; first < reading.chunks.length; first += CHUNKS_PER_BATCH) {
    const batch = reading.chunks.slice(first, first + CHUNKS_PER_BATCH);
    const chunks = batch.map((chunk) => ({ ...chunk, text: reading.text.slice(chunk.start, chunk.end) }));
    await index.appendChunks(generation, chunks);
    await storeVectors(vectors, { ownerId, document, packed, first, count: batch.length });
    await onProgress(first + batch.length);
  }

  await beforeShowing();
  const shownAt = clock.now();
  const committed = await index.commitGeneration({ ...generation, shownAt }, reading.chunks.length);
  if (!committed.ok) throw new Error(`The index refused to show document ${documentId}: ${committed.reason}.`);
  const count = reading.chunks.length;
  if (formerChunkCount > count) {
    await vectors.remove(ownerId, { documentId, fromOrdinal: count, toOrdinal: formerChunkCount });
  }
  return shownAt;
}

type VectorRun = Pick<Options, 'ownerId' | 'document' | 'packed'> & { first: number; count: number };

async function storeVectors(vectors: VectorStore, { ownerId, document, packed, first, count }: VectorRun) {
  const { model, dimension, codes, scales } = packed;
  const { documentId, kind, profile } = document;
  const values = new Float32Array(count * dimension);
  for (let i = 0; i < count; i++) {
    const at = (first + i) * dimension;
    values.set(dequantize({ codes: codes.subarray(at, at + dimension), scale: scales[first + i] ?? 0 }), i * dimension);
  }
  const items = Array.from({ length: count }, (_, i) => ({ documentId, ordinal: first + i, kind, profile }));
  try {
    await vectors.upsert(ownerId, { model, dimension, items, values });
  } catch (error) {
    if (!(error instanceof VectorModelMismatchError)) throw error;
    throw new PermanentJobError(
      'model_mismatch',
      'The library was indexed with another embedding model; it must be indexed anew as a whole.',
      { cause: error },
    );
  }
}
