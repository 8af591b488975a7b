import { asc, desc, isNotNull, isNull, or, type SQL, sql } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import { decodeCursor, encodeCursor, type Page, type PageRequest } from '../shared/page.ts';

/** The parts of a query that read one page of a list. */
export type Keyset = {
  /** Only rows behind the cursor. */
  after: SQL | undefined;
  orderBy: SQL[];
  /** One more than the page has: whether there is another page. */
  limit: number;
  /** The page from the rows that the query gave. */
  page<R extends { id: unknown }>(rows: R[]): Page<R>;
};

/**
 * Pages by the place of their last row rather than by counting: while rows are added or removed, a walk neither repeats
 * nor skips the others, and a late page costs what the first one does.
 * @param columns.sort the column of the field `request.sort`. SQLite puts NULL before every value.
 */
export function keyset(request: PageRequest, columns: { sort: SQLiteColumn; id: SQLiteColumn }): Keyset {
  const { sort, order, cursor, limit } = request;
  const list = `${sort}:${order}`;
  const direction = order === 'asc' ? asc : desc;
  return {
    after: cursor === undefined ? undefined : behind(decodeCursor(cursor, list), { ...columns, order }),
    orderBy: [direction(columns.sort), direction(columns.id)],
    limit: limit + 1,
    page(rows) {
      const items = rows.slice(0, limit);
      const last = items.at(-1);
      if (!last || rows.length <= limit) return { items, nextCursor: null };
      const value = sortValue(columns.sort, Reflect.get(last, sort));
      return { items, nextCursor: encodeCursor({ value, id: String(last.id) }, list) };
    },
  };
}

type Place = { value: string | number | null; id: string };
type Order = { sort: SQLiteColumn; id: SQLiteColumn; order: 'asc' | 'desc' };

function behind({ value, id }: Place, columns: Order): SQL | undefined {
  const { sort, order } = columns;
  const beyond = sql.raw(order === 'asc' ? '>' : '<');
  if (value === null) {
    const amongNulls = sql`(${sort} is null and ${columns.id} ${beyond} ${id})`;
    return order === 'asc' ? or(amongNulls, isNotNull(sort)) : amongNulls;
  }
  const further = sql`(${sort}, ${columns.id}) ${beyond} (${value}, ${id})`;
  return sort.notNull || order === 'asc' ? further : or(further, isNull(sort));
}

/** The value as the database compares it. */
function sortValue(column: SQLiteColumn, value: unknown): string | number | null {
  const stored = value === null ? null : column.mapToDriverValue(value);
  if (stored === null || typeof stored === 'string' || typeof stored === 'number') return stored;
  throw new Error(`Lists cannot be sorted by ${column.name}.`);
}
