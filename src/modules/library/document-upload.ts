import type { Config } from '../../config.ts';
import type { Database, Statement } from '../../db/client.ts';
import { isForeignKeyViolation } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import { FileTooLargeError, type WrittenFile } from '../../platform/files/file-store.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Actor } from '../../shared/actor.ts';
import { AppError, invalidField, staleVersion } from '../../shared/app-error.ts';
import { fieldErrorsOf } from '../../shared/field-errors.ts';
import { AmbiguousFormError, BrokenMultipartError, type IncomingFile, readMultipart } from '../../shared/multipart.ts';
import { uploadFingerprint } from '../../shared/upload-fingerprint.ts';
import type { AuditService } from '../audit/audit.service.ts';
import type { IdempotencyService } from '../idempotency/idempotency.service.ts';
import type { Archive, ArchivePlace } from '../ingestion/archive.ts';
import type { Job, JobsService } from '../ingestion/ingestion.service.ts';
import type { CollectionsService } from './collections.service.ts';
import { brokenUpload, emptyFile, fileTooLarge, noFile, notMultipart, ownerGone } from './documents.errors.ts';
import { createDocumentsRepository, type FiledDocument } from './documents.repository.ts';
import { type UploadFields, uploadFieldsSchema } from './documents.schemas.ts';
import type { DocumentsService } from './documents.service.ts';
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
  documents: DocumentsService;
  idempotency: Pick<IdempotencyService, 'identify'>;
  audit: AuditService;
  waitUntil: (work: Promise<unknown>) => void;
};

/** An upload's body as it arrives. */
export type UploadBody = { body: ReadableStream<Uint8Array> | null; contentType: string | undefined };

/** Bytes in the archive, with what their sender calls them. */
export type StoredOriginal = WrittenFile & Pick<Document, 'filename' | 'mediaType'>;

type Received = StoredOriginal & { given: Pick<IncomingFile, 'filename' | 'mediaType'> };

export type PreparedDocument = { document: FiledDocument; job: Job; statements: Statement[] };

/** How a document is filed, and the batch that its job belongs to. */
type Filing = Pick<UploadFields, 'tags' | 'collectionId'> & { parentId?: string | null };

