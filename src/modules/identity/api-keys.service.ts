import type { Database } from '../../db/client.ts';
import { requireChange } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Ids } from '../../platform/ids.ts';
import type { Actor, Scope } from '../../shared/actor.ts';
import { notFound } from '../../shared/app-error.ts';
import type { Page, PageRequest } from '../../shared/page.ts';
import type { AuditService } from '../audit/audit.service.ts';
import * as errors from './identity.errors.ts';
import { createIdentityRepository } from './identity.repository.ts';
import type { ApiKey } from './identity.table.ts';
import type { IdentityCache } from './identity-cache.ts';
import { issueToken, shownPrefix } from './tokens.ts';

type Deps = { database: Database; clock: Clock; ids: Ids; identities: IdentityCache; audit: AuditService };

export type NewApiKey = {
  name: string;
  scopes: Scope[];
  /** Milliseconds since the epoch. */
  expiresAt?: number | undefined;
  /** Instead of the configured limit. */
  requestsPerMinute?: number | undefined;
};

const MAX_KEYS_PER_USER = 100;

/** Keys for programs: a user's own account with fewer scopes. */
export function createApiKeysService({ database, clock, ids, identities, audit }: Deps) {
  const repository = createIdentityRepository(database);

  return {
    /**
     * Makes a key with no more scopes than the credential that asks for it; if that is a key, with no longer life and no
     * higher limit either.
     * @returns the key itself too, which is never shown again.
     */
    async create(
      actor: Actor,
      { name, scopes, expiresAt, requestsPerMinute }: NewApiKey,
    ): Promise<{ apiKey: ApiKey; key: string }> {
      const missing = scopes.filter((scope) => !actor.scopes.has(scope));
      if (missing.length > 0) throw errors.scopesExceeded(missing);
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
        requestsPerMinute: requestsPerMinute ?? null,
        createdAt: now,
      };
      audit.making({ type: 'api_key', id: row.id });
      const refusal = () => errors.tooManyKeys(MAX_KEYS_PER_USER);
      const [, , [apiKey]] = await database.commit([
        repository.requireLive(actor, { now, refusal: errors.credentialRevoked }),
        repository.requireKeysBelow(actor.userId, { limit: MAX_KEYS_PER_USER, refusal }),
        repository.insertApiKey(actor, row),
      ]);
      if (!apiKey) throw new Error('The database answered an insert without its row.');
      return { apiKey, key };
    },

    list(actor: Actor, page: PageRequest): Promise<Page<ApiKey>> {
      return repository.listApiKeys(actor.userId, page);
    },

    async get(actor: Actor, id: string): Promise<ApiKey> {
      const apiKey = await repository.findApiKey(actor.userId, id);
      if (!apiKey) throw notFound('API key');
      return apiKey;
    },

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
