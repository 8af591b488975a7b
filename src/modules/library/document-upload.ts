import type { Config } from '../../config.ts';
import type { Database, Statement } from '../../db/client.ts';
import { isForeignKeyViolation } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import { FileTooLargeError, type WrittenFile } from '../../platform/files/file-store.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Actor } from '../../shared/actor.ts';
import { AppError, invalidField, staleVersion } from '../../shared/app-error.ts';
import { AmbiguousFormError, BrokenMultipartError, type IncomingFile, readMultipart } from '../../shared/multipart.ts';
import { uploadFingerprint } from '../../shared/upload-fingerprint.ts';
import type { AuditService } from '../audit/audit.service.ts';
import type { IdempotencyService } from '../idempotency/idempotency.service.ts';
import type { Archive, ArchivePlace } from '../ingestion/archive.ts';
import type { Job, JobsService } from '../ingestion/ingestion.service.ts';
import type { CollectionsService } from './collections.service.ts';
import {
  brokenUpload,
  emptyFile,
  fileTooLarge,
  noFile,
  noSuchCollection,
  notMultipart,
  ownerGone,
} from './documents.errors.ts';
import { createDocumentsRepository, type FiledDocument } from './documents.repository.ts';
import type { UploadFields } from './documents.schemas.ts';
import type { DocumentsService } from './documents.service.ts';
import { SameBytesError } from './duplicates.errors.ts';
import { createDuplicatesRepository, type LikeDocument } from './duplicates.repository.ts';
import { safeFilename, safeMediaType } from './filenames.ts';
import type { Document } from './library.table.ts';
import { newDocument } from './new-document.ts';
import type { TagsService } from './tags.service.ts';
import { parseFields } from './upload-fields.ts';
import { authorOf, type VersionsService } from './versions.service.ts';

