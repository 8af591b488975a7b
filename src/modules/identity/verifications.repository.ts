import { and, count, eq, getTableColumns, gt, gte, isNull, lt, or, type SQL, sql } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import type { Database, Statement } from '../../db/client.ts';
import { integer, requireThat } from '../../db/sql.ts';
import { passkeys, recoveryCodes, twoFactors } from './factors/factors.table.ts';
import { apiKeys, type User, userSessions, users, type Verification, verifications } from './identity.table.ts';
import { oauthAccounts, oauthCodes } from './oauth/oauth.table.ts';

export type Purpose = Verification['purpose'];
export type Reason = Verification['reason'];

/** One of a user's tokens, by what it is for. */
type Kind = { purpose: Purpose; now: number };

const MINUTE_MS = 60_000;

/** Before that time. With a lower bound SQLite seeks in the index; without one it begins at its start. */
const inPast = (column: SQLiteColumn, before: number) => and(gt(column, 0), lt(column, before));

/** Rows of mailed tokens, and what they allow to change. Look-ups by secret take its hash. */
export function createVerificationsRepository(database: Database) {
  const { orm } = database;
  const isUsable = (now: number) => and(isNull(verifications.usedAt), gt(verifications.expiresAt, now));

  /** The account that a token was mailed to, while it is active and still has that address, or is to get it. */
  const isOwner = () =>
    and(
      eq(users.id, verifications.ownerId),
      eq(users.status, 'active'),
      or(eq(users.email, verifications.email), eq(verifications.purpose, 'email_change')),
    );
  const owner = () => orm.select({ id: users.id }).from(users).where(isOwner());
  const ofToken = (tokenHash: string, { purpose }: Pick<Kind, 'purpose'>) =>
    and(eq(verifications.tokenHash, tokenHash), eq(verifications.purpose, purpose));
  const ownerOf = (tokenHash: string, kind: Pick<Kind, 'purpose'>) =>
    sql<string | null>`(select user_id from ${verifications} where ${ofToken(tokenHash, kind)})`;

  return {
    /** Finds, inside a batch, whose token it is. */
    ownerOf,

    insert: (row: typeof verifications.$inferInsert): Statement => orm.insert(verifications).values(row),

    /** Ends the user's other tokens for the purpose. */
    endAll(userId: string, { purpose, now }: Kind): Statement {
      const ofUser = and(eq(verifications.ownerId, userId), eq(verifications.purpose, purpose));
      return orm
        .update(verifications)
        .set({ expiresAt: now })
        .where(and(ofUser, isUsable(now)));
    },

    /** Undoes the batch unless fewer tokens than this were made since then, for the user and for the address. */
    requireFewer(
      { id, email }: Pick<User, 'id' | 'email'>,
      { purpose, since, limit, refusal }: { purpose: Purpose; since: number; limit: number; refusal: () => Error },
    ): Statement {
      const made = (whose: SQL) =>
        orm
          .select({ total: count() })
          .from(verifications)
          .where(and(whose, eq(verifications.purpose, purpose), gte(verifications.createdAt, since)));
      const forUser = made(eq(verifications.ownerId, id));
      const forAddress = made(sql`lower(${verifications.email}) = lower(${email})`);
      return requireThat(database, { condition: sql`${forUser} < ${limit} and ${forAddress} < ${limit}`, refusal });
    },

    /** Whose usable token this is. */
    async findOwner(tokenHash: string, { purpose, now }: Kind): Promise<User | undefined> {
      const rows = await orm
        .select(getTableColumns(users))
        .from(verifications)
        .innerJoin(users, isOwner())
        .where(and(ofToken(tokenHash, { purpose }), isUsable(now)));
      return rows[0];
    },

    /** Uses the token up; changes nothing if it is not usable. */
    use(tokenHash: string, { purpose, now }: Kind): Statement {
      return orm
        .update(verifications)
        .set({ usedAt: now })
        .where(and(ofToken(tokenHash, { purpose }), isUsable(now), sql`exists ${owner()}`));
    },

    /** Notes that the address is the user's whose token this is: who has the token has read mail there. */
    confirmEmail(tokenHash: string, { purpose, now }: Kind): Statement<User[]> {
      return orm
        .update(users)
        .set({
          emailVerifiedAt: sql`coalesce(${users.emailVerifiedAt}, ${integer(now)})`,
          version: sql`${users.version} + 1`,
          updatedAt: now,
        })
        .where(eq(users.id, ownerOf(tokenHash, { purpose })))
        .returning();
    },

    /** The address that a usable token would give its account. */
    async findNewEmail(
      tokenHash: string,
      { purpose, now }: Kind,
    ): Promise<{ ownerId: string; email: string } | undefined> {
      const rows = await orm
        .select({ ownerId: verifications.ownerId, email: verifications.email })
        .from(verifications)
        .where(and(ofToken(tokenHash, { purpose }), isUsable(now)));
      return rows[0];
    },

    /** Gives an account an address that its user has just shown to be theirs. */
    setEmail(
      userId: string,
      { email, emailKey, now }: { email: string; emailKey: string; now: number },
    ): Statement<User[]> {
      return orm
        .update(users)
        .set({ email, emailKey, emailVerifiedAt: now, version: sql`${users.version} + 1`, updatedAt: now })
        .where(eq(users.id, userId))
        .returning();
    },

    setPassword(userId: string, passwordHash: string): Statement {
      return orm.update(users).set({ passwordHash }).where(eq(users.id, userId));
    },

    /** Removes every way in but the password, and the second factor, of a user whose address nobody has verified yet. */
    removeWaysInOfUnverified(userId: string): Statement[] {
      const isUnverified = and(eq(users.id, userId), isNull(users.emailVerifiedAt));
      const unverified = orm.select({ id: users.id }).from(users).where(isUnverified);
      return [
        ...[oauthAccounts, oauthCodes, passkeys, apiKeys, twoFactors, recoveryCodes].map((table) =>
          orm.delete(table).where(and(eq(table.ownerId, userId), sql`exists ${unverified}`)),
        ),
        orm.update(users).set({ twoFactorEnabledAt: null }).where(isUnverified),
      ];
    },

    removeSessions: (userId: string): Statement => orm.delete(userSessions).where(eq(userSessions.ownerId, userId)),

    /** Notes that the mail was handed over. */
    async markSent(userId: string, { id, now }: { id: string; now: number }): Promise<void> {
      await orm
        .update(verifications)
        .set({ sentAt: now })
        .where(and(eq(verifications.id, id), eq(verifications.ownerId, userId)));
    },

    /** Lets no sweep try this mail again. */
    async giveUp(userId: string, { id, attempts }: { id: string; attempts: number }): Promise<void> {
      await orm
        .update(verifications)
        .set({ attempts })
        .where(and(eq(verifications.id, id), eq(verifications.ownerId, userId)));
    },

    /** Mails that should have been handed over by now: a minute after the first try, then after twice as long each time. */
    async findUnsent({ now, maxAttempts, limit }: { now: number; maxAttempts: number; limit: number }) {
      return orm
        .select({
          id: verifications.id,
          ownerId: verifications.ownerId,
          purpose: verifications.purpose,
          reason: verifications.reason,
          email: verifications.email,
          attempts: verifications.attempts,
          username: users.username,
        })
        .from(verifications)
        .innerJoin(users, isOwner())
        .where(
          and(
            isNull(verifications.sentAt),
            inPast(verifications.createdAt, now - MINUTE_MS),
            sql`${verifications.createdAt} + ${integer(MINUTE_MS)} * (1 << ${verifications.attempts}) < ${integer(now)}`,
            lt(verifications.attempts, maxAttempts),
            isUsable(now),
          ),
        )
        .orderBy(verifications.createdAt)
        .limit(limit);
    },

    /** Gives an unsent mail a new token, of which only the mail will know; nothing if another sweep was first. */
    async renew(
      userId: string,
      renewal: { id: string; attempts: number; tokenHash: string; expiresAt: number; now: number },
    ): Promise<boolean> {
      const rows = await orm
        .update(verifications)
        .set({ tokenHash: renewal.tokenHash, expiresAt: renewal.expiresAt, attempts: renewal.attempts + 1 })
        .where(
          and(
            eq(verifications.id, renewal.id),
            eq(verifications.ownerId, userId),
            eq(verifications.attempts, renewal.attempts),
            isNull(verifications.sentAt),
            isUsable(renewal.now),
          ),
        )
        .returning({ id: verifications.id });
      return rows.length > 0;
    },

    /** Commits something with it. @returns how many there were. */
    async removeExpired(before: number, also: Statement): Promise<number> {
      const [removed] = await database.commit([
        orm.delete(verifications).where(inPast(verifications.expiresAt, before)).returning({ id: verifications.id }),
        also,
      ]);
      return removed.length;
    },
  };
}
