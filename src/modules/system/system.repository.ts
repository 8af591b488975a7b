import { sql } from 'drizzle-orm';
import type { Database } from '../../db/client.ts';

/** The least that the database can be asked. */
export const pingDatabase = ({ orm }: Database) => orm.all(sql`select 1 as alive`);
