import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { timestamp } from '../../db/columns.ts';

/** Kept by triggers on the jobs; the application marks only who needs waking. */
export const jobTurns = sqliteTable('job_turns', {
  ownerId: text('owner_id').primaryKey(),
  running: integer('running').notNull().default(0),
  dueAt: timestamp('due_at'),
  servedAt: timestamp('served_at').notNull().default(0),
  turnAt: timestamp('turn_at'),
  needsWaking: integer('needs_waking').notNull().default(0),
});
