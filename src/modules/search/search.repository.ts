import { and, count, eq, sql } from 'drizzle-orm';
import { bulkInsert, field } from '../../db/bulk.ts';
import type { Database, Statement } from '../../db/client.ts';
import { keyset } from '../../db/keyset.ts';
import { inJson } from '../../db/sql.ts';
import type { Page } from '../../shared/page.ts';
import { type QueryResult, type QueryRow, queries, queryResults, type SearchDay, searchDays } from './search.table.ts';

export type { QueryResult, QueryRow, SearchDay } from './search.table.ts';

/** Of owners who are there, and who have not said `searchHistory: false` in their preferences. */
const IS_WANTED = sql`exists (select 1 from users where users.id = ${field('owner_id')}
  and coalesce(users.preferences ->> '$.searchHistory', 1) <> 0)`;

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

    /** What was made of the results of these queries. */
    resultsOf: (ownerId: string, queryIds: string[]): Statement<QueryResult[]> =>
      orm
        .select()
        .from(queryResults)
        .where(and(inJson(queryResults.queryId, queryIds), sql`+${queryResults.ownerId} = ${ownerId}`)),

    insertMany: (rows: QueryRow[]): Statement =>
      bulkInsert(database, queries, { rows, onConflict: 'ignore', where: IS_WANTED }),

    /** Adds to the numbers of the days. */
    count(days: SearchDay[]): Statement {
      const more = (name: string) => sql`${sql.raw(name)} + excluded.${sql.raw(name)}`;
      return orm
        .insert(searchDays)
        .values(days)
        .onConflictDoUpdate({
          target: [searchDays.day, searchDays.queryType],
          set: {
            searches: more('searches'),
            failures: more('failures'),
            empty: more('empty'),
            isolateHits: more('isolate_hits'),
            kvHits: more('kv_hits'),
            kvMisses: more('kv_misses'),
            kvFailures: more('kv_failures'),
            responseTimeMs: more('response_time_ms'),
          },
        });
    },

    summarise: (ownerId: string): Statement<{ total: number }[]> =>
      orm.select({ total: count() }).from(queries).where(eq(queries.ownerId, ownerId)),

    /** Takes a document's id out of the owner's history: as a result, as what was opened, as a filter. */
    forgetDocument(ownerId: string, documentId: string): Statement[] {
      return [
        orm.delete(queryResults).where(and(eq(queryResults.ownerId, ownerId), eq(queryResults.documentId, documentId))),
        orm
          .update(queries)
          .set({
            documentIds: sql`(select json_group_array(value) from json_each(${queries.documentIds})
              where value <> ${documentId})`,
            context: sql`iif(instr(${queries.context}, ${documentId}) > 0, '{}', ${queries.context})`,
          })
          .where(
            and(
              eq(queries.ownerId, ownerId),
              sql`(instr(${queries.documentIds}, ${documentId}) > 0 or instr(${queries.context}, ${documentId}) > 0)`,
            ),
          ),
      ];
    },
  };
}
