import type { Database, Statement } from '../../db/client.ts';
import { requireChange } from '../../db/sql.ts';
import type { Clock } from '../../platform/clock.ts';
import { notFound } from '../../shared/app-error.ts';
import type { IdentityCache } from './identity-cache.ts';
import { createUserLimitsRepository } from './user-limits.repository.ts';

type Deps = { database: Database; clock: Clock; identities: IdentityCache };

/** Limits of a user's own. Null: the usual ones; 0: any number; undefined: as before. */
export type UserLimits = {
  id: string;
  requestsPerMinute?: number | null | undefined;
  requestsPerHour?: number | null | undefined;
};

export type KeyLimit = { id: string; requestsPerMinute: number | null };

/** Limits that accounts and API keys have of their own, and whose account an attempt was at. */
export function createUserLimitsService({ database, clock, identities }: Deps) {
  const repository = createUserLimitsRepository(database);

  return {
    /** Those that have any: users, and API keys. */
    selectLimited: repository.selectLimited,

    /**
     * Changes limits, all or none. Takes effect at once in this isolate, within IDENTITY_CACHE_SECONDS in others.
     * @param guards what must hold for it.
     */
    async change(
      { users, apiKeys }: { users: readonly UserLimits[]; apiKeys: readonly KeyLimit[] },
      guards: readonly Statement[],
    ): Promise<void> {
      const now = clock.now();
      const ofUsers = users.map((limits) => repository.changeUser(limits, now));
      const ofKeys = apiKeys.map((limit) => repository.changeKey(limit, now));
      const unknown = (what: string) => requireChange(database, () => notFound(what));
      await database.commit([
        ...guards,
        ...ofUsers.flatMap((statement) => [statement, unknown('user')]),
        ...ofKeys.flatMap((statement) => [statement, unknown('API key')]),
      ]);
      for (const { id } of users) identities.forgetUser(id);
      for (const { id } of apiKeys) identities.forgetCredential(id);
    },

    /** Whose accounts attempts were at, by what the attempts named; nothing for accounts that do not exist. */
    ownersOf: repository.ownersOf,
  };
}

export type UserLimitsService = ReturnType<typeof createUserLimitsService>;
