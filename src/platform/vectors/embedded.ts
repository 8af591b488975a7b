import type { IndexOf } from '../../index-object/client.ts';
import type { DescribeResult } from '../../index-object/index-results.types.ts';
import { quantizeAll } from '../embeddings/quantize.ts';
import { type VectorBatch, VectorModelMismatchError, type VectorStore } from './vector-store.ts';

/** Vectors in one call to the index: at 1,024 dimensions half a megabyte. */
const VECTORS_PER_CALL = 500;

/** The vector store inside each owner's index: exact, and visible at once. */
export function createEmbeddedVectors(indexOf: IndexOf): VectorStore {
  async function put(ownerId: string, documentId: string, part: Part): Promise<void> {
    const { model, dimension } = part;
    const quantized = quantizeAll(part.vectors, dimension);
    const result = await indexOf(ownerId).putVectors(documentId, {
      model,
      dimension,
      ordinals: part.ordinals,
      ...quantized,
    });
    if (result.ok) return;
    if (result.reason === 'model_mismatch') {
      throw new VectorModelMismatchError(`The index holds vectors of ${result.held?.model}, not of ${model}`);
    }
    throw new Error(`The index refused vectors of document ${documentId}: ${result.reason}`);
  }

  return {
    consistency: 'immediate',

    async upsert(ownerId, batch) {
      for (const [documentId, parts] of partsByDocument(batch)) {
        for (const part of parts) await put(ownerId, documentId, part);
      }
    },

    async query(ownerId, query) {
      const result = await indexOf(ownerId).queryVectors(query);
      if (!result.ok)
        throw new VectorModelMismatchError(`The index holds vectors of another model than ${query.model}`);
      return result.matches;
    },

    async remove(ownerId, { documentId, fromOrdinal, toOrdinal }) {
      await indexOf(ownerId).removeVectors(documentId, { fromOrdinal, toOrdinal });
    },

    async removeOwner(ownerId) {
      const index = indexOf(ownerId);
      let removed = 0;
      for (let after: string | null = ''; after !== null; ) {
        const page: DescribeResult = await index.describeDocuments(after === '' ? {} : { after });
        const counts = page.documents.map(({ documentId }) => index.removeVectors(documentId));
        removed += (await Promise.all(counts)).reduce((total, count) => total + count, 0);
        after = page.next;
      }
      return removed;
    },
  };
}

type Part = { model: string; dimension: number; ordinals: number[]; vectors: Float32Array[] };

function partsByDocument({ model, dimension, items, values }: VectorBatch): Map<string, Part[]> {
  const byDocument = new Map<string, Part[]>();
  for (const [i, { documentId, ordinal }] of items.entries()) {
    const parts = byDocument.get(documentId) ?? [];
    byDocument.set(documentId, parts);
    let part = parts.at(-1);
    if (part === undefined || part.ordinals.length === VECTORS_PER_CALL) {
      part = { model, dimension, ordinals: [], vectors: [] };
      parts.push(part);
    }
    part.ordinals.push(ordinal);
    part.vectors.push(values.subarray(i * dimension, (i + 1) * dimension));
  }
  return byDocument;
}
