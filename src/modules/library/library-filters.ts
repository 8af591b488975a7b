import type { Database } from '../../db/client.ts';
import { notFound } from '../../shared/app-error.ts';
import { createCollectionsRepository } from './collections.repository.ts';
import { collectionLabel, tagLabel } from './indexed-document.ts';
import { createTagsRepository } from './tags.repository.ts';
import { foldTagName } from './tags.ts';

/** Filing as people name it. */
export type FilingFilter = { collectionId?: string | undefined; tag?: string | undefined };

/** Says under which labels the index files what people call a collection or a tag. */
export function createLibraryFilters({ database }: { database: Database }) {
  const collections = createCollectionsRepository(database);
  const tags = createTagsRepository(database);

  return {
    /**
     * Groups of labels; a document must have one of each group. A collection stands for all that it contains; a tag
     * that does not exist gives an empty group. One round trip, or none when nothing is asked.
     * @throws AppError `not_found` for a collection that is not theirs.
     */
    async labels(ownerId: string, { collectionId, tag }: FilingFilter): Promise<string[][]> {
      if (collectionId === undefined && tag === undefined) return [];
      const [subtree, tagged] = await database.commit([
        collections.subtree(ownerId, collectionId ?? ''),
        tags.withKeys(ownerId, tag === undefined ? [] : [foldTagName(tag)]),
      ]);
      if (collectionId !== undefined && subtree.length === 0) throw notFound('collection');
      return [
        ...(collectionId === undefined ? [] : [subtree.map(({ id }) => collectionLabel(id))]),
        ...(tag === undefined ? [] : [tagged.map(({ id }) => tagLabel(id))]),
      ];
    },
  };
}

export type LibraryFilters = ReturnType<typeof createLibraryFilters>;
