import { and, count, eq, sql } from 'drizzle-orm';
import { bulkInsert } from '../../db/bulk.ts';
import type { Database, Statement } from '../../db/client.ts';
import { keyset } from '../../db/keyset.ts';
import type { Page } from '../../shared/page.ts';
import { queries } from './search.table.ts';

export type QueryRow = typeof queries.$inferSelect;

/** Rows of `queries`: what was asked, and what it cost. */
export function createQueriesRepository(database: Database) {
  const { orm } = database;
  return {
    /** All of an owner's, oldest first. */
    async page(
      ownerId: string,
      { limit, cursor }: { limit: number; cursor: string | undefined },
    ): Promise<Page<QueryRow>> {
      const request = { limit, cursor, sort: 'createdAt', order: 'asc' as const };
      const { after, orderBy, limit: most, page } = keyset(request, { sort: queries.createdAt, id: queries.id });
      const rows = await orm
        .select()
        .from(queries)
        .where(and(eq(queries.ownerId, ownerId), after))
        .orderBy(...orderBy)
        .limit(most);
      return page(rows);
    },

    insertMany: (rows: QueryRow[]): Statement => bulkInsert(database, queries, { rows, onConflict: 'ignore' }),

    summarise: (ownerId: string): Statement<{ total: number }[]> =>
      orm.select({ total: count() }).from(queries).where(eq(queries.ownerId, ownerId)),

    /** Takes a document's id out of the owner's history. */
    forgetDocument(ownerId: string, documentId: string): Statement {
      return orm
        .update(queries)
        .set({
          documentIds: sql`(select json_group_array(value) from json_each(${queries.documentIds})
            where value <> ${documentId})`,
        })
        .where(and(eq(queries.ownerId, ownerId), sql`instr(${queries.documentIds}, ${documentId}) > 0`));
    },
  };
}
