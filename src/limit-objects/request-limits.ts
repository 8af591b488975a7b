import type { Actor } from '../shared/actor.ts';
import { withTimeout } from '../shared/attempts.ts';
import { createExpiringCache } from '../shared/expiring-cache.ts';
import type { RateLimiter } from './rate-limiter.ts';

/** How a call stands with one of its limits. */
export type Standing = {
  /** As shown in the headers. */
  policy: 'default' | 'key';
  isAllowed: boolean;
  quota: number;
  /** Calls left at once. */
  remaining: number;
  /** Until all of the quota is there again. */
  resetSeconds: number;
  /** Until a call may succeed again, when this one may not. */
  retryAfterSeconds: number;
};

export type RequestLimits = {
  /** Counts a call without a valid credential. Limits that are off, and calls from nowhere, have no standing. */
  countAddress(address: string | undefined): Promise<Standing[]>;
  /** Counts a call of a user, and of the API key that it came with. */
  countActor(actor: Actor): Promise<Standing[]>;
  /** Forgets what was counted for a user and their API keys. @returns how much of it is left: zero. */
  forget(subject: { userId: string; keyIds: string[] }): Promise<number>;
};

type Config = {
  REQUESTS_PER_MINUTE_PER_USER: number;
  REQUESTS_PER_MINUTE_PER_KEY: number;
  REQUESTS_PER_MINUTE_PER_ADDRESS: number;
};
type Logger = { error(event: string, error: unknown): void };
type Deps = { namespace: DurableObjectNamespace<RateLimiter>; config: Config; now: () => number; logger: Logger };

type Limit = Pick<Standing, 'policy' | 'quota'> & { subject: string };

/** What this isolate knows of a subject. */
type Lease = {
  /** Taken from the object, not yet used. */
  tokens: number;
  remaining: number;
  fullAt: number;
  blockedUntil: number;
};

export const WINDOW_MS = 60_000;
/** A fiftieth of the quota in one call to the object; quotas below 100 are asked for one by one. */
const BLOCKS_PER_QUOTA = 50;
/** Tokens that an isolate has taken and not used are lost to the subject when this is over, and come back with time. */
const LEASE_MS = 30_000;
const MAX_LEASES = 10_000;
const TIMEOUT_MS = 2_000;
/** Nobody waits for that, and there may be a hundred objects to ask. */
const ERASE_TIMEOUT_MS = 30_000;

/**
 * Limits over one Durable Object for each subject. The isolate takes tokens in blocks, so that most calls ask nobody.
 * Tokens are taken before they are used: all isolates together never let through more than the bucket gave. What they
 * took up to 30 s ago may however be used now, so within one minute there may be one block too many from each isolate.
 * When the object does not answer, the call is let through: limits protect the service, they must not end it.
 */
export function createRequestLimits({ namespace, config, now, logger }: Deps): RequestLimits {
  const leases = createExpiringCache<Lease>({ ttlMs: LEASE_MS, maxEntries: MAX_LEASES, now });
  const asking = new Set<string>();

  const ask = async ({ subject, quota }: Limit): Promise<Lease | undefined> => {
    // Of calls that come at once, only the first takes a block: the others would take one each.
    const wanted = asking.has(subject) ? 1 : Math.max(1, Math.floor(quota / BLOCKS_PER_QUOTA));
    asking.add(subject);
    try {
      const object = namespace.get(namespace.idFromName(subject));
      const policy = { capacity: quota, windowMs: WINDOW_MS };
      const taken = await withTimeout(object.take({ policy, wanted }), TIMEOUT_MS);
      const unused = (leases.get(subject)?.tokens ?? 0) + taken.granted;
      const lease: Lease = {
        tokens: unused,
        remaining: taken.remaining,
        fullAt: now() + taken.resetMs,
        blockedUntil: taken.granted === 0 ? now() + taken.retryAfterMs : 0,
      };
      leases.set(subject, lease);
      return lease;
    } catch (error) {
      logger.error('limits.not_counted', error);
      return undefined;
    } finally {
      asking.delete(subject);
    }
  };

  const count = async (limit: Limit): Promise<Standing | undefined> => {
    const known = leases.get(limit.subject);
    const isDecided = known !== undefined && (known.tokens > 0 || known.blockedUntil > now());
    const lease = isDecided ? known : await ask(limit);
    return lease && spend(lease, { limit, now: now() });
  };

  return {
    async countAddress(address) {
      const quota = config.REQUESTS_PER_MINUTE_PER_ADDRESS;
      if (quota === 0 || address === undefined) return [];
      return present([await count({ policy: 'default', quota, subject: `address:${address}` })]);
    },

    async countActor({ userId, credential }) {
      const standings: (Standing | undefined)[] = [];
      const keyQuota = credential.requestsPerMinute ?? config.REQUESTS_PER_MINUTE_PER_KEY;
      if (credential.type === 'api_key' && keyQuota > 0) {
        standings.push(await count({ policy: 'key', quota: keyQuota, subject: ofKey(credential.id) }));
      }
      const userQuota = config.REQUESTS_PER_MINUTE_PER_USER;
      // A key that is over its limit does not use up what its user has.
      if (userQuota > 0 && standings.every((standing) => standing?.isAllowed !== false)) {
        standings.unshift(await count({ policy: 'default', quota: userQuota, subject: ofUser(userId) }));
      }
      return present(standings);
    },

    async forget({ userId, keyIds }) {
      const subjects = [ofUser(userId), ...keyIds.map(ofKey)];
      for (const subject of subjects) leases.delete(subject);
      const objects = subjects.map((subject) => namespace.get(namespace.idFromName(subject)));
      const left = await Promise.all(objects.map((object) => withTimeout(object.erase(), ERASE_TIMEOUT_MS)));
      return left.reduce((total, count) => total + count, 0);
    },
  };
}

const ofUser = (userId: string) => `user:${userId}`;
const ofKey = (keyId: string) => `key:${keyId}`;

const present = (standings: (Standing | undefined)[]) => standings.filter((standing) => standing !== undefined);

function spend(lease: Lease, { limit, now }: { limit: Limit; now: number }): Standing {
  const isAllowed = lease.tokens > 0;
  if (isAllowed) lease.tokens -= 1;
  return {
    policy: limit.policy,
    quota: limit.quota,
    isAllowed,
    remaining: lease.tokens + lease.remaining,
    resetSeconds: secondsUntil(lease.fullAt, now),
    retryAfterSeconds: isAllowed ? 0 : Math.max(1, secondsUntil(lease.blockedUntil, now)),
  };
}

const secondsUntil = (time: number, now: number) => Math.max(0, Math.ceil((time - now) / 1000));
