import { and, getTableColumns, is, SQL, sql } from 'drizzle-orm';
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core';
import type { Database, Statement } from './client.ts';
import { also, integer } from './sql.ts';

type Cells = Record<string, unknown>;

/** D1 refuses values over 2,000,000 bytes, but only in production. */
const MAX_PARAMETER_BYTES = 1_900_000;

// Named in full, because `value` may also be a column of the table that is written.
export const field = (name: string): SQL => sql`json_each.value ->> ${sql.raw(`'${name}'`)}`;
const list = (parts: SQL[]): SQL => sql.join(parts, sql`, `);

/**
 * `INSERT … SELECT … FROM json_each(?)`: any number of rows, one parameter. What a row leaves out takes its default.
 * Rows that do not meet `where` are left out; it reads their columns by {@link field}.
 * @throws Error when the rows are over 1.9 MB together; commit several statements then.
 */
export function bulkInsert(
  database: Database,
  table: SQLiteTable,
  { rows, onConflict, where = sql`true` }: { rows: Cells[]; onConflict: 'fail' | 'ignore'; where?: SQL | undefined },
): Statement {
  if (rows.length === 0) return nothing(database);
  const keys = keysOf(rows);
  const columns = getTableColumns(table);
  const names = keys.map((key) => columnOf(columns, key).name);
  const conflict = onConflict === 'ignore' ? sql` on conflict do nothing` : sql``;
  return database.orm.run(
    sql`insert into ${table} (${list(names.map((name) => sql`${sql.identifier(name)}`))})
      select ${list(names.map(field))} from json_each(${toJson(columns, { rows, keys })}) where ${where}${conflict}`,
  );
}

export type BulkUpdate = {
  owner: string;
  changes: ({ id: string } & Cells)[];
  now: number;
  /** Rows that do not meet this stay as they are. */
  where: SQL | undefined;
};

type Lockable = SQLiteTable & Record<'id' | 'ownerId' | 'version' | 'updatedAt', SQLiteColumn>;

/**
 * `UPDATE … FROM json_each(?)`: different changes to many rows of one owner in one statement.
 * @throws Error when the entries do not all set the same columns: the missing ones would be emptied.
 */
export function bulkUpdate(database: Database, table: Lockable, { owner, changes, now, where }: BulkUpdate): Statement {
  if (changes.length === 0) return nothing(database);
  const keys = keysOf(changes);
  if (changes.some((change) => keysOf([change]).length < keys.length)) {
    throw new Error('Every entry of a bulk update must set the same columns.');
  }
  const columns = getTableColumns<SQLiteTable>(table);
  const assignments = keys
    .filter((key) => key !== 'id')
    .map((key) => columnOf(columns, key).name)
    .map((name) => sql`${sql.identifier(name)} = ${field(name)}`);
  const counted = [
    sql`${sql.identifier(table.version.name)} = ${table.version} + 1`,
    sql`${sql.identifier(table.updatedAt.name)} = ${integer(now)}`,
  ];
  return database.orm.run(
    sql`update ${table} set ${list([...assignments, ...counted])}
      from json_each(${toJson(columns, { rows: changes, keys })})
      where ${and(also(table.ownerId, owner), sql`${table.id} = ${field('id')}`, where)}`,
  );
}

/** A statement for no rows, so that callers need no special case. */
const nothing = (database: Database): Statement => database.orm.run(sql`select 1 as skipped where false`);

function keysOf(rows: Cells[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row).filter((key) => row[key] !== undefined)))];
}

/** Rows as one JSON parameter, keyed by SQL column name, values as the driver would bind them. */
function toJson(columns: Record<string, SQLiteColumn>, { rows, keys }: { rows: Cells[]; keys: string[] }): string {
  const named = keys.map((key) => ({ key, column: columnOf(columns, key) }));
  const json = JSON.stringify(
    rows.map((row) => Object.fromEntries(named.map(({ key, column }) => [column.name, cell(row[key], column)]))),
  );
  const bytes = new TextEncoder().encode(json).byteLength;
  if (bytes > MAX_PARAMETER_BYTES) throw new Error(`${bytes} bytes are too many for one statement.`);
  return json;
}

function cell(value: unknown, column: SQLiteColumn): unknown {
  const given = value === undefined ? defaultOf(column) : value;
  return given === null ? null : column.mapToDriverValue(given);
}

/** The value that an ordinary insert would take; a default that is an expression has to be given by the caller. */
function defaultOf(column: SQLiteColumn): unknown {
  const value: unknown = column.default ?? column.defaultFn?.() ?? null;
  if (is(value, SQL)) throw new Error(`${column.name} must be given in every row.`);
  return value;
}

function columnOf(columns: Record<string, SQLiteColumn>, key: string): SQLiteColumn {
  const column = Object.hasOwn(columns, key) ? columns[key] : undefined;
  if (!column) throw new Error(`There is no column ${key} to write.`);
  return column;
}
