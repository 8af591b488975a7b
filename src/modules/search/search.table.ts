import { integer, primaryKey, real, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { z } from 'zod';
import { id, json, ownerId, timestamp, timestamps, version } from '../../db/columns.ts';

const jsonObject = z.record(z.string(), z.json());

export const QUERY_STATUSES = ['succeeded', 'failed'] as const;

export const queries = sqliteTable('queries', {
  id: id(),
  ownerId: ownerId(),
  queryText: text('query_text').notNull(),
  queryType: text('query_type').notNull(),
  context: json('context', jsonObject).notNull().default({}),
  status: text('status', { enum: QUERY_STATUSES }).notNull(),
  errorMessage: text('error_message'),
  responseTimeMs: real('response_time_ms').notNull(),
  resultCount: integer('result_count').notNull(),
  documentIds: json('document_ids', z.array(z.string())).notNull().default([]),
  cacheHit: integer('cache_hit', { mode: 'boolean' }).notNull().default(false),
  relevanceScore: real('relevance_score'),
  ...timestamps(),
  sessionId: text('session_id'),
  textKey: text('text_key').notNull().default(''),
});

export const queryResults = sqliteTable(
  'query_results',
  {
    queryId: text('query_id').notNull(),
    documentId: text('document_id').notNull(),
    chunkId: text('chunk_id').notNull().default(''),
    ownerId: ownerId(),
    rank: integer('rank'),
    clickedAt: timestamp('clicked_at'),
    relevanceScore: real('relevance_score'),
    ...timestamps(),
  },
  (table) => [primaryKey({ columns: [table.queryId, table.documentId, table.chunkId] })],
);

export const savedSearches = sqliteTable('saved_searches', {
  id: id(),
  ownerId: ownerId(),
  name: text('name').notNull(),
  nameKey: text('name_key').notNull(),
  request: json('request', jsonObject).notNull(),
  requestVersion: integer('request_version').notNull(),
  version: version(),
  ...timestamps(),
});

export const searchDays = sqliteTable(
  'search_days',
  {
    day: integer('day').notNull(),
    queryType: text('query_type').notNull(),
    searches: integer('searches').notNull().default(0),
    failures: integer('failures').notNull().default(0),
    empty: integer('empty').notNull().default(0),
    isolateHits: integer('isolate_hits').notNull().default(0),
    kvHits: integer('kv_hits').notNull().default(0),
    kvMisses: integer('kv_misses').notNull().default(0),
    kvFailures: integer('kv_failures').notNull().default(0),
    responseTimeMs: real('response_time_ms').notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.day, table.queryType] })],
);

export type QueryRow = typeof queries.$inferSelect;
export type QueryResult = typeof queryResults.$inferSelect;
export type SavedSearch = typeof savedSearches.$inferSelect;
export type SearchDay = typeof searchDays.$inferSelect;
