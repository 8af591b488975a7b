import type { Config } from '../../config.ts';
import type { Database, Statement } from '../../db/client.ts';
import type { IndexOf } from '../../index-object/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { VectorStore } from '../../platform/vectors/vector-store.ts';
import type { AuditService } from '../audit/audit.service.ts';
import type { Archive } from '../ingestion/archive.ts';
import type { Job, JobsService } from '../ingestion/ingestion.service.ts';
import { NotYetError, PermanentJobError } from '../ingestion/job-lifecycle.ts';
import type { Attempt, JobHandler } from '../ingestion/job-runner.ts';
import type { SearchService } from '../search/search.service.ts';
import { createDocumentsRepository } from './documents.repository.ts';
import { createFamiliesRepository } from './families.repository.ts';
import { toIndexedDocument } from './indexed-document.ts';

/** How long to wait before looking again whether a document has been read. */
const AFTER_READING_MS = 2_000;

type Deps = {
  database: Database;
  clock: Clock;
  config: Config;
  archive: Archive;
  jobs: JobsService;
  search: SearchService;
  indexOf: IndexOf;
  vectors: VectorStore;
  audit: AuditService;
};

/** What is left of a document after its deletion, by place. */
export type Remains = { rows: number; objects: number; chunks: number; vectors: number };

const nothing = (): Statement[] => [];

/** Jobs by which the index and the archive follow the catalogue. */
export function createLibraryJobs(deps: Deps) {
  const { database, clock, config, archive, jobs, search, indexOf, vectors } = deps;
  const repository = createDocumentsRepository(database);
  const families = createFamiliesRepository(database);

  /** Brings the index to the attributes that the catalogue has now; older ones are ignored there. */
  const syncDocument: JobHandler = {
    async run({ job }) {
      const document = await repository.find(job.ownerId, subjectOf(job), 'include');
      if (!document) return { result: { synced: false }, statements: [] };
      await indexOf(job.ownerId).updateDocument(toIndexedDocument(document));
      // Reading will find out kind, language and title; the index must hear of those after it.
      if (await jobs.isBeingRead(job.ownerId, document.id))
        throw new NotYetError('The document is being read.', AFTER_READING_MS);
      return { result: { synced: true, revision: document.revision }, statements: [] };
    },
    onFailure: nothing,
  };

  /** Makes the jobs that delete what goes along with a document, while it still says what that is. */
  const deleteChildren = async ({ job, requireLease }: Attempt) => {
    const { ownerId } = job;
    const ids = await families.deletingChildren(ownerId, subjectOf(job));
    if (ids.length === 0) return;
    const taken = await jobs.openSubjects(ownerId, ids, 'delete_document');
    const left = ids.filter((id) => !taken.has(id));
    const works = left.map((subjectId) => ({ ownerId, type: 'delete_document' as const, subjectId }));
    const prepared = jobs.prepareMany(works);
    await database.commit([requireLease(), jobs.supersedeMany(works), prepared.insert]);
    await jobs.wake(prepared.jobs.map(({ id }) => id));
  };

  /** Removes a document from everywhere, then looks whether anything is left. */
  const deleteDocument: JobHandler = {
    async run(attempt) {
      const { job } = attempt;
      const documentId = subjectOf(job);
      await deleteChildren(attempt);
      const { ownerId } = job;
      const document = await repository.find(ownerId, documentId, 'include');
      const index = indexOf(ownerId);
      const stopped = await jobs.stoppedAttempts(ownerId, documentId);
      await vectors.remove(ownerId, {
        documentId,
        fromOrdinal: 0,
        toOrdinal: Math.max(document?.chunkCount ?? 0, stopped.mostItems),
      });
      const inIndex = await index.removeDocument(documentId);
      await archive.removeDocument(ownerId, documentId);
      await database.commit([
        repository.remove(ownerId, documentId),
        deps.audit.ofJob({
          action: 'job.deleteDocument',
          job,
          object: { type: 'document', id: documentId },
          countingChanges: 'removed',
        }),
        ...search.forgetDocument(ownerId, documentId),
      ]);
      const remains: Remains = {
        rows: await repository.countRemains(ownerId, documentId),
        objects: await archive.countObjects(ownerId, documentId),
        ...inIndex,
      };
      if (Object.values(remains).some((count) => count > 0)) {
        throw new Error(`Something is left of a deleted document: ${JSON.stringify(remains)}`);
      }
      // An attempt that was stopped may not have noticed yet, and put down once more what it was holding.
      const quietAt = stopped.lastAt + config.JOB_LEASE_MS;
      if (clock.now() < quietAt) throw new NotYetError('It is gone; one last look follows.', quietAt - clock.now());
      return { result: { remaining: remains }, statements: [] };
    },
    onFailure: nothing,
  };

  return { syncDocument, deleteDocument };
}

/** The document that a job is about. */
export function subjectOf(job: Job): string {
  if (job.subjectId === null) throw new PermanentJobError('no_subject', 'The job does not say what it is about.');
  return job.subjectId;
}
