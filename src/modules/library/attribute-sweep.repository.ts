import { asc, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { inJson } from '../../db/sql.ts';
import { documents } from './library.table.ts';

export type Unsent = { id: string; ownerId: string; unsentAttributes: number };

/** Documents whose attributes the indexes have not been sent, whoever they belong to. */
export function createAttributeSweepRepository(database: Database) {
  const { orm } = database;
  const mark = (ids: string[], unsentAttributes: number): Statement =>
    orm.update(documents).set({ unsentAttributes }).where(inJson(documents.id, ids));

  return {
    /** Those that have been tried least often first. */
    find: (limit: number): Promise<Unsent[]> =>
      orm
        .select({ id: documents.id, ownerId: documents.ownerId, unsentAttributes: documents.unsentAttributes })
        .from(documents)
        // As the index over them says it, in its letters.
        .where(sql`${documents.unsentAttributes} > 0`)
        .orderBy(asc(documents.unsentAttributes))
        .limit(limit),

    /** Notes what has been sent, and that the others have been tried once more. */
    settle(found: Unsent[], sent: string[]): Statement[] {
      const done = new Set(sent);
      const left = found.filter(({ id }) => !done.has(id));
      const tries = Math.max(0, ...left.map(({ unsentAttributes }) => unsentAttributes)) + 1;
      return [
        mark(sent, 0),
        mark(
          left.map(({ id }) => id),
          tries,
        ),
      ];
    },
  };
}
