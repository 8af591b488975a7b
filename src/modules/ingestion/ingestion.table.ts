import { integer, real, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { z } from 'zod';
import { id, json, ownerId, timestamp, timestamps, version } from '../../db/columns.ts';
import { jobStepSchema } from './job-steps.ts';

export const JOB_TYPES = [
  'process_document',
  'analyse_document',
  'sync_document',
  'delete_document',
  'delete_version',
  'delete_collection',
  'reconcile_library',
  'fetch_resource',
  'batch',
  'sync_batch',
  'sync_family',
  'sync_tag',
] as const;
export const JOB_STATUSES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;

const jsonObject = z.record(z.string(), z.json());

export const processingJobs = sqliteTable('processing_jobs', {
  id: id(),
  ownerId: ownerId(),
  type: text('type', { enum: JOB_TYPES }).notNull(),
  subjectId: text('subject_id'),
  status: text('status', { enum: JOB_STATUSES }).notNull().default('queued'),
  step: text('step'),
  checkpoint: json('checkpoint', jsonObject).notNull().default({}),
  progressPercentage: real('progress_percentage').notNull().default(0),
  totalItems: integer('total_items').notNull().default(0),
  processedItems: integer('processed_items').notNull().default(0),
  attempts: integer('attempts').notNull().default(0),
  dueAt: timestamp('due_at'),
  leaseToken: text('lease_token'),
  errorCode: text('error_code'),
  errorMessage: text('error_message'),
  result: json('result', jsonObject.nullable()),
  requestId: text('request_id'),
  startedAt: timestamp('started_at'),
  finishedAt: timestamp('finished_at'),
  version: version(),
  ...timestamps(),
  parentId: text('parent_id'),
  steps: json('steps', z.array(jobStepSchema)).notNull().default([]),
});

export type Job = typeof processingJobs.$inferSelect;
export type JobType = Job['type'];
export type JobStatus = Job['status'];
