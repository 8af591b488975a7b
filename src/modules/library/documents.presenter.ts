import type { z } from '@hono/zod-openapi';
import { entityTag } from '../../shared/entity-tag.ts';
import { isoTime, isoTimeOrNull } from '../../shared/time.ts';
import type { FiledDocument } from './documents.repository.ts';
import type { documentSchema } from './documents.schemas.ts';

export function presentDocument(document: FiledDocument): z.output<typeof documentSchema> {
  return {
    id: document.id,
    title: document.title,
    filename: document.filename,
    mediaType: document.mediaType,
    kind: document.kind,
    profile: document.profile,
    profileChosenBy: document.profileChosenBy,
    profileProposal: document.profileProposal,
    status: document.status,
    error: document.errorCode === null ? null : { code: document.errorCode, message: document.errorMessage ?? '' },
    language: document.language,
    sizeBytes: document.sizeBytes,
    sha256: document.sha256,
    contentVersion: document.contentVersion,
    parentDocumentId: document.parentDocumentId,
    pageCount: document.pageCount,
    chunkCount: document.chunkCount,
    tags: document.tagNames,
    collectionIds: document.collectionIds,
    metadata: document.metadata,
    extractedMetadata: document.extractedMetadata,
    version: document.version,
    createdAt: isoTime(document.createdAt),
    updatedAt: isoTime(document.updatedAt),
    deletedAt: isoTimeOrNull(document.deletedAt),
  };
}

/** Changes with everything that the answer shows: also with its status, and with names of tags and collections. */
export function documentTag(document: FiledDocument): string {
  const { version, status, tagNames, collectionIds } = document;
  return entityTag(version, checksum(JSON.stringify([status, tagNames, collectionIds])));
}

/** FNV-1a, 32 bits (Fowler, Noll and Vo). */
function checksum(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}
