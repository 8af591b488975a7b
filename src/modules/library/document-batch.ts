import type { Config } from '../../config.ts';
import type { Database, Statement } from '../../db/client.ts';
import { isForeignKeyViolation } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Actor } from '../../shared/actor.ts';
import { AppError, invalidField } from '../../shared/app-error.ts';
import { fieldErrorsOf } from '../../shared/field-errors.ts';
import { AmbiguousFormError, BrokenMultipartError, type IncomingFile } from '../../shared/multipart.ts';
import { MAX_FILES, readManyFiles } from '../../shared/multipart-files.ts';
import type { Page } from '../../shared/page.ts';
import { formFingerprint } from '../../shared/upload-fingerprint.ts';
import type { AuditService } from '../audit/audit.service.ts';
import type { IdempotencyService } from '../idempotency/idempotency.service.ts';
import type { Archive, ArchivePlace } from '../ingestion/archive.ts';
import type { Job, JobsService, JobView, ListItems } from '../ingestion/ingestion.service.ts';
import type { Failure } from '../ingestion/job-lifecycle.ts';
import { type BatchFields, batchFieldsSchema } from './batches.schemas.ts';
import type { CollectionsService } from './collections.service.ts';
import type { UploadBody } from './document-upload.ts';
import {
  batchTooLarge,
  brokenUpload,
  fileTooLarge,
  noFile,
  noSuchCollection,
  notMultipart,
  ownerGone,
} from './documents.errors.ts';
import { createDocumentsRepository } from './documents.repository.ts';
import { safeFilename, safeMediaType } from './filenames.ts';
import type { Document } from './library.table.ts';
import { newDocument } from './new-document.ts';
import type { TagsService } from './tags.service.ts';

type Deps = {
  database: Database;
  clock: Clock;
  ids: Ids;
  config: Config;
  archive: Archive;
  jobs: JobsService;
  tags: TagsService;
  collections: CollectionsService;
  idempotency: Pick<IdempotencyService, 'identify'>;
  audit: AuditService;
};

/** All files of a batch together may have as many bytes as so many of the largest. */
const MAX_FULL_FILES = 10;
/** Rows in one statement: names may be long. */
const ROWS_PER_STATEMENT = 250;

const EMPTY: Failure = { code: 'empty', message: 'The file is empty. Check the original and upload it again.' };

/** A file that has arrived, with why it is not taken in if it is not. */
type Received = Pick<Document, 'filename' | 'mediaType' | 'sha256'> & {
  place: ArchivePlace;
  size: number;
  given: Pick<IncomingFile, 'filename' | 'mediaType'>;
  refusal: Failure | undefined;
};

/** One item of a batch: a job, with the document that it is about. */
export type BatchItem = { job: Job; document: Document | undefined; filename: string | null };

export const isOnDocument = ({ type }: Pick<Job, 'type'>): boolean => type !== 'fetch_resource';

