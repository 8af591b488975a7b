import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { timestamp } from '../../db/columns.ts';

export const auditLogs = sqliteTable('audit_logs', {
  seq: integer('seq').primaryKey({ autoIncrement: true }),
  id: text('id').notNull(),
  createdAt: timestamp('created_at').notNull(),
  actorType: text('actor_type', { enum: ['user', 'api_key', 'job', 'anonymous'] }).notNull(),
  actorId: text('actor_id'),
  credentialId: text('credential_id'),
  accountId: text('account_id'),
  action: text('action').notNull(),
  objectType: text('object_type'),
  objectId: text('object_id'),
  outcome: text('outcome', { enum: ['succeeded', 'refused', 'failed'] }).notNull(),
  errorCode: text('error_code'),
  requestId: text('request_id').notNull(),
  address: text('address'),
  client: text('client'),
  isSecurity: integer('is_security').notNull(),
  /** JSON, and the very text: what the hash covers must not be written anew. */
  details: text('details').notNull().default('{}'),
});

export const auditSeals = sqliteTable('audit_seals', {
  seq: integer('seq').primaryKey(),
  hash: text('hash').notNull(),
  createdAt: timestamp('created_at').notNull(),
});

export type AuditRow = typeof auditLogs.$inferSelect;
export type SealRow = typeof auditSeals.$inferSelect;
