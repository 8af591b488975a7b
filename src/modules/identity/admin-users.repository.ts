import { and, between, eq, gte, inArray, isNotNull, isNull, lte, ne, or, type SQL, sql } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import type { Database, Statement } from '../../db/client.ts';
import { spellings } from '../../db/filter.ts';
import { keyset } from '../../db/keyset.ts';
import { integer, requireThat } from '../../db/sql.ts';
import type { Actor } from '../../shared/actor.ts';
import { notFound } from '../../shared/app-error.ts';
import { decodeCursor, type Page, type PageRequest } from '../../shared/page.ts';
import * as errors from './identity.errors.ts';
import { createIdentityRepository } from './identity.repository.ts';
import { type Session, type User, userSessions, userStatistics, users, userTerms } from './identity.table.ts';
import { emailKey } from './login-keys.ts';

/** Which accounts. What is undefined does not filter; all must hold. Times in milliseconds since the epoch. */
export type UserFilter = {
  /** Words with which the username, the e-mail address or words of the full name begin. */
  words: string[];
  role?: User['role'] | undefined;
  status?: User['status'] | undefined;
  isEmailVerified?: boolean | undefined;
  createdFrom?: number | undefined;
  createdTo?: number | undefined;
  lastLoginFrom?: number | undefined;
};

export type UserStatistic = typeof userStatistics.$inferSelect;

type SortColumn = 'createdAt' | 'lastLoginAt' | 'usernameKey';
type Order = Pick<PageRequest, 'order' | 'cursor'> & { sort: SortColumn };
type Changes = { [K in keyof User]?: User[K] | SQL };
type Change = { changes: Changes; now: number; where?: SQL | undefined };

/** Sorts behind everything that begins with the same text. */
const LAST = '\u{10ffff}';
const EVER = Number.MAX_SAFE_INTEGER;
/** Said without parameters, so that SQLite sees that the indexes over only these accounts will do. */
const IS_ADMIN = sql`${users.role} = 'admin'`;
const IS_DEACTIVATED = sql`${users.status} = 'deactivated'`;
/** What few accounts are, however many accounts there are. */
const FEW = ['admin', 'deactivated'];

