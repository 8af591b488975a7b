import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { id, ownerId, timestamp, timestamps, version } from '../../db/columns.ts';

/** `completing`: all bytes are there, the document is not yet. `terminated`: nobody sees it any more. */
export const UPLOAD_STATUSES = ['receiving', 'completing', 'complete', 'expired', 'terminated'] as const;

export const uploads = sqliteTable('uploads', {
  id: id(),
  ownerId: ownerId(),
  status: text('status', { enum: UPLOAD_STATUSES }).notNull().default('receiving'),
  filename: text('filename').notNull(),
  mediaType: text('media_type').notNull(),
  metadata: text('metadata').notNull().default(''),
  sizeBytes: integer('size_bytes').notNull(),
  receivedBytes: integer('received_bytes').notNull().default(0),
  partBytes: integer('part_bytes').notNull(),
  partsId: text('parts_id'),
  nextPart: integer('next_part').notNull().default(1),
  reservedPart: integer('reserved_part').notNull().default(1),
  restId: text('rest_id'),
  writer: text('writer'),
  contentId: text('content_id').notNull(),
  documentId: text('document_id'),
  attempts: integer('attempts').notNull().default(0),
  expiresAt: timestamp('expires_at').notNull(),
  dueAt: timestamp('due_at').notNull(),
  version: version(),
  ...timestamps(),
});

export const uploadParts = sqliteTable(
  'upload_parts',
  {
    uploadId: text('upload_id').notNull(),
    number: integer('number').notNull(),
    ownerId: ownerId(),
    tag: text('tag').notNull(),
  },
  (table) => [primaryKey({ columns: [table.uploadId, table.number] })],
);

export type Upload = typeof uploads.$inferSelect;
export type UploadStatus = Upload['status'];
