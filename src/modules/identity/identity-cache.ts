import type { Config } from '../../config.ts';
import type { Actor } from '../../shared/actor.ts';
import { createExpiringCache } from '../../shared/expiring-cache.ts';

/** Who a credential stands for, and until when it does. */
export type Identity = { actor: Actor /** Null for a key that does not expire. */; expiresAt: number | null };

export type IdentityCache = {
  /**
   * The identity behind a token's hash: remembered, or loaded and then remembered, never past its own expiry. What is
   * forgotten while it loads is not remembered, so that a revocation cannot be undone by a read that began before it.
   */
  resolve(tokenHash: string, load: () => Promise<Identity | undefined>): Promise<Actor | undefined>;
  /** Ends trust in a session or API key at once, in this isolate. */
  forgetCredential(id: string): void;
  /** Ends trust in all credentials of a user at once, in this isolate. */
  forgetUser(userId: string): void;
};

const MAX_IDENTITIES = 10_000;

/** Credentials that this isolate has checked moments ago. Keys are hashes: a heap dump holds no token. */
export function createIdentityCache(options: {
  config: Pick<Config, 'IDENTITY_CACHE_SECONDS'>;
  now: () => number;
}): IdentityCache {
  const { config, now } = options;
  const entries = createExpiringCache<Identity>({
    ttlMs: config.IDENTITY_CACHE_SECONDS * 1000,
    maxEntries: MAX_IDENTITIES,
    now,
  });
  let forgettings = 0;

  const isValid = ({ expiresAt }: Identity) => expiresAt === null || expiresAt > now();

  const forget = (matches: (actor: Actor) => boolean) => {
    forgettings += 1;
    entries.deleteWhere(({ actor }) => matches(actor));
  };

  return {
    async resolve(tokenHash, load) {
      const known = entries.get(tokenHash);
      if (known) return isValid(known) ? known.actor : undefined;
      const before = forgettings;
      const loaded = await load();
      if (loaded && before === forgettings) entries.set(tokenHash, loaded);
      return loaded?.actor;
    },
    forgetCredential: (id) => forget((actor) => actor.credential.id === id),
    forgetUser: (userId) => forget((actor) => actor.userId === userId),
  };
}
