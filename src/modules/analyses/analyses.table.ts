import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { z } from 'zod';
import { id, json, ownerId, timestamp } from '../../db/columns.ts';
import { MODEL_USES } from '../../platform/models/reading-models.ts';
import { ANALYSIS_STATUSES, ANALYSIS_TYPES } from './analysis-types.ts';

export const analysisResults = sqliteTable('analysis_results', {
  id: id(),
  ownerId: ownerId(),
  documentId: text('document_id').notNull(),
  contentId: text('content_id').notNull(),
  type: text('type', { enum: ANALYSIS_TYPES }).notNull(),
  analyser: text('analyser').notNull(),
  model: text('model'),
  status: text('status', { enum: ANALYSIS_STATUSES }).notNull(),
  result: json('result', z.record(z.string(), z.unknown()).nullable()),
  reason: text('reason'),
  isCurrent: integer('is_current', { mode: 'boolean' }).notNull().default(false),
  awaits: text('awaits', { enum: MODEL_USES }),
  dueAt: timestamp('due_at'),
  tries: integer('tries').notNull().default(0),
  createdAt: timestamp('created_at').notNull(),
});

export type Analysis = typeof analysisResults.$inferSelect;
