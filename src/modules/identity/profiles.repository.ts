import { and, count, eq, gt, isNotNull, isNull, ne, type SQL, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { requireThat } from '../../db/sql.ts';
import { type Avatar, type User, userSessions, users } from './identity.table.ts';

type Json = User['preferences'];

/** The preferences after a JSON merge patch (RFC 7396), which is what SQLite's json_patch does. */
const merged = (patch: Json): SQL => sql`json_patch(${users.preferences}, ${JSON.stringify(patch)})`;

/** What accounts say about themselves beyond their credentials. */
export function createProfilesRepository(database: Database) {
  const { orm } = database;

  return {
    mergedPreferences: merged,

    /** Undoes the batch if the preferences would be longer than this after the patch. */
    requireRoom(userId: string, { patch, bytes, refusal }: { patch: Json; bytes: number; refusal: () => Error }) {
      const length = sql`(select length(cast(${merged(patch)} as blob)) from ${users} where ${eq(users.id, userId)})`;
      return requireThat(database, { condition: sql`coalesce(${length}, 0) <= ${bytes}`, refusal });
    },

    /** Undoes the batch unless this is still the account's password, and the account active. */
    requirePassword(
      userId: string,
      { verifiedHash, refusal }: { verifiedHash: string; refusal: () => Error },
    ): Statement {
      const present = and(eq(users.id, userId), eq(users.passwordHash, verifiedHash), eq(users.status, 'active'));
      return requireThat(database, { condition: sql`exists (select 1 from ${users} where ${present})`, refusal });
    },

    /** Undoes the batch if somebody else has the address. */
    requireFreeEmail(userId: string, { emailKey, refusal }: { emailKey: string; refusal: () => Error }): Statement {
      const others = and(eq(users.emailKey, emailKey), ne(users.id, userId));
      return requireThat(database, { condition: sql`not exists (select 1 from ${users} where ${others})`, refusal });
    },

    /** How often the user logged in, and what is open now. */
    summarise(userId: string, now: number) {
      const open = orm
        .select({ total: count() })
        .from(userSessions)
        .where(and(eq(userSessions.ownerId, userId), gt(userSessions.refreshExpiresAt, now)));
      return orm
        .select({
          loginCount: users.loginCount,
          lastLoginAt: users.lastLoginAt,
          sessions: sql<number>`${open}`.as('sessions'),
        })
        .from(users)
        .where(eq(users.id, userId));
    },

    /** The picture as the batch has left it so far. */
    selectAvatar: (userId: string): Statement<{ avatar: Avatar | null }[]> =>
      orm.select({ avatar: users.avatar }).from(users).where(eq(users.id, userId)),

    /** Removing a picture changes nothing where there is none. */
    setAvatar(userId: string, { avatar, now }: { avatar: Avatar | null; now: number }): Statement<User[]> {
      return orm
        .update(users)
        .set({ avatar, version: sql`${users.version} + 1`, updatedAt: now })
        .where(and(eq(users.id, userId), avatar === null ? isNotNull(users.avatar) : undefined))
        .returning();
    },

    /**
     * Deactivates an active account, or brings back one that its owner deactivated; changes nothing if the password that
     * was verified was replaced meanwhile. Owners change their accounts' status nowhere else: what is to be noted of such a
     * change beside it, such as its time, is set here.
     */
    setStatus(
      userId: string,
      { status, verifiedHash, now }: Pick<User, 'status'> & { verifiedHash: string; now: number },
    ): Statement {
      const change =
        status === 'deactivated'
          ? { before: eq(users.status, 'active'), set: { deactivatedBy: 'owner' as const, deactivatedAt: now } }
          : {
              before: and(eq(users.status, 'deactivated'), eq(users.deactivatedBy, 'owner')),
              set: { deactivatedBy: null, reactivatedAt: now },
            };
      return orm
        .update(users)
        .set({ status, ...change.set, version: sql`${users.version} + 1`, updatedAt: now })
        .where(and(eq(users.id, userId), eq(users.passwordHash, verifiedHash), change.before));
    },

    /** Accounts whose usernames nobody has looked at yet. */
    async findUnfoldedUsernames(limit: number): Promise<Pick<User, 'id' | 'username'>[]> {
      return orm
        .select({ id: users.id, username: users.username })
        .from(users)
        .where(isNull(users.usernameSkeleton))
        .limit(limit);
    },

    /**
     * Notes what usernames look like. Where two look the same, the one that was noted first has it; the other keeps its
     * name under its id, which no name looks like.
     */
    setSkeletons(skeletons: { id: string; skeleton: string }[]): Statement[] {
      const given = sql`json_each(${JSON.stringify(skeletons)})`;
      const named = sql`${users.id} = json_each.value ->> 'id' and ${users.usernameSkeleton} is null`;
      return [
        orm.run(sql`update or ignore ${users} set username_skeleton = json_each.value ->> 'skeleton'
          from ${given} where ${named}`),
        orm.run(sql`update ${users} set username_skeleton = '!' || ${users.id} from ${given} where ${named}`),
      ];
    },
  };
}
