import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { z } from 'zod';
import { id, json, timestamp, timestamps } from '../../db/columns.ts';

const count = z.number().int().nonnegative();

/** What is left of an account, by place. */
export const remainsSchema = z.object({
  /** In the catalogue, by table. */
  rows: z.record(z.string(), count),
  /** In the archive. */
  objects: count,
  /** In the outbox that only local servers have. */
  mails: count,
  /** Vectors of the last look that were still there, which takes a while to change where a service holds them. */
  vectors: count,
  /** Tables of the index. */
  index: count,
  /** Values that the objects hold which count requests and failed attempts. */
  counters: count,
});

export type Remains = z.output<typeof remainsSchema>;

export const ERASURE_STATUSES = ['queued', 'running', 'succeeded'] as const;

export const erasures = sqliteTable('erasures', {
  id: id(),
  tokenHash: text('token_hash').notNull(),
  subject: text('subject'),
  status: text('status', { enum: ERASURE_STATUSES }).notNull().default('queued'),
  attempts: integer('attempts').notNull().default(0),
  dueAt: timestamp('due_at'),
  leaseToken: text('lease_token'),
  fencedAt: timestamp('fenced_at'),
  remaining: json('remaining', remainsSchema.nullable()),
  startedAt: timestamp('started_at'),
  finishedAt: timestamp('finished_at'),
  expiresAt: timestamp('expires_at'),
  ...timestamps(),
});

export type Erasure = typeof erasures.$inferSelect;
