import type { Config } from '../../config.ts';
import type { Database } from '../../db/client.ts';
import { isForeignKeyViolation } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { PartStore } from '../../platform/files/part-store.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Logger } from '../../platform/logger.ts';
import { type Actor, jobActor } from '../../shared/actor.ts';
import { AppError, notFound } from '../../shared/app-error.ts';
import type { Page, PageRequest } from '../../shared/page.ts';
import type { AuditService } from '../audit/audit.service.ts';
import type { Archive } from '../ingestion/archive.ts';
import type { CollectionsService } from '../library/collections.service.ts';
import type { DocumentUpload } from '../library/document-upload.ts';
import { fileTooLarge, noSuchCollection, ownerGone } from '../library/documents.errors.ts';
import { parseFields } from '../library/upload-fields.ts';
import { describedFile } from './tus-metadata.ts';
import { createUploadCompletion, partsOf, placeOf } from './upload-completion.ts';
import { type Arrival, type ClaimedUpload, createUploadWriter } from './upload-writer.ts';
import * as errors from './uploads.errors.ts';
import { createUploadsRepository } from './uploads.repository.ts';
import type { Upload } from './uploads.table.ts';

type Deps = {
  database: Database;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  config: Config;
  archive: Archive;
  parts: PartStore;
  collections: Pick<CollectionsService, 'requireLive'>;
  documentUpload: Pick<DocumentUpload, 'accept' | 'requireDocument'>;
  audit: AuditService;
  waitUntil: (work: Promise<unknown>) => void;
};

/** An upload as its sender announces it, perhaps with its first bytes. */
export type NewUpload = { sizeBytes: number; metadata: string; arrival: Arrival | undefined };

/** Parts of this size are the smallest that the archive takes: so little has to be fetched and stored anew each time. */
const PART_BYTES = 5 * 1024 * 1024;
/** Unfinished ones of one user. */
const MAX_OPEN_UPLOADS = 100;
const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
/** How long it is said of an upload that it has expired. */
const KEPT_EXPIRED_MS = 7 * DAY_MS;
/** Then the archive has dropped the parts of what could not be completed. */
const PARTS_LAST_MS = 7 * DAY_MS;
const MINUTE_MS = 60_000;

