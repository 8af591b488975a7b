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
export const scopesOf = (role: User['role']): ReadonlySet<Scope> => (role === 'admin' ? ADMIN_SCOPES : USER_SCOPES);

/** What a key may do: no more than its user may now, since administrators may stop being ones. */
export const scopesOfKey = (scopes: readonly Scope[], role: User['role']): ReadonlySet<Scope> =>
  new Set(scopes).intersection(scopesOf(role));

type OwnLimits = Pick<User, 'requestLimitPerMinute' | 'requestLimitPerHour'>;

/** What an administrator has set for the user in place of the usual limits. */
function ownLimits({ requestLimitPerMinute, requestLimitPerHour }: OwnLimits): Pick<Actor, 'limits'> {
  if (requestLimitPerMinute === null && requestLimitPerHour === null) return {};
  return {
    limits: {
      ...(requestLimitPerMinute !== null && { requestsPerMinute: requestLimitPerMinute }),
      ...(requestLimitPerHour !== null && { requestsPerHour: requestLimitPerHour }),
    },
  };
}

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
    const credential = { type: 'session', id } as const;
    return { actor: { userId, scopes: scopesOf(role), credential, ...ownLimits(found) }, expiresAt };
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
    const scopes = scopesOfKey(found.scopes, role);
    const limit = found.requestsPerMinute === null ? {} : { requestsPerMinute: found.requestsPerMinute };
    return { actor: { userId, scopes, credential: { type: 'api_key', id, ...limit }, ...ownLimits(found) }, expiresAt };
  };

  return async (token: string): Promise<Actor | undefined> => {
    const parsed = parseToken(token);
    if (parsed?.kind !== 'access' && parsed?.kind !== 'api_key') return undefined;
    const { kind, hash } = parsed;
    return identities.resolve(hash, () => (kind === 'access' ? loadSession(hash) : loadApiKey(hash)));
  };
}
