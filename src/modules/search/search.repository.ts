import { and, count, eq, sql } from 'drizzle-orm';
import { bulkInsert } from '../../db/bulk.ts';
import type { Database, Statement } from '../../db/client.ts';
import { queries } from './search.table.ts';

export type QueryRow = typeof queries.$inferSelect;

/** Rows of `queries`: what was asked, and what it cost. */
export function createQueriesRepository(database: Database) {
  const { orm } = database;
  return {
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
