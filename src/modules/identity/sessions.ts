import type { Config } from '../../config.ts';
import type { Database } from '../../db/client.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { KeyRing } from '../../platform/secrets/key-ring.ts';
import type { AuditService } from '../audit/audit.service.ts';
import * as errors from './identity.errors.ts';
import { createIdentityRepository } from './identity.repository.ts';
import type { Session } from './identity.table.ts';
import type { IdentityCache } from './identity-cache.ts';
import { type IssuedSession, issueSessionTokens, openTokens, sealTokens } from './session-tokens.ts';
import { createSessionsRepository, type Device } from './sessions.repository.ts';
import { familyHash, parseToken } from './tokens.ts';

export type SessionDeps = {
  database: Database;
  config: Config;
  clock: Clock;
  ids: Ids;
  identities: IdentityCache;
  keyRing: KeyRing;
  audit: AuditService;
};

/** The program on the other side, by which people recognise their sessions. */
export type Client = {
  userAgent?: string | undefined;
  /** Where it comes from, as attempts are counted. */
  address?: string | undefined;
  /** As its user calls it. */
  deviceName?: string | undefined;
};

const MAX_USER_AGENT_CHARS = 300;
/** A client whose answer was lost tries again within this time. */
const GRACE_MS = 10_000;

/** How sessions begin and go on. */
export function createSessions({ database, config, clock, ids, identities, keyRing, audit }: SessionDeps) {
  const identity = createIdentityRepository(database);
  const repository = createSessionsRepository(database);

  const deviceOf = async ({ userAgent, address }: Client): Promise<Device> => ({
    userAgent: userAgent?.slice(0, MAX_USER_AGENT_CHARS) ?? null,
    addressHash: address === undefined ? null : await keyRing.fingerprint(address, 'session'),
  });

  return {
    /** A new session: what its client gets, and the statement by which it begins. */
    async open(ownerId: string, { client, now }: { client: Client; now: number }) {
      const id = ids.next();
      const { issued, stored } = issueSessionTokens(id, { config, now });
      const insert = identity.insertSession({
        id,
        ownerId,
        ...stored,
        ...(await deviceOf(client)),
        deviceName: client.deviceName ?? null,
        absoluteExpiresAt: now + config.SESSION_ABSOLUTE_SECONDS * 1000,
        lastUsedAt: now,
        refreshedAt: now,
        createdAt: now,
        updatedAt: now,
      });
      return { session: issued, insert };
    },

    /**
     * Exchanges a refresh token for new tokens, once. A token that was exchanged before, however long ago, ends its
     * session: either its client or a thief has the newer ones, and nobody can tell which.
     *
     * Unless the answer was lost: a client that sends the same token again within ten seconds, from the same address with
     * the same user agent, while nobody has used the new tokens, gets the same new tokens again. So a session never has
     * two successors, also when a client refreshes twice at once; and a thief who is that quick and that near gets no more
     * than what the next refresh of either side ends.
     */
    async refresh({ refreshToken, ...client }: Client & { refreshToken: string }): Promise<IssuedSession> {
      const parsed = parseToken(refreshToken);
      if (parsed?.kind !== 'refresh') throw errors.invalidRefreshToken();
      const now = clock.now();
      const device = await deviceOf(client);
      const { issued, stored: tokens } = issueSessionTokens('', { config, now, replaced: refreshToken });
      const presented = { hash: parsed.hash, familyHash: familyHash(refreshToken) };
      const rotation = { since: now - GRACE_MS, device };
      // The same session, before and after: the one of which a rotation replaced this token.
      const { id: sessionId, ownerId } = repository.sessionBehind(presented);
      const concerned = { objectType: 'session', objectId: sessionId, accountId: ownerId };
      const [[unanswered], , replayed, [rotated]] = await database.commit([
        repository.findUnanswered(presented, rotation),
        audit.conditionally({ ...concerned, ...REPLAYED }, repository.isReplayed(presented, rotation)),
        repository.removeReplayed(presented, rotation),
        repository.rotate(parsed.hash, {
          tokens,
          sealedTokens: await sealTokens(issued, refreshToken),
          device,
          lifetimeMs: config.SESSION_ABSOLUTE_SECONDS * 1000,
          now,
        }),
        audit.conditionally({ ...concerned, actorType: 'user', actorId: ownerId, credentialId: sessionId }, 'changed'),
      ]);
      if (replayed.length > 0 || rotated || unanswered) audit.settled();
      for (const { id } of replayed) identities.forgetCredential(id);
      if (unanswered) return describe(unanswered, await openTokens(unanswered.sealedTokens ?? '', refreshToken));
      if (!rotated) throw errors.invalidRefreshToken();
      identities.forgetCredential(rotated.id);
      return describe(rotated, issued);
    },
  };
}

/** What the entry says of a refresh token that was exchanged before. Its sender is told less. */
const REPLAYED = { action: 'auth.refreshReplayed', outcome: 'refused', errorCode: 'refresh_token_replayed' } as const;

const describe = (row: Session, tokens: Pick<IssuedSession, 'accessToken' | 'refreshToken'>): IssuedSession => ({
  id: row.id,
  accessToken: tokens.accessToken,
  accessTokenExpiresAt: row.accessExpiresAt,
  refreshToken: tokens.refreshToken,
  refreshTokenExpiresAt: row.refreshExpiresAt,
});
