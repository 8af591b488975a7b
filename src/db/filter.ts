import { eq, gte, isNotNull, isNull, lte, or, type SQL, sql } from 'drizzle-orm';
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core';
import { inJson } from './sql.ts';

type Scalar = string | number | boolean;

type Comparison<V> = {
  /** Anything else, NULL included. */
  not?: V | undefined;
  from?: V | undefined;
  /** Inclusive, as `from` is. */
  to?: V | undefined;
  isNull?: boolean | undefined;
  /** Part of the text, in whatever case. */
  contains?: (V extends string ? string : never) | undefined;
};

type Wanted<V> = V | NonNullable<V>[] | Comparison<NonNullable<V>> | undefined;

/** Column → wanted value, list of values, or comparison. What is undefined does not filter. All must hold. */
export type Filter<T extends SQLiteTable> = {
  [K in keyof T['$inferSelect'] as NonNullable<T['$inferSelect'][K]> extends Scalar ? K : never]?: Wanted<
    T['$inferSelect'][K]
  >;
};

/** Turns a filter into conditions to be joined by AND. */
export function filterConditions(columns: Record<string, SQLiteColumn>, filter: object | undefined): SQL[] {
  return Object.entries(filter ?? {}).flatMap(([name, wanted]) => {
    const column = Object.hasOwn(columns, name) ? columns[name] : undefined;
    if (!column) throw new Error(`There is no column ${name} to filter by.`);
    return wanted === undefined ? [] : conditions(column, wanted);
  });
}

function conditions(column: SQLiteColumn, wanted: unknown): SQL[] {
  if (wanted === null) return [isNull(column)];
  if (Array.isArray(wanted)) return [inJson(column, wanted)];
  if (typeof wanted !== 'object') return [eq(column, wanted)];
  return Object.entries(wanted).flatMap(([operator, value]) =>
    value === undefined ? [] : [compare(column, { operator, value })],
  );
}

function compare(column: SQLiteColumn, { operator, value }: { operator: string; value: unknown }): SQL {
  switch (operator) {
    case 'not':
      return sql`${column} is not ${sql.param(value, column)}`;
    case 'from':
      return gte(column, value);
    case 'to':
      return lte(column, value);
    case 'isNull':
      return value ? isNull(column) : isNotNull(column);
    case 'contains':
      return contains(column, String(value));
    default:
      throw new Error(`Unknown comparison ${operator}.`);
  }
}

/** With instr, not LIKE: D1 refuses patterns over 50 bytes, and what people type needs no escaping. */
function contains(column: SQLiteColumn, text: string): SQL {
  const found = spellings(text).map((spelling) => sql`instr(lower(${column}), lower(${spelling})) > 0`);
  return or(...found) ?? sql`true`;
}

/** SQLite's `lower` knows ASCII only; these cover the ways in which other letters are commonly capitalised. */
export function spellings(text: string): string[] {
  const lower = text.toLowerCase();
  const capitalised = lower.replace(/(?<!\p{L})\p{L}/gu, (letter) => letter.toUpperCase());
  return [...new Set([text, lower, text.toUpperCase(), capitalised].map(lowerAscii))];
}

const lowerAscii = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
