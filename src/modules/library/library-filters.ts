import type { Database } from '../../db/client.ts';
import { notFound } from '../../shared/app-error.ts';
import { createCollectionsRepository } from './collections.repository.ts';
import { collectionLabel, tagLabel } from './indexed-document.ts';
import { createTagsRepository } from './tags.repository.ts';
import { foldTagName } from './tags.ts';

/** Filing as people name it. */
export type FilingFilter = {
  collectionId?: string | undefined;
  tag?: string | undefined;
  /** Names of which a document must have one of each group. */
  tagGroups?: string[][] | undefined;
  /** Names of which it must have none. */
  withoutTags?: string[] | undefined;
};

/** The same by labels of the index. */
export type FilingLabels = { labels: string[][]; without: string[] };

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
    async labels(ownerId: string, filter: FilingFilter): Promise<FilingLabels> {
      const { collectionId, tag, tagGroups = [], withoutTags = [] } = filter;
      const groups = (tag === undefined ? tagGroups : [[tag], ...tagGroups]).map((names) => names.map(foldTagName));
      const unwanted = withoutTags.map(foldTagName);
      if (collectionId === undefined && groups.length + unwanted.length === 0) return { labels: [], without: [] };
      const [subtree, tagged] = await database.commit([
        collections.subtree(ownerId, collectionId ?? ''),
        tags.withKeys(ownerId, [...new Set([...groups.flat(), ...unwanted])]),
      ]);
      if (collectionId !== undefined && subtree.length === 0) throw notFound('collection');
      const labelsOf = (keys: string[]) =>
        tagged.filter(({ nameKey }) => keys.includes(nameKey)).map(({ id }) => tagLabel(id));
      const inCollection = collectionId === undefined ? [] : [subtree.map(({ id }) => collectionLabel(id))];
      return { labels: [...inCollection, ...groups.map(labelsOf)], without: labelsOf(unwanted) };
    },
  };
}

export type LibraryFilters = ReturnType<typeof createLibraryFilters>;
