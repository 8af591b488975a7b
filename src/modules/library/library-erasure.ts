import type { Database } from '../../db/client.ts';
import type { VectorStore } from '../../platform/vectors/vector-store.ts';
import { createDocumentsRepository } from './documents.repository.ts';

/** Documents whose vectors are removed between two signs of life. */
const PAGE_SIZE = 50;

/** What only the catalogue knows how to find, and must find before its rows go. */
export function createLibraryErasure({ database, vectors }: { database: Database; vectors: VectorStore }) {
  const repository = createDocumentsRepository(database);

  return {
    /** Removes the vectors of every document from a store that cannot list them. Yields documents by the page. */
    async *removeVectors(ownerId: string): AsyncGenerator<number> {
      for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
        const page = await repository.page(ownerId, { limit: PAGE_SIZE, cursor });
        const ranges = page.items.map(({ id, chunkCount }) => ({
          documentId: id,
          fromOrdinal: 0,
          toOrdinal: chunkCount,
        }));
        await Promise.all(ranges.map((range) => vectors.remove(ownerId, range)));
        yield page.items.length;
        cursor = page.nextCursor ?? undefined;
      }
    },
  };
}

export type LibraryErasure = ReturnType<typeof createLibraryErasure>;
