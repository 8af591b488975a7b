import type { Database } from '../../db/client.ts';
import type { Clock } from '../../platform/clock.ts';
import { type Actor, SCOPES, type Scope } from '../../shared/actor.ts';
import { createIdentityRepository } from './identity.repository.ts';
import type { User } from './identity.table.ts';
import type { Identity, IdentityCache } from './identity-cache.ts';
import { createSessionsRepository } from './sessions.repository.ts';
import { parseToken } from './tokens.ts';

export type AuthenticationDeps = {
  database: Database;
  clock: Clock;
  identities: IdentityCache;
  waitUntil: (work: Promise<unknown>) => void;
};

/** The use of a credential is noted once a minute at most. */
const TOUCH_INTERVAL_MS = 60_000;
/** Notes wait until the request's own queries are through: they must not compete for the database. */
const TOUCH_DELAY_MS = 50;

const ADMIN_SCOPES: ReadonlySet<Scope> = new Set(SCOPES);
const USER_SCOPES: ReadonlySet<Scope> = new Set(SCOPES.filter((scope) => scope !== 'admin'));

/** Everything that a user of the role may do. */
const scopesOf = (role: User['role']): ReadonlySet<Scope> => (role === 'admin' ? ADMIN_SCOPES : USER_SCOPES);

/**
 * Turns a bearer token into the actor behind it: no database call when the token has no possible shape or was checked
 * moments ago, one query otherwise. Undefined for everything that is not a live credential of an active user.
 */
export function createAuthenticate({ database, clock, identities, waitUntil }: AuthenticationDeps) {
  const repository = createIdentityRepository(database);
  const sessions = createSessionsRepository(database);

  const touchSession = async (ownerId: string, { id, hash, now }: { id: string; hash: string; now: number }) => {
    await clock.sleep(TOUCH_DELAY_MS);
    await sessions.touch(ownerId, { id, accessTokenHash: hash, now, before: now - TOUCH_INTERVAL_MS });
  };

  const loadSession = async (hash: string): Promise<Identity | undefined> => {
    const now = clock.now();
    const found = await repository.findSessionIdentity(hash, now);
    if (!found) return undefined;
    const { id, userId, role, expiresAt, lastUsedAt, isFirstUse } = found;
    const isDue = isFirstUse === 1 || (lastUsedAt ?? 0) <= now - TOUCH_INTERVAL_MS;
    if (isDue) waitUntil(touchSession(userId, { id, hash, now }));
    return { actor: { userId, scopes: scopesOf(role), credential: { type: 'session', id } }, expiresAt };
  };

  const touch = async (ownerId: string, { id, now }: { id: string; now: number }) => {
    await clock.sleep(TOUCH_DELAY_MS);
    await repository.touchApiKey(ownerId, { id, now, before: now - TOUCH_INTERVAL_MS });
  };

  const loadApiKey = async (hash: string): Promise<Identity | undefined> => {
    const now = clock.now();
    const found = await repository.findApiKeyIdentity(hash, now);
    if (!found) return undefined;
    const { id, userId, role, expiresAt, lastUsedAt } = found;
    if ((lastUsedAt ?? 0) <= now - TOUCH_INTERVAL_MS) waitUntil(touch(userId, { id, now }));
    // A key keeps no more than its user has now: administrators may stop being ones.
    const scopes = new Set(found.scopes).intersection(scopesOf(role));
    const limit = found.requestsPerMinute === null ? {} : { requestsPerMinute: found.requestsPerMinute };
    return { actor: { userId, scopes, credential: { type: 'api_key', id, ...limit } }, expiresAt };
  };

  return async (token: string): Promise<Actor | undefined> => {
    const parsed = parseToken(token);
    if (parsed?.kind !== 'access' && parsed?.kind !== 'api_key') return undefined;
    const { kind, hash } = parsed;
    return identities.resolve(hash, () => (kind === 'access' ? loadSession(hash) : loadApiKey(hash)));
  };
}
