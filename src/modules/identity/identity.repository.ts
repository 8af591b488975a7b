import { and, count, eq, gt, isNull, lt, lte, ne, or, type SQL, sql } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import type { Database, Statement } from '../../db/client.ts';
import { createRepository } from '../../db/repository.ts';
import { integer, requireThat } from '../../db/sql.ts';
import type { Actor } from '../../shared/actor.ts';
import type { PageRequest } from '../../shared/page.ts';
import { type ApiKey, apiKeys, type User, userSessions, users } from './identity.table.ts';

/** What users change of their own accounts, to values or expressions; what is undefined stays as it is. */
export type AccountColumns = {
  [K in keyof Omit<User, 'id' | 'role' | 'status' | 'passwordHash' | 'version'>]?: User[K] | SQL | undefined;
};

type NewApiKey = Omit<ApiKey, 'lastUsedAt' | 'version' | 'updatedAt' | 'rotatedFrom' | 'replacedBy'>;

/** Rows of accounts and their credentials. Look-ups by secret take its hash; everything else goes by user. */
export function createIdentityRepository(database: Database) {
  const { orm } = database;
  const sessionRows = createRepository(database, userSessions);
  const keyRows = createRepository(database, apiKeys);
  const isActive = eq(users.status, 'active');
  const ownSession = (userId: string, id: string) => and(eq(userSessions.ownerId, userId), eq(userSessions.id, id));

  // A job has no credential that could be live: it is none of the sessions.
  const liveCredential = ({ userId, credential }: Actor, now: number) =>
    credential.type !== 'api_key'
      ? orm.select({ id: userSessions.id }).from(userSessions).where(ownSession(userId, credential.id))
      : orm
          .select({ id: apiKeys.id })
          .from(apiKeys)
          .where(
            and(
              eq(apiKeys.ownerId, userId),
              eq(apiKeys.id, credential.id),
              or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, now)),
            ),
          );

  return {
    /** The live session with this access token and its active user. */
    async findSessionIdentity(accessTokenHash: string, now: number) {
      const rows = await orm
        .select({
          id: userSessions.id,
          userId: userSessions.ownerId,
          expiresAt: userSessions.accessExpiresAt,
          lastUsedAt: userSessions.lastUsedAt,
          isFirstUse: sql<number>`${userSessions.sealedTokens} is not null`.as('is_first_use'),
          role: users.role,
          requestLimitPerMinute: users.requestLimitPerMinute,
          requestLimitPerHour: users.requestLimitPerHour,
        })
        .from(userSessions)
        .innerJoin(users, and(eq(users.id, userSessions.ownerId), isActive))
        .where(and(eq(userSessions.accessTokenHash, accessTokenHash), gt(userSessions.accessExpiresAt, now)));
      return rows[0];
    },

    /** The live API key and its active user. */
    async findApiKeyIdentity(keyHash: string, now: number) {
      const rows = await orm
        .select({
          id: apiKeys.id,
          userId: apiKeys.ownerId,
          expiresAt: apiKeys.expiresAt,
          lastUsedAt: apiKeys.lastUsedAt,
          scopes: apiKeys.scopes,
          requestsPerMinute: apiKeys.requestsPerMinute,
          role: users.role,
          requestLimitPerMinute: users.requestLimitPerMinute,
          requestLimitPerHour: users.requestLimitPerHour,
        })
        .from(apiKeys)
        .innerJoin(users, and(eq(users.id, apiKeys.ownerId), isActive))
        .where(and(eq(apiKeys.keyHash, keyHash), or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, now))));
      return rows[0];
    },

    async findUser(userId: string): Promise<User | undefined> {
      const rows = await orm.select().from(users).where(eq(users.id, userId));
      return rows[0];
    },

    async findUserByLogin(login: { emailKey: string } | { usernameKey: string }): Promise<User | undefined> {
      const named = 'emailKey' in login ? eq(users.emailKey, login.emailKey) : eq(users.usernameKey, login.usernameKey);
      const rows = await orm.select().from(users).where(named);
      return rows[0];
    },

    insertUser: (row: typeof users.$inferInsert): Statement<User[]> => orm.insert(users).values(row).returning(),

    updateUser(
      userId: string,
      { changes, now, expectedVersion }: { changes: AccountColumns; now: number; expectedVersion?: number | undefined },
    ): Statement<User[]> {
      const expected = expectedVersion === undefined ? undefined : eq(users.version, expectedVersion);
      return orm
        .update(users)
        .set({ ...changes, version: sql`${users.version} + 1`, updatedAt: now })
        .where(and(eq(users.id, userId), expected))
        .returning();
    },

    /**
     * Counts a login with the password that was verified; changes nothing if it was replaced meanwhile, or if one factor
     * is no longer enough.
     */
    recordLogin(
      userId: string,
      login: { verifiedHash: string; passwordHash: string; factors: 'one' | 'all'; now: number },
    ): Statement<User[]> {
      const { verifiedHash, passwordHash, factors, now } = login;
      const isEnough = factors === 'one' ? isNull(users.twoFactorEnabledAt) : undefined;
      return orm
        .update(users)
        .set({ passwordHash, lastLoginAt: now, loginCount: sql`${users.loginCount} + 1` })
        .where(and(eq(users.id, userId), eq(users.passwordHash, verifiedHash), isActive, isEnough))
        .returning();
    },

    /** Stores the verified password's hash anew; changes nothing if it was replaced meanwhile. */
    renewPasswordHash(
      userId: string,
      { verifiedHash, passwordHash }: { verifiedHash: string; passwordHash: string },
    ): Statement {
      return orm
        .update(users)
        .set({ passwordHash })
        .where(and(eq(users.id, userId), eq(users.passwordHash, verifiedHash), isActive));
    },

    /** Replaces the password that was verified; changes nothing if it was replaced meanwhile. */
    changePassword(
      userId: string,
      { verifiedHash, passwordHash, now }: { verifiedHash: string; passwordHash: string; now: number },
    ): Statement {
      return orm
        .update(users)
        .set({ passwordHash, version: sql`${users.version} + 1`, updatedAt: now })
        .where(and(eq(users.id, userId), eq(users.passwordHash, verifiedHash)));
    },

    insertSession: sessionRows.insert,
    removeSession: (userId: string, id: string) => sessionRows.remove(userId, [id]),

    listSessions(userId: string, { now, ...page }: PageRequest & { now: number }) {
      return sessionRows.list(userId, { ...page, filter: { refreshExpiresAt: { from: now } } });
    },

    removeExpiredSessions(userId: string, now: number): Statement {
      return orm
        .delete(userSessions)
        .where(and(eq(userSessions.ownerId, userId), lt(userSessions.refreshExpiresAt, now)));
    },

    removeOtherSessions(userId: string, keptId: string): Statement {
      return orm.delete(userSessions).where(and(eq(userSessions.ownerId, userId), ne(userSessions.id, keptId)));
    },

    /** Undoes the batch unless the credential is still live: another isolate may trust a revoked one for a moment. */
    requireLive(actor: Actor, { now, refusal }: { now: number; refusal: () => Error }): Statement {
      return requireThat(database, { condition: sql`exists ${liveCredential(actor, now)}`, refusal });
    },

    /** Undoes the batch unless the session that asks was opened after that time. */
    requireRecentSession(
      { userId, credential }: Actor,
      { since, refusal }: { since: number; refusal: () => Error },
    ): Statement {
      const opened = and(ownSession(userId, credential.id), gt(userSessions.createdAt, since));
      const session = orm.select({ id: userSessions.id }).from(userSessions).where(opened);
      return requireThat(database, { condition: sql`exists ${session}`, refusal });
    },

    /** Undoes the batch unless the user has fewer keys than this. */
    requireKeysBelow(ownerId: string, { limit, refusal }: { limit: number; refusal: () => Error }): Statement {
      const total = orm.select({ total: count() }).from(apiKeys).where(eq(apiKeys.ownerId, ownerId));
      return requireThat(database, { condition: sql`${total} < ${limit}`, refusal });
    },

    /** Makes a key. One that is made by a key ends with its maker, or before, and may ask no more often. */
    insertApiKey(actor: Actor, row: NewApiKey): Statement<ApiKey[]> {
      const isByKey = actor.credential.type === 'api_key';
      const bounded = (value: number | null, column: SQLiteColumn) => {
        const wanted = value === null ? sql`null` : integer(value);
        const own = sql.identifier(column.name);
        return sql<number | null>`(select min(coalesce(${wanted}, ${own}), coalesce(${own}, ${wanted}))
          from ${apiKeys} where id = ${actor.credential.id})`;
      };
      return orm
        .insert(apiKeys)
        .values({
          ...row,
          updatedAt: row.createdAt,
          ...(isByKey && {
            expiresAt: bounded(row.expiresAt, apiKeys.expiresAt),
            requestsPerMinute: bounded(row.requestsPerMinute, apiKeys.requestsPerMinute),
          }),
        })
        .returning();
    },

    findApiKey: (ownerId: string, id: string) => keyRows.find(ownerId, id),
    listApiKeys: (ownerId: string, page: PageRequest) => keyRows.list(ownerId, page),
    removeApiKey: (ownerId: string, id: string) => keyRows.remove(ownerId, [id]),

    /** Notes that a key was used, unless that was noted after `before` already. */
    async touchApiKey(
      ownerId: string,
      { id, now, before }: { id: string; now: number; before: number },
    ): Promise<void> {
      await orm
        .update(apiKeys)
        .set({ lastUsedAt: now })
        .where(
          and(
            eq(apiKeys.ownerId, ownerId),
            eq(apiKeys.id, id),
            or(isNull(apiKeys.lastUsedAt), lte(apiKeys.lastUsedAt, before)),
          ),
        );
    },
  };
}

export type IdentityRepository = ReturnType<typeof createIdentityRepository>;
