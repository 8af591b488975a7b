import { and, eq, gt, isNull, lte, or, type SQL, sql } from 'drizzle-orm';
import type { Database, Statement } from '../../db/client.ts';
import { createRepository } from '../../db/repository.ts';
import { integer } from '../../db/sql.ts';
import { type Session, userSessions, users } from './identity.table.ts';
import type { SessionTokens } from './session-tokens.ts';

/** By what a client is known again. */
export type Device = Pick<Session, 'userAgent' | 'addressHash'>;

/** A refresh token as it is known here. */
type Presented = { hash: string; familyHash: string };

/** A rotation that may be answered again. */
type Rotation = { since: number; device: Device };

/** Rows of sessions as they are continued and used. Look-ups by token take its hash; everything else goes by user. */
export function createSessionsRepository(database: Database) {
  const { orm } = database;
  const rows = createRepository(database, userSessions);

  const activeOwner = () =>
    sql`exists (select 1 from ${users} where ${users.id} = ${userSessions.ownerId} and ${users.status} = 'active')`;

  /** The last rotation, or an earlier one, replaced this refresh token. */
  const hasReplaced = ({ hash, familyHash }: Presented): SQL => sql`(${userSessions.previousRefreshTokenHash} = ${hash}
    or (${userSessions.refreshFamilyHash} = ${familyHash} and ${userSessions.refreshTokenHash} <> ${hash}))`;

  /** The last rotation replaced it, the device is the one that was answered, just now, and nobody has used the answer. */
  const isUnanswered = ({ hash }: Presented, { since, device }: Rotation): SQL => sql`(
    ${userSessions.previousRefreshTokenHash} = ${hash} and ${userSessions.sealedTokens} is not null
    and ${userSessions.refreshedAt} > ${since} and ${userSessions.userAgent} is ${device.userAgent}
    and ${userSessions.addressHash} is ${device.addressHash} and ${activeOwner()})`;

  const isReplay = (presented: Presented, rotation: Rotation): SQL =>
    sql`${hasReplaced(presented)} and ${isUnanswered(presented, rotation)} is not true`;
  const behind = (presented: Presented) => sql`from ${userSessions} where ${hasReplaced(presented)}`;

  return {
    /** Finds, inside a batch, the session of which a rotation replaced this refresh token. */
    sessionBehind: (presented: Presented) => ({
      id: sql<string | null>`(select ${userSessions.id} ${behind(presented)})`,
      ownerId: sql<string | null>`(select ${userSessions.ownerId} ${behind(presented)})`,
    }),

    /** Whether {@link removeReplayed} would end a session. */
    isReplayed: (presented: Presented, rotation: Rotation): SQL =>
      sql`exists (select 1 from ${userSessions} where ${isReplay(presented, rotation)})`,

    /** The session whose last rotation replaced this refresh token, if its answer seems to have been lost. */
    findUnanswered: (presented: Presented, rotation: Rotation): Statement<Session[]> =>
      orm.select().from(userSessions).where(isUnanswered(presented, rotation)),

    /** Ends the session of which a rotation replaced this refresh token, unless its answer seems to have been lost. */
    removeReplayed: (presented: Presented, rotation: Rotation): Statement<{ id: string }[]> =>
      orm.delete(userSessions).where(isReplay(presented, rotation)).returning({ id: userSessions.id }),

    /** Exchanges a live session's tokens if the refresh token is still the current one; never beyond the session's end. */
    rotate(
      refreshTokenHash: string,
      rotation: { tokens: SessionTokens; sealedTokens: string; device: Device; lifetimeMs: number; now: number },
    ): Statement<Session[]> {
      const { tokens, sealedTokens, device, lifetimeMs, now } = rotation;
      const end = sql`coalesce(${userSessions.absoluteExpiresAt}, ${userSessions.createdAt} + ${integer(lifetimeMs)})`;
      const bounded = (time: number) => sql<number>`min(${integer(time)}, ${end})`;
      return orm
        .update(userSessions)
        .set({
          accessTokenHash: tokens.accessTokenHash,
          accessExpiresAt: bounded(tokens.accessExpiresAt),
          refreshTokenHash: tokens.refreshTokenHash,
          refreshExpiresAt: bounded(tokens.refreshExpiresAt),
          refreshFamilyHash: tokens.refreshFamilyHash,
          absoluteExpiresAt: sql`${end}`,
          previousRefreshTokenHash: refreshTokenHash,
          sealedTokens,
          ...device,
          version: sql`${userSessions.version} + 1`,
          refreshedAt: now,
          lastUsedAt: now,
          updatedAt: now,
        })
        .where(
          and(
            eq(userSessions.refreshTokenHash, refreshTokenHash),
            gt(userSessions.refreshExpiresAt, now),
            sql`${end} > ${integer(now)}`,
            activeOwner(),
          ),
        )
        .returning();
    },

    /** Notes that an access token was used, unless that was noted after `before` already; at its first use always. */
    async touch(
      ownerId: string,
      { id, accessTokenHash, now, before }: { id: string; accessTokenHash: string; now: number; before: number },
    ): Promise<void> {
      const { lastUsedAt, sealedTokens } = userSessions;
      await orm
        .update(userSessions)
        .set({ lastUsedAt: now, sealedTokens: null })
        .where(
          and(
            eq(userSessions.ownerId, ownerId),
            eq(userSessions.id, id),
            eq(userSessions.accessTokenHash, accessTokenHash),
            or(isNull(lastUsedAt), lte(lastUsedAt, before), sql`${sealedTokens} is not null`),
          ),
        );
    },

    rename: (userId: string, { id, deviceName, now }: { id: string; deviceName: string | null; now: number }) =>
      rows.update(userId, { id, changes: { deviceName }, now }),

    removeAll(userId: string): Statement<{ id: string }[]> {
      return orm.delete(userSessions).where(eq(userSessions.ownerId, userId)).returning({ id: userSessions.id });
    },
  };
}
