import { integer, real, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { z } from 'zod';
import { id, json, ownerId, timestamps } from '../../db/columns.ts';

export const queries = sqliteTable('queries', {
  id: id(),
  ownerId: ownerId(),
  queryText: text('query_text').notNull(),
  queryType: text('query_type').notNull(),
  context: json('context', z.record(z.string(), z.json())).notNull().default({}),
  status: text('status', { enum: ['succeeded', 'failed'] }).notNull(),
  errorMessage: text('error_message'),
  responseTimeMs: real('response_time_ms').notNull(),
  resultCount: integer('result_count').notNull(),
  documentIds: json('document_ids', z.array(z.string())).notNull().default([]),
  cacheHit: integer('cache_hit', { mode: 'boolean' }).notNull().default(false),
  relevanceScore: real('relevance_score'),
  ...timestamps(),
});
