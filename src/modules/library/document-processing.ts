import type { Database, Statement } from '../../db/client.ts';
import type { IndexedDocument } from '../../index-object/index.types.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Reading } from '../ingestion/archive.ts';
import { PROFILES, type Profile } from '../ingestion/chunking.ts';
import type { Job, JobsService, PreparedJob } from '../ingestion/ingestion.service.ts';
import { type Failure, PermanentJobError } from '../ingestion/job-lifecycle.ts';
import { createDocumentsRepository, type FiledDocument } from './documents.repository.ts';
import type { DocumentsService } from './documents.service.ts';
import { clipTitle } from './filenames.ts';
import { toIndexedDocument } from './indexed-document.ts';
import { subjectOf } from './library.jobs.ts';

export type ProcessedDocument = Omit<FiledDocument, 'profile'> & { profile: Profile };

type Deps = { database: Database; clock: Clock; jobs: JobsService; documents: DocumentsService };

/** What the processing job may do to a document. */
export function createDocumentProcessing({ database, clock, jobs, documents }: Deps) {
  const repository = createDocumentsRepository(database);

  const titleFor = (document: ProcessedDocument, reading: Reading) =>
    document.titleIsGiven ? document.title : clipTitle(reading.title ?? '') || document.title;

  return {
    /** The document as it is now, marked as being read. @throws PermanentJobError when it is gone. */
    async begin(job: Job, requireLease: Statement): Promise<ProcessedDocument> {
      const id = subjectOf(job);
      const marked = repository.markProcessing(job.ownerId, { id, now: clock.now() });
      const [document] = await database.commitAndRead([requireLease, marked], repository.select(job.ownerId, id));
      if (!document || document.status === 'deleting') {
        throw new PermanentJobError('document_gone', 'The document has been deleted.');
      }
      return { ...document, profile: profileOf(document.profile) };
    },

    asIndexed(document: ProcessedDocument, reading: Reading): IndexedDocument {
      const { kind, language, profile } = reading;
      return toIndexedDocument({ ...document, title: titleFor(document, reading), kind, language, profile });
    },

    /** Committed together with the job's success. */
    ready(document: ProcessedDocument, reading: Reading): Statement {
      return repository.markReady(document.ownerId, {
        id: document.id,
        title: titleFor(document, reading),
        now: clock.now(),
        changes: {
          kind: reading.kind,
          profile: reading.profile,
          profileProposal: reading.proposal ?? null,
          language: reading.language,
          pageCount: reading.pageCount,
          chunkCount: reading.chunks.length,
          extractedMetadata: reading.metadata,
        },
      });
    },

    /** The job that analyses what was read, committed together with the success: nobody waits for it. */
    analyse: (document: ProcessedDocument): PreparedJob =>
      jobs.prepare(document.ownerId, { type: 'analyse_document', subjectId: document.id }),

    /** The document as it is now. */
    select: (ownerId: string, id: string): Statement<FiledDocument[]> => repository.select(ownerId, id),

    /** A job that reads a document again because a model has found more in it; should it fail, all stays as it is. */
    readAgain: (ownerId: string, id: string): PreparedJob =>
      jobs.prepare(ownerId, { type: 'process_document', subjectId: id, checkpoint: { hasBeenReady: true } }),

    /** Committed together with the job's failure. */
    failed(job: Job, failure: Failure): Statement[] {
      const id = subjectOf(job);
      if (job.checkpoint['hasBeenReady'] === true)
        return [repository.markReadyAgain(job.ownerId, { id, now: clock.now() })];
      const { code: errorCode, message: errorMessage } = failure;
      const failed = repository.markFailed(job.ownerId, { id, errorCode, errorMessage, now: clock.now() });
      return [failed, jobs.prepare(job.ownerId, { type: 'sync_document', subjectId: id }).insert];
    },

    /** Takes a document that could not be read out of searches at once; the job committed with its failure does as well. */
    async hide(job: Job): Promise<void> {
      const document = await repository.find(job.ownerId, subjectOf(job), 'include');
      if (document) await documents.show(document);
    },
  };
}

export type DocumentProcessing = ReturnType<typeof createDocumentProcessing>;

const profileOf = (name: string): Profile => PROFILES.find((profile) => profile === name) ?? 'general';
