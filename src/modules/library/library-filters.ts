import type { Database } from '../../db/client.ts';
import { notFound } from '../../shared/app-error.ts';
import type { FilterLeaf, FilterTree, FilterValue } from '../../shared/filter-tree.ts';
import { leavesOf, mapLeaves } from '../../shared/filter-tree.ts';
import { createCollectionsRepository } from './collections.repository.ts';
import { createDocumentsRepository } from './documents.repository.ts';
import { collectionLabel, tagLabel } from './indexed-document.ts';
import { DOCUMENT_STATUSES } from './library.table.ts';
import { createTagsRepository } from './tags.repository.ts';
import { foldTagName } from './tags.ts';

export { DOCUMENT_STATUSES };

/** How people file: by names of tags (`tag`), ids of collections (`collectionId`), and by `status`. */
const FILED_BY = ['tag', 'collectionId', 'status'] as const;

/** Tags and collections that get their names beside counts; nobody keeps an eye on more. */
const MAX_NAMED = 5_000;

/** What labels of the index mean to their owner; those that mean nothing any more are not there. */
export type LabelNames = { tags: Map<string, string>; collections: Map<string, string> };

type Wanted = { where: FilterTree | undefined; naming: { tags: boolean; collections: boolean } };
type Resolved = { where: FilterTree | undefined; names: LabelNames };

/** Says by which conditions the index finds what people call a collection, a tag or a status. */
export function createLibraryFilters({ database }: { database: Database }) {
  const collections = createCollectionsRepository(database);
  const tags = createTagsRepository(database);
  const documents = createDocumentsRepository(database);

  return {
    /**
     * A filter as the index takes it. A collection stands for all that it contains; a tag that does not exist is on no
     * document. One round trip, or none when nothing is asked.
     * @throws AppError `not_found` for a collection that is not theirs.
     */
    async resolve(ownerId: string, { where, naming }: Wanted): Promise<Resolved> {
      const asked = askedIn(where);
      const isAsked = Object.values(asked).some((values) => values.length > 0);
      if (!isAsked && !naming.tags && !naming.collections) {
        return { where, names: { tags: new Map(), collections: new Map() } };
      }
      const [below, tagged, unready, namedTags, namedCollections] = await database.commit([
        collections.subtrees(ownerId, asked.collectionId),
        tags.withKeys(ownerId, asked.tag.map(foldTagName)),
        documents.beingReadAnew(ownerId, asked.status.length > 0),
        tags.named(ownerId, naming.tags ? MAX_NAMED : 0),
        collections.named(ownerId, naming.collections ? MAX_NAMED : 0),
      ]);
      const subtrees = Map.groupBy(below, ({ root }) => root);
      if (asked.collectionId.some((id) => !subtrees.has(id))) throw notFound('collection');
      const tagIds = new Map(tagged.map(({ id, nameKey }) => [nameKey, id]));
      const change = (leaf: FilterLeaf): FilterTree => {
        if (leaf.is !== 'in') return leaf;
        const values = leaf.values.map(String);
        if (leaf.field === 'tag') {
          return isOneOf('tag', values.flatMap((name) => tagIds.get(foldTagName(name)) ?? []).map(tagLabel));
        }
        if (leaf.field === 'collectionId') {
          const ids = values.flatMap((id) => subtrees.get(id)?.map((found) => found.id) ?? []);
          return isOneOf('collection', [...new Set(ids)].map(collectionLabel));
        }
        return leaf.field === 'status' ? hasStatus(values, unready) : leaf;
      };
      return {
        where: where && mapLeaves(where, change),
        names: {
          tags: new Map(namedTags.map(({ id, name }) => [tagLabel(id), name])),
          collections: new Map(namedCollections.map(({ id, name }) => [collectionLabel(id), name])),
        },
      };
    },

    /**
     * Sees to it that the collections and documents which a filter that is to be kept names are theirs.
     * @throws AppError `not_found`
     */
    async requireTheirs(ownerId: string, where: FilterTree | undefined): Promise<void> {
      const [collectionIds, documentIds] = [idsIn(where, 'collectionId'), idsIn(where, 'documentId')];
      const [below, found] = await Promise.all([
        collectionIds.length === 0 ? [] : collections.subtrees(ownerId, collectionIds),
        documentIds.length === 0 ? [] : documents.findFiled(ownerId, documentIds),
      ]);
      const roots = new Set(below.map(({ root }) => root));
      if (collectionIds.some((id) => !roots.has(id))) throw notFound('collection');
      if (found.length < documentIds.length) throw notFound('document');
    },
  };
}

export type LibraryFilters = ReturnType<typeof createLibraryFilters>;

/** The ids that a filter names in a field. */
function idsIn(where: FilterTree | undefined, field: 'collectionId' | 'documentId'): string[] {
  const leaves = where === undefined ? [] : leavesOf(where);
  const named = leaves.flatMap((leaf) => (leaf.field === field && leaf.is === 'in' ? leaf.values.map(String) : []));
  return [...new Set(named)];
}

/** The values of conditions that only the catalogue understands. */
function askedIn(where: FilterTree | undefined): Record<(typeof FILED_BY)[number], string[]> {
  const leaves = where === undefined ? [] : leavesOf(where);
  const [tag, collectionId, status] = FILED_BY.map((field) => [
    ...new Set(leaves.flatMap((leaf) => (leaf.field === field && leaf.is === 'in' ? leaf.values.map(String) : []))),
  ]);
  return { tag: tag ?? [], collectionId: collectionId ?? [], status: status ?? [] };
}

const isOneOf = (field: string, values: FilterValue[]): FilterTree => ({ field, is: 'in', values });

/**
 * What searches find is ready, but for documents that are being read anew and are found by what they said before: those
 * are few. What could not be read, or is being deleted, is not found at all.
 */
function hasStatus(wanted: string[], unready: { id: string; status: string }[]): FilterTree {
  const among = (isWanted: boolean) =>
    isOneOf(
      'documentId',
      unready.filter(({ status }) => wanted.includes(status) === isWanted).map(({ id }) => id),
    );
  return wanted.includes('ready') ? { not: among(false) } : among(true);
}