/** Taking files in: bytes into the archive first, then one batch for the document, its filing and its job. */
export function createDocumentUpload(deps: Deps) {
  const { database, clock, ids, config, archive, jobs } = deps;
  const repository = createDocumentsRepository(database);

  const storeAt =
    (place: ArchivePlace) =>
    async (file: IncomingFile): Promise<Received> => {
      const filename = safeFilename(file.filename);
      const mediaType = safeMediaType(file.mediaType);
      const written = await archive.files.write(archive.originalKey(place), {
        body: file.body,
        maxBytes: config.MAX_UPLOAD_BYTES,
        mediaType,
      });
      return { ...written, filename, mediaType, given: { filename: file.filename, mediaType: file.mediaType } };
    };

  /**
   * Receives the form and commits what `prepare` makes of it. The bytes do not stay behind when this fails, unless the
   * database may have committed without being able to say so: then they wait for the reconciliation.
   */
  const receive = async <T>(
    place: ArchivePlace,
    { body, contentType }: UploadBody,
    commit: (file: Received, fields: UploadFields) => Promise<T>,
  ): Promise<T> => {
    if (!body || !contentType?.toLowerCase().startsWith('multipart/form-data')) throw notMultipart();
    let mayBeCommitted = false;
    try {
      const { file, fields } = await readMultipart({ body, contentType, lists: ['tags'] }, storeAt(place));
      if (!file) throw noFile();
      deps.idempotency.identify(uploadFingerprint({ ...file.given, sha256: file.sha256 }, fields));
      if (file.size === 0) throw emptyFile();
      const parsed = parseFields(fields);
      mayBeCommitted = true;
      return await commit(file, parsed);
    } catch (error) {
      if (!mayBeCommitted || error instanceof AppError) await archive.removeContent(place);
      throw explain(error, config);
    }
  };

  const filingStatements = (document: FiledDocument): Statement[] => {
    const { ownerId, id: documentId, createdAt: now } = document;
    return [
      ...document.collectionIds.flatMap((collectionId) =>
        deps.collections.addItemStatements(ownerId, { collectionId, documentId, now }),
      ),
      ...(document.tagNames.length > 0
        ? deps.tags.assignStatements(ownerId, { documentId, names: document.tagNames, now })
        : []),
    ];
  };

  /** The document's rows and the job that reads it, for one batch. */
  const prepare = (row: Document, filing: Filing): PreparedDocument => {
    const document = { ...row, ...filingOf(filing) };
    const { parentId = null } = filing;
    const { job, insert } = jobs.prepare(row.ownerId, { type: 'process_document', subjectId: row.id, parentId });
    return { document, job, statements: [repository.insert(row), ...filingStatements(document), insert] };
  };

  return {
    /**
     * A document of bytes that are in the archive already, for the batch of whoever has put them there; then its job is to
     * be woken. Refused with `not_found` unless the collection is live.
     */
    prepare: (
      place: ArchivePlace,
      { file, fields, parentId }: { file: StoredOriginal; fields: UploadFields; parentId: string | null },
    ): PreparedDocument =>
      prepare(newDocument({ place, file: named(file), fields, now: clock.now() }), { ...fields, parentId }),

    /** Gives a document other bytes, which are in the archive already. What goes `also` is committed with it. */
    replaceStored(
      current: Document,
      {
        contentId,
        file,
        metadata,
        also,
      }: { contentId: string; file: StoredOriginal; metadata?: Document['metadata']; also?: Statement[] },
    ) {
      return deps.documents.revise(current.ownerId, {
        id: current.id,
        expectedVersion: current.version,
        changes: {
          ...(metadata && { metadata }),
          status: 'pending',
          contentVersion: current.contentVersion + 1,
          contentId,
          ...contentOf(named(file)),
        },
        also: also ?? [],
        job: 'process_document',
      });
    },

    /** Takes one file in. What it returns has been accepted: it will be read, whatever happens to this process. */
    async create(actor: Actor, upload: UploadBody): Promise<{ document: FiledDocument; job: Job }> {
      const place = { ownerId: actor.userId, documentId: ids.next(), contentId: ids.next() };
      deps.audit.making({ type: 'document', id: place.documentId });
      const accepted = await receive(place, upload, async (file, fields) => {
        const row = newDocument({ place, file, fields, now: clock.now() });
        const { document, job, statements } = prepare(row, fields);
        try {
          await database.commit(statements);
        } catch (error) {
          if (isForeignKeyViolation(error)) throw ownerGone();
          throw isNotFound(error) ? invalidField('collectionId', 'There is no such collection.') : error;
        }
        return { document, job };
      });
      // After the answer: on one machine the job would run before it.
      deps.waitUntil(clock.sleep(0).then(() => jobs.wake([accepted.job.id])));
      return accepted;
    },

    /** Replaces a document's bytes, for example by a repaired file, and reads them. Title, tags and notes stay. */
    async replace(
      actor: Actor,
      { id, upload, expectedVersion }: { id: string; upload: UploadBody; expectedVersion?: number | undefined },
    ) {
      const current = await deps.documents.get(actor, id);
      if (expectedVersion !== undefined && expectedVersion !== current.version) throw staleVersion('document');
      const contentId = ids.next();
      const place = { ownerId: actor.userId, documentId: id, contentId };
      return receive(place, upload, (file) =>
        deps.documents.revise(actor.userId, {
          id,
          expectedVersion: current.version,
          changes: {
            status: 'pending',
            contentVersion: current.contentVersion + 1,
            contentId,
            ...contentOf(file),
          },
          job: 'process_document',
        }),
      );
    },
  };
}

const named = (file: StoredOriginal): StoredOriginal => ({
  ...file,
  filename: safeFilename(file.filename),
  mediaType: safeMediaType(file.mediaType),
});

const contentOf = ({ filename, mediaType, size, sha256 }: StoredOriginal) => ({
  filename,
  mediaType,
  sizeBytes: size,
  sha256,
});

export type DocumentUpload = ReturnType<typeof createDocumentUpload>;

const filingOf = ({ tags, collectionId }: Pick<UploadFields, 'tags' | 'collectionId'>) => ({
  tagIds: [],
  tagNames: tags,
  collectionIds: collectionId === undefined ? [] : [collectionId],
  labelledCollectionIds: [],
});

function parseFields(fields: Record<string, string>): UploadFields {
  const parsed = uploadFieldsSchema.safeParse(fields);
  if (parsed.success) return parsed.data;
  throw new AppError('invalid_fields', 'Some fields are not valid.', { errors: fieldErrorsOf(parsed.error) });
}

function explain(error: unknown, config: Config): unknown {
  if (error instanceof FileTooLargeError) return fileTooLarge(config.MAX_UPLOAD_BYTES);
  if (error instanceof BrokenMultipartError) return brokenUpload();
  if (error instanceof AmbiguousFormError) return invalidField(error.field, error.message);
  return error;
}

const isNotFound = (error: unknown) => error instanceof AppError && error.kind === 'not_found';
