import type { Job, JobType } from './ingestion.table.ts';
import { ALL_ITEMS_FAILED, type Failure, LOOK_AT_BATCH_MS } from './job-lifecycle.ts';

type Identity = Pick<Job, 'id' | 'ownerId' | 'type' | 'subjectId' | 'requestId'>;
type NewJob = Identity & {
  parentId?: string | null | undefined;
  /** What it has to know beside its subject. */
  checkpoint?: Job['checkpoint'];
  now: number;
};

/** A job that is due at once. */
export function newJob({ now, parentId = null, checkpoint = {}, ...identity }: NewJob): Job {
  return {
    ...identity,
    parentId,
    status: 'queued',
    step: null,
    checkpoint,
    progressPercentage: 0,
    totalItems: 0,
    processedItems: 0,
    attempts: 0,
    dueAt: now,
    leaseToken: null,
    errorCode: null,
    errorMessage: null,
    result: null,
    startedAt: null,
    finishedAt: null,
    version: 1,
    createdAt: now,
    updatedAt: now,
    steps: [],
  };
}

/** What a batch consists of: what is to be done on each subject, and what was refused at once. */
export type NewBatch = {
  type: JobType;
  subjects: {
    id: string;
    /** What people know it by, where it is no document. */
    filename?: string;
  }[];
  refused: { filename: string; failure: Failure }[];
};

type Making = Pick<Job, 'ownerId' | 'requestId'> & { nextId: () => string; now: number };

/** A batch with its items in the order of their subjects. One of which everything was refused has ended. */
export function newBatch(
  { type, subjects, refused }: NewBatch,
  { nextId, now, ...common }: Making,
): { batch: Job; open: Job[]; refused: Job[] } {
  const id = nextId();
  const state =
    subjects.length > 0
      ? { status: 'running' as const, dueAt: now + LOOK_AT_BATCH_MS, startedAt: now }
      : failed(ALL_ITEMS_FAILED, now);
  const batch = { ...newJob({ ...common, id, type: 'batch', subjectId: null, now }), ...state };
  // Ids of one millisecond are in no order.
  const ids = [...subjects, ...refused].map(nextId).sort();
  const item = (at: number, subjectId: string | null) =>
    newJob({ ...common, id: ids[at] ?? nextId(), type, subjectId, parentId: id, now });
  return {
    batch,
    open: subjects.map(({ id: subjectId, filename }, i) => ({
      ...item(i, subjectId),
      checkpoint: filename === undefined ? {} : { filename },
    })),
    refused: refused.map(({ filename, failure }, i) => ({
      ...item(subjects.length + i, null),
      ...failed(failure, now),
      checkpoint: { filename },
    })),
  };
}

const failed = ({ code, message }: Failure, now: number) => ({
  status: 'failed' as const,
  dueAt: null,
  errorCode: code,
  errorMessage: message,
  finishedAt: now,
});
