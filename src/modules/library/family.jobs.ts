import type { Database } from '../../db/client.ts';
import type { IndexOf } from '../../index-object/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { JobsService } from '../ingestion/ingestion.service.ts';
import { ALL_ITEMS_FAILED, LOOK_AT_BATCH_MS, NotYetError, PermanentJobError } from '../ingestion/job-lifecycle.ts';
import type { Attempt, JobHandler } from '../ingestion/job-runner.ts';
import { createDocumentsRepository } from './documents.repository.ts';
import { createFamiliesRepository } from './families.repository.ts';
import { toIndexedDocument } from './indexed-document.ts';
import { subjectOf } from './library.jobs.ts';
import { createSyncTag } from './tag-texts.ts';

type Deps = { database: Database; clock: Clock; jobs: JobsService; indexOf: IndexOf };

/** Documents brought to the index between two signs of life. */
const PAGE_SIZE = 50;

/** Jobs on documents that belong together: by a batch, because they came out of one, or by a tag. */
export function createFamilyJobs({ database, clock, jobs, indexOf }: Deps) {
  const repository = createDocumentsRepository(database);
  const families = createFamiliesRepository(database);

  /** Brings the index to what the catalogue has of the documents now. */
  const syncAll = async (attempt: Attempt, ids: string[]) => {
    const { ownerId } = attempt.job;
    for (let first = 0; first < ids.length; first += PAGE_SIZE) {
      const documents = await repository.findFiled(ownerId, ids.slice(first, first + PAGE_SIZE));
      for (const document of documents) await indexOf(ownerId).updateDocument(toIndexedDocument(document));
      await attempt.heartbeat();
    }
    return { result: { synced: ids.length }, statements: [] };
  };

  /** The safety net under a batch: its last item ends it, unless that was ended by something else. */
  const batch: JobHandler = {
    async run({ job }) {
      const { total, ended, succeeded, failed } = await jobs.countItems(job.ownerId, job.id);
      if (ended < total) throw new NotYetError('Some of its files are still being read.', LOOK_AT_BATCH_MS);
      if (succeeded === 0 && failed > 0) throw new PermanentJobError(ALL_ITEMS_FAILED.code, ALL_ITEMS_FAILED.message);
      return { result: null, statements: [] };
    },
    onFailure: (job, { code, message }) => [
      families.markUnread(job.ownerId, { batchId: job.id, code, message, now: clock.now() }),
      jobs.prepare(job.ownerId, { type: 'sync_batch', subjectId: job.id }).insert,
    ],
  };

  /** What was cancelled half-way may have shown itself in the index since. */
  const syncBatch: JobHandler = {
    run: async (attempt) => syncAll(attempt, await jobs.stoppedSubjects(attempt.job.ownerId, subjectOf(attempt.job))),
    onFailure: () => [],
  };

  /** What came out of a document went to the trash with it, or came back. */
  const syncFamily: JobHandler = {
    run: async (attempt) => syncAll(attempt, await families.descendants(attempt.job.ownerId, subjectOf(attempt.job))),
    onFailure: () => [],
  };

  return { batch, syncBatch, syncFamily, syncTag: createSyncTag({ database, indexOf }) };
}
