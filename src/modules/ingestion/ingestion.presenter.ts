import type { z } from '@hono/zod-openapi';
import { isoTime, isoTimeOrNull } from '../../shared/time.ts';
import type { JobView } from './batch-view.ts';
import type { jobSchema } from './ingestion.schemas.ts';
import type { JobType } from './ingestion.table.ts';
import { type StepView, stepsOf } from './job-steps.ts';

/** Jobs whose subject is something else. */
const NOT_ON_DOCUMENTS = new Set<JobType>(['delete_collection', 'fetch_resource', 'batch', 'sync_batch', 'sync_tag']);

export function presentJob(job: JobView): z.output<typeof jobSchema> {
  return {
    id: job.id,
    type: job.type,
    documentId: documentOf(job),
    batchId: job.parentId,
    status: job.status,
    step: job.step,
    steps: stepsOf(job).map(presentStep),
    ...presentProgress(job),
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

/** What a job is about, where that is a document, or one of its versions. */
function documentOf({ type, subjectId, checkpoint }: JobView): string | null {
  if (NOT_ON_DOCUMENTS.has(type)) return null;
  if (type !== 'delete_version') return subjectId;
  const { documentId } = checkpoint;
  return typeof documentId === 'string' ? documentId : null;
}

function presentProgress({ items, secondsRemaining = null, ...job }: JobView) {
  const { progressPercentage, totalItems, processedItems } = job;
  const own = { progressPercentage, totalItems, processedItems, failedItems: 0, estimatedSecondsRemaining: null };
  if (!items) return own;
  const { total, ended, failed } = items;
  return {
    progressPercentage: total === 0 ? 0 : Math.floor((100 * ended) / total),
    totalItems: total,
    processedItems: ended,
    failedItems: failed,
    estimatedSecondsRemaining: secondsRemaining,
  };
}