/** Files that arrive over several requests (the protocol is tus 1.0.0), and become documents. */
export function createUploadsService(deps: Deps) {
  const { database, clock, ids, logger, config, archive, parts, waitUntil } = deps;
  const repository = createUploadsRepository(database);
  const writer = createUploadWriter({ ...deps, repository });
  const completion = createUploadCompletion({ ...deps, repository });

  /** Who goes away while bytes are stored stops nothing. */
  const detached = <T>(work: Promise<T>): Promise<T> => {
    waitUntil(work.catch(() => undefined));
    return work;
  };

  /** Makes the document, if all is there. If that fails now, the clock does it. */
  const completeIfWhole = async (actor: Actor, upload: Upload): Promise<Upload> => {
    if (upload.status !== 'completing') return upload;
    try {
      return await completion.complete(actor, upload);
    } catch (error) {
      if (error instanceof AppError) throw error;
      logger.error('upload.not_completed', error, { uploadId: upload.id });
      return upload;
    }
  };

  const isExpired = ({ status, expiresAt }: Upload) =>
    status === 'expired' || (status === 'receiving' && expiresAt <= clock.now());

  /** @throws AppError not_found, upload_expired */
  const present = (upload: Upload | undefined): Upload => {
    if (!upload) throw notFound('upload');
    if (isExpired(upload)) throw errors.uploadExpired();
    return upload;
  };

  const rowOf = (actor: Actor, { sizeBytes, metadata, arrival }: NewUpload): Upload => {
    const now = clock.now();
    const expiresAt = now + config.RESUMABLE_UPLOAD_HOURS * HOUR_MS;
    const { filename, mediaType } = describedFile(metadata);
    return {
      id: ids.next(),
      ownerId: actor.userId,
      status: 'receiving',
      filename,
      mediaType,
      metadata,
      sizeBytes,
      receivedBytes: 0,
      partBytes: PART_BYTES,
      partsId: null,
      nextPart: 1,
      reservedPart: arrival?.checksum ? Math.floor(sizeBytes / PART_BYTES) + 2 : 2,
      restId: null,
      writer: arrival ? ids.next() : null,
      contentId: ids.next(),
      documentId: null,
      attempts: 0,
      expiresAt,
      dueAt: expiresAt,
      version: 1,
      createdAt: now,
      updatedAt: now,
    };
  };

  /** Removes what the archive has of an upload, and of no document. */
  const clearArchive = async (upload: Upload): Promise<void> => {
    if (upload.partsId !== null) await parts.abort(partsOf(archive, upload));
    // Where it is a document of its own, its bytes are there; a version has them elsewhere.
    if (upload.documentId !== upload.id) await archive.removeContent(placeOf(upload));
    await archive.removeUpload(upload.ownerId, upload.id);
  };

  /** Ends an upload that was not finished in time; how it went is known for a while. */
  const expire = async (upload: Upload): Promise<void> => {
    const { ownerId, id } = upload;
    await clearArchive(upload);
    const entry = deps.audit.ofJob({
      action: 'job.expireUpload',
      job: { id, ownerId, requestId: null },
      object: { type: 'upload', id },
    });
    await database.commit([...repository.discard(ownerId, { id, dueAt: clock.now() + KEPT_EXPIRED_MS }), entry]);
  };

  const forget = async (upload: Upload): Promise<void> => {
    await clearArchive(upload);
    await database.commitAside([repository.remove(upload.ownerId, upload.id)]);
  };

  /** What is wrong with an announcement by itself. */
  const refuseImpossible = ({ sizeBytes, arrival }: NewUpload): void => {
    if (sizeBytes > config.MAX_RESUMABLE_UPLOAD_BYTES) throw fileTooLarge(config.MAX_RESUMABLE_UPLOAD_BYTES);
    if (sizeBytes === 0) throw errors.emptyUpload();
    if ((arrival?.declaredBytes ?? 0) > sizeBytes) throw errors.tooManyBytes(sizeBytes);
  };

  /** Stores the row, with a name for parts that are to come. */
  const announce = async (actor: Actor, given: NewUpload): Promise<Upload> => {
    const { collectionId, versionOf } = parseFields(describedFile(given.metadata).fields);
    if (versionOf !== undefined) await deps.documentUpload.requireDocument(actor, versionOf);
    const row = rowOf(actor, given);
    const file = { key: archive.originalKey(placeOf(row)), mediaType: row.mediaType };
    const upload = { ...row, partsId: await parts.begin(file.key, file) };
    deps.audit.making({ type: 'upload', id: row.id });
    try {
      await database.commit([
        repository.requireRoom(actor.userId, MAX_OPEN_UPLOADS),
        ...(collectionId === undefined
          ? []
          : [deps.collections.requireLive(actor.userId, { id: collectionId, refusal: noSuchCollection })]),
        repository.insert(upload),
      ]);
      return upload;
    } catch (error) {
      const refusal = isForeignKeyViolation(error) ? ownerGone() : error;
      // Any other error may have come after the commit. Without a row, the archive drops the empty parts by itself.
      if (refusal instanceof AppError) await parts.abort(partsOf(archive, upload));
      throw refusal;
    }
  };

  /** Adds the bytes that an upload began with. Nobody knows of one whose first bytes were refused: it goes with them. */
  const begun = async (actor: Actor, claimed: ClaimedUpload, arrival: Arrival): Promise<Upload> => {
    try {
      return await completeIfWhole(actor, await writer.write(claimed, arrival));
    } catch (error) {
      if (error instanceof AppError && error.code !== errors.brokenOff().code) await forget(claimed);
      throw error;
    }
  };

  /** Does what is due for one upload. */
  const settle = async (upload: Upload): Promise<void> => {
    const { status, partsId, createdAt } = upload;
    const isLost = status === 'completing' && createdAt + PARTS_LAST_MS < clock.now();
    if (isLost) logger.error('upload.lost', new Error('It could not be completed.'), { uploadId: upload.id });
    if (isLost || (status === 'expired' && partsId !== null)) await expire(upload);
    else if (status === 'completing') await completion.complete(jobActor(upload), upload);
    else await forget(upload);
  };

  return {
    /** How large a file may be. */
    maxBytes: () => config.MAX_RESUMABLE_UPLOAD_BYTES,

    list: (actor: Actor, page: PageRequest): Promise<Page<Upload>> => repository.list(actor.userId, page),

    get: async (actor: Actor, id: string): Promise<Upload> => present(await repository.find(actor.userId, id)),

    /**
     * Begins an upload, and adds the bytes that came along. What is wrong with what it says of the file is refused before
     * any byte is stored.
     */
    async create(actor: Actor, given: NewUpload): Promise<Upload> {
      refuseImpossible(given);
      const { arrival } = given;
      const upload = await announce(actor, given);
      if (!arrival || upload.writer === null) return upload;
      return detached(begun(actor, { ...upload, writer: upload.writer }, arrival));
    },

    /** Adds bytes where the upload goes on. */
    async append(actor: Actor, { id, offset, arrival }: { id: string; offset: number; arrival: Arrival }) {
      const writerId = ids.next();
      const { declaredBytes: bytes, checksum } = arrival;
      const claim = {
        id,
        writer: writerId,
        now: clock.now(),
        intent: { offset, bytes, isWhole: checksum !== undefined },
      };
      const found = await repository.claim(actor.userId, claim);
      if (!found.claimed) return refuseClaim(present(found.present), { offset, bytes });
      const claimed: ClaimedUpload = { ...found.claimed, writer: writerId };
      return detached(writer.write(claimed, arrival).then((saved) => completeIfWhole(actor, saved)));
    },

    /** Discards an upload. The document that it may have become stays. */
    async terminate(actor: Actor, id: string): Promise<void> {
      const { userId: ownerId } = actor;
      const statements = repository.terminate(ownerId, { id, now: clock.now() });
      const [upload] = await database.commitAndRead(statements, repository.select(ownerId, id));
      if (!upload) return;
      // What cannot be removed now, the clock removes.
      await forget(upload).catch((error: unknown) =>
        logger.error('upload.not_removed', error, { uploadId: upload.id }),
      );
    },

    /** What the clock does: discards what was not finished in time, and completes what was left. @returns how many. */
    async sweep(): Promise<number> {
      const due = await repository.claimDue(clock.now(), MINUTE_MS);
      const settled = await Promise.allSettled(due.map(settle));
      for (const [at, { status, ...result }] of settled.entries()) {
        if (status === 'rejected' && 'reason' in result) {
          logger.error('upload.not_settled', result.reason, { uploadId: due[at]?.id ?? '' });
        }
      }
      return due.length;
    },

    /** The keys of all objects that uploads under way need. */
    async listKeys(ownerId: string): Promise<Set<string>> {
      const open = await repository.withParts(ownerId);
      return new Set(
        open.flatMap((upload) => [
          archive.originalKey(placeOf(upload)),
          ...(upload.restId === null ? [] : [archive.uploadRestKey(ownerId, { id: upload.id, restId: upload.restId })]),
        ]),
      );
    },

    /** Drops the parts of all uploads under way, which nothing but their rows tells of. */
    async abortAll(ownerId: string): Promise<void> {
      const open = await repository.withParts(ownerId);
      await Promise.all(open.map((upload) => parts.abort(partsOf(archive, upload))));
    },
  };
}

/** Why nothing can be added: or nothing was to be, behind the last byte. */
function refuseClaim(upload: Upload, { offset, bytes }: { offset: number; bytes: number | undefined }): Upload {
  if (offset !== upload.receivedBytes) throw errors.offsetDiffers(upload.receivedBytes);
  if (upload.status === 'receiving') throw errors.takenOver();
  if (bytes !== 0) throw errors.tooManyBytes(upload.sizeBytes);
  return upload;
}

export type UploadsService = ReturnType<typeof createUploadsService>;
