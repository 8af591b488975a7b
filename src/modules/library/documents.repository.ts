import { and, count, eq, gt, lte, ne, type SQL, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { keyset } from '../../db/keyset.ts';
import { type Changes, createRepository, type NewRow, type Trash } from '../../db/repository.ts';
import { also, inJson, requireThat } from '../../db/sql.ts';
import { notFound } from '../../shared/app-error.ts';
import { encodeCursor, type Page, type PageRequest } from '../../shared/page.ts';
import { documentNotRead } from './documents.errors.ts';
import { collectionItems, type Document, documents, documentTags, tags } from './library.table.ts';

/** A document with how it is filed. */
export type FiledDocument = Document & {
  filedTags: { id: string; name: string; version: number }[];
  tagNames: string[];
  /** Live ones. */
  collectionIds: string[];
  /** Live ones and those in the trash. */
  labelledCollectionIds: string[];
};

export type DocumentFilter = {
  status?: Document['status'] | undefined;
  kind?: string | undefined;
  profile?: string | undefined;
  title?: string | undefined;
  tagKey?: string | undefined;
  collectionId?: string | undefined;
  createdFrom?: number | undefined;
  createdTo?: number | undefined;
  parentDocumentId?: string | undefined;
};

const idList = (value: string): string[] => JSON.parse(value);

// Subselects instead of joins: one row a document, whatever it is filed under.
const filing = {
  filedTags: sql`(select json_group_array(json_object('id', tags.id, 'name', tags.name, 'version', tags.version))
    from document_tags join tags on tags.id = document_tags.tag_id where document_tags.document_id = documents.id)`
    .mapWith((value: string): FiledDocument['filedTags'] => JSON.parse(value))
    .as('filed_tags'),
  tagNames: sql`(select json_group_array(tags.name order by tags.name_key) from document_tags
    join tags on tags.id = document_tags.tag_id where document_tags.document_id = documents.id)`
    .mapWith(idList)
    .as('filed_tag_names'),
  collectionIds: sql`(select json_group_array(collections.id order by collections.id) from collection_items
    join collections on collections.id = collection_items.collection_id
    where collection_items.document_id = documents.id and collections.deleted_at is null)`
    .mapWith(idList)
    .as('filed_collection_ids'),
  // Those in the trash too: when they come back, the index still knows what they contain.
  labelledCollectionIds: sql`(select json_group_array(collection_items.collection_id) from collection_items
    where collection_items.document_id = documents.id)`
    .mapWith(idList)
    .as('filed_labelled_collection_ids'),
};

/** What a person can still do something with: everything but what is being deleted for good. */
const notDeleting = ne(documents.status, 'deleting');

/** Rows of `documents` with their tags and collections. */
export function createDocumentsRepository(database: Database) {
  const rows = createRepository(database, documents, filing);

  const membership = (filter: DocumentFilter): SQL | undefined =>
    and(
      notDeleting,
      filter.tagKey === undefined
        ? undefined
        : sql`documents.id in (select ${documentTags.documentId} from ${documentTags}
            join ${tags} on ${tags.id} = ${documentTags.tagId} where ${tags.nameKey} = ${filter.tagKey}
            and ${tags.ownerId} = documents.owner_id)`,
      filter.collectionId === undefined
        ? undefined
        : sql`documents.id in (select ${collectionItems.documentId} from ${collectionItems}
            where ${collectionItems.collectionId} = ${filter.collectionId})`,
    );

  return {
    find: (ownerId: string, id: string, trash: Trash = 'exclude'): Promise<FiledDocument | undefined> =>
      rows.find(ownerId, id, trash),

    /** The oldest live document with these bytes. */
    async findByBytes(ownerId: string, sha256: string): Promise<FiledDocument | undefined> {
      const oldest = { limit: 1, sort: 'createdAt', order: 'asc' } as const;
      return (await rows.list(ownerId, { ...oldest, filter: { sha256 }, where: notDeleting })).items[0];
    },

    select: (ownerId: string, id: string, trash: Trash = 'include'): Statement<FiledDocument[]> =>
      rows.select(ownerId, id, trash),

    list(ownerId: string, { trash, ...options }: DocumentFilter & PageRequest & { trash: Trash }) {
      const { status, kind, profile, title, createdFrom, createdTo, parentDocumentId } = options;
      return rows.list(ownerId, {
        ...options,
        trash,
        filter: {
          status,
          kind,
          profile,
          parentDocumentId,
          title: title === undefined ? undefined : { contains: title },
          createdAt: { from: createdFrom ?? 0, to: createdTo ?? Number.MAX_SAFE_INTEGER },
        },
        where: membership(options),
      });
    },

    /** How many documents there are, trash included, and how large their files and those of their earlier versions are. */
    summarise(ownerId: string): Statement<{ total: number; bytes: number | null }[]> {
      const bytes = sql<number | null>`(select sum(size_bytes) from ${documents} as sized
        where sized.owner_id = ${ownerId}) + (select coalesce(sum(size_bytes), 0) from
          (select distinct document_id, content_id, size_bytes from document_versions where owner_id = ${ownerId}) as earlier
          where not exists (select 1 from ${documents} as present
            where present.id = earlier.document_id and present.content_id = earlier.content_id))`;
      return database.orm
        .select({ total: count(), bytes: bytes.as('bytes') })
        .from(documents)
        .where(and(eq(documents.ownerId, ownerId), notDeleting));
    },

    insert: (row: NewRow<typeof documents>): Statement => rows.insert(row),

    /** Gives many documents the same metadata. */
    describeAll: (ownerId: string, { ids, metadata }: { ids: string[] } & Pick<Document, 'metadata'>): Statement =>
      database.orm
        .update(documents)
        .set({ metadata })
        .where(and(inJson(documents.id, ids), also(documents.ownerId, ownerId))),

    insertMany: (documents: Document[]): Statement => rows.insertMany(documents),

    /** Those of the documents that there are, in any state, with how they are filed. */
    findFiled: (ownerId: string, ids: string[]): Promise<FiledDocument[]> => rows.findMany(ownerId, ids, 'include'),

    /** Undoes its batch unless the document is live and has been read. */
    requireReady(ownerId: string, id: string): Statement[] {
      const condition = (status: SQL) => sql`exists (select 1 from documents where documents.id = ${id}
        and +documents.owner_id = ${ownerId} and documents.deleted_at is null and ${status})`;
      return [
        requireThat(database, { condition: condition(notDeleting), refusal: () => notFound('document') }),
        requireThat(database, {
          condition: condition(eq(documents.status, 'ready')),
          refusal: documentNotRead,
        }),
      ];
    },

    /** Changes a document that is not being deleted and counts the revision that the index follows. */
    revise(
      ownerId: string,
      change: {
        id: string;
        changes: Changes<typeof documents>;
        now: number;
        expectedVersion?: number | undefined;
        trash?: Trash | undefined;
      },
    ): Statement<Document[]> {
      const revision = sql`${documents.revision} + 1`;
      return rows.update(ownerId, { ...change, changes: { ...change.changes, revision }, where: notDeleting });
    },

    markProcessing(ownerId: string, { id, now }: { id: string; now: number }): Statement {
      return database.orm
        .update(documents)
        .set({ status: 'processing', updatedAt: now })
        .where(and(eq(documents.ownerId, ownerId), eq(documents.id, id), notDeleting));
    },

    /** What reading the file found. A title that a person gave stays. */
    markReady(
      ownerId: string,
      { id, title, changes, now }: { id: string; title: string; changes: Changes<typeof documents>; now: number },
    ): Statement {
      const kept = sql`case when ${documents.titleIsGiven} then ${documents.title} else ${title} end`;
      return database.orm
        .update(documents)
        .set({
          ...changes,
          title: kept,
          status: 'ready',
          errorCode: null,
          errorMessage: null,
          version: sql`${documents.version} + 1`,
          updatedAt: now,
        })
        .where(and(eq(documents.ownerId, ownerId), eq(documents.id, id), notDeleting));
    },

    /** After an attempt to read more in it that came to nothing. */
    markReadyAgain(ownerId: string, { id, now }: { id: string; now: number }): Statement {
      return database.orm
        .update(documents)
        .set({ status: 'ready', updatedAt: now })
        .where(and(eq(documents.ownerId, ownerId), eq(documents.id, id), eq(documents.status, 'processing')));
    },

    markFailed(
      ownerId: string,
      { id, errorCode, errorMessage, now }: { id: string; errorCode: string; errorMessage: string; now: number },
    ): Statement {
      return database.orm
        .update(documents)
        .set({
          status: 'failed',
          errorCode,
          errorMessage,
          revision: sql`${documents.revision} + 1`,
          version: sql`${documents.version} + 1`,
          updatedAt: now,
        })
        .where(and(eq(documents.ownerId, ownerId), eq(documents.id, id), notDeleting));
    },

    remove: (ownerId: string, id: string): Statement => rows.remove(ownerId, [id]),

    /** Documents that have been read, and are to be read again or being read. */
    beingReadAnew: (ownerId: string, isAsked: boolean): Statement<Pick<Document, 'id' | 'status'>[]> =>
      database.orm
        .select({ id: documents.id, status: documents.status })
        .from(documents)
        .where(
          and(
            eq(documents.ownerId, ownerId),
            inJson(documents.status, isAsked ? ['pending', 'processing'] : []),
            gt(documents.chunkCount, 0),
          ),
        ),

    /** Rows of any table that still name the document. */
    async countRemains(ownerId: string, id: string): Promise<number> {
      const counted = await database.orm
        .select({
          total: sql<number>`count(*) + (select count(*) from document_tags where document_tags.document_id = ${id})
            + (select count(*) from collection_items where collection_items.document_id = ${id})
            + (select count(*) from document_versions where document_versions.document_id = ${id})
            + (select count(*) from document_fingerprints where document_fingerprints.document_id = ${id})
            + (select count(*) from analysis_results where analysis_results.document_id = ${id})`.as('total'),
        })
        .from(documents)
        .where(and(eq(documents.ownerId, ownerId), eq(documents.id, id)));
      return counted[0]?.total ?? 0;
    },

    /** Rows in any state, for comparing the other stores with. */
    findMany: (ownerId: string, ids: string[]): Promise<Document[]> =>
      database.orm
        .select()
        .from(documents)
        .where(and(eq(documents.ownerId, ownerId), inJson(documents.id, ids))),

    /**
     * How many documents, oldest first and also from the trash, have no more than so many files, of which each version is
     * one; and the cursor behind them, null when there are no more. One document is always among them.
     */
    async rangeOf(
      ownerId: string,
      { cursor, createdTo, files }: { cursor: string | undefined; createdTo: number; files: number },
    ): Promise<{ count: number; nextCursor: string | null }> {
      const request = { limit: files, cursor, sort: 'createdAt', order: 'asc' as const };
      const { after, orderBy, limit } = keyset(request, { sort: documents.createdAt, id: documents.id });
      const counted = database.orm
        .select({
          id: documents.id,
          createdAt: documents.createdAt,
          place: sql<number>`row_number() over (order by created_at, id)`.as('place'),
          files: sql<number>`sum(1 + (select count(*) from document_versions
            where document_versions.document_id = documents.id)) over (order by created_at, id)`.as('files'),
        })
        .from(documents)
        .where(and(eq(documents.ownerId, ownerId), lte(documents.createdAt, createdTo), notDeleting, after))
        .orderBy(...orderBy)
        .limit(limit)
        .as('counted');
      // The columns beside a maximum are those of the row that has it.
      const [last] = await database.orm
        .select({
          count: sql<number | null>`max(iif(files <= ${files} or place = 1, place, null))`.as('last_place'),
          found: sql<number>`count(*)`.as('found'),
          id: counted.id,
          createdAt: counted.createdAt,
        })
        .from(counted);
      if (!last || last.count === null) return { count: 0, nextCursor: null };
      const position = { value: last.createdAt, id: last.id };
      return {
        count: last.count,
        nextCursor: last.found > last.count ? encodeCursor(position, 'createdAt:asc') : null,
      };
    },

    /** All of an owner's documents, in any state, oldest first. */
    page: (
      ownerId: string,
      { limit, cursor }: { limit: number; cursor?: string | undefined },
    ): Promise<Page<Document>> =>
      rows.list(ownerId, { limit, cursor, sort: 'createdAt', order: 'asc', trash: 'include' }),
  };
}

export type DocumentsRepository = ReturnType<typeof createDocumentsRepository>;
