import type { LibraryFilters } from '../../src/modules/library/library-filters.ts';
import { leavesOf } from '../../src/shared/filter-tree.ts';

type Filing = { ownerId: string; field: 'tag' | 'collectionId'; value: string };

/** Labels by which the index finds what is filed so. */
export async function labelsUnder(filters: LibraryFilters, { ownerId, field, value }: Filing): Promise<string[]> {
  const where = { field, is: 'in' as const, values: [value] };
  const resolved = await filters.resolve(ownerId, { where, naming: { tags: false, collections: false } });
  const leaves = resolved.where === undefined ? [] : leavesOf(resolved.where);
  return leaves.flatMap((leaf) => (leaf.is === 'in' ? leaf.values.map(String) : []));
}
