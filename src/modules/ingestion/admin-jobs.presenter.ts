import type { z } from '@hono/zod-openapi';
import { isoTime } from '../../shared/time.ts';
import type { adminJobSchema, deadLetterPageSchema } from './admin-jobs.schemas.ts';
import type { DeadLetter } from './dead-letters.service.ts';
import { presentJob } from './ingestion.presenter.ts';
import type { Job } from './ingestion.table.ts';

/** A job without what it says of its owner's things: what people own is shown to no administrator. */
export function presentAdminJob(job: Job): z.output<typeof adminJobSchema> {
  const shown = presentJob(job);
  return {
    id: shown.id,
    type: shown.type,
    userId: job.ownerId,
    status: shown.status,
    step: shown.step,
    steps: shown.steps,
    progressPercentage: shown.progressPercentage,
    totalItems: shown.totalItems,
    processedItems: shown.processedItems,
    attempts: shown.attempts,
    errorCode: shown.error?.code ?? null,
    nextAttemptAt: shown.nextAttemptAt,
    createdAt: shown.createdAt,
    startedAt: shown.startedAt,
    finishedAt: shown.finishedAt,
    updatedAt: shown.updatedAt,
  };
}

export function presentDeadLetter(letter: DeadLetter): z.output<typeof deadLetterPageSchema>['items'][number] {
  const { id, messageId, reason, body, attempts, createdAt } = letter;
  return { id, messageId, reason, body, attempts, createdAt: isoTime(createdAt) };
}
