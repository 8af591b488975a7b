import { sql } from 'drizzle-orm';
import { getTableConfig, type SQLiteColumn } from 'drizzle-orm/sqlite-core';
import type { Database } from '../../db/client.ts';

/** Rows that one statement deletes at most: some ten milliseconds, in which nobody else can write. */
export const ROWS_PER_STATEMENT = 500;

/** Rows of any table, by a column that says whose they are. */
export function createOwnedRowsRepository(database: Database) {
  const { orm } = database;

  return {
    /** Removes some of the owner's rows. @returns whether there may be more. */
    async removeSome(ownerId: string, column: SQLiteColumn): Promise<boolean> {
      const { table } = column;
      const key = sql.join(keyOf(column), sql`, `);
      const { meta } = await orm.run(sql`delete from ${table} where (${key}) in
        (select ${key} from ${table} where ${column} = ${ownerId} limit ${sql.raw(String(ROWS_PER_STATEMENT))})`);
      return meta.changes >= ROWS_PER_STATEMENT;
    },

    /** How many rows the owner has, by table. One round trip. */
    async count(ownerId: string, columns: readonly SQLiteColumn[]): Promise<Record<string, number>> {
      const totals = columns.map(
        (column, index) =>
          sql`(select count(*) from ${column.table} where ${column} = ${ownerId}) as ${sql.identifier(String(index))}`,
      );
      const [counted] = await orm.all<Record<string, number>>(sql`select ${sql.join(totals, sql`, `)}`);
      return Object.fromEntries(columns.map((column, index) => [nameOf(column), counted?.[index] ?? Number.NaN]));
    },
  };
}

/** A table's primary key: some tables have no rowid. */
function keyOf({ table }: SQLiteColumn): SQLiteColumn[] {
  const { columns, primaryKeys } = getTableConfig(table);
  return [...columns.filter((column) => column.primary), ...primaryKeys.flatMap((key) => key.columns)];
}

/** `queries.owner_id`: a table may say in several columns whose its rows are. */
const nameOf = (column: SQLiteColumn) => `${getTableConfig(column.table).name}.${column.name}`;
