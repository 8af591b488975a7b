import { and, between, eq, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { also, inJson, integer, requireThat } from '../../db/sql.ts';
import { collections, documents } from './library.table.ts';

export type Trashed = { id: string; ownerId: string };

/** What is due, oldest first. With a beginning, SQLite goes to it in the index instead of walking the index from its start. */
type Due = { cutoff: number; limit: number };

/** Rows that have been in the trash for so long that they go, whoever they belong to. */
export function createTrashRepository(database: Database) {
  const { orm } = database;

  /** `below`: the collection and all in it. What contains something from the trash is there too, and went no earlier. */
  const below = (ownerId: string, id: string) => sql`with recursive below (id) as (
      select id from collections where id = ${id} and owner_id = ${ownerId}
      union
      select inner_one.id from below join collections as inner_one on inner_one.parent_id = below.id
    )`;

  return {
    dueDocuments: ({ cutoff, limit }: Due): Statement<Trashed[]> =>
      orm
        .select({ id: documents.id, ownerId: documents.ownerId })
        .from(documents)
        .where(between(documents.deletedAt, 1, cutoff))
        .orderBy(documents.deletedAt)
        .limit(limit),

    /** Those that are in no other that is due, and that no job is at. */
    dueCollections: ({ cutoff, limit }: Due): Statement<Trashed[]> =>
      orm
        .select({ id: collections.id, ownerId: collections.ownerId })
        .from(collections)
        .where(
          and(
            between(collections.deletedAt, 1, cutoff),
            sql`not exists (select 1 from collections as outer_one
              where outer_one.id = collections.parent_id and outer_one.deleted_at <= ${cutoff})`,
            sql`not exists (select 1 from processing_jobs as job where job.owner_id = collections.owner_id
              and job.subject_id = collections.id and job.due_at is not null)`,
          ),
        )
        .orderBy(collections.deletedAt)
        .limit(limit),

    /**
     * Begins to delete documents for good, unless one of them has been brought back meanwhile: then the batch is undone.
     * They get a new date, so that a deletion that fails for good is begun anew when they are due again.
     */
    beginDeletion(ids: string[], { cutoff, now }: { cutoff: number; now: number }): Statement[] {
      return [
        orm
          .update(documents)
          .set({
            status: 'deleting',
            deletedAt: now,
            revision: sql`${documents.revision} + 1`,
            version: sql`${documents.version} + 1`,
            updatedAt: now,
          })
          .where(and(inJson(documents.id, ids), sql`+${documents.deletedAt} <= ${cutoff}`)),
        requireThat(database, {
          condition: sql`changes() = ${integer(ids.length)}`,
          refusal: () => new BroughtBackError('A document was brought back from the trash.'),
        }),
      ];
    },

    /** Ids of the collection and of all in it. */
    async subtree(ownerId: string, id: string): Promise<string[]> {
      const rows = await orm.all<{ id: string }>(sql`${below(ownerId, id)} select id from below`);
      return rows.map((row) => row.id);
    },

    /** Removes a collection with all in it, if it is still in the trash since then. Its documents stay. */
    removeCollection: (ownerId: string, { id, cutoff }: { id: string; cutoff: number }): Statement =>
      orm
        .delete(collections)
        .where(
          and(also(collections.ownerId, ownerId), eq(collections.id, id), between(collections.deletedAt, 1, cutoff)),
        ),

    /** How many of the collections there are, with what is filed in them. */
    async countCollections(ownerId: string, ids: string[]): Promise<number> {
      const [counted] = await orm.all<{ total: number }>(sql`select
        (select count(*) from collections where ${inJson(collections.id, ids)} and +owner_id = ${ownerId})
        + (select count(*) from collection_items where ${inJson(sql`collection_id`, ids)} and +owner_id = ${ownerId})
        as total`);
      return counted?.total ?? 0;
    },
  };
}

/** Somebody was faster than the sweep. */
export class BroughtBackError extends Error {
  override readonly name = 'BroughtBackError';
}
