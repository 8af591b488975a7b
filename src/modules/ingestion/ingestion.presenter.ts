import type { z } from '@hono/zod-openapi';
import { isoTime, isoTimeOrNull } from '../../shared/time.ts';
import type { jobSchema } from './ingestion.schemas.ts';
import type { Job, JobType } from './ingestion.table.ts';

/** Jobs whose subject is something else. */
const NOT_ON_DOCUMENTS = new Set<JobType>(['delete_collection', 'fetch_resource']);

export function presentJob(job: Job): z.output<typeof jobSchema> {
  return {
    id: job.id,
    type: job.type,
    documentId: documentOf(job),
    status: job.status,
    step: job.step,
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

/** What a job is about, where that is a document, or one of its versions. */
function documentOf({ type, subjectId, checkpoint }: Job): string | null {
  if (NOT_ON_DOCUMENTS.has(type)) return null;
  if (type !== 'delete_version') return subjectId;
  const { documentId } = checkpoint;
  return typeof documentId === 'string' ? documentId : null;
}
