import { primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { ownerId, timestamp } from '../../db/columns.ts';

export const idempotencyKeys = sqliteTable(
  'idempotency_keys',
  {
    ownerId: ownerId(),
    requestHash: text('request_hash').notNull(),
    attemptId: text('attempt_id').notNull(),
    state: text('state', { enum: ['running', 'committed', 'answered'] }).notNull(),
    fingerprint: text('fingerprint'),
    answer: text('answer'),
    leasedUntil: timestamp('leased_until').notNull(),
    expiresAt: timestamp('expires_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.ownerId, table.requestHash] })],
);

export type IdempotencyRow = typeof idempotencyKeys.$inferSelect;