/** Taking many files in at once: bytes into the archive as they come, then one commit for all of them. */
export function createDocumentBatch(deps: Deps) {
  const { database, clock, ids, config, archive, jobs } = deps;
  const repository = createDocumentsRepository(database);

  /** Stores a file; one that is too large or empty is read to its end, so that those behind it are read too. */
  const store = async (ownerId: string, file: IncomingFile, budget: { left: number }): Promise<Received> => {
    const place = { ownerId, documentId: ids.next(), contentId: ids.next() };
    const bounded = boundedBody(file.body, { most: config.MAX_UPLOAD_BYTES, budget });
    const mediaType = safeMediaType(file.mediaType);
    const key = archive.originalKey(place);
    const written = await archive.files.write(key, {
      body: bounded.body,
      maxBytes: config.MAX_UPLOAD_BYTES,
      mediaType,
    });
    const refusal = refusalOf(written.size, bounded.isCut());
    if (refusal) await archive.files.remove([key]);
    const given = { filename: file.filename, mediaType: file.mediaType };
    return { ...written, place, filename: safeFilename(file.filename), mediaType, given, refusal };
  };

  const refusalOf = (size: number, isCut: boolean): Failure | undefined => {
    if (isCut) return { code: 'file_too_large', message: fileTooLarge(config.MAX_UPLOAD_BYTES).message };
    return size === 0 ? EMPTY : undefined;
  };

  const filingStatements = (
    ownerId: string,
    { tags, collectionId }: BatchFields,
    documentIds: string[],
  ): Statement[] => {
    const now = clock.now();
    return [
      ...(collectionId === undefined
        ? []
        : deps.collections.addItemsStatements(ownerId, { collectionId, documentIds, now })),
      ...deps.tags.assignToAllStatements(ownerId, { documentIds, names: tags, now }),
    ];
  };

  const commit = async (ownerId: string, received: Received[], fields: BatchFields): Promise<JobView> => {
    const now = clock.now();
    const accepted = received.filter((file) => file.refusal === undefined);
    const refused = received.flatMap(({ filename, refusal }) => (refusal ? [{ filename, failure: refusal }] : []));
    // Metadata may be long, and is the same for all.
    const { metadata, profile } = fields;
    const rows = accepted.map((file) =>
      newDocument({ place: file.place, file, fields: { profile, metadata: {} }, now }),
    );
    const documentIds = rows.map(({ id }) => id);
    const prepared = jobs.prepareBatch(ownerId, { type: 'process_document', subjects: rows, refused });
    deps.audit.making({ type: 'job', id: prepared.batch.id });
    await database.commit([
      ...piecesOf(rows).map((piece) => repository.insertMany(piece)),
      ...(Object.keys(metadata).length > 0 ? [repository.describeAll(ownerId, { ids: documentIds, metadata })] : []),
      ...filingStatements(ownerId, fields, documentIds),
      ...prepared.inserts,
    ]);
    jobs.wakeAfterAnswer(prepared.jobIds);
    return prepared.batch;
  };

  return {
    /**
     * Takes many files in, with the same fields for all. What it returns has been accepted as a whole: every file will be
     * read, whatever happens to this process. A file that cannot be taken is a failed item, and no failure of the others.
     */
    async create(actor: Actor, { body, contentType }: UploadBody): Promise<JobView> {
      const { userId: ownerId } = actor;
      if (!body || !contentType?.toLowerCase().startsWith('multipart/form-data')) throw notMultipart();
      const received: Received[] = [];
      let mayBeCommitted = false;
      try {
        const budget = { left: MAX_FULL_FILES * config.MAX_UPLOAD_BYTES };
        const form = { body, contentType, lists: ['tags'], maxFiles: MAX_FILES };
        const { fields, files } = await readManyFiles(form, async (file) => {
          const stored = await store(ownerId, file, budget);
          received.push(stored);
          return stored;
        });
        const named = files.filter(({ size, given }) => size > 0 || given.filename !== '');
        if (named.length === 0) throw noFile();
        if (budget.left < 0) throw batchTooLarge(MAX_FULL_FILES * config.MAX_UPLOAD_BYTES);
        deps.idempotency.identify(
          formFingerprint(
            named.map((file) => ({ ...file.given, sha256: file.sha256 })),
            fields,
          ),
        );
        const parsed = parseFields(fields);
        mayBeCommitted = true;
        return await commit(ownerId, named, parsed);
      } catch (error) {
        const reason = explain(error);
        // The database may have committed without being able to say so: then the bytes wait for the reconciliation.
        if (!mayBeCommitted || reason instanceof AppError) {
          await archive.files.remove(received.map(({ place }) => archive.originalKey(place)));
        }
        throw reason;
      }
    },

    /** The items of a batch, or what came out of a job's document. */
    async listItems(actor: Actor, { id, ...page }: ListItems & { id: string }): Promise<Page<BatchItem>> {
      const { items, nextCursor } = await jobs.listItems(actor, { id, ...page });
      const documentIds = items.flatMap((job) => (isOnDocument(job) ? (job.subjectId ?? []) : []));
      const found = documentIds.length > 0 ? await repository.findMany(actor.userId, documentIds) : [];
      const byId = new Map(found.map((document) => [document.id, document]));
      return {
        nextCursor,
        items: items.map((job) => {
          const document = byId.get(job.subjectId ?? '');
          const { filename } = job.checkpoint;
          return { job, document, filename: document?.filename ?? (typeof filename === 'string' ? filename : null) };
        }),
      };
    },
  };
}

export type DocumentBatch = ReturnType<typeof createDocumentBatch>;

/** The bytes of a file up to the most that is taken, and no more than is left for all; the rest is read and dropped. */
function boundedBody(
  body: AsyncIterable<Uint8Array>,
  { most, budget }: { most: number; budget: { left: number } },
): { body: AsyncIterable<Uint8Array>; isCut: () => boolean } {
  let size = 0;
  async function* bounded() {
    for await (const bytes of body) {
      size += bytes.byteLength;
      budget.left -= bytes.byteLength;
      if (size <= most && budget.left >= 0) yield bytes;
    }
  }
  return { body: bounded(), isCut: () => size > most };
}

function piecesOf<T>(rows: T[]): T[][] {
  return Array.from({ length: Math.ceil(rows.length / ROWS_PER_STATEMENT) }, (_, i) =>
    rows.slice(i * ROWS_PER_STATEMENT, (i + 1) * ROWS_PER_STATEMENT),
  );
}

function parseFields(fields: Record<string, string>): BatchFields {
  const parsed = batchFieldsSchema.safeParse(fields);
  if (parsed.success) return parsed.data;
  throw new AppError('invalid_fields', 'Some fields are not valid.', { errors: fieldErrorsOf(parsed.error) });
}

function explain(error: unknown): unknown {
  if (error instanceof BrokenMultipartError) return brokenUpload();
  if (error instanceof AmbiguousFormError) return invalidField(error.field, error.message);
  if (isForeignKeyViolation(error)) return ownerGone();
  const isNotFound = error instanceof AppError && error.kind === 'not_found';
  return isNotFound ? noSuchCollection() : error;
}
