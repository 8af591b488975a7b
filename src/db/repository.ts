import { and, count as countRows, eq, getTableColumns, isNotNull, isNull, type SQL, sql } from 'drizzle-orm';
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core';
import { notFound, staleVersion } from '../shared/app-error.ts';
import type { Page, PageRequest } from '../shared/page.ts';
import { bulkInsert, bulkUpdate } from './bulk.ts';
import type { Database, Statement } from './client.ts';
import { type Filter, filterConditions } from './filter.ts';
import { keyset } from './keyset.ts';
import { also, inJson, requireThat } from './sql.ts';

/** A table whose rows belong to users and are locked optimistically. */
export type OwnedTable = SQLiteTable & {
  id: SQLiteColumn;
  ownerId: SQLiteColumn;
  version: SQLiteColumn;
  createdAt: SQLiteColumn;
  updatedAt: SQLiteColumn;
  deletedAt?: SQLiteColumn;
};

export type Row<T extends SQLiteTable> = T['$inferSelect'];
export type NewRow<T extends SQLiteTable> = T['$inferInsert'];

/** What a change of one row may set, to values or expressions; what is undefined stays as it is. */
export type Changes<T extends SQLiteTable> = {
  [K in Exclude<keyof NewRow<T>, Fixed>]?: NewRow<T>[K] | SQL | undefined;
};

/** What a change of many rows may set. */
type BulkChange<T extends SQLiteTable> = { id: string } & {
  [K in Exclude<keyof NewRow<T>, Fixed>]?: NewRow<T>[K] | undefined;
};

type Fixed = 'id' | 'ownerId' | 'version' | 'createdAt';
const FIXED = ['ownerId', 'version', 'createdAt'];

/** Which rows a read sees, for tables with a trash. */
export type Trash = 'exclude' | 'only' | 'include';

/** Which of the owner's rows. */
export type Selection<T extends OwnedTable> = {
  filter?: Filter<T> | undefined;
  /** Conditions that the filter cannot say, such as membership in another table. */
  where?: SQL | undefined;
  trash?: Trash | undefined;
};

export type ListOptions<T extends OwnedTable> = PageRequest & Selection<T>;

/** A change of one row, which must be live unless `trash` says otherwise. */
export type RowChange<T extends OwnedTable> = {
  id: string;
  changes: Changes<T>;
  now: number;
  /** A row of another version stays as it is. */
  expectedVersion?: number | undefined;
  trash?: Trash | undefined;
  /** Rows that do not meet this stay as they are. */
  where?: SQL | undefined;
};

type Move = { id: string; now: number; expectedVersion?: number | undefined };

/**
 * Typed reads and write statements for one owned table; modules compose it, they do not inherit from it. Reads run at
 * once. Writes are returned as statements, to be committed together: {@link Database.commit}.
 * @param extras computed columns that every read carries, such as the names of a document's tags.
 */
