import { and, desc, eq, getTableColumns, gte, lte, type SQL, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { filterConditions } from '../../db/filter.ts';
import { keyset } from '../../db/keyset.ts';
import { also, integer, requireThat } from '../../db/sql.ts';
import { notFound } from '../../shared/app-error.ts';
import type { Page, PageRequest } from '../../shared/page.ts';
import { tooManyResults } from './history.errors.ts';
import { type QueryRow, queries, queryResults, type SearchDay, searchDays } from './search.table.ts';

/** A query with what was made of its results. */
export type CountedQuery = QueryRow & { clicks: number };

export type HistoryFilter = {
  /** Part of the text, folded. */
  key?: string | undefined;
  queryType?: string | undefined;
  status?: QueryRow['status'] | undefined;
  cacheHit?: boolean | undefined;
  sessionId?: string | undefined;
  /** Whether it found nothing. */
  isEmpty?: boolean | undefined;
  /** Whether anybody has judged it. */
  isJudged?: boolean | undefined;
  from?: number | undefined;
  to?: number | undefined;
};

/** A time from which on, of the newest searches, so many are looked at. */
export type Span = { from: number; to: number; most: number };

export type PopularQuery = {
  text: string;
  searches: number;
  lastAskedAt: number;
  averageResults: number;
  clicks: number;
  averageRelevance: number | null;
};

export type Trend = {
  bucket: number;
  searches: number;
  distinct: number;
  empty: number;
  cacheHits: number;
  clicks: number;
  averageRelevance: number | null;
  averageTimeMs: number;
};

/** What somebody has made of a result. */
export type Verdict = {
  queryId: string;
  documentId: string;
  chunkId: string;
  rank?: number | undefined;
  clickedAt?: number | undefined;
  relevanceScore?: number | undefined;
  now: number;
};

const MAX_RESULTS_PER_QUERY = 1_000;

/** How many of a query's results were opened. */
const clicks = sql<number>`(select count(*) from query_results
  where query_results.query_id = queries.id and query_results.clicked_at is not null)`;

/** Whoever reads on asks nothing new; whoever got no answer has not asked in vain. */
const IS_QUESTION = sql`${queries.status} = 'succeeded' and ${queries.context} ->> '$.continued' is null`;

/** Rows of `queries` and `query_results` as their owner sees, judges and deletes them. */
export function createHistoryRepository(database: Database) {
  const { orm } = database;
  const columns = getTableColumns(queries);
  const counted = { ...columns, clicks: clicks.as('clicks') };

  const selected = (
    ownerId: string,
    { from, to, most }: Span,
  ): SQL => sql`(select id, text_key, query_text, result_count,
      relevance_score, cache_hit, response_time_ms, created_at, ${clicks} as clicks
    from queries where owner_id = ${ownerId} and created_at >= ${from} and created_at <= ${to} and ${IS_QUESTION}
    order by created_at desc limit ${integer(most)})`;

  const isTheirs = (ownerId: string, id: string) => and(also(queries.ownerId, ownerId), eq(queries.id, id));

  const requireQuery = (ownerId: string, id: string): Statement =>
    requireThat(database, {
      condition: sql`exists (select 1 from queries where ${isTheirs(ownerId, id)})`,
      refusal: () => notFound('query'),
    });

  return {
    requireQuery,

    async list(
      ownerId: string,
      { filter, ...request }: PageRequest & { filter: HistoryFilter },
    ): Promise<Page<CountedQuery>> {
      const { after, orderBy, limit, page } = keyset(request, { sort: queries.createdAt, id: queries.id });
      const { key, isEmpty, isJudged, from, to, ...plain } = filter;
      const rows = await orm
        .select(counted)
        .from(queries)
        .where(
          and(
            eq(queries.ownerId, ownerId),
            ...filterConditions(columns, { ...plain, relevanceScore: { isNull: negated(isJudged) } }),
            from === undefined ? undefined : gte(queries.createdAt, from),
            to === undefined ? undefined : lte(queries.createdAt, to),
            key === undefined ? undefined : sql`instr(${queries.textKey}, ${key}) > 0`,
            isEmpty === undefined ? undefined : sql`(${queries.resultCount} = 0) = ${integer(isEmpty ? 1 : 0)}`,
            after,
          ),
        )
        .orderBy(...orderBy)
        .limit(limit);
      return page(rows);
    },

    select: (ownerId: string, id: string): Statement<CountedQuery[]> =>
      orm.select(counted).from(queries).where(isTheirs(ownerId, id)),

    judge: (ownerId: string, { id, relevanceScore, now }: { id: string; relevanceScore: number | null; now: number }) =>
      orm.update(queries).set({ relevanceScore, updatedAt: now }).where(isTheirs(ownerId, id)),

    /**
     * Notes what was made of a result. The first opening of a result and its place stay; a judgement takes the place of
     * an earlier one. Undoes its batch unless the query is theirs and has found the document.
     */
    note(ownerId: string, { queryId, documentId, chunkId, now, ...verdict }: Verdict): Statement[] {
      const { rank = null, clickedAt = null, relevanceScore = null } = verdict;
      const found = sql`exists (select 1 from queries, json_each(queries.document_ids) as found
        where queries.id = ${queryId} and +queries.owner_id = ${ownerId} and found.value = ${documentId})`;
      const room = sql`(select count(*) from query_results where query_id = ${queryId}) < ${integer(MAX_RESULTS_PER_QUERY)}`;
      return [
        requireQuery(ownerId, queryId),
        requireThat(database, { condition: found, refusal: () => notFound('result') }),
        requireThat(database, { condition: room, refusal: tooManyResults }),
        orm
          .insert(queryResults)
          .values({
            queryId,
            documentId,
            chunkId,
            ownerId,
            rank,
            clickedAt,
            relevanceScore,
            createdAt: now,
            updatedAt: now,
          })
          .onConflictDoUpdate({
            target: [queryResults.queryId, queryResults.documentId, queryResults.chunkId],
            set: {
              rank: sql`coalesce(rank, excluded.rank)`,
              clickedAt: sql`coalesce(clicked_at, excluded.clicked_at)`,
              relevanceScore: sql`coalesce(excluded.relevance_score, relevance_score)`,
              updatedAt: now,
            },
          }),
      ];
    },

    remove: (ownerId: string, id: string): Statement => orm.delete(queries).where(isTheirs(ownerId, id)),

    /** Removes some of those in the span, the oldest first. @returns their ids. */
    removeSome(ownerId: string, { from, to, most }: Span): Statement<{ id: string }[]> {
      const some = orm
        .select({ id: queries.id })
        .from(queries)
        .where(and(eq(queries.ownerId, ownerId), gte(queries.createdAt, from), lte(queries.createdAt, to)))
        .orderBy(queries.createdAt)
        .limit(most);
      return orm.delete(queries).where(sql`${queries.id} in ${some}`).returning({ id: queries.id });
    },

    /** Removes some of everybody's that are older, the oldest first. @returns how many. */
    async removeBefore(before: number, most: number): Promise<number> {
      const some = orm
        .select({ id: queries.id })
        .from(queries)
        .where(and(gte(queries.createdAt, 0), sql`${queries.createdAt} < ${before}`))
        .orderBy(queries.createdAt)
        .limit(most);
      const [removed] = await database.commit([
        orm.delete(queries).where(sql`${queries.id} in ${some}`).returning({ id: queries.id }),
      ]);
      return removed.length;
    },

    /** What was asked most. */
    popular: (ownerId: string, { limit, ...span }: Span & { limit: number }): Promise<PopularQuery[]> =>
      orm.all(sql`select query_text as text, count(*) as searches, max(created_at) as lastAskedAt,
          avg(result_count) as averageResults, sum(clicks) as clicks, avg(relevance_score) as averageRelevance
        from ${selected(ownerId, span)} group by text_key order by searches desc, lastAskedAt desc
        limit ${integer(limit)}`),

    /** By days or weeks: how much, how well. `shiftMs` moves the beginning of a period. */
    trends(
      ownerId: string,
      { periodMs, shiftMs, ...span }: Span & { periodMs: number; shiftMs: number },
    ): Promise<Trend[]> {
      const bucket = sql`(created_at + ${integer(shiftMs)}) / ${integer(periodMs)}`;
      return orm.all(sql`select ${bucket} * ${integer(periodMs)} - ${integer(shiftMs)} as bucket, count(*) as searches,
          count(distinct text_key) as "distinct", sum(result_count = 0) as empty, sum(cache_hit) as cacheHits,
          sum(clicks) as clicks, avg(relevance_score) as averageRelevance, avg(response_time_ms) as averageTimeMs
        from ${selected(ownerId, span)} group by 1 order by 1`);
    },

    /** The newest searches, as gaps are told by. */
    recent: (ownerId: string, span: Span) =>
      orm
        .select({
          queryText: queries.queryText,
          textKey: queries.textKey,
          resultCount: queries.resultCount,
          relevanceScore: queries.relevanceScore,
          clicks: clicks.as('clicks'),
          createdAt: queries.createdAt,
        })
        .from(queries)
        .where(
          and(
            eq(queries.ownerId, ownerId),
            gte(queries.createdAt, span.from),
            lte(queries.createdAt, span.to),
            IS_QUESTION,
          ),
        )
        .orderBy(desc(queries.createdAt))
        .limit(span.most),

    /** Everybody's numbers by day. */
    days: ({ from, to }: { from: number; to: number }): Statement<SearchDay[]> =>
      orm
        .select()
        .from(searchDays)
        .where(and(gte(searchDays.day, from), lte(searchDays.day, to)))
        .orderBy(desc(searchDays.day), searchDays.queryType),

    /** What everybody asked most. */
    popularOfAll: ({ from, to, most, limit }: Span & { limit: number }) =>
      orm.all<{ text: string; searches: number; users: number }>(sql`select query_text as text, count(*) as searches,
          count(distinct owner_id) as users
        from (select query_text, text_key, owner_id from queries
          where created_at >= ${from} and created_at <= ${to} and ${IS_QUESTION}
          order by created_at desc limit ${integer(most)})
        group by text_key order by searches desc, text limit ${integer(limit)}`),
  };
}

const negated = (flag: boolean | undefined) => (flag === undefined ? undefined : !flag);
