import { getTableColumns, is } from 'drizzle-orm';
import { getTableConfig, type SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core';

/** What both the database and Drizzle say about a column. `default` is SQL text. */
export type ColumnFacts = { name: string; type: string; notNull: boolean; default: string | null; key: boolean };
export type ForeignKey = { table: string; parent: string; columns: string[]; onDelete: string };
type Index = { columns: (string | null)[]; condition: string | null };

// D1's own tables, and SQLite's.
const FOREIGN = /^(sqlite_|d1_|_cf_)/;

/** Everything that migrations have made, as `CREATE` statements in the order of their names. */
export async function schemaSnapshot(database: D1Database): Promise<string[]> {
  const { results } = await database
    .prepare('select type, name, tbl_name as "table", sql from sqlite_master order by type, name')
    .all<{ type: string; name: string; table: string; sql: string | null }>();
  return results
    .filter(({ name, table }) => !FOREIGN.test(name) && !FOREIGN.test(table))
    .map(({ type, name, sql }) => `${type} ${name}: ${sql}`);
}

export async function listTables(database: D1Database): Promise<{ name: string; strict: boolean }[]> {
  const { results } = await database.prepare('PRAGMA table_list').all<{ name: string; type: string; strict: number }>();
  return results
    .filter(({ name, type }) => type === 'table' && !FOREIGN.test(name))
    .map(({ name, strict }) => ({ name, strict: strict === 1 }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

export async function columnsOf(database: D1Database, table: string): Promise<ColumnFacts[]> {
  type Info = { name: string; type: string; notnull: number; dflt_value: string | null; pk: number };
  const { results } = await database.prepare(`PRAGMA table_xinfo(${table})`).all<Info>();
  return results.map((column) => ({
    name: column.name,
    type: column.type.toLowerCase(),
    notNull: column.notnull === 1,
    default: column.dflt_value,
    key: column.pk > 0,
  }));
}

export async function foreignKeysOf(database: D1Database, table: string): Promise<ForeignKey[]> {
  type Info = { id: number; seq: number; table: string; from: string; on_delete: string };
  const { results } = await database.prepare(`PRAGMA foreign_key_list(${table})`).all<Info>();
  const byId = Map.groupBy(results, (part) => part.id);
  return [...byId.values()].map((parts) => ({
    table,
    parent: parts[0]?.table ?? '',
    columns: parts.sort((a, b) => a.seq - b.seq).map((part) => part.from),
    onDelete: parts[0]?.on_delete ?? '',
  }));
}

/** Whether deleting the parent finds the children by an index: its first columns are the key's, and it has them all. */
export async function hasIndex(database: D1Database, { table, columns }: ForeignKey): Promise<boolean> {
  const indexes = await indexesOf(database, table);
  return indexes.some(
    (index) =>
      columns.every((column) => index.columns.slice(0, columns.length).includes(column)) &&
      (index.condition === null || columns.some((column) => index.condition === `${column} is not null`)),
  );
}

async function indexesOf(database: D1Database, table: string): Promise<Index[]> {
  const list = await database.prepare(`PRAGMA index_list(${table})`).all<{ name: string }>();
  return Promise.all(
    list.results.map(async ({ name }) => {
      const info = await database.prepare(`PRAGMA index_info(${name})`).all<{ name: string | null }>();
      const sql = await database
        .prepare('select sql from sqlite_master where name = ?')
        .bind(name)
        .first<string>('sql');
      const condition = /\bwhere\b\s+(.*)$/is.exec(sql ?? '')?.[1] ?? null;
      return { columns: info.results.map((column) => column.name), condition: condition?.toLowerCase() ?? null };
    }),
  );
}

/** The tables of a schema module as the code believes them to be. */
export function drizzleTables(schema: object): Map<string, ColumnFacts[]> {
  const tables = Object.values(schema).filter((value): value is SQLiteTable => is(value, SQLiteTable));
  return new Map(tables.map((table) => [getTableConfig(table).name, drizzleColumns(table)]));
}

function drizzleColumns(table: SQLiteTable): ColumnFacts[] {
  const compositeKey = getTableConfig(table).primaryKeys.flatMap((key) => key.columns.map((column) => column.name));
  return Object.values<SQLiteColumn>(getTableColumns(table)).map((column) => ({
    name: column.name,
    type: column.getSQLType().toLowerCase(),
    notNull: column.notNull,
    default: column.default === undefined ? null : literal(column.mapToDriverValue(column.default)),
    key: column.primary || compositeKey.includes(column.name),
  }));
}

const literal = (value: unknown) => (typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value));
