import { and, between, eq, gt, lt } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { keyset } from '../../db/keyset.ts';
import type { Page, PageRequest } from '../../shared/page.ts';
import { type DeadLetter, deadLetters } from './dead-letters.table.ts';

/** Rows of `dead_letters`, which belong to nobody. */
export function createDeadLettersRepository(database: Database) {
  const { orm } = database;
  const table = deadLetters;

  return {
    /** A message that comes once more is not kept twice. */
    insert: (letter: DeadLetter): Statement => orm.insert(table).values(letter).onConflictDoNothing(),

    async list(page: PageRequest & { sort: 'createdAt' }): Promise<Page<DeadLetter>> {
      const keys = keyset(page, { sort: table.createdAt, id: table.id });
      const rows = await orm
        .select()
        .from(table)
        // Walked from its one end or its other, an index must be entered at a value.
        .where(and(between(table.createdAt, 0, Number.MAX_SAFE_INTEGER), keys.after))
        .orderBy(...keys.orderBy)
        .limit(keys.limit);
      return keys.page(rows);
    },

    select: (id: string): Statement<DeadLetter[]> => orm.select().from(table).where(eq(table.id, id)),

    remove: (id: string): Statement<{ id: string }[]> =>
      orm.delete(table).where(eq(table.id, id)).returning({ id: table.id }),

    removeBefore: (time: number): Statement<{ id: string }[]> =>
      orm
        .delete(table)
        .where(and(gt(table.createdAt, 0), lt(table.createdAt, time)))
        .returning({ id: table.id }),
  };
}
