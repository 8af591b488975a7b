import type { z } from '@hono/zod-openapi';
import { isoTime } from '../../shared/time.ts';
import type { uploadSchema } from './uploads.schemas.ts';
import type { Upload } from './uploads.table.ts';

export function presentUpload(upload: Upload): z.output<typeof uploadSchema> {
  const { id, status, filename, mediaType, sizeBytes, receivedBytes, documentId } = upload;
  return {
    id,
    // Nobody is shown one that was deleted.
    status: status === 'terminated' ? 'expired' : status,
    filename,
    mediaType,
    sizeBytes,
    receivedBytes,
    documentId,
    createdAt: isoTime(upload.createdAt),
    updatedAt: isoTime(upload.updatedAt),
    expiresAt: isoTime(upload.expiresAt),
  };
}

/** How far it is, as tus tells it. */
export function progressHeaders({ receivedBytes, status, expiresAt, documentId }: Upload): Record<string, string> {
  return {
    'upload-offset': String(receivedBytes),
    ...(status === 'receiving' && { 'upload-expires': new Date(expiresAt).toUTCString() }),
    ...(documentId !== null && { link: `</v1/documents/${documentId}>; rel="related"` }),
  };
}

/** All of it, as HEAD tells it. */
export function uploadHeaders(upload: Upload): Record<string, string> {
  return {
    ...progressHeaders(upload),
    'upload-length': String(upload.sizeBytes),
    ...(upload.metadata !== '' && { 'upload-metadata': upload.metadata }),
    'cache-control': 'no-store',
  };
}
