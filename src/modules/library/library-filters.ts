import type { CollectionsService } from './collections.service.ts';
import { collectionLabel, tagLabel } from './indexed-document.ts';
import type { TagsService } from './tags.service.ts';

type Deps = { collections: CollectionsService; tags: TagsService };

/** Says under which labels the index files what people call a collection or a tag. */
export function createLibraryFilters({ collections, tags }: Deps) {
  return {
    /**
     * Groups of labels; a document must have one of each group. A tag that does not exist gives an empty group.
     * @throws AppError `not_found` for a collection that is not theirs.
     */
    async labels(
      ownerId: string,
      { collectionId, tag }: { collectionId?: string | undefined; tag?: string | undefined },
    ): Promise<string[][]> {
      const [collectionIds, tagIds] = await Promise.all([
        collectionId === undefined ? undefined : collections.subtreeIds(ownerId, collectionId),
        tag === undefined ? undefined : tags.resolve(ownerId, [tag]),
      ]);
      return [collectionIds?.map(collectionLabel), tagIds?.map(tagLabel)].filter((group) => group !== undefined);
    },
  };
}

export type LibraryFilters = ReturnType<typeof createLibraryFilters>;
