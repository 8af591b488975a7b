import type { z } from '@hono/zod-openapi';
import { isoTime, isoTimeOrNull } from '../../shared/time.ts';
import type { batchItemSchema } from './batches.schemas.ts';
import { type BatchItem, isOnDocument } from './document-batch.ts';

export function presentBatchItem({ job, document, filename }: BatchItem): z.output<typeof batchItemSchema> {
  return {
    jobId: job.id,
    type: job.type,
    documentId: isOnDocument(job) ? job.subjectId : null,
    resourceId: isOnDocument(job) ? null : job.subjectId,
    parentDocumentId: document?.parentDocumentId ?? null,
    filename,
    status: job.status,
    documentStatus: document?.status ?? null,
    progressPercentage: job.progressPercentage,
    attempts: job.attempts,
    error: job.errorCode === null ? null : { code: job.errorCode, message: job.errorMessage ?? '' },
    createdAt: isoTime(job.createdAt),
    finishedAt: isoTimeOrNull(job.finishedAt),
  };
}