/** Rows of accounts as administrators see them: those of everybody. */
export function createAdminUsersRepository(database: Database) {
  const { orm } = database;
  const identity = createIdentityRepository(database);

  /** Accounts that a word is the beginning of something of. */
  const named = (word: string): SQL => {
    const texts = new Set([...spellings(word), ...spellings(emailKey(word))]);
    const ranges = [...texts].map((text) => and(gte(userTerms.term, text), lte(userTerms.term, text + LAST)));
    return inArray(
      users.id,
      orm
        .select({ id: userTerms.userId })
        .from(userTerms)
        .where(or(...ranges)),
    );
  };

  /** The conditions, so put that SQLite finds the rows by what drives the search: the plus takes an index away. */
  const matching = (filter: UserFilter, { sort, order, cursor }: Order): SQL[] => {
    const { words, role, status, isEmailVerified, createdFrom = 0, createdTo = EVER, lastLoginFrom } = filter;
    const driver = driverOf(filter, sort);
    const by = (column: SQLiteColumn, isDriving: boolean) => (isDriving ? sql`${column}` : sql`+${column}`);
    const created = by(users.createdAt, driver === 'few' || driver === 'createdAt');
    const oneOfFew = (wanted: string | undefined, { few, column }: { few: SQL; column: SQLiteColumn }) =>
      when(wanted, (value) => (driver === 'few' && FEW.includes(value) ? few : sql`+${column} = ${value}`));
    return [
      ...words.map(named),
      ...oneOfFew(role, { few: IS_ADMIN, column: users.role }),
      ...oneOfFew(status, { few: IS_DEACTIVATED, column: users.status }),
      ...when(isEmailVerified, (is) => (is ? isNotNull(users.emailVerifiedAt) : isNull(users.emailVerifiedAt))),
      sql`${created} >= ${createdFrom} and ${created} <= ${createdTo}`,
      ...when(sort === 'lastLoginAt' ? (lastLoginFrom ?? 0) : lastLoginFrom, (from) => {
        const lastLogin = by(users.lastLoginAt, driver === 'lastLoginAt');
        return sql`${lastLogin} >= ${from} and ${lastLogin} <= ${latestLogin({ sort, order, cursor })}`;
      }),
      // Walked from its one end or its other, an index must be entered at a value.
      ...when(driver === 'usernameKey' ? LAST : undefined, (last) => between(users.usernameKey, '', last)),
    ];
  };

  /** Never an account that is being erased. */
  const change = (id: string, { changes, now, where }: Change): Statement<User[]> =>
    orm
      .update(users)
      .set({ ...changes, version: sql`${users.version} + 1`, updatedAt: now })
      .where(and(eq(users.id, id), ne(users.status, 'erasing'), where))
      .returning();

  return {
    async list(filter: UserFilter, { sort, ...page }: PageRequest & { sort: SortColumn }): Promise<Page<User>> {
      const keys = keyset({ ...page, sort }, { sort: users[sort], id: users.id });
      const rows = await orm
        .select()
        .from(users)
        .where(and(...matching(filter, { sort, ...page }), keys.after))
        .orderBy(...keys.orderBy)
        .limit(keys.limit);
      return keys.page(rows);
    },

    /** Numbers of accounts, by days no further back than that one (YYYY-MM-DD). */
    statistics(since: string): Promise<UserStatistic[]> {
      const { kind, key } = userStatistics;
      const byDay = (name: 'created' | 'active') => and(eq(kind, name), gte(key, since));
      return orm
        .select()
        .from(userStatistics)
        .where(or(inArray(kind, ['status', 'role', 'email']), byDay('created'), byDay('active')));
    },

    select: (id: string): Statement<User[]> => orm.select().from(users).where(eq(users.id, id)),

    /** A page of the user's sessions that can still be continued. */
    selectSessions(userId: string, { now, ...page }: PageRequest & { now: number }) {
      const {
        after,
        orderBy,
        limit,
        page: pageOf,
      } = keyset(page, { sort: userSessions.createdAt, id: userSessions.id });
      const statement: Statement<Session[]> = orm
        .select()
        .from(userSessions)
        .where(and(eq(userSessions.ownerId, userId), gte(userSessions.refreshExpiresAt, now), after))
        .orderBy(...orderBy)
        .limit(limit);
      return { statement, pageOf };
    },

    removeSessions: (userId: string): Statement<{ id: string }[]> =>
      orm.delete(userSessions).where(eq(userSessions.ownerId, userId)).returning({ id: userSessions.id }),

    change: (
      id: string,
      { expectedVersion, ...given }: Omit<Change, 'where'> & { expectedVersion?: number | undefined },
    ) =>
      change(id, { ...given, where: expectedVersion === undefined ? undefined : eq(users.version, expectedVersion) }),

    /** What a status brings with it, as columns to change: the time, unless the account has that status already. */
    statusChanges: (status: User['status'], now: number): Changes => {
      const column = status === 'active' ? users.reactivatedAt : users.deactivatedAt;
      const at = sql`iif(${users.status} = ${status}, ${column}, ${integer(now)})`;
      return status === 'active'
        ? { status, reactivatedAt: at, deactivatedBy: null }
        : { status, deactivatedAt: at, deactivatedBy: 'admin' };
    },

    /** What its owner has put to sleep is the administrator's doing from then on; else nothing changes a second time. */
    deactivate(id: string, now: number): Statement<User[]> {
      const isByOwner = and(eq(users.status, 'deactivated'), eq(users.deactivatedBy, 'owner'));
      const changes: Changes = { status: 'deactivated', deactivatedAt: now, deactivatedBy: 'admin' };
      return change(id, { changes, now, where: or(eq(users.status, 'active'), isByOwner) });
    },

    /** Changes nothing of an account that is active already. */
    reactivate: (id: string, now: number): Statement<User[]> =>
      change(id, {
        changes: { status: 'active', reactivatedAt: now, deactivatedBy: null },
        now,
        where: eq(users.status, 'deactivated'),
      }),

    /** Makes the password worthless; changes nothing of an account that is not active. */
    endPassword: (id: string, { passwordHash, now }: { passwordHash: string; now: number }): Statement<User[]> =>
      change(id, { changes: { passwordHash }, now, where: eq(users.status, 'active') }),

    /** Undoes the batch unless the actor, who was an administrator moments ago, is one still. */
    requireAdmin(actor: Actor, now: number): Statement[] {
      const isAdmin = and(eq(users.id, actor.userId), eq(users.status, 'active'), IS_ADMIN);
      const condition = sql`exists ${orm.select({ id: users.id }).from(users).where(isAdmin)}`;
      return [
        identity.requireLive(actor, { now, refusal: errors.credentialRevoked }),
        requireThat(database, { condition, refusal: errors.noAdminAnyMore }),
      ];
    },

    /** Undoes the batch unless there is such a user. */
    requireUser(id: string): Statement {
      const condition = sql`exists ${orm.select({ id: users.id }).from(users).where(eq(users.id, id))}`;
      return requireThat(database, { condition, refusal: () => notFound('user') });
    },

    /** Undoes the batch if the user is the only active administrator. */
    requireAnotherAdmin(id: string): Statement {
      const others = and(IS_ADMIN, gte(users.createdAt, 0), eq(users.status, 'active'), ne(users.id, id));
      const own = and(eq(users.id, id), or(ne(users.role, 'admin'), ne(users.status, 'active')));
      const found = (where: SQL | undefined) => sql`exists ${orm.select({ id: users.id }).from(users).where(where)}`;
      const condition = sql`(${found(own)} or ${found(others)})`;
      return requireThat(database, { condition, refusal: errors.lastAdmin });
    },
  };
}

/** What leaves the fewest accounts: words, else an index over only a few of them, else the order of the list. */
function driverOf({ words, role, status }: UserFilter, sort: SortColumn): 'words' | 'few' | SortColumn {
  if (words.length > 0) return 'words';
  return role === 'admin' || status === 'deactivated' ? 'few' : sort;
}

/**
 * The upper bound of last logins on a page: where the cursor stands in a list from the latest on, which the condition of
 * the cursor itself, made for columns with NULLs, does not tell SQLite.
 */
function latestLogin({ sort, order, cursor }: Order): number {
  if (sort !== 'lastLoginAt' || order === 'asc' || cursor === undefined) return EVER;
  return Number(decodeCursor(cursor, `${sort}:${order}`).value);
}

const when = <V>(value: V | undefined, condition: (value: V) => SQL): SQL[] =>
  value === undefined ? [] : [condition(value)];