type Deps = {
  database: Database;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  config: Config;
  archive: Archive;
  jobs: JobsService;
  tags: TagsService;
  collections: CollectionsService;
  documents: DocumentsService;
  versions: VersionsService;
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

/** A file that is to be taken in, and what is committed together with that, whatever document comes of it. */
type Upload = {
  place: ArchivePlace;
  file: StoredOriginal;
  fields: UploadFields;
  alongside?: (documentId: string) => Statement[];
};

/** What came of an upload. */
export type Uploaded = {
  document: FiledDocument;
  /** Undefined when nothing was made. */
  job: Job | undefined;
  /** Other documents with the same bytes, if somebody asked. */
  sameBytes: LikeDocument[];
};

const MAX_SAME = 20;

/** How a document is filed, and the batch that its job belongs to. */
type Filing = Pick<UploadFields, 'tags' | 'collectionId'> & { parentId?: string | null };

/** Taking files in: bytes into the archive first, then one batch for the document, its filing and its job. */
export function createDocumentUpload(deps: Deps) {
  const { database, clock, ids, config, archive, jobs } = deps;
  const repository = createDocumentsRepository(database);
  const duplicates = createDuplicatesRepository(database);

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

  const rowOf = ({ place, file, fields }: Upload, keyId: string | null): Document =>
    newDocument({ place, file, fields, keyId, now: clock.now() });

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

  const findSame = (actor: Actor, { file }: Upload) => repository.findByBytes(actor.userId, file.sha256);

  /** @throws SameBytesError when it is to be new and is not. */
  const asDocument = async (
    actor: Actor,
    upload: Upload,
    { asks = false, onlyNew = false }: { asks?: boolean; onlyNew?: boolean },
  ): Promise<Uploaded> => {
    const { userId: ownerId } = actor;
    const { sha256 } = upload.file;
    const row = rowOf(upload, authorOf(actor).keyId);
    const { document, job, statements } = prepare(row, upload.fields);
    const guards = onlyNew ? [duplicates.requireNew(ownerId, sha256)] : [];
    const limit = asks ? MAX_SAME : 0;
    deps.audit.making({ type: 'document', id: row.id });
    try {
      const sameBytes = await database.commitAndRead(
        [...(upload.alongside?.(row.id) ?? []), ...guards, ...statements],
        duplicates.selectExact(ownerId, { sha256, except: row.id, limit }),
      );
      jobs.wakeAfterAnswer([job.id]);
      return { document, job, sameBytes };
    } catch (error) {
      if (isForeignKeyViolation(error)) throw ownerGone();
      throw isNotFound(error) ? noSuchCollection() : error;
    }
  };

  /** Bytes that nothing consists of wait for the reconciliation. */
  const leftBehind = (place: ArchivePlace) => (error: unknown) =>
    deps.logger.error('upload.bytes_left', error, { documentId: place.documentId });

  /** Files the bytes under the document whose version they become, and lets it consist of them. */
  const asVersion = async (actor: Actor, { place, file, alongside }: Upload, documentId: string): Promise<Uploaded> => {
    const moved = { ...place, documentId };
    deps.audit.about({ type: 'document', id: documentId });
    await archive.copyOriginal(place, moved);
    try {
      const added = await deps.versions.add(authorOf(actor), {
        documentId,
        content: { contentId: place.contentId, ...contentOf(file) },
        also: alongside?.(documentId),
      });
      deps.waitUntil(archive.removeContent(place).catch(leftBehind(place)));
      return { ...added, sameBytes: [] };
    } catch (error) {
      if (error instanceof AppError) await archive.removeContent(moved);
      throw error;
    }
  };

  const refuseTarget = (error: unknown) => {
    throw isNotFound(error) ? invalidField('versionOf', 'There is no such document.') : error;
  };

  const requireDocument = async (actor: Actor, id: string): Promise<void> => {
    await deps.documents.get(actor, id).catch(refuseTarget);
  };

  const asGivenVersion = async (actor: Actor, upload: Upload, documentId: string): Promise<Uploaded> => {
    await requireDocument(actor, documentId);
    return asVersion(actor, upload, documentId).catch(refuseTarget);
  };

  /** A document of its own, unless there is one with the same bytes. */
  const unlessThere = async (
    actor: Actor,
    upload: Upload,
    otherwise: (same: FiledDocument) => Promise<Uploaded>,
  ): Promise<Uploaded> => {
    try {
      return await asDocument(actor, upload, { onlyNew: true });
    } catch (error) {
      if (!(error instanceof SameBytesError)) throw error;
      const same = await findSame(actor, upload);
      // It was there a moment ago.
      return same ? otherwise(same) : asDocument(actor, upload, {});
    }
  };

  const skip = async ({ place, alongside }: Upload, document: FiledDocument): Promise<Uploaded> => {
    if (alongside) await database.commit(alongside(document.id));
    await archive.removeContent(place);
    return { document, job: undefined, sameBytes: [] };
  };

  const asVersionOfSame = async (actor: Actor, upload: Upload): Promise<Uploaded> => {
    const same = await findSame(actor, upload);
    if (same) return asVersion(actor, upload, same.id);
    return unlessThere(actor, upload, ({ id }) => asVersion(actor, upload, id));
  };

  /** Takes the file in as its sender chose, with regard to what they have already. */
  const accept = (actor: Actor, upload: Upload): Promise<Uploaded> => {
    const { onDuplicate = 'ask', versionOf } = upload.fields;
    if (versionOf !== undefined) return asGivenVersion(actor, upload, versionOf);
    if (onDuplicate === 'skip') return unlessThere(actor, upload, (same) => skip(upload, same));
    if (onDuplicate === 'version') return asVersionOfSame(actor, upload);
    return asDocument(actor, upload, { asks: onDuplicate === 'ask' });
  };

  return {
    /**
     * A document of bytes that are in the archive already, for the batch of whoever has put them there; then its job is to
     * be woken. Refused with `not_found` unless the collection is live.
     */
    prepare: (
      place: ArchivePlace,
      { file, fields, parentId }: { file: StoredOriginal; fields: UploadFields; parentId: string | null },
    ): PreparedDocument => prepare(rowOf({ place, file: named(file), fields }, null), { ...fields, parentId }),

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
      const author = { ownerId: current.ownerId, keyId: null };
      return deps.versions.add(author, {
        documentId: current.id,
        expectedVersion: current.version,
        content: { contentId, ...contentOf(named(file)) },
        metadata,
        also,
      });
    },

    /** Takes one file in. What it returns has been accepted: it will be read, whatever happens to this process. */
    create(actor: Actor, upload: UploadBody): Promise<Uploaded> {
      const place = { ownerId: actor.userId, documentId: ids.next(), contentId: ids.next() };
      return receive(place, upload, (file, fields) => accept(actor, { place, file, fields }));
    },

    /** The same for a file that lies at its place already, and stays there until something has come of it. */
    accept,

    /** Shows that a document is there whose version a file may become. @throws AppError invalid_fields */
    requireDocument,

    /** Replaces a document's bytes, for example by a repaired file, and reads them. Title, tags and notes stay. */
    async replace(
      actor: Actor,
      { id, upload, expectedVersion }: { id: string; upload: UploadBody; expectedVersion?: number | undefined },
    ) {
      const current = await deps.documents.get(actor, id);
      if (expectedVersion !== undefined && expectedVersion !== current.version) throw staleVersion('document');
      const place = { ownerId: actor.userId, documentId: id, contentId: ids.next() };
      return receive(place, upload, (file) =>
        deps.versions.add(authorOf(actor), {
          documentId: id,
          content: { contentId: place.contentId, ...contentOf(file) },
          expectedVersion,
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
  filedTags: [],
  tagNames: tags,
  collectionIds: collectionId === undefined ? [] : [collectionId],
  labelledCollectionIds: [],
});

function explain(error: unknown, config: Config): unknown {
  if (error instanceof FileTooLargeError) return fileTooLarge(config.MAX_UPLOAD_BYTES);
  if (error instanceof BrokenMultipartError) return brokenUpload();
  if (error instanceof AmbiguousFormError) return invalidField(error.field, error.message);
  return error;
}

const isNotFound = (error: unknown) => error instanceof AppError && error.kind === 'not_found';
