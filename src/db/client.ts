import { is } from 'drizzle-orm';
import type { BatchItem } from 'drizzle-orm/batch';
import { DrizzleD1Database, SQLiteD1Session } from 'drizzle-orm/d1';
import { SQLiteAsyncDialect, SQLiteSelectBase } from 'drizzle-orm/sqlite-core';
import { SQLiteRaw } from 'drizzle-orm/sqlite-core/query-builders/raw';
import type { Breaker } from '../shared/breaker.ts';
import { createMeteredD1, type Meter, onlyReads } from './metered-d1.ts';
import { flatRowMapper } from './row-mapping.ts';
import { refusalOf } from './sql.ts';

/** What makes a statement a guard: the mark by which its failure is known, and what to say then. */
export type Guard = { token: string; refusal: (() => Error) | undefined };

/** A prepared statement: made by repositories, run alone by `await`, or with others by {@link Database.commit}. */
export type Statement<Result = unknown> = BatchItem<'sqlite'> & PromiseLike<Result> & { guard?: Guard };

/** Statements that wait for a commit to go along with. */
export type Companion = {
  /** Keeps them from going along any more. @returns whether they have taken effect already. */
  withdraw(): boolean;
};

export type Database = {
  /** Builds and runs single queries. */
  orm: DrizzleD1Database;
  /**
   * Runs the statements as one transaction in one round trip: all of them take effect, or none.
   * @returns each statement's result, in order.
   * @throws the refusal of the guard that undid it (`requireThat`), or the database's error.
   */
  commit<const T extends readonly Statement[]>(statements: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }>;
  /** The same, followed by a read of what the statements have left. @returns the read's rows. */
  commitAndRead<R>(statements: readonly Statement[], read: Statement<R>): Promise<R>;
  /**
   * Statements that go before those of the next commit that writes and succeeds, and take effect with them or not at all.
   * They are made anew for each commit that is tried.
   */
  accompany(make: () => readonly Statement[]): Companion;
  /** A commit that nothing accompanies: notes about the request, which are not what it is there for. */
  commitAside<const T extends readonly Statement[]>(
    statements: T,
  ): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }>;
  /** The session's bookmark after the last query; a client that sends it back reads at least that state. */
  bookmark(): string | null;
};

export type DatabaseOptions = {
  meter: Meter;
  breaker: Breaker;
  timeoutMs: number;
  /** A bookmark seen before: reads may go to any replica that has at least that state. By default, the primary. */
  session?: string;
};

const BOOKMARK = /^[\da-f]{8}-[\da-f]{8}-[\da-f]{8}-[\da-f]{32}$/;

/** Opens the database for one request or job. Everything that goes through it is counted by the meter. */
export function createDatabase(d1: D1Database, options: DatabaseOptions): Database {
  // Clients send bookmarks. What is none could name another mode, and let them read credentials from a stale replica.
  const bookmark = BOOKMARK.test(options.session ?? '') ? options.session : undefined;
  const session = d1.withSession(bookmark ?? 'first-primary');
  const metered = createMeteredD1(session, options);
  const orm = openDrizzle(metered);

  const waiting = new Set<{ make: () => readonly Statement[]; hasGone: boolean }>();

  const commit = async (own: readonly Statement[]): Promise<unknown[]> => {
    if (own.every(isRead)) return run(own);
    const companions = [...waiting];
    const accompanying = companions.flatMap(({ make }) => make());
    const results = await run([...accompanying, ...own]);
    for (const companion of companions) {
      companion.hasGone = true;
      waiting.delete(companion);
    }
    return results.slice(accompanying.length);
  };

  const run = async (statements: readonly Statement[]): Promise<unknown[]> => {
    for (const statement of statements) prepareRaw(statement, metered);
    const [first, ...rest] = statements;
    try {
      return first ? await orm.batch([first, ...rest]) : [];
    } catch (error) {
      throw refusalOf(error, statements) ?? error;
    }
  };

  return {
    orm,
    // Drizzle types the results by position for tuples only; the type of `commit` says the same for any list.
    commit: commit as Database['commit'],
    commitAndRead: async <R>(statements: readonly Statement[], read: Statement<R>) =>
      (await commit([...statements, read])).at(-1) as R,
    commitAside: run as Database['commitAside'],
    accompany(make) {
      const companion = { make, hasGone: false };
      waiting.add(companion);
      return {
        withdraw() {
          waiting.delete(companion);
          return companion.hasGone;
        },
      };
    },
    bookmark: () => session.getBookmark(),
  };
}

const isRead = (statement: Statement): boolean =>
  is(statement, SQLiteSelectBase) || (statement instanceof SQLiteRaw && onlyReads(statement.getQuery().sql));

/** Drizzle's own errors quote the parameters, which are what people wrote. Here those of the database pass as they are. */
function openDrizzle(d1: D1Database): DrizzleD1Database {
  const dialect = new SQLiteAsyncDialect();
  const session = new SQLiteD1Session<Record<string, never>, Record<string, never>>(d1, dialect, undefined);
  const prepareQuery = session.prepareQuery.bind(session);
  const queryWithCache = <T>(_sql: string, _parameters: unknown[], query: () => Promise<T>) => query();
  session.prepareQuery = (...query) => {
    const [, fields, method] = query;
    const prepared = Object.assign(prepareQuery(...query), { queryWithCache });
    const mapRows = fields && method === 'all' ? flatRowMapper(fields) : undefined;
    if (!mapRows) return prepared;
    return Object.assign(prepared, { mapAllResult: (result: RawRows | NamedRows) => mapRows(rowsOf(result)) });
  };
  return new DrizzleD1Database('async', dialect, session, undefined);
}

type RawRows = unknown[][];
/** As a batch brings them, in the order of the fields. */
type NamedRows = { results: object[] };

const rowsOf = (result: RawRows | NamedRows): RawRows =>
  Array.isArray(result) ? result : result.results.map((row) => Object.values(row));

/** Drizzle's batch on D1 binds to a statement that its raw queries, unlike all others, do not bring along. */
function prepareRaw(statement: Statement, d1: D1Database): void {
  if (statement instanceof SQLiteRaw) Object.assign(statement, { stmt: d1.prepare(statement.getQuery().sql) });
}
