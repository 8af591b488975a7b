import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { z } from 'zod';
import { id, json, ownerId, timestamp, timestamps, version } from '../../db/columns.ts';
import { QUALITY_CODES } from './quality.ts';

export const RESOURCE_TYPES = ['page', 'file', 'feed'] as const;
export const RESOURCE_STATUSES = ['discovered', 'pending', 'ready', 'failed', 'dismissed'] as const;

const fact = z.string().optional();

/** What a resource, or who named it, says about it. */
const factsSchema = z.object({
  finalUrl: fact,
  canonicalUrl: fact,
  author: fact,
  siteName: fact,
  description: fact,
  publishedAt: fact,
  modifiedAt: fact,
  language: fact,
  licence: fact,
  mediaType: fact,
  sizeBytes: z.number().optional(),
  feeds: z.array(z.string()).optional(),
});

const reasonsSchema = z.array(
  z.object({ code: z.enum(QUALITY_CODES), points: z.number(), of: z.number(), detail: z.string() }),
);

export const resources = sqliteTable('resources', {
  id: id(),
  ownerId: ownerId(),
  type: text('type', { enum: RESOURCE_TYPES }),
  status: text('status', { enum: RESOURCE_STATUSES }).notNull().default('pending'),
  url: text('url').notNull(),
  host: text('host').notNull(),
  title: text('title'),
  titleIsGiven: integer('title_is_given', { mode: 'boolean' }).notNull().default(false),
  collectionId: text('collection_id'),
  tags: json('tags', z.array(z.string())).notNull().default([]),
  profile: text('profile'),
  feedId: text('feed_id'),
  documentId: text('document_id'),
  autoAccept: integer('auto_accept', { mode: 'boolean' }).notNull().default(false),
  checkEveryHours: integer('check_every_hours'),
  facts: json('facts', factsSchema).notNull().default({}),
  publishedAt: timestamp('published_at'),
  qualityScore: integer('quality_score'),
  qualityReasons: json('quality_reasons', reasonsSchema).notNull().default([]),
  etag: text('etag'),
  lastModified: text('last_modified'),
  errorCode: text('error_code'),
  errorMessage: text('error_message'),
  failureCount: integer('failure_count').notNull().default(0),
  fetchCount: integer('fetch_count').notNull().default(0),
  openCount: integer('open_count').notNull().default(0),
  discoveredCount: integer('discovered_count').notNull().default(0),
  acceptedCount: integer('accepted_count').notNull().default(0),
  isAskedFor: integer('is_asked_for', { mode: 'boolean' }).notNull().default(true),
  slotAt: timestamp('slot_at'),
  busyUntil: timestamp('busy_until'),
  fetchedAt: timestamp('fetched_at'),
  changedAt: timestamp('changed_at'),
  openedAt: timestamp('opened_at'),
  dueAt: timestamp('due_at'),
  version: version(),
  ...timestamps(),
});

export type Resource = typeof resources.$inferSelect;
export type ResourceType = (typeof RESOURCE_TYPES)[number];
export type ResourceStatus = (typeof RESOURCE_STATUSES)[number];
export type ResourceFacts = Resource['facts'];
