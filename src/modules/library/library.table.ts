import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { z } from 'zod';
import { deletedAt, id, json, ownerId, timestamp, timestamps, version } from '../../db/columns.ts';
import { boundedJson } from '../../shared/bounded-json.ts';
import { PROFILE_CHOOSERS, profileProposalSchema } from '../ingestion/profile-proposal.ts';

export const DOCUMENT_STATUSES = ['pending', 'processing', 'ready', 'failed', 'deleting'] as const;

/** Free-form data about a document. */
export const metadataSchema = z.record(z.string().min(1).max(100), boundedJson);

export const documents = sqliteTable('documents', {
  id: id(),
  ownerId: ownerId(),
  title: text('title').notNull(),
  titleIsGiven: integer('title_is_given', { mode: 'boolean' }).notNull().default(false),
  filename: text('filename').notNull(),
  mediaType: text('media_type').notNull(),
  kind: text('kind'),
  profile: text('profile').notNull().default('general'),
  status: text('status', { enum: DOCUMENT_STATUSES }).notNull().default('pending'),
  errorCode: text('error_code'),
  errorMessage: text('error_message'),
  language: text('language'),
  sizeBytes: integer('size_bytes').notNull(),
  sha256: text('sha256').notNull(),
  contentVersion: integer('content_version').notNull().default(1),
  contentId: text('content_id').notNull(),
  pageCount: integer('page_count'),
  chunkCount: integer('chunk_count').notNull().default(0),
  metadata: json('metadata', metadataSchema).notNull().default({}),
  extractedMetadata: json('extracted_metadata', metadataSchema).notNull().default({}),
  revision: integer('revision').notNull().default(1),
  version: version(),
  ...timestamps(),
  deletedAt: deletedAt(),
  profileChosenBy: text('profile_chosen_by', { enum: PROFILE_CHOOSERS }).notNull().default('rules'),
  profileProposal: json('profile_proposal', profileProposalSchema),
  parentDocumentId: text('parent_document_id'),
  contentAt: timestamp('content_at'),
  contentKeyId: text('content_key_id'),
  contentRestoredFrom: integer('content_restored_from'),
  unsentAttributes: integer('unsent_attributes').notNull().default(0),
});

export const collections = sqliteTable('collections', {
  id: id(),
  ownerId: ownerId(),
  parentId: text('parent_id'),
  name: text('name').notNull(),
  description: text('description'),
  colour: text('colour'),
  icon: text('icon'),
  version: version(),
  ...timestamps(),
  deletedAt: deletedAt(),
});

export const collectionItems = sqliteTable(
  'collection_items',
  {
    collectionId: text('collection_id').notNull(),
    documentId: text('document_id').notNull(),
    ownerId: ownerId(),
    createdAt: timestamp('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.collectionId, table.documentId] })],
);

export const tags = sqliteTable('tags', {
  id: id(),
  ownerId: ownerId(),
  name: text('name').notNull(),
  nameKey: text('name_key').notNull(),
  colour: text('colour'),
  version: version(),
  ...timestamps(),
});

export const documentTags = sqliteTable(
  'document_tags',
  {
    documentId: text('document_id').notNull(),
    tagId: text('tag_id').notNull(),
    ownerId: ownerId(),
    createdAt: timestamp('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.documentId, table.tagId] })],
);

export type Document = typeof documents.$inferSelect;
export type DocumentStatus = Document['status'];
export type Collection = typeof collections.$inferSelect;
export type Tag = typeof tags.$inferSelect;
