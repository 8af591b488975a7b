import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { id, timestamp } from '../../db/columns.ts';

/** `unreadable`: it is no message of ours, or of another version; `undelivered`: whoever was given it died each time. */
export const DEAD_LETTER_REASONS = ['unreadable', 'undelivered'] as const;

export const deadLetters = sqliteTable('dead_letters', {
  id: id(),
  messageId: text('message_id').notNull(),
  reason: text('reason', { enum: DEAD_LETTER_REASONS }).notNull(),
  body: text('body').notNull(),
  attempts: integer('attempts').notNull(),
  createdAt: timestamp('created_at').notNull(),
});

export type DeadLetter = typeof deadLetters.$inferSelect;
