import type { z } from '@hono/zod-openapi';
import { isoTime, isoTimeOrNull } from '../../shared/time.ts';
import type { jobSchema } from './ingestion.schemas.ts';
import type { Job } from './ingestion.table.ts';
import { type StepView, stepsOf } from './job-steps.ts';

export function presentJob(job: Job): z.output<typeof jobSchema> {
  return {
    id: job.id,
    type: job.type,
    documentId: job.type === 'delete_collection' ? null : job.subjectId,
    status: job.status,
    step: job.step,
    steps: stepsOf(job).map(presentStep),
    progressPercentage: job.progressPercentage,
    totalItems: job.totalItems,
    processedItems: job.processedItems,
    attempts: job.attempts,
    error: job.errorCode === null ? null : { code: job.errorCode, message: job.errorMessage ?? '' },
    result: job.result,
    nextAttemptAt: job.status === 'queued' ? isoTimeOrNull(job.dueAt) : null,
    createdAt: isoTime(job.createdAt),
    startedAt: isoTimeOrNull(job.startedAt),
    finishedAt: isoTimeOrNull(job.finishedAt),
    updatedAt: isoTime(job.updatedAt),
  };
}

const presentStep = ({ startedAt, finishedAt, ...step }: StepView) => ({
  ...step,
  startedAt: isoTimeOrNull(startedAt),
  finishedAt: isoTimeOrNull(finishedAt),
});
