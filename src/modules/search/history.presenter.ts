import type { z } from '@hono/zod-openapi';
import { isoTime, isoTimeOrNull } from '../../shared/time.ts';
import type { Gap } from './gaps.ts';
import type { CountedQuery, PopularQuery, Trend } from './history.repository.ts';
import type {
  gapSchema,
  popularQuerySchema,
  queryResultSchema,
  querySchema,
  savedSearchSchema,
  trendSchema,
} from './history.schemas.ts';
import type { ExportedQuery } from './query-history.ts';
import type { QueryResult, QueryRow } from './search.repository.ts';
import type { SavedSearch } from './search.table.ts';

const presentRow = (row: QueryRow) => ({
  id: row.id,
  query: row.queryText,
  type: row.queryType,
  context: row.context,
  status: row.status,
  error: row.errorMessage,
  resultCount: row.resultCount,
  documentIds: row.documentIds,
  durationMs: row.responseTimeMs,
  cacheHit: row.cacheHit,
  relevanceScore: row.relevanceScore,
  sessionId: row.sessionId,
  askedAt: isoTime(row.createdAt),
});

export const presentQuery = (row: CountedQuery): z.output<typeof querySchema> => ({
  ...presentRow(row),
  clicks: row.clicks,
});

export const presentQueryResult = (result: QueryResult): z.output<typeof queryResultSchema> => ({
  documentId: result.documentId,
  chunkId: result.chunkId || null,
  rank: result.rank,
  clickedAt: isoTimeOrNull(result.clickedAt),
  relevanceScore: result.relevanceScore,
});

/** What somebody has asked, for taking it along. */
export const presentHistoryEntry = ({ results, ...row }: ExportedQuery) => ({
  ...presentRow(row),
  results: results.map(presentQueryResult),
});

export const presentPopular = ({ lastAskedAt, ...query }: PopularQuery): z.output<typeof popularQuerySchema> => ({
  ...query,
  lastAskedAt: isoTime(lastAskedAt),
});

export const presentTrend = ({ bucket, ...trend }: Trend): z.output<typeof trendSchema> => ({
  from: isoTime(bucket).slice(0, 10),
  ...trend,
});

export const presentGap = ({ lastAskedAt, ...gap }: Gap): z.output<typeof gapSchema> => ({
  ...gap,
  lastAskedAt: isoTime(lastAskedAt),
});

export const presentSavedSearch = (saved: SavedSearch): z.output<typeof savedSearchSchema> => ({
  id: saved.id,
  name: saved.name,
  search: saved.request,
  searchVersion: saved.requestVersion,
  version: saved.version,
  createdAt: isoTime(saved.createdAt),
  updatedAt: isoTime(saved.updatedAt),
});
