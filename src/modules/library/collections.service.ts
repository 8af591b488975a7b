import type { Database, Statement } from '../../db/client.ts';
import { isUniqueViolation } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Actor } from '../../shared/actor.ts';
import { notFound } from '../../shared/app-error.ts';
import type { Page, PageRequest } from '../../shared/page.ts';
import type { AuditService } from '../audit/audit.service.ts';
import {
  type CollectionChanges,
  type CollectionFields,
  type CountedCollection,
  createCollectionsRepository,
} from './collections.repository.ts';
import { collectionNameTaken } from './library.errors.ts';
import type { Collection } from './library.table.ts';

type Deps = { database: Database; clock: Clock; ids: Ids; audit: Pick<AuditService, 'making'> };

export type ListCollections = PageRequest & {
  /** Only those directly in this collection; `root`: those in none. */
  parentId?: string | undefined;
  /** Part of the name. */
  q?: string | undefined;
};

type Versioned = { id: string; expectedVersion?: number | undefined };
type Item = { collectionId: string; documentId: string; now: number };

/**
 * Verbs on collections. What a write depends on (its version, its parent, no cycle) is checked inside its own batch, so
 * each verb is one round trip and two callers at once cannot build what either alone could not.
 */
export function createCollectionsService({ database, clock, ids, audit }: Deps) {
  const repository = createCollectionsRepository(database);

  const commitOne = async (
    statements: Statement[],
    id: { ownerId: string; id: string },
  ): Promise<CountedCollection> => {
    try {
      const [collection] = await database.commitAndRead(statements, repository.select(id.ownerId, id.id));
      if (!collection) throw notFound('collection');
      return collection;
    } catch (error) {
      throw isUniqueViolation(error, 'collections_sibling_name') ? collectionNameTaken() : error;
    }
  };

  return {
    /** How many collections an owner has, to be read with others. */
    summarise: repository.summarise,

    create(actor: Actor, fields: CollectionFields): Promise<CountedCollection> {
      const id = ids.next();
      const ownerId = actor.userId;
      audit.making({ type: 'collection', id });
      return commitOne(repository.insert(ownerId, { id, fields, now: clock.now() }), { ownerId, id });
    },

    list: (actor: Actor, { parentId, q, ...page }: ListCollections): Promise<Page<Collection>> =>
      repository.list(actor.userId, { ...page, name: q, parentId: parentId === 'root' ? null : parentId }),

    async get(actor: Actor, id: string): Promise<CountedCollection> {
      const collection = await repository.find(actor.userId, id);
      if (!collection) throw notFound('collection');
      return collection;
    },

    change(
      actor: Actor,
      { id, changes, expectedVersion }: Versioned & { changes: CollectionChanges },
    ): Promise<CountedCollection> {
      const ownerId = actor.userId;
      const statements = repository.update(ownerId, { id, changes, expectedVersion, now: clock.now() });
      return commitOne(statements, { ownerId, id });
    },

    /** Moves it to the trash together with the collections that it contains. */
    async trash(actor: Actor, { id, expectedVersion }: Versioned): Promise<void> {
      await database.commit(repository.trash(actor.userId, { id, expectedVersion, now: clock.now() }));
    },

    /** Brings it back with what went to the trash together with it; to the top when its parent is gone. */
    restore(actor: Actor, id: string): Promise<CountedCollection> {
      const ownerId = actor.userId;
      return commitOne(repository.restore(ownerId, { id, now: clock.now() }), { ownerId, id });
    },

    /** A statement that undoes its batch unless the live collection is the owner's. */
    requireLive: repository.requireLive,

    /** Files a document of the same owner; that it is filed already is no error. Refused with
     * `not_found` unless the live collection is theirs. */
    addItemStatements: (ownerId: string, item: Item): Statement[] => [
      repository.requireLive(ownerId, { id: item.collectionId, refusal: () => notFound('collection') }),
      ...repository.addItems(ownerId, { ...item, documentIds: [item.documentId] }),
    ],

    /** The same for many documents. */
    addItemsStatements: (ownerId: string, items: Omit<Item, 'documentId'> & { documentIds: string[] }): Statement[] => [
      repository.requireLive(ownerId, { id: items.collectionId, refusal: () => notFound('collection') }),
      ...repository.addItems(ownerId, items),
    ],

    /** Takes a document out; that it was not in there is no error. Refused as above. */
    removeItemStatements: (ownerId: string, item: Item): Statement[] => [
      repository.requireLive(ownerId, { id: item.collectionId, refusal: () => notFound('collection') }),
      ...repository.removeItem(ownerId, item),
    ],
  };
}

export type CollectionsService = ReturnType<typeof createCollectionsService>;
