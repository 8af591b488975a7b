import { z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../http/pagination.ts';
import { JOB_STATUSES, JOB_TYPES } from './ingestion.table.ts';
import { STEP_STATUSES } from './job-steps.ts';

const timestamp = z.iso.datetime();

const stepSchema = z
  .object({
    name: z.string().openapi({ example: 'read' }),
    status: z.enum(STEP_STATUSES).openapi({
      description: '`pending`: not begun; `waiting`: begun, and goes on with the next attempt.',
    }),
    startedAt: timestamp.nullable(),
    finishedAt: timestamp.nullable(),
    durationMs: z.number().int().nullable().openapi({ description: 'Time worked on it so far, by all attempts.' }),
    processedItems: z.number().int().openapi({ description: 'Pages while a document is read, then passages.' }),
    totalItems: z.number().int(),
  })
  .openapi('JobStep');

export const jobSchema = z
  .object({
    id: z.uuid(),
    type: z.enum(JOB_TYPES),
    documentId: z.uuid().nullable(),
    batchId: z
      .uuid()
      .nullable()
      .openapi({ description: 'The batch, or the job whose document this one’s came out of.' }),
    status: z.enum(JOB_STATUSES),
    step: z.string().nullable().openapi({ description: 'What a running job is at.' }),
    steps: z.array(stepSchema).openapi({ description: 'In order. A retry goes on with the one that failed.' }),
    progressPercentage: z.number().min(0).max(100),
    totalItems: z.number().int(),
    processedItems: z.number().int(),
    failedItems: z.number().int().openapi({ description: 'Of a batch: how many items failed so far.' }),
    estimatedSecondsRemaining: z
      .number()
      .int()
      .nullable()
      .openapi({ description: 'Of a batch: how long the rest takes at the pace so far.' }),
    attempts: z.number().int(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    result: z.record(z.string(), z.unknown()).nullable(),
    nextAttemptAt: timestamp.nullable().openapi({ description: 'When a queued job may start.' }),
    createdAt: timestamp,
    startedAt: timestamp.nullable(),
    finishedAt: timestamp.nullable(),
    updatedAt: timestamp,
  })
  .openapi('Job');

export const followHeaders = z.object({
  'last-event-id': z
    .string()
    .optional()
    .openapi({ example: '3', description: 'Id of the last event that you have seen.' }),
});

export const jobPageSchema = pageOf(jobSchema, 'JobPage');

export const listJobsQuery = pageQuery(['createdAt', 'updatedAt']).extend({
  status: z.enum(JOB_STATUSES).optional(),
  type: z.enum(JOB_TYPES).optional(),
  documentId: z.uuid().optional(),
});
