import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { json, timestamp } from '../../db/columns.ts';
import { boundedJson } from '../../shared/bounded-json.ts';

export const systemSettings = sqliteTable('system_settings', {
  key: text('key').primaryKey(),
  value: json('value', boundedJson),
  version: integer('version').notNull().default(1),
  updatedBy: text('updated_by'),
  updatedAt: timestamp('updated_at').notNull(),
});

export type SettingRow = typeof systemSettings.$inferSelect;
