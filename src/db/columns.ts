import { customType, integer, text } from 'drizzle-orm/sqlite-core';
import type { z } from 'zod';

/** UUIDv7 primary key. */
export const id = () => text('id').primaryKey();

/** The user whose row it is. First in every query. */
export const ownerId = () => text('owner_id').notNull();

/** Milliseconds since the epoch, UTC. */
export const timestamp = (name: string) => integer(name);

export const timestamps = () => ({
  createdAt: timestamp('created_at').notNull(),
  updatedAt: timestamp('updated_at').notNull(),
});

/** Counts the row's changes: optimistic locking. */
export const version = () => integer('version').notNull().default(1);

/** When it went to the trash; null while it is live. */
export const deletedAt = () => timestamp('deleted_at');

/** A JSON column. What is written has the schema's type; what is read is checked by the schema. */
export const json = <T extends z.ZodType>(name: string, schema: T) =>
  customType<{ data: z.output<T>; driverData: string }>({
    dataType: () => 'text',
    toDriver: (value) => JSON.stringify(value),
    fromDriver: (value) => schema.parse(JSON.parse(value)),
  })(name);
