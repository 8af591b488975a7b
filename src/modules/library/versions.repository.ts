import { and, desc, eq, lt, sql } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import type { Database, Statement } from '../../db/client.ts';
import { also, inJson, requireThat } from '../../db/sql.ts';
import { notFound } from '../../shared/app-error.ts';
import { type Document, documents } from './library.table.ts';
import { versionIsPresent } from './versions.errors.ts';
import { type DocumentVersion, documentVersions } from './versions.table.ts';

/** One version of a document. */
export type VersionKey = { documentId: string; number: number };

/** Where the bytes of a version lie: documents that were never replaced have no row here, but those as well. */
export type Content = Pick<DocumentVersion, 'documentId' | 'number' | 'contentId'>;

/** What describes bytes that a document is given. */
export type NewContent = Pick<Document, 'contentId' | 'filename' | 'mediaType' | 'sizeBytes' | 'sha256'>;

/** Rows of `document_versions`: what documents consisted of before. */
export function createVersionsRepository(database: Database) {
  const { orm } = database;
  const table = documentVersions;
  const contentVersion = sql`${documents.contentVersion} + 1`;

  const owned = (ownerId: string, documentId: string) =>
    and(also(table.ownerId, ownerId), eq(table.documentId, documentId));

  return {
    /** Turns a document's present state into an earlier version, before a batch gives it other bytes. */
    keepPresent: (ownerId: string, documentId: string): Statement =>
      orm.run(sql`insert into document_versions (document_id, number, owner_id, content_id, sha256, size_bytes, filename,
          media_type, key_id, restored_from, created_at)
        select id, content_version, owner_id, content_id, sha256, size_bytes, filename, media_type, content_key_id,
          content_restored_from, coalesce(content_at, created_at)
        from documents where id = ${documentId} and +owner_id = ${ownerId}`),

    /** Undo their batch unless the version is there and an earlier one. */
    requireEarlier(ownerId: string, { documentId, number }: VersionKey): Statement[] {
      const isPresent = sql`select 1 from documents where id = ${documentId} and +owner_id = ${ownerId}
        and deleted_at is null and content_version = ${number}`;
      const isThere = sql`select 1 from document_versions where document_id = ${documentId} and number = ${number}
        and +owner_id = ${ownerId}`;
      return [
        requireThat(database, { condition: sql`not exists (${isPresent})`, refusal: versionIsPresent }),
        requireThat(database, { condition: sql`exists (${isThere})`, refusal: () => notFound('version') }),
      ];
    },

    /** What a document's columns become with other bytes. */
    given: (content: NewContent) => ({ ...content, contentVersion }),

    /** The same with the bytes of an earlier version. */
    givenAgain(number: number) {
      const taken = (column: SQLiteColumn) =>
        sql`(select ${sql.identifier(column.name)} from document_versions
          where document_id = documents.id and number = ${number})`;
      return {
        contentId: taken(table.contentId),
        sha256: taken(table.sha256),
        sizeBytes: taken(table.sizeBytes),
        filename: taken(table.filename),
        mediaType: taken(table.mediaType),
        contentVersion,
      };
    },

    /** Earlier versions, the latest first. */
    select: (
      ownerId: string,
      { documentId, below, limit }: { documentId: string; below: number | undefined; limit: number },
    ): Statement<DocumentVersion[]> =>
      orm
        .select()
        .from(table)
        .where(and(owned(ownerId, documentId), below === undefined ? undefined : lt(table.number, below)))
        .orderBy(desc(table.number))
        .limit(limit),

    selectOne: (ownerId: string, { documentId, number }: VersionKey): Statement<DocumentVersion[]> =>
      orm
        .select()
        .from(table)
        .where(and(owned(ownerId, documentId), eq(table.number, number))),

    /** Those beyond the number that is kept, oldest first. */
    selectSurplus: (
      ownerId: string,
      { documentId, kept, limit }: { documentId: string; kept: number; limit: number },
    ): Statement<DocumentVersion[]> =>
      orm
        .select()
        .from(table)
        .where(
          and(
            owned(ownerId, documentId),
            lt(table.number, sql`(select content_version - ${kept} from documents where id = ${documentId})`),
          ),
        )
        .orderBy(table.number)
        .limit(limit),

    /** Removes the row for good; what lies in the archive is for a job to remove. */
    remove: (ownerId: string, documentId: string, numbers: number[]): Statement =>
      orm.delete(table).where(and(owned(ownerId, documentId), inJson(table.number, numbers))),

    /** All earlier versions of the documents, in the order of their numbers. */
    findEarlier: (ownerId: string, documentIds: string[]): Promise<DocumentVersion[]> =>
      orm
        .select()
        .from(table)
        .where(and(inJson(table.documentId, documentIds), also(table.ownerId, ownerId)))
        .orderBy(table.documentId, table.number)
        .all(),

    /** Bytes that the documents consist of by some version or other: of each the present ones and all earlier ones. */
    async contentsOf(ownerId: string, documentIds: string[]): Promise<Content[]> {
      const columns = { documentId: table.documentId, number: table.number, contentId: table.contentId };
      const [earlier, present] = await database.commit([
        orm
          .select(columns)
          .from(table)
          .where(and(inJson(table.documentId, documentIds), also(table.ownerId, ownerId))),
        orm
          .select({ documentId: documents.id, number: documents.contentVersion, contentId: documents.contentId })
          .from(documents)
          .where(and(inJson(documents.id, documentIds), also(documents.ownerId, ownerId))),
      ]);
      return [...earlier, ...present];
    },

    /** Bytes that all versions of a document take, those that several share counted once. */
    selectStoredBytes: (ownerId: string, documentId: string): Statement<{ total: number }[]> =>
      orm.select({ total: sql<number>`coalesce(sum(size_bytes), 0)`.as('total') }).from(
        sql`(select content_id, size_bytes from document_versions where document_id = ${documentId}
            and +owner_id = ${ownerId}
            union select content_id, size_bytes from documents where id = ${documentId} and +owner_id = ${ownerId})`,
      ),
  };
}
