import type { Config } from '../../config.ts';
import type { Database, Statement } from '../../db/client.ts';
import { requireChange } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Actor, Scope } from '../../shared/actor.ts';
import { notFound } from '../../shared/app-error.ts';
import type { Page, PageRequest } from '../../shared/page.ts';
import type { AuditService } from '../audit/audit.service.ts';
import { createApiKeysRepository } from './api-keys.repository.ts';
import * as errors from './identity.errors.ts';
import { createIdentityRepository } from './identity.repository.ts';
import type { ApiKey } from './identity.table.ts';
import type { IdentityCache } from './identity-cache.ts';
import { issueToken, shownPrefix } from './tokens.ts';

type Deps = {
  database: Database;
  config: Pick<Config, 'REQUESTS_PER_MINUTE_PER_KEY'>;
  clock: Clock;
  ids: Ids;
  identities: IdentityCache;
  audit: AuditService;
};

export type NewApiKey = {
  name: string;
  scopes: Scope[];
  /** Milliseconds since the epoch. */
  expiresAt?: number | undefined;
  /** Instead of the configured limit. */
  requestsPerMinute?: number | undefined;
};

export type KeyChanges = {
  id: string;
  expectedVersion?: number | undefined;
  name?: string | undefined;
  scopes?: Scope[] | undefined;
  /** Milliseconds since the epoch; null: it does not expire. */
  expiresAt?: number | null | undefined;
  /** Null: the usual limit. */
  requestsPerMinute?: number | null | undefined;
};

/** What a key is worth now: a replaced one works until it expires. */
export type KeyStatus = 'active' | 'replaced' | 'expired';
export type KeyView = ApiKey & { status: KeyStatus };

const MAX_KEYS_PER_USER = 100;
/** For so long its owner can still see when a replaced key was last used. */
const REPLACED_KEPT_MS = 24 * 60 * 60 * 1000;

