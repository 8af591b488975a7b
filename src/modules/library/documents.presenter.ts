import type { z } from '@hono/zod-openapi';
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
    status: document.status,
    error: document.errorCode === null ? null : { code: document.errorCode, message: document.errorMessage ?? '' },
    language: document.language,
    sizeBytes: document.sizeBytes,
    sha256: document.sha256,
    contentVersion: document.contentVersion,
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
