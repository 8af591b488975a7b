import { z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../http/pagination.ts';
import { parseTime } from '../../shared/time.ts';
import { DEAD_LETTER_REASONS } from './dead-letters.table.ts';
import { jobSchema } from './ingestion.schemas.ts';
import { JOB_STATUSES, JOB_TYPES } from './ingestion.table.ts';

const MAX_CODE_CHARS = 100;
const MAX_RETRIED = 500;
const DEFAULT_RETRIED = 100;

const errorCode = z.string().min(1).max(MAX_CODE_CHARS).openapi({ example: 'attempts_exhausted' });
const since = z.iso.datetime({ offset: true }).transform(parseTime).optional().openapi({
  type: 'string',
  format: 'date-time',
  example: '2026-11-22T09:30:00Z',
  description: 'Made then or later.',
});

const filter = {
  type: z.enum(JOB_TYPES).optional(),
  errorCode: errorCode.optional(),
  userId: z.uuid().optional(),
  since,
};

export const listAllJobsQuery = pageQuery(['createdAt']).extend({ status: z.enum(JOB_STATUSES).optional(), ...filter });

export const adminJobSchema = jobSchema
  .pick({
    id: true,
    type: true,
    status: true,
    step: true,
    steps: true,
    progressPercentage: true,
    totalItems: true,
    processedItems: true,
    attempts: true,
    nextAttemptAt: true,
    createdAt: true,
    startedAt: true,
    finishedAt: true,
    updatedAt: true,
  })
  .extend({ userId: z.uuid(), errorCode: errorCode.nullable() })
  .openapi('AdminJob');

export const adminJobPageSchema = pageOf(adminJobSchema, 'AdminJobPage');

export const retryJobsBody = z
  .object({ ...filter, limit: z.number().int().min(1).max(MAX_RETRIED).default(DEFAULT_RETRIED) })
  .strict()
  .openapi('RetryJobs');

export const retriedJobsSchema = z
  .object({
    retried: z.number().int().openapi({ example: 12 }),
    hasMore: z.boolean().openapi({ description: 'Whether there may be more that match: ask again.' }),
  })
  .openapi('RetriedJobs');

export const listDeadLettersQuery = pageQuery(['createdAt']);

export const deadLetterPageSchema = pageOf(
  z
    .object({
      id: z.uuid(),
      messageId: z.string().openapi({ description: 'As the queue names it.' }),
      reason: z.enum(DEAD_LETTER_REASONS).openapi({
        description:
          '`unreadable`: it is no message of this version; `undelivered`: whoever was given it died each time.',
      }),
      body: z.string().openapi({
        example: '{"jobId":"0199c0de-0000-7000-8000-000000000000"}',
        description: 'What it said, as JSON; the first 2,000 characters.',
      }),
      attempts: z.number().int().openapi({ description: 'How often it was given to somebody.' }),
      createdAt: z.iso.datetime(),
    })
    .openapi('DeadLetter'),
  'DeadLetterPage',
);
