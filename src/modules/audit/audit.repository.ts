import { and, asc, desc, eq, getTableColumns, gt, gte, lt, lte, type SQL, sql } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import type { Database, Statement } from '../../db/client.ts';
import { type AuditRow, auditLogs, auditSeals } from './audit.table.ts';

/** A value, or where the batch itself finds it. */
export type Found<T> = T | SQL<T>;

/** What must hold at an entry's place in its batch: a condition, or that the statement before it changed something. */
export type Condition = SQL | 'changed';

/** An entry before the database has numbered it. */
export type NewEntry = {
  [K in Exclude<keyof AuditRow, 'seq'>]: K extends 'accountId' | 'actorId' | 'credentialId' | 'objectId' | 'details'
    ? Found<AuditRow[K]>
    : AuditRow[K];
};

export type AuditFilter = {
  actorId?: string | undefined;
  /** The whole name of an action. */
  action?: string | undefined;
  /** How the name of the action begins. */
  actionPrefix?: string | undefined;
  objectId?: string | undefined;
  outcome?: AuditRow['outcome'] | undefined;
  requestId?: string | undefined;
  /** Milliseconds since the epoch, both inclusive. */
  from?: number | undefined;
  to?: number | undefined;
};

/** A page of entries: those behind a number, in that direction. */
export type AuditPage = { after: number | undefined; order: 'asc' | 'desc'; limit: number };

/** An entry with its place in the chain; null while it is not sealed. */
export type SealedEntry = AuditRow & { hash: string | null; previousHash: string | null };

/** Entries are timed before they are committed and numbered, by as much as a commit may take, and by several clocks. */
const CLOCK_SLACK_MS = 15_000;
const NEWEST = Number.MAX_SAFE_INTEGER;
const LAST_CHARACTER = '\u{10ffff}';

/** `column = value` on rows that are found by something else. */
const alsoEq = (column: SQLiteColumn, value: string | undefined) =>
  value === undefined ? undefined : sql`+${column} = ${value}`;

