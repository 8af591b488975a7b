import type { z } from '@hono/zod-openapi';
import { isoTime } from '../../shared/time.ts';
import type { LikeDocument } from './duplicates.repository.ts';
import type { duplicateSchema, sameBytesSchema } from './duplicates.schemas.ts';
import type { Duplicate } from './duplicates.service.ts';

export function presentDuplicate(duplicate: Duplicate): z.output<typeof duplicateSchema> {
  const { kind, similarity, explanation } = duplicate;
  return { ...presentLike(duplicate), kind, similarity: Number(similarity.toFixed(3)), explanation };
}

/** A document that has the bytes of an upload, and what can be done about it. */
export function presentSameBytes(
  document: LikeDocument,
  { uploadedId }: { uploadedId: string },
): z.output<typeof sameBytesSchema> {
  return {
    ...presentLike(document),
    resolve: {
      skip: { method: 'DELETE', href: `/v1/documents/${uploadedId}?permanent=true` },
      version: { method: 'PUT', href: `/v1/documents/${document.id}/content` },
    },
  };
}

const presentLike = ({ id, title, filename, createdAt }: LikeDocument) => ({
  documentId: id,
  title,
  filename,
  createdAt: isoTime(createdAt),
});
