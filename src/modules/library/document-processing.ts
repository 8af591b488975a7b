import type { Config } from '../../config.ts';
import type { Database, Statement } from '../../db/client.ts';
import type { IndexedDocument } from '../../index-object/index.types.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Reading } from '../ingestion/archive.ts';
import { PROFILES, type Profile } from '../ingestion/chunking.ts';
import type { Job, JobsService, PreparedJob } from '../ingestion/ingestion.service.ts';
import { type Failure, PermanentJobError } from '../ingestion/job-lifecycle.ts';
import { createDocumentsRepository, type FiledDocument } from './documents.repository.ts';
import type { DocumentsService } from './documents.service.ts';
import { createDuplicatesRepository } from './duplicates.repository.ts';
import { clipTitle } from './filenames.ts';
import { toIndexedDocument } from './indexed-document.ts';
import { subjectOf } from './library.jobs.ts';
import { fingerprintsOf } from './likeness/fingerprints.ts';
import { createVersionsRepository } from './versions.repository.ts';
import type { VersionsService } from './versions.service.ts';
import type { DocumentVersion } from './versions.table.ts';

export type ProcessedDocument = Omit<FiledDocument, 'profile'> & {
  profile: Profile;
  /** Ids of contents that it had before, the latest first. */
  formerContents: string[];
  /** Earlier versions beyond the number that is kept. */
  surplusVersions: DocumentVersion[];
};

type Deps = {
  database: Database;
  clock: Clock;
  config: Pick<Config, 'VERSIONS_KEPT'>;
  jobs: JobsService;
  documents: DocumentsService;
  versions: VersionsService;
};

/** At one reading; the rest at the next ones. */
const MAX_SURPLUS = 20;
const MAX_FORMER = 5;

/** What the processing job may do to a document. */
export function createDocumentProcessing({ database, clock, config, jobs, documents, versions }: Deps) {
  const repository = createDocumentsRepository(database);
  const versionRows = createVersionsRepository(database);
  const duplicates = createDuplicatesRepository(database);

  const titleFor = (document: ProcessedDocument, reading: Reading) =>
    document.titleIsGiven ? document.title : clipTitle(reading.title ?? '') || document.title;

  return {
    /** The document as it is now, marked as being read. @throws PermanentJobError when it is gone. */
    async begin(job: Job, requireLease: Statement): Promise<ProcessedDocument> {
      const id = subjectOf(job);
      const marked = repository.markProcessing(job.ownerId, { id, now: clock.now() });
      const [, , [document], former, surplusVersions] = await database.commit([
        requireLease,
        marked,
        repository.select(job.ownerId, id),
        versionRows.select(job.ownerId, { documentId: id, below: undefined, limit: MAX_FORMER }),
        versionRows.selectSurplus(job.ownerId, { documentId: id, kept: config.VERSIONS_KEPT, limit: MAX_SURPLUS }),
      ]);
      if (!document || document.status === 'deleting') {
        throw new PermanentJobError('document_gone', 'The document has been deleted.');
      }
      const formerContents = former.map(({ contentId }) => contentId);
      return { ...document, profile: profileOf(document.profile), formerContents, surplusVersions };
    },

    asIndexed(document: ProcessedDocument, reading: Reading): IndexedDocument {
      const { kind, language, profile, metadata: extractedMetadata } = reading;
      const title = titleFor(document, reading);
      return toIndexedDocument({ ...document, title, kind, language, profile, extractedMetadata });
    },

    /** Committed together with the job's success. @param now since when the index shows it. */
    ready(
      document: ProcessedDocument,
      { reading, now }: { reading: Reading; now: number },
    ): { statements: Statement[]; made: Job[] } {
      const { ownerId, id: documentId, contentId } = document;
      const marked = repository.markReady(ownerId, {
        id: document.id,
        title: titleFor(document, reading),
        now,
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
      const fingerprints = fingerprintsOf(reading);
      const filed = duplicates.replaceFingerprints(ownerId, { documentId, contentId, fingerprints });
      const { statements, made } = versions.removal(ownerId, document.surplusVersions);
      return { statements: [marked, ...filed, ...statements], made };
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
