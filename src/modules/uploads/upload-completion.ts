import type { Clock } from '../../platform/clock.ts';
import type { PartedFile, PartStore } from '../../platform/files/part-store.ts';
import type { Actor } from '../../shared/actor.ts';
import { AppError } from '../../shared/app-error.ts';
import type { AuditService } from '../audit/audit.service.ts';
import type { Archive, ArchivePlace } from '../ingestion/archive.ts';
import type { DocumentUpload } from '../library/document-upload.ts';
import type { UploadFields } from '../library/documents.schemas.ts';
import { parseFields } from '../library/upload-fields.ts';
import { describedFile } from './tus-metadata.ts';
import type { UploadsRepository } from './uploads.repository.ts';
import type { Upload } from './uploads.table.ts';

type Deps = {
  clock: Clock;
  archive: Archive;
  parts: PartStore;
  documentUpload: Pick<DocumentUpload, 'accept'>;
  audit: AuditService;
  repository: UploadsRepository;
};

/** After this time the clock takes a completion for lost. */
export const COMPLETION_GRACE_MS = 60_000;
const HOUR_MS = 60 * 60 * 1000;
/** How long it can be asked what became of an upload. */
export const KEPT_COMPLETE_MS = 24 * HOUR_MS;

/** Where the bytes will be: a document of its own has the id of the upload that it was. */
export const placeOf = ({ ownerId, id, contentId }: Upload): ArchivePlace => ({ ownerId, documentId: id, contentId });

/** Where the parts are. */
export function partsOf(archive: Archive, upload: Upload): PartedFile {
  if (upload.partsId === null) throw new Error(`Nothing is kept of the upload ${upload.id}.`);
  return { key: archive.originalKey(placeOf(upload)), partsId: upload.partsId };
}

/** Making a document of an upload whose bytes have all arrived. */
export function createUploadCompletion(deps: Deps) {
  const { clock, archive, parts, documentUpload, audit, repository } = deps;

  /** Puts the parts together, and reads the file once for its hash: none can be kept half-way between requests. */
  const assemble = async (upload: Upload) => {
    const file = partsOf(archive, upload);
    await parts.complete(file, await repository.parts(upload.ownerId, upload.id));
    const written = await archive.files.digest(file.key);
    if (written?.size !== upload.sizeBytes) throw new Error(`The upload ${upload.id} is not whole in the archive.`);
    return written;
  };

  /** What goes along with the document. */
  const record = (upload: Upload, documentId: string) => {
    const now = clock.now();
    const { id, ownerId } = upload;
    const marks = repository.markComplete(ownerId, { id, documentId, now, dueAt: now + KEPT_COMPLETE_MS });
    const entry = audit.ofJob({
      action: 'job.completeUpload',
      job: { id, ownerId, requestId: null },
      object: { type: 'document', id: documentId },
    });
    return [...marks, entry];
  };

  /** Takes the file in as its sender chose, as far as what they named is still there. */
  const takeIn = async (actor: Actor, upload: Upload): Promise<string> => {
    const written = await assemble(upload);
    const { fields: given, ...described } = describedFile(upload.metadata);
    const accept = async (fields: UploadFields): Promise<string> => {
      const { document } = await documentUpload.accept(actor, {
        place: placeOf(upload),
        file: { ...written, ...described },
        fields,
        alongside: (documentId) => record(upload, documentId),
      });
      return document.id;
    };
    const fields = parseFields(given);
    return accept(fields).catch((error: unknown) => {
      // Deleted meanwhile. A file that has arrived is worth more than its place.
      if (isAbout(error, 'collectionId')) return accept({ ...fields, collectionId: undefined });
      if (isAbout(error, 'versionOf')) return accept({ ...fields, versionOf: undefined, onDuplicate: 'keep' });
      throw error;
    });
  };

  return {
    /**
     * Safe to try at any time, again and again, by several at once: one document, or one version of one, comes of it.
     * @returns the upload as it is then.
     */
    async complete(actor: Actor, upload: Upload): Promise<Upload> {
      try {
        return { ...upload, status: 'complete', documentId: await takeIn(actor, upload) };
      } catch (error) {
        // Whoever was faster may have moved the bytes as well.
        const present = await repository.find(upload.ownerId, upload.id);
        if (present?.status === 'complete') return present;
        throw error;
      }
    },
  };
}

const isAbout = (error: unknown, field: string) =>
  error instanceof AppError && (error.errors ?? []).some(({ path }) => path === field);

export type UploadCompletion = ReturnType<typeof createUploadCompletion>;
