import type { ArchivePlace } from '../ingestion/archive.ts';
import type { UploadFields } from './documents.schemas.ts';
import { titleOf } from './filenames.ts';
import type { Document } from './library.table.ts';
import type { NewContent } from './versions.repository.ts';

type Making = {
  place: ArchivePlace;
  file: Omit<NewContent, 'contentId'>;
  fields: UploadFields;
  /** Who makes it by which API key, if any. */
  keyId: string | null;
  now: number;
};

/** The row of a document whose bytes have just come, and that has not been read. */
export function newDocument({ place, file, fields, keyId, now }: Making): Document {
  return {
    id: place.documentId,
    ownerId: place.ownerId,
    title: fields.title ?? titleOf(file.filename),
    titleIsGiven: fields.title !== undefined,
    filename: file.filename,
    mediaType: file.mediaType,
    kind: null,
    profile: fields.profile ?? 'general',
    profileChosenBy: fields.profile === undefined ? 'rules' : 'user',
    profileProposal: null,
    status: 'pending',
    errorCode: null,
    errorMessage: null,
    language: null,
    sizeBytes: file.sizeBytes,
    sha256: file.sha256,
    contentVersion: 1,
    contentId: place.contentId,
    contentAt: null,
    contentKeyId: keyId,
    contentRestoredFrom: null,
    pageCount: null,
    chunkCount: 0,
    metadata: fields.metadata,
    extractedMetadata: {},
    revision: 1,
    version: 1,
    createdAt: now,
    updatedAt: now,
    deletedAt: null,
  };
}
