import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { ownerId } from '../../db/columns.ts';

export const documentFingerprints = sqliteTable('document_fingerprints', {
  id: integer('id').primaryKey(),
  documentId: text('document_id').notNull(),
  ownerId: ownerId(),
  contentId: text('content_id').notNull(),
  textSignature: text('text_signature'),
  imageHash: text('image_hash'),
  audioFingerprint: text('audio_fingerprint'),
});

export const fingerprintBands = sqliteTable(
  'fingerprint_bands',
  {
    ownerId: ownerId(),
    band: integer('band').notNull(),
    fingerprintId: integer('fingerprint_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.ownerId, table.band, table.fingerprintId] })],
);
