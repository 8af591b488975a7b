import { and, count, eq, getTableColumns, gt, isNull, lt, not, or, type SQL, sql } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import type { Database, Statement } from '../../../db/client.ts';
import { createRepository } from '../../../db/repository.ts';
import { requireThat } from '../../../db/sql.ts';
import type { PageRequest } from '../../../shared/page.ts';
import { type User, users } from '../identity.table.ts';
import { NO_PASSWORD } from '../password.ts';
import { type OauthAccount, type OauthState, oauthAccounts, oauthCodes, oauthStates } from './oauth.table.ts';

type NewAccount = Omit<OauthAccount, 'version' | 'createdAt' | 'updatedAt'> & { now: number };
type AccountKey = Pick<OauthAccount, 'provider' | 'providerAccountId'>;
type Limit = AccountKey & { limit: number; refusal: () => Error };
type Answered = Pick<OauthState, 'stateHash' | 'browserHash' | 'provider'> & { now: number };
type Renewal = Pick<OauthAccount, 'id' | 'version' | 'sealedTokens' | 'tokensExpireAt'> & { now: number };

/** With a lower bound SQLite seeks in the index; without one it begins at its start. */
const inPast = (column: SQLiteColumn, before: number) => and(gt(column, 0), lt(column, before));

/** Rows of accounts elsewhere, and of sign-ins by them that are under way. Look-ups by secret take its hash. */
export function createOauthRepository(database: Database) {
  const { orm } = database;
  const accountRows = createRepository(database, oauthAccounts);
  const isAccount = ({ provider, providerAccountId }: AccountKey) =>
    and(eq(oauthAccounts.provider, provider), eq(oauthAccounts.providerAccountId, providerAccountId));
  const isUsableCode = (codeHash: string, now: number) =>
    and(eq(oauthCodes.codeHash, codeHash), isNull(oauthCodes.usedAt), gt(oauthCodes.expiresAt, now));

  return {
    insertState: (row: typeof oauthStates.$inferInsert): Statement => orm.insert(oauthStates).values(row),

    /** Uses a state up, for the browser that it was made for; nothing if it is not usable, or another's. */
    claimState({ stateHash, browserHash, provider, now }: Answered): Statement<OauthState[]> {
      return orm
        .update(oauthStates)
        .set({ usedAt: now })
        .where(
          and(
            eq(oauthStates.stateHash, stateHash),
            eq(oauthStates.browserHash, browserHash),
            eq(oauthStates.provider, provider),
            isNull(oauthStates.usedAt),
            gt(oauthStates.expiresAt, now),
          ),
        )
        .returning();
    },

    /** The user of an account elsewhere. */
    selectLinkedUser: (key: AccountKey): Statement<User[]> =>
      orm
        .select(getTableColumns(users))
        .from(oauthAccounts)
        .innerJoin(users, eq(users.id, oauthAccounts.ownerId))
        .where(isAccount(key)),

    /** The user with an address, or nobody without one. */
    selectUserByEmail: (emailKey: string | null): Statement<User[]> =>
      orm
        .select()
        .from(users)
        .where(eq(users.emailKey, emailKey ?? '')),

    /** Undoes the batch unless the address is the user's, and was verified. */
    requireVerifiedEmail(userId: string, { emailKey, refusal }: { emailKey: string; refusal: () => Error }): Statement {
      const found = orm
        .select({ id: users.id })
        .from(users)
        .where(and(eq(users.id, userId), eq(users.emailKey, emailKey), sql`${users.emailVerifiedAt} is not null`));
      return requireThat(database, { condition: sql`exists ${found}`, refusal });
    },

    /** Undoes the batch unless the account is linked to the user: who has just unlinked it must not be let in by it. */
    requireAccount(userId: string, { refusal, ...key }: AccountKey & { refusal: () => Error }): Statement {
      const found = orm
        .select({ id: oauthAccounts.id })
        .from(oauthAccounts)
        .where(and(isAccount(key), eq(oauthAccounts.ownerId, userId)));
      return requireThat(database, { condition: sql`exists ${found}`, refusal });
    },

    /** Undoes the batch unless the user has fewer other accounts than this. */
    requireAccountsBelow(userId: string, { limit, refusal, ...key }: Limit): Statement {
      const others = orm
        .select({ total: count() })
        .from(oauthAccounts)
        .where(and(eq(oauthAccounts.ownerId, userId), not(isAccount(key) as SQL)));
      return requireThat(database, { condition: sql`${others} < ${limit}`, refusal });
    },

    /** Links an account, or stores what is new about it; changes nothing if it is somebody else's. */
    saveAccount(userId: string, { now, ...row }: NewAccount): Statement<OauthAccount[]> {
      const { email, sealedTokens, tokensExpireAt, scope } = row;
      return orm
        .insert(oauthAccounts)
        .values({ ...row, ownerId: userId, createdAt: now, updatedAt: now })
        .onConflictDoUpdate({
          target: [oauthAccounts.provider, oauthAccounts.providerAccountId],
          set: {
            ...{ email, sealedTokens, tokensExpireAt, scope },
            version: sql`${oauthAccounts.version} + 1`,
            updatedAt: now,
          },
          setWhere: eq(oauthAccounts.ownerId, userId),
        })
        .returning();
    },

    findAccount: (userId: string, id: string) => accountRows.find(userId, id),
    listAccounts: (userId: string, page: PageRequest) => accountRows.list(userId, page),

    /** Stores other tokens for those of a version. */
    renewTokens(userId: string, { id, version, sealedTokens, tokensExpireAt, now }: Renewal): Statement {
      const changes = { sealedTokens, tokensExpireAt };
      return accountRows.update(userId, { id, changes, expectedVersion: version, now });
    },

    /** Undoes the batch unless the user can still get in without this account: by a password, or another account. */
    requireOtherWayIn(userId: string, { id, refusal }: { id: string; refusal: () => Error }): Statement {
      const withPassword = orm
        .select({ id: users.id })
        .from(users)
        .where(and(eq(users.id, userId), sql`${users.passwordHash} <> ${NO_PASSWORD}`));
      const otherAccount = orm
        .select({ id: oauthAccounts.id })
        .from(oauthAccounts)
        .where(and(eq(oauthAccounts.ownerId, userId), sql`${oauthAccounts.id} <> ${id}`));
      const condition = or(sql`exists ${withPassword}`, sql`exists ${otherAccount}`) as SQL;
      return requireThat(database, { condition, refusal });
    },

    removeAccount: (userId: string, id: string) => accountRows.remove(userId, [id]),

    insertCode: (row: typeof oauthCodes.$inferInsert): Statement => orm.insert(oauthCodes).values(row),

    /** Whose usable code this is, and what has to be shown with it. */
    async findCode(codeHash: string, now: number): Promise<{ user: User; codeChallenge: string | null } | undefined> {
      const rows = await orm
        .select({ codeChallenge: oauthCodes.codeChallenge, ...getTableColumns(users) })
        .from(oauthCodes)
        .innerJoin(users, eq(users.id, oauthCodes.ownerId))
        .where(isUsableCode(codeHash, now));
      const [found] = rows;
      if (!found) return undefined;
      const { codeChallenge, ...user } = found;
      return { user, codeChallenge };
    },

    /** Uses a code up; changes nothing if it is not usable. */
    useCode: (codeHash: string, now: number): Statement =>
      orm.update(oauthCodes).set({ usedAt: now }).where(isUsableCode(codeHash, now)),

    /** Removes sign-ins that were never finished, or are over. @returns how many. */
    async removeExpired(before: number): Promise<number> {
      const [states, codes] = await database.commit([
        orm.delete(oauthStates).where(inPast(oauthStates.expiresAt, before)).returning({ id: oauthStates.id }),
        orm.delete(oauthCodes).where(inPast(oauthCodes.expiresAt, before)).returning({ id: oauthCodes.id }),
      ]);
      return states.length + codes.length;
    },
  };
}
