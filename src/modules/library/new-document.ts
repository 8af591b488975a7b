import type { ArchivePlace } from '../ingestion/archive.ts';
import { titleOf } from './filenames.ts';
import type { Document } from './library.table.ts';

type NewDocument = {
  place: ArchivePlace;
  file: Pick<Document, 'filename' | 'mediaType' | 'sha256'> & { size: number };
  /** Without a profile, the rules choose. */
  fields: Pick<Document, 'metadata'> & { title?: string | undefined; profile?: string | undefined };
  /** The document that it came out of. */
  parentDocumentId?: string;
  /** The API key by which it was handed in, if any. */
  keyId?: string | null;
  now: number;
};

/** A document that has its bytes in the archive and is still to be read. */
export function newDocument({ place, file, fields, parentDocumentId, keyId, now }: NewDocument): Document {
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
    sizeBytes: file.size,
    sha256: file.sha256,
    contentVersion: 1,
    contentId: place.contentId,
    parentDocumentId: parentDocumentId ?? null,
    contentAt: null,
    contentKeyId: keyId ?? null,
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
    unsentAttributes: 0,
  };
}
