import { and, eq, getTableColumns, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { apiKeys, type User, userSessions, users, verifications } from './identity.table.ts';

/** An account with what other stores know it by. */
export type ClosableAccount = User & { keyIds: string[]; addresses: string[] };

const list = (value: string): string[] => JSON.parse(value);

const names = {
  keyIds: sql`(select json_group_array(api_keys.id) from api_keys where api_keys.owner_id = users.id)`
    .mapWith(list)
    .as('key_ids'),
  addresses: sql`(select json_group_array(distinct verifications.email) from verifications
    where verifications.user_id = users.id)`
    .mapWith(list)
    .as('addresses'),
};

/** The rows by which somebody is known and let in. */
export function createAccountClosingRepository(database: Database) {
  const { orm } = database;

  return {
    async find(userId: string): Promise<ClosableAccount | undefined> {
      const rows = await orm
        .select({ ...getTableColumns(users), ...names })
        .from(users)
        .where(eq(users.id, userId));
      return rows[0];
    },

    /**
     * Makes the row nobody's: no name, no address, no password. Changes nothing unless the account is active and has the
     * password that was verified.
     */
    anonymise(userId: string, { verifiedHash, now }: { verifiedHash: string; now: number }): Statement {
      const name = `erased-${userId}`;
      return orm
        .update(users)
        .set({
          email: name,
          emailKey: name,
          emailVerifiedAt: null,
          username: name,
          usernameKey: name,
          usernameSkeleton: `!${userId}`,
          passwordHash: 'erased',
          fullName: null,
          bio: null,
          locale: null,
          timeZone: null,
          preferredModel: null,
          preferences: {},
          avatar: null,
          role: 'user',
          status: 'erasing',
          version: sql`${users.version} + 1`,
          updatedAt: now,
        })
        .where(and(eq(users.id, userId), eq(users.status, 'active'), eq(users.passwordHash, verifiedHash)));
    },

    removeCredentials: (userId: string): Statement[] => [
      orm.delete(userSessions).where(eq(userSessions.ownerId, userId)),
      orm.delete(apiKeys).where(eq(apiKeys.ownerId, userId)),
      orm.delete(verifications).where(eq(verifications.ownerId, userId)),
    ],

    /** The account itself, and whatever still refers to it. */
    removeUser: (userId: string): Statement => orm.delete(users).where(eq(users.id, userId)),

    async countUsers(userId: string): Promise<number> {
      return (await orm.select({ id: users.id }).from(users).where(eq(users.id, userId))).length;
    },
  };
}
