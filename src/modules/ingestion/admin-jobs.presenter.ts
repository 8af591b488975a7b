import type { z } from '@hono/zod-openapi';
import { isoTime } from '../../shared/time.ts';
import type { adminJobSchema, deadLetterPageSchema } from './admin-jobs.schemas.ts';
import type { DeadLetter } from './dead-letters.service.ts';
import { presentJob } from './ingestion.presenter.ts';
import type { Job } from './ingestion.table.ts';

/** A job without what it says of its owner's things: what people own is shown to no administrator. */
export function presentAdminJob(job: Job): z.output<typeof adminJobSchema> {
  const { documentId: _, error, result: __, ...shown } = presentJob(job);
  return { ...shown, userId: job.ownerId, errorCode: error?.code ?? null };
}

export function presentDeadLetter(letter: DeadLetter): z.output<typeof deadLetterPageSchema>['items'][number] {
  const { id, messageId, reason, body, attempts, createdAt } = letter;
  return { id, messageId, reason, body, attempts, createdAt: isoTime(createdAt) };
}
