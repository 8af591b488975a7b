import { and, eq, inArray, isNull, ne, type SQL, sql } from 'drizzle-orm';
import { field } from '../../db/bulk.ts';
import type { Database, Statement } from '../../db/client.ts';
import { createRepository } from '../../db/repository.ts';
import { also, inJson, integer, requireThat } from '../../db/sql.ts';
import { type Document, documents } from './library.table.ts';

/** A document and those that it came out of, itself first. */
export type Lineage = Pick<Document, 'id' | 'sha256'>[];

/** What goes along with a document: the attachments of a mail, all that came out of it, or nothing. */
export type FamilyScope = 'attachments' | 'all' | 'none';

type Brood = { ids: string[]; parentId: string; now: number };

/** More than documents are allowed to nest. */
const MAX_STEPS = 20;

/** Documents that came out of others. */
export function createFamiliesRepository(database: Database) {
  const { orm } = database;
  const rows = createRepository(database, documents);
  const notDeleting = ne(documents.status, 'deleting');
  const counted = { revision: sql`${documents.revision} + 1`, version: sql`${documents.version} + 1` };

  /** Ids of the document and of what goes along with it. */
  const family = (ownerId: string, { id, scope }: { id: string; scope: FamilyScope }): SQL =>
    sql`with recursive family (id, kind) as (
      select id, kind from documents where id = ${id} and owner_id = ${ownerId}
      union
      select child.id, child.kind from family join documents as child on child.parent_document_id = family.id
      where ${scope === 'attachments' ? sql`family.kind = 'email'` : sql`true`}
    ) select id from family`;

  const othersIn = (ownerId: string, { id, scope }: { id: string; scope: FamilyScope }) =>
    and(sql`${documents.id} in (${family(ownerId, { id, scope })})`, sql`+${documents.id} <> ${id}`, notDeleting);

  return {
    async lineage(ownerId: string, id: string): Promise<Lineage> {
      return orm.all<Lineage[number]>(sql`with recursive line (id, parent_id, sha256, step) as (
          select id, parent_document_id, sha256, 0 from documents where id = ${id} and owner_id = ${ownerId}
          union all
          select above.id, above.parent_document_id, above.sha256, line.step + 1
          from line join documents as above on above.id = line.parent_id where line.step < ${MAX_STEPS}
        ) select id, sha256 from line order by step`);
    },

    /**
     * Holds for a job on a document that there is not yet, and was not deleted for good. Put its statement before that
     * which makes the document.
     */
    isOnNewDocument: sql`not exists (select 1 from documents where documents.id = ${field('subject_id')})
      and ${wasNotDeleted(field('subject_id'))}`,

    /** Holds for a job on a document that something came out of. */
    isOnParent: sql`exists (select 1 from documents where documents.parent_document_id = ${field('subject_id')})`,

    /** Those that are there already stay as they are, and those that were deleted for good stay away. */
    insertMissing: (children: Document[]): Statement =>
      rows.insertMany(children, { onConflict: 'ignore', where: wasNotDeleted(field('id')) }),

    /** Files the new ones among the documents as their parent is filed. */
    fileLikeParent(ownerId: string, { ids, parentId, now }: Brood): Statement[] {
      const made = sql`json_each(${JSON.stringify(ids)}) as wanted cross join documents as child
        on child.id = wanted.value and child.created_at = ${integer(now)} and +child.owner_id = ${ownerId}`;
      return [
        orm.run(sql`insert into collection_items (collection_id, document_id, owner_id, created_at)
          select parent.collection_id, child.id, parent.owner_id, ${integer(now)}
          from ${made} cross join collection_items as parent on parent.document_id = ${parentId}
          where true on conflict do nothing`),
        orm.run(sql`insert into document_tags (document_id, tag_id, owner_id, created_at)
          select child.id, parent.tag_id, parent.owner_id, ${integer(now)}
          from ${made} cross join document_tags as parent on parent.document_id = ${parentId}
          where true on conflict do nothing`),
      ];
    },

    /** Puts the new ones among the documents where their parent is, if that is the trash. */
    trashLikeParent: (ownerId: string, { ids, parentId, now }: Brood): Statement =>
      orm
        .update(documents)
        .set({ deletedAt: sql`(select parent.deleted_at from documents as parent where parent.id = ${parentId})` })
        .where(and(inJson(documents.id, ids), also(documents.ownerId, ownerId), sql`+${documents.createdAt} = ${now}`)),

    /** Undoes the batch if more documents than that have come out of the one. */
    requireRoom: (rootId: string, { most, refusal }: { most: number; refusal: () => Error }): Statement =>
      requireThat(database, {
        condition: sql`(with recursive family (id) as (
            select ${rootId} union
            select child.id from family join documents as child on child.parent_document_id = family.id
          ) select count(*) from family) <= ${most + 1}`,
        refusal,
      }),

    /** Which of the documents there are, and where their bytes lie. */
    places: (
      ownerId: string,
      ids: string[],
    ): Statement<Pick<Document, 'id' | 'ownerId' | 'contentId' | 'createdAt'>[]> =>
      orm
        .select({
          id: documents.id,
          ownerId: documents.ownerId,
          contentId: documents.contentId,
          createdAt: documents.createdAt,
        })
        .from(documents)
        .where(and(inJson(documents.id, ids), also(documents.ownerId, ownerId))),

    /** Moves what goes along with a document to the trash, marked with the same time. */
    trash: (ownerId: string, { now, ...target }: { id: string; scope: FamilyScope; now: number }): Statement =>
      orm
        .update(documents)
        .set({ ...counted, deletedAt: now, updatedAt: now })
        .where(and(othersIn(ownerId, target), isNull(documents.deletedAt))),

    /** Brings back what went to the trash together with a document that is still there. */
    restore: (ownerId: string, { id, now }: { id: string; now: number }): Statement =>
      orm
        .update(documents)
        .set({ ...counted, deletedAt: null, updatedAt: now })
        .where(
          and(
            othersIn(ownerId, { id, scope: 'all' }),
            sql`+${documents.deletedAt} = (select parent.deleted_at from documents as parent where parent.id = ${id})`,
          ),
        ),

    /** Begins to delete what goes along with a document: its own job makes theirs. */
    beginDeletion: (ownerId: string, { now, ...target }: { id: string; scope: FamilyScope; now: number }): Statement =>
      orm
        .update(documents)
        .set({ ...counted, status: 'deleting', deletedAt: now, updatedAt: now })
        .where(othersIn(ownerId, target)),

    /** What came directly out of a document and is being deleted with it. */
    async deletingChildren(ownerId: string, id: string): Promise<string[]> {
      const found = await orm
        .select({ id: documents.id })
        .from(documents)
        .where(
          and(
            eq(documents.parentDocumentId, id),
            also(documents.ownerId, ownerId),
            sql`+${documents.status} = 'deleting'`,
          ),
        );
      return found.map((child) => child.id);
    },

    /** Ids of all that came out of a document. */
    async descendants(ownerId: string, id: string): Promise<string[]> {
      const found = await orm.all<{ id: string }>(family(ownerId, { id, scope: 'all' }));
      return found.flatMap((member) => (member.id === id ? [] : [member.id]));
    },

    /** Says of documents that were to be read by the cancelled items of a batch, and by nothing else, that they were not. */
    markUnread: (
      ownerId: string,
      { batchId, code, message, now }: { batchId: string; code: string; message: string; now: number },
    ): Statement =>
      orm
        .update(documents)
        .set({ ...counted, status: 'failed', errorCode: code, errorMessage: message, updatedAt: now })
        .where(
          and(
            sql`${documents.id} in (select item.subject_id from processing_jobs as item
              where item.parent_id = ${batchId} and item.status = 'cancelled' and item.error_code = ${code}
              and not exists (select 1 from processing_jobs as other where other.owner_id = item.owner_id
                and other.subject_id = item.subject_id and other.due_at is not null and other.type = 'process_document'))`,
            also(documents.ownerId, ownerId),
            inArray(documents.status, ['pending', 'processing']),
          ),
        ),
  };
}

/** The record of its deletion outlives a document. */
const wasNotDeleted = (id: SQL): SQL => sql`not exists (select 1 from processing_jobs as deletion
  where deletion.owner_id = ${field('owner_id')} and deletion.subject_id = ${id} and deletion.type = 'delete_document')`;