export function createRepository<T extends OwnedTable, E extends Record<string, SQL.Aliased> = Record<never, never>>(
  database: Database,
  table: T,
  extras?: E,
) {
  // Drizzle cannot follow a generic table through its builder; the casts below only name what the table's type says.
  const source: SQLiteTable = table;
  const columns = getTableColumns(source) as Record<string, SQLiteColumn>;

  const selection = { ...columns, ...extras };
  type Read = Row<T> & { [K in keyof E]: E[K]['_']['type'] };

  const sortColumn = (name: string): SQLiteColumn => {
    const found = Object.hasOwn(columns, name) ? columns[name] : undefined;
    if (!found) throw new Error(`There is no column ${name} to sort by.`);
    return found;
  };

  const trashed = (trash: Trash = 'exclude') => {
    if (!table.deletedAt || trash === 'include') return undefined;
    return trash === 'only' ? isNotNull(table.deletedAt) : isNull(table.deletedAt);
  };

  const owned = (owner: string, id: string) => and(eq(table.ownerId, owner), eq(table.id, id));

  const scope = (owner: string, { filter, where, trash }: Selection<T>) =>
    and(eq(table.ownerId, owner), trashed(trash), ...filterConditions(columns, filter), where);

  const select = (condition: SQL | undefined) => database.orm.select(selection).from(source).where(condition);

  const set = (owner: string, change: Omit<RowChange<T>, 'changes'>, changes: object): Statement<Row<T>[]> => {
    refuseFixed(changes);
    const expected = change.expectedVersion === undefined ? undefined : eq(table.version, change.expectedVersion);
    return database.orm
      .update(source)
      .set({ ...changes, version: sql`${table.version} + 1`, updatedAt: change.now })
      .where(and(owned(owner, change.id), trashed(change.trash), expected, change.where))
      .returning() as unknown as Statement<Row<T>[]>;
  };

  return {
    /** One row, or undefined when there is none or it is somebody else's. */
    async find(owner: string, id: string, trash: Trash = 'exclude'): Promise<Read | undefined> {
      const rows = await select(and(owned(owner, id), trashed(trash)));
      return rows[0] as Read | undefined;
    },

    /** The same as a statement: reads the row as the writes before it in a batch have left it. */
    select(owner: string, id: string, trash: Trash = 'exclude'): Statement<Read[]> {
      return select(and(owned(owner, id), trashed(trash))) as unknown as Statement<Read[]>;
    },

    /** Those of the ids that there are, in no particular order. */
    async findMany(owner: string, ids: string[], trash: Trash = 'exclude'): Promise<Read[]> {
      const rows = await select(and(also(table.ownerId, owner), inJson(table.id, ids), trashed(trash)));
      return rows as Read[];
    },

    /** One page by keyset: pages neither repeat nor skip rows while others are added. */
    async list(owner: string, options: ListOptions<T>): Promise<Page<Read>> {
      const { after, orderBy, limit, page } = keyset(options, { sort: sortColumn(options.sort), id: table.id });
      const rows = await select(and(scope(owner, options), after))
        .orderBy(...orderBy)
        .limit(limit);
      return page(rows as (Read & { id: string })[]);
    },

    async count(owner: string, options: Selection<T> = {}): Promise<number> {
      const rows = await database.orm.select({ total: countRows() }).from(source).where(scope(owner, options));
      return rows[0]?.total ?? 0;
    },

    async exists(owner: string, options: Selection<T>): Promise<boolean> {
      const rows = await database.orm
        .select({ found: sql<number>`1`.as('found') })
        .from(source)
        .where(scope(owner, options))
        .limit(1);
      return rows.length > 0;
    },

    /**
     * Guards that undo their batch with `not_found` unless the row is there, and with `stale_version` unless it has the
     * expected version.
     */
    requireRow(
      owner: string,
      row: { id: string; what: string; expectedVersion?: number | undefined; trash?: Trash | undefined },
    ): Statement[] {
      const guard = (condition: SQL | undefined, refusal: () => Error) =>
        requireThat(database, { condition: sql`exists (select 1 from ${source} where ${condition})`, refusal });
      const present = and(owned(owner, row.id), trashed(row.trash));
      const there = guard(present, () => notFound(row.what));
      if (row.expectedVersion === undefined) return [there];
      const current = and(present, eq(table.version, row.expectedVersion));
      return [there, guard(current, () => staleVersion(row.what))];
    },

    insert(row: NewRow<T>): Statement<Row<T>[]> {
      return database.orm.insert(source).values(row).returning() as unknown as Statement<Row<T>[]>;
    },

    /** Any number of rows in one statement with one parameter; those that do not meet `where` are left out. */
    insertMany(rows: NewRow<T>[], options: { onConflict?: 'fail' | 'ignore'; where?: SQL } = {}): Statement {
      return bulkInsert(database, table, { rows, onConflict: options.onConflict ?? 'fail', where: options.where });
    },

    /**
     * Changes a row and counts its version. To undo the whole batch when there is no such row or it has another version,
     * put `requireRow` before it or `requireChange` behind it.
     */
    update: (owner: string, { changes, ...change }: RowChange<T>): Statement<Row<T>[]> => set(owner, change, changes),

    /** Different changes to many live rows in one statement; every entry must set the same columns. */
    updateMany(owner: string, options: { changes: BulkChange<T>[]; now: number }): Statement {
      for (const change of options.changes) refuseFixed(change);
      return bulkUpdate(database, table, { owner, ...options, where: trashed() });
    },

    /** Removes rows for good. */
    remove(owner: string, ids: string[]): Statement<{ id: string }[]> {
      return database.orm
        .delete(source)
        .where(and(also(table.ownerId, owner), inJson(table.id, ids)))
        .returning({ id: table.id }) as unknown as Statement<{ id: string }[]>;
    },

    /** Moves a live row to the trash. */
    trash: (owner: string, change: Move): Statement<Row<T>[]> => set(owner, change, { deletedAt: change.now }),

    /** Brings a row back from the trash. */
    restore: (owner: string, change: Move): Statement<Row<T>[]> =>
      set(owner, { ...change, trash: 'only' }, { deletedAt: null }),
  };
}

/** Types do not stop a wider object from being handed in. */
function refuseFixed(changes: object): void {
  const fixed = FIXED.find((name) => Object.hasOwn(changes, name));
  if (fixed !== undefined) throw new Error(`A change may not set ${fixed}.`);
}
