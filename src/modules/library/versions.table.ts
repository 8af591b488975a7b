import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { ownerId, timestamp } from '../../db/columns.ts';

/** What documents consisted of before. Their present bytes are described by the rows of `documents` themselves. */
export const documentVersions = sqliteTable(
  'document_versions',
  {
    documentId: text('document_id').notNull(),
    number: integer('number').notNull(),
    ownerId: ownerId(),
    contentId: text('content_id').notNull(),
    sha256: text('sha256').notNull(),
    sizeBytes: integer('size_bytes').notNull(),
    filename: text('filename').notNull(),
    mediaType: text('media_type').notNull(),
    keyId: text('key_id'),
    restoredFrom: integer('restored_from'),
    createdAt: timestamp('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.documentId, table.number] })],
);

export type DocumentVersion = typeof documentVersions.$inferSelect;
