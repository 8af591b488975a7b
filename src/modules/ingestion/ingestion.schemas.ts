import { z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../http/pagination.ts';
import { JOB_STATUSES, JOB_TYPES } from './ingestion.table.ts';

const timestamp = z.iso.datetime();

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

export const jobPageSchema = pageOf(jobSchema, 'JobPage');

export const listJobsQuery = pageQuery(['createdAt', 'updatedAt']).extend({
  status: z.enum(JOB_STATUSES).optional(),
  type: z.enum(JOB_TYPES).optional(),
  documentId: z.uuid().optional(),
});
