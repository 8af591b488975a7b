import { type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import type { Database, Guard, Statement } from './client.ts';

/** A condition that a repository has written for somebody else's statement. */
export type Condition = SQL;

/** `column IN (…)` for any number of values in one bound parameter: D1 takes 100 parameters at most. */
export function inJson(column: SQLiteColumn | SQLWrapper, values: readonly (string | number)[]): SQL {
  return sql`${column} in (select value from json_each(${JSON.stringify(values)}))`;
}

/**
 * `column = value` as a check on rows that are found by something else. Without statistics SQLite prefers any index on
 * the owner to the primary key, and then reads everything that the owner has; the plus takes those indexes from it.
 */
export const also = (column: SQLiteColumn, value: string): SQL => sql`+${column} = ${value}`;

/** A whole number inside an expression: D1 binds every number as REAL, which turns 3 into 3.0 there. */
export const integer = (value: number): SQL<number> => sql<number>`cast(${value} as integer)`;

/** How an error begins that only a guard can cause: SQLite names the path that it could not read. */
const GUARD_FAILED = "bad JSON path: 'unmet:";

/**
 * A statement that fails, and with it the whole batch, unless the one before it changed a row. This is how a write that
 * depends on a row's version or state undoes everything that was committed beside it.
 * @param refusal what `Database.commit` throws then; without it, tell by {@link isGuardFailure}.
 */
export function requireChange(database: Database, refusal?: () => Error): Statement {
  return guard(database, { condition: sql`changes() > 0`, refusal });
}

/**
 * A statement that fails, and with it the whole batch, unless the condition holds at its place in the batch.
 * @param check.refusal what `Database.commit` throws then.
 */
export function requireThat(database: Database, check: { condition: SQL; refusal: () => Error }): Statement {
  return guard(database, check);
}

function guard(database: Database, check: { condition: SQL; refusal: (() => Error) | undefined }): Statement {
  const token = `unmet:${crypto.randomUUID()}`;
  const statement = database.orm.run(sql`select iif(${check.condition}, 1, json_extract('{}', ${token})) as met`);
  return Object.assign(statement, { guard: { token, refusal: check.refusal } satisfies Guard });
}

/** What the guard that undid a batch of these statements says about it, if one did and has something to say. */
export function refusalOf(error: unknown, statements: readonly Statement[]): Error | undefined {
  if (!isGuardFailure(error)) return undefined;
  const message = rootMessage(error);
  return statements.find(({ guard }) => guard !== undefined && message.includes(guard.token))?.guard?.refusal?.();
}

/** Whether a batch was undone by {@link requireChange} or {@link requireThat}. */
export function isGuardFailure(error: unknown): boolean {
  return rootMessage(error).includes(GUARD_FAILED);
}

/** Whether a write was refused by a unique index over the given columns, e.g. `users.email_key`. */
export function isUniqueViolation(error: unknown, column?: string): boolean {
  const message = rootMessage(error);
  return message.includes('UNIQUE constraint failed') && (column === undefined || message.includes(column));
}

/** Whether a write named a row that does not exist, or no longer. */
export const isForeignKeyViolation = (error: unknown): boolean => rootMessage(error).includes('FOREIGN KEY constraint');

/** The database's own words, which hold nothing that people wrote. */
function rootMessage(error: unknown): string {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  return current instanceof Error ? current.message : '';
}
