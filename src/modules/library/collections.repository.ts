import { and, count, eq, isNull, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { createRepository } from '../../db/repository.ts';
import { integer, requireThat } from '../../db/sql.ts';
import type { PageRequest } from '../../shared/page.ts';
import { createCollectionTree } from './collection-tree.repository.ts';
import { noParentCollection, tooDeep, wouldMakeCycle } from './library.errors.ts';
import { type Collection, collectionItems, collections } from './library.table.ts';

/** A collection with the number of live documents directly in it. */
export type CountedCollection = Collection & { documentCount: number };

export type CollectionFields = {
  name: string;
  parentId?: string | null | undefined;
  description?: string | null | undefined;
  colour?: string | null | undefined;
  icon?: string | null | undefined;
};

export type CollectionChanges = { [K in keyof CollectionFields]?: CollectionFields[K] | undefined };

type Item = { collectionId: string; documentId: string; now: number };
type Items = Omit<Item, 'documentId'> & { documentIds: string[] };
type Change = { id: string; now: number; expectedVersion?: number | undefined };

const counts = {
  documentCount: sql<number>`(select count(*) from collection_items
    join documents on documents.id = collection_items.document_id
    where collection_items.collection_id = collections.id and documents.deleted_at is null)`.as('document_count'),
};

/** Rows of `collections` and `collection_items`. */
export function createCollectionsRepository(database: Database) {
  const rows = createRepository(database, collections);
  const counted = createRepository(database, collections, counts);
  const tree = createCollectionTree(database);
  const { orm } = database;

  const live = (ownerId: string, id: string) =>
    and(eq(collections.ownerId, ownerId), eq(collections.id, id), isNull(collections.deletedAt));

  const requireLive = (ownerId: string, { id, refusal }: { id: string; refusal: () => Error }): Statement =>
    requireThat(database, {
      condition: sql`exists (select 1 from ${collections} where ${live(ownerId, id)})`,
      refusal,
    });

  const requireParent = (ownerId: string, parentId: string | null | undefined): Statement[] =>
    parentId ? [requireLive(ownerId, { id: parentId, refusal: noParentCollection })] : [];

  /** Sorts collections by when their content last changed; does not count as a version of what people edit. */
  const touchIfChanged = (ownerId: string, { collectionId, now }: Omit<Item, 'documentId'>): Statement =>
    orm
      .update(collections)
      .set({ updatedAt: now })
      .where(and(live(ownerId, collectionId), sql`changes() > 0`));

  return {
    find: (ownerId: string, id: string): Promise<CountedCollection | undefined> => counted.find(ownerId, id),
    select: (ownerId: string, id: string): Statement<CountedCollection[]> => counted.select(ownerId, id),

    summarise: (ownerId: string): Statement<{ total: number }[]> =>
      orm
        .select({ total: count() })
        .from(collections)
        .where(and(eq(collections.ownerId, ownerId), isNull(collections.deletedAt))),

    list(
      ownerId: string,
      { parentId, name, ...page }: PageRequest & { parentId: string | null | undefined; name: string | undefined },
    ) {
      return rows.list(ownerId, { ...page, filter: { parentId, name: { contains: name } } });
    },

    /** All of an owner's, oldest first, also from the trash. */
    page: (ownerId: string, { limit, cursor }: { limit: number; cursor: string | undefined }) =>
      rows.list(ownerId, { limit, cursor, sort: 'createdAt', order: 'asc', trash: 'include' }),

    insert(ownerId: string, { id, fields, now }: { id: string; fields: CollectionFields; now: number }): Statement[] {
      return [
        ...requireParent(ownerId, fields.parentId),
        rows.insert({ ...fields, id, ownerId, createdAt: now, updatedAt: now }),
        tree.requireDepth(ownerId, { id, refusal: tooDeep }),
      ];
    },

    update(ownerId: string, { changes, ...change }: Change & { changes: CollectionChanges }): Statement[] {
      const { parentId } = changes;
      return [
        ...rows.requireRow(ownerId, { ...change, what: 'collection' }),
        ...requireParent(ownerId, parentId),
        ...(parentId ? [tree.requireOutside(ownerId, { id: change.id, parentId, refusal: wouldMakeCycle })] : []),
        rows.update(ownerId, { ...change, changes }),
        ...(parentId ? [tree.requireDepth(ownerId, { id: change.id, refusal: tooDeep })] : []),
      ];
    },

    /** The collection and every live one in it, marked with the same time. */
    trash(ownerId: string, change: Change): Statement[] {
      return [...rows.requireRow(ownerId, { ...change, what: 'collection' }), tree.trashSubtree(ownerId, change)];
    },

    /** The collection and what was marked in it with the same time. */
    restore(ownerId: string, { id, now }: { id: string; now: number }): Statement[] {
      return [
        ...rows.requireRow(ownerId, { id, what: 'collection', trash: 'only' }),
        tree.detachFromTrash(ownerId, id),
        tree.restoreSubtree(ownerId, { id, now }),
        tree.requireDepth(ownerId, { id, refusal: tooDeep }),
      ];
    },

    subtrees: tree.subtrees,

    /** The first of the owner's live collections by name. */
    named: (ownerId: string, limit: number): Statement<{ id: string; name: string }[]> =>
      orm
        .select({ id: collections.id, name: collections.name })
        .from(collections)
        .where(and(eq(collections.ownerId, ownerId), isNull(collections.deletedAt)))
        .orderBy(collections.name)
        .limit(limit),

    requireLive,

    /** Files documents of the same owner; a row that is there already stays. */
    addItems(ownerId: string, item: Items): Statement[] {
      const add = orm.run(sql`insert into collection_items (collection_id, document_id, owner_id, created_at)
        select collections.id, documents.id, documents.owner_id, ${integer(item.now)}
        from collections cross join json_each(${JSON.stringify(item.documentIds)}) as wanted
        cross join documents on documents.id = wanted.value and +documents.owner_id = ${ownerId}
        where collections.id = ${item.collectionId} and +collections.owner_id = ${ownerId}
        on conflict do nothing`);
      return [add, touchIfChanged(ownerId, item)];
    },

    removeItem(ownerId: string, item: Item): Statement[] {
      const remove = orm
        .delete(collectionItems)
        .where(
          and(
            eq(collectionItems.ownerId, ownerId),
            eq(collectionItems.collectionId, item.collectionId),
            eq(collectionItems.documentId, item.documentId),
          ),
        );
      return [remove, touchIfChanged(ownerId, item)];
    },
  };
}
