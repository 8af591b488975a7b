import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { timestamp } from '../../db/columns.ts';

export const limitEvents = sqliteTable('limit_events', {
  subject: text('subject').primaryKey(),
  kind: text('kind', { enum: ['requests', 'attempts'] }).notNull(),
  userId: text('user_id'),
  policy: text('policy'),
  quota: integer('quota'),
  remaining: integer('remaining'),
  refusals: integer('refusals').notNull().default(0),
  refusedAt: timestamp('refused_at'),
  blockedUntil: timestamp('blocked_until'),
  seenAt: timestamp('seen_at').notNull(),
});

export type LimitEvent = typeof limitEvents.$inferSelect;