/** Rows of `audit_logs`: added and read, never changed. */
export function createAuditRepository(database: Database) {
  const { orm } = database;
  const table = auditLogs;

  /**
   * The numbers behind the page's beginning and, through the ids, which begin with the time, those of the times asked for;
   * then the times exactly. One bound on either side: SQLite would seek by one, and walk to the other.
   */
  const within = ({ from, to }: AuditFilter, { after, order }: AuditPage) => {
    const seqBefore = (ms: number) => sql`coalesce((select seq from ${table}
      where id < ${idsFrom(ms - CLOCK_SLACK_MS)} order by id desc limit 1), 0)`;
    const seqAfter = (ms: number) => sql`coalesce((select seq from ${table}
      where id >= ${idsFrom(ms + CLOCK_SLACK_MS)} order by id limit 1), ${NEWEST})`;
    const lower = order === 'asc' ? (after ?? 0) : 0;
    const upper = order === 'desc' ? (after ?? NEWEST) : NEWEST;
    return and(
      gt(table.seq, from === undefined ? lower : sql`max(${lower}, ${seqBefore(from)})`),
      lt(table.seq, to === undefined ? upper : sql`min(${upper}, ${seqAfter(to)})`),
      from === undefined ? undefined : gte(table.createdAt, from),
      to === undefined ? undefined : lte(table.createdAt, to),
    );
  };

  /**
   * The newest (or oldest) entries of each action whose name begins so, from which the page is chosen: the index is
   * asked once for each such action, of which there are some dozens, however many entries there are.
   */
  const ofActions = (prefix: string, { page, also }: { page: AuditPage; also: SQL | undefined }): SQL => {
    const next = (after: SQL) => sql`(select action from ${table} where ${after}
      and action < ${prefix + LAST_CHARACTER} order by action limit 1)`;
    const order = sql.raw(page.order);
    return sql`${table.seq} in (
      with recursive names(name) as (
        select ${next(sql`action >= ${prefix}`)}
        union all select ${next(sql`action > names.name`)} from names where names.name is not null
      )
      select found.value from names, json_each((
        select json_group_array(seq) from (
          select seq from ${table} where action = names.name and ${also}
          order by seq ${order} limit ${page.limit}
        )
      )) as found)`;
  };

  /** One condition finds the rows by its index, the most particular that there is; the others check them. */
  const matching = (filter: AuditFilter, page: AuditPage): SQL | undefined => {
    const { requestId, objectId, actorId, action, outcome, actionPrefix } = filter;
    const checks = {
      objectId: alsoEq(table.objectId, objectId),
      actorId: alsoEq(table.actorId, actorId),
      action: alsoEq(table.action, action),
      outcome: alsoEq(table.outcome, outcome),
      prefix:
        actionPrefix === undefined
          ? undefined
          : sql`+${table.action} >= ${actionPrefix} and +${table.action} < ${actionPrefix + LAST_CHARACTER}`,
    };
    const also = (...conditions: (SQL | undefined)[]) => and(within(filter, page), ...conditions);
    const { objectId: object, actorId: actor, action: named, outcome: ended, prefix } = checks;
    if (requestId !== undefined) return also(eq(table.requestId, requestId), object, actor, named, ended, prefix);
    if (objectId !== undefined) return also(eq(table.objectId, objectId), actor, named, ended, prefix);
    if (actorId !== undefined) return also(eq(table.actorId, actorId), named, ended, prefix);
    if (action !== undefined) return also(eq(table.action, action), ended, prefix);
    if (outcome !== undefined && outcome !== 'succeeded') {
      return also(eq(table.outcome, outcome), sql`${table.outcome} <> 'succeeded'`, prefix);
    }
    if (actionPrefix === undefined) return also(ended);
    return ofActions(actionPrefix, { page, also: also(ended) });
  };

  const select = (condition: SQL | undefined, { order, limit }: AuditPage): Statement<SealedEntry[]> =>
    orm
      .select({
        ...getTableColumns(table),
        hash: auditSeals.hash,
        previousHash: sql<string | null>`(select earlier.hash from audit_seals as earlier
          where earlier.seq < ${auditSeals.seq} order by earlier.seq desc limit 1)`.as('previous_hash'),
      })
      .from(table)
      .leftJoin(auditSeals, eq(auditSeals.seq, table.seq))
      .where(condition)
      .orderBy(order === 'asc' ? asc(table.seq) : desc(table.seq))
      .limit(limit);

  return {
    /** Adds an entry; with a condition, only if that holds at its place in the batch. */
    insert: (entry: NewEntry, when?: Condition): Statement<{ seq: number }[]> =>
      insertEntry(database, { entry, when: when === 'changed' ? sql`changes() > 0` : when }),

    /** Details that say how many rows the statement before the entry changed. */
    countOf: (name: string): SQL<string> => sql<string>`json_object(${name}, changes())`,

    list: (filter: AuditFilter, page: AuditPage) => select(matching(filter, page), page),

    /** The security history of one account. */
    listSecurity: (accountId: string, page: AuditPage) =>
      select(and(eq(table.accountId, accountId), sql`${table.isSecurity} = 1`, within({}, page)), page),
  };
}

/** Written out, because Drizzle's inserts take no condition. */
function insertEntry(
  { orm }: Database,
  { entry, when = sql`true` }: { entry: NewEntry; when: SQL | undefined },
): Statement<{ seq: number }[]> {
  const { seq: _seq, ...columns } = getTableColumns(auditLogs);
  const named = Object.entries(columns).map(([key, column]) => ({ column, value: Reflect.get(entry, key) }));
  const list = (parts: SQL[]) => sql.join(parts, sql`, `);
  const names = list(named.map(({ column }) => sql`${sql.identifier(column.name)}`));
  const values = list(named.map(({ value }) => sql`${value}`));
  return orm.all<{ seq: number }>(
    sql`insert into ${auditLogs} (${names}) select ${values} where ${when} returning seq`,
  );
}

/** The least id that can be made at that time: ids are UUIDv7. */
function idsFrom(ms: number): string {
  const hex = Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}