/** Keys for programs: a user's own account with fewer scopes. */
export function createApiKeysService({ database, config, clock, ids, identities, audit }: Deps) {
  const repository = createIdentityRepository(database);
  const keys = createApiKeysRepository(database);
  /** What a key without a limit of its own may ask; null: any number. */
  const usualRate = config.REQUESTS_PER_MINUTE_PER_KEY || null;

  const view = (apiKey: ApiKey): KeyView => {
    const isExpired = apiKey.expiresAt !== null && apiKey.expiresAt <= clock.now();
    return { ...apiKey, status: isExpired ? 'expired' : apiKey.replacedBy === null ? 'active' : 'replaced' };
  };

  const requireScopes = (actor: Actor, scopes: readonly Scope[]) => {
    const missing = scopes.filter((scope) => !actor.scopes.has(scope));
    if (missing.length > 0) throw errors.scopesExceeded(missing);
  };

  /** A key without a limit of its own has the usual one, and gives no more. */
  const boundedRate = ({ credential }: Actor, wanted: number | null): number | null => {
    const isBounded = credential.type === 'api_key' && credential.requestsPerMinute === undefined;
    return isBounded && wanted !== null && usualRate !== null ? Math.min(wanted, usualRate) : wanted;
  };

  /** Undoes the batch unless the credential is live, and has the scopes that it had when it was checked moments ago. */
  const requireStill = (actor: Actor, now: number): Statement[] => {
    const { userId, credential, scopes } = actor;
    const refusal = errors.credentialRevoked;
    return [
      repository.requireLive(actor, { now, refusal }),
      ...(credential.type === 'api_key' ? [keys.requireScopes(userId, { id: credential.id, scopes, refusal })] : []),
    ];
  };

  const requireRoom = (ownerId: string, now: number): Statement[] => [
    keys.removeReplaced(ownerId, now - REPLACED_KEPT_MS),
    repository.requireKeysBelow(ownerId, {
      limit: MAX_KEYS_PER_USER,
      refusal: () => errors.tooManyKeys(MAX_KEYS_PER_USER),
    }),
  ];

  /** What a key may change of keys, itself included: nothing but to less than they have. */
  const requireNoMore = (ownerId: string, { id, scopes, expiresAt, requestsPerMinute }: KeyChanges): Statement[] => {
    const refusal = (path: string) => () => errors.keyWidened(path);
    const rate = { id, usual: usualRate, refusal: refusal('requestsPerMinute') };
    return [
      ...(scopes ? [keys.requireScopes(ownerId, { id, scopes, refusal: refusal('scopes') })] : []),
      ...(expiresAt === undefined ? [] : [keys.requireLife(ownerId, { id, expiresAt, refusal: refusal('expiresAt') })]),
      ...(requestsPerMinute === undefined ? [] : [keys.requireRate(ownerId, { ...rate, requestsPerMinute })]),
    ];
  };

  return {
    /**
     * Makes a key with no more scopes than the credential that asks for it; if that is a key, with no longer life and no
     * higher limit either.
     * @returns the key itself too, which is never shown again.
     */
    async create(
      actor: Actor,
      { name, scopes, expiresAt, requestsPerMinute }: NewApiKey,
    ): Promise<{ apiKey: KeyView; key: string }> {
      requireScopes(actor, scopes);
      const now = clock.now();
      if (expiresAt !== undefined && expiresAt <= now) throw errors.expiryInThePast();
      const { token: key, hash: keyHash } = issueToken('api_key');
      const secret = { prefix: shownPrefix(key), keyHash };
      const row = {
        id: ids.next(),
        ownerId: actor.userId,
        name,
        scopes,
        ...secret,
        expiresAt: expiresAt ?? null,
        requestsPerMinute: boundedRate(actor, requestsPerMinute ?? null),
        createdAt: now,
      };
      audit.making({ type: 'api_key', id: row.id });
      const [apiKey] = await database.commitAndRead(
        [...requireStill(actor, now), ...requireRoom(actor.userId, now)],
        repository.insertApiKey(actor, row),
      );
      if (!apiKey) throw new Error('The database answered an insert without its row.');
      return { apiKey: view(apiKey), key };
    },

    /**
     * Makes a key that takes over from another, with the same name, scopes, expiry and limit; the other works for the
     * overlap, or until its own expiry. Made by a key, it has no more than that one, as in `create`.
     * @returns the new key itself too, which is never shown again.
     */
    async rotate(
      actor: Actor,
      { id, overlapSeconds }: { id: string; overlapSeconds: number },
    ): Promise<{ apiKey: KeyView; key: string }> {
      const { userId } = actor;
      const now = clock.now();
      const { token: key, hash: keyHash } = issueToken('api_key');
      const successor = { id: ids.next(), prefix: shownPrefix(key), keyHash };
      const endsAt = now + overlapSeconds * 1000;
      audit.making({ type: 'api_key', id: successor.id });
      const [apiKey] = await database.commitAndRead(
        [
          ...requireStill(actor, now),
          ...keys.requireRow(userId, { id, what: 'API key' }),
          keys.requireScopesWithin(userId, { id, scopes: actor.scopes, refusal: errors.keyExceedsYours }),
          keys.requireUnreplaced(userId, { id, refusal: errors.keyReplaced }),
          keys.requireUnexpired(userId, { id, now, refusal: errors.keyExpired }),
          ...requireRoom(userId, now),
          keys.insertSuccessor(actor, { id, successor, now }),
          keys.replace(userId, { id, by: successor.id, endsAt, now }),
        ],
        keys.select(userId, successor.id),
      );
      if (!apiKey) throw new Error('The database answered an insert without its row.');
      identities.forgetCredential(id);
      return { apiKey: view(apiKey), key };
    },

    async list(actor: Actor, page: PageRequest): Promise<Page<KeyView>> {
      const { items, nextCursor } = await repository.listApiKeys(actor.userId, page);
      return { items: items.map(view), nextCursor };
    },

    async get(actor: Actor, id: string): Promise<KeyView> {
      const apiKey = await repository.findApiKey(actor.userId, id);
      if (!apiKey) throw notFound('API key');
      return view(apiKey);
    },

    /**
     * Changes a key: by a session to anything that the session may do, by a key to less only. What a replaced key has left
     * of its life is not changed.
     */
    async change(actor: Actor, change: KeyChanges): Promise<KeyView> {
      const { userId } = actor;
      const { id, expectedVersion, ...changes } = change;
      requireScopes(actor, changes.scopes ?? []);
      const now = clock.now();
      if (typeof changes.expiresAt === 'number' && changes.expiresAt <= now) throw errors.expiryInThePast();
      const [apiKey] = await database.commitAndRead(
        [
          repository.requireLive(actor, { now, refusal: errors.credentialRevoked }),
          ...keys.requireRow(userId, { id, what: 'API key', expectedVersion }),
          ...(actor.credential.type === 'api_key' ? requireNoMore(userId, change) : []),
          ...(changes.expiresAt === undefined
            ? []
            : [keys.requireUnreplaced(userId, { id, refusal: errors.keyReplaced })]),
        ],
        keys.change(userId, { id, changes, now }),
      );
      if (!apiKey) throw notFound('API key');
      identities.forgetCredential(id);
      return view(apiKey);
    },

    /** How many keys an owner has, to be read with others. */
    summarise: keys.summarise,

    /** Ends a key: at once in this isolate, within IDENTITY_CACHE_SECONDS in others. */
    async remove(actor: Actor, id: string): Promise<void> {
      await database.commit([
        repository.removeApiKey(actor.userId, id),
        requireChange(database, () => notFound('API key')),
      ]);
      identities.forgetCredential(id);
    },
  };
}

export type ApiKeysService = ReturnType<typeof createApiKeysService>;
