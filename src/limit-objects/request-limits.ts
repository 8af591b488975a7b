import type { Caller } from '../shared/actor.ts';
import { withTimeout } from '../shared/attempts.ts';
import { createExpiringCache } from '../shared/expiring-cache.ts';
import type { Policies, RateLimiter } from './rate-limiter.ts';
import type { Taken } from './token-bucket.ts';

/** How a call stands with one of its limits. */
export type Standing = {
  /** As shown in the headers. */
  policy: 'default' | 'key' | 'hourly';
  /** Who is counted: `user:ID`, `key:ID` or `address:HASH`. */
  subject: string;
  isAllowed: boolean;
  quota: number;
  windowSeconds: number;
  /** Calls left at once. */
  remaining: number;
  /** Until all of the quota is there again. */
  resetSeconds: number;
  /** Until a call may succeed again, when this one may not. */
  retryAfterSeconds: number;
};

export type RequestLimits = {
  /**
   * Counts a call: of a user, and of the API key that it came with; or of the address that it came from without a valid
   * credential. Limits that are off, and calls from nowhere, have no standing.
   */
  count(caller: Caller): Promise<Standing[]>;
  /** Forgets what was counted for a user and their API keys. @returns how much of it is left: zero. */
  forget(subject: { userId: string; keyIds: string[] }): Promise<number>;
};

type Config = {
  REQUESTS_PER_MINUTE_PER_USER: number;
  REQUESTS_PER_MINUTE_PER_KEY: number;
  REQUESTS_PER_MINUTE_PER_ADDRESS: number;
  REQUESTS_PER_HOUR_PER_USER: number;
  REQUESTS_PER_HOUR_PER_ADDRESS: number;
};
type Logger = { error(event: string, error: unknown): void };
type Deps = {
  namespace: DurableObjectNamespace<RateLimiter>;
  /** As it is at present: limits may change from one call to the next. */
  config: () => Config;
  now: () => number;
  logger: Logger;
};

type Policy = Pick<Standing, 'policy' | 'quota'> & { windowMs: number };

/** A subject and what it may do; a policy whose quota is 0 is off. */
type Limit = { subject: string; perMinute: Policy; perHour: Policy };

/** Calls left under a policy when the object was last asked. */
type Left = Policy & { remaining: number; fullAt: number; freeAt: number };

/** What this isolate knows of a subject. */
type Lease = {
  /** Taken from the object, not yet used. */
  tokens: number;
  /** Tokens that were asked for last. */
  block: number;
  left: Left[];
};

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
/** At most a fiftieth of the quota in one call to the object; quotas below 100 are asked for one by one. */
const BLOCKS_PER_QUOTA = 50;
/** Tokens that an isolate has taken and not used are lost to the subject when this is over. */
const LEASE_MS = 30_000;
const MAX_LEASES = 10_000;
const TIMEOUT_MS = 2_000;
/** Nobody waits for that, and there may be a hundred objects to ask. */
const ERASE_TIMEOUT_MS = 30_000;

/**
 * Limits over one Durable Object for each subject: a bucket of tokens for the minute, which allows bursts, and a sliding
 * window for the hour, which does not care how they are spread. The isolate takes tokens in blocks, so that most calls
 * ask nobody; blocks begin with one token and double, so that no more is wasted than was used. Tokens are taken before
 * they are used: all isolates together never let through more than the object gave. What they took up to 30 s ago may
 * however be used now, so within one minute there may be one block too many from each isolate. This is what counters in
 * KV with gathered writes would be for, but exact, and cheaper: KV takes one write a second for a key, shows it
 * elsewhere up to a minute later, and loses what two isolates write at once.
 *
 * When the object does not answer, the call is let through: limits protect the service, they must not end it.
 */
export function createRequestLimits({ namespace, config, now, logger }: Deps): RequestLimits {
  const leases = createExpiringCache<Lease>({ ttlMs: LEASE_MS, maxEntries: MAX_LEASES, now });
  const asking = new Set<string>();

  const ask = async (limit: Limit, known: Lease | undefined): Promise<Standing[]> => {
    const { subject } = limit;
    const largest = Math.floor(Math.min(...active(limit).map(({ quota }) => quota)) / BLOCKS_PER_QUOTA);
    // Of calls that come at once, only the first takes a block: the others would take one each.
    const block = asking.has(subject) ? 1 : Math.max(1, Math.min(largest, (known?.block ?? 0) * 2));
    asking.add(subject);
    try {
      const object = namespace.get(namespace.idFromName(subject));
      const taken = await withTimeout(object.take({ ...policiesOf(limit), wanted: block }), TIMEOUT_MS);
      const present = current(leases.get(subject), limit);
      const time = now();
      const left = [
        ...leftOf(limit.perMinute, { taken: taken.bucket, time }),
        ...leftOf(limit.perHour, { taken: taken.window, time }),
      ];
      const lease: Lease = { tokens: (present?.tokens ?? 0) + taken.granted, block, left };
      leases.set(subject, lease);
      return spend(lease, { subject, now: time });
    } catch (error) {
      logger.error('limits.not_counted', error);
      return [];
    } finally {
      asking.delete(subject);
    }
  };

  const count = async (limit: Limit): Promise<Standing[]> => {
    if (active(limit).length === 0) return [];
    const known = current(leases.get(limit.subject), limit);
    const isDecided = known && (known.tokens > 0 || known.left.some(({ freeAt }) => freeAt > now()));
    return isDecided ? spend(known, { subject: limit.subject, now: now() }) : ask(limit, known);
  };

  return {
    async count(caller) {
      const limits = config();
      if (!('userId' in caller)) {
        const { address } = caller.credential;
        if (address === undefined) return [];
        return count({
          subject: `address:${address}`,
          perMinute: minutely('default', limits.REQUESTS_PER_MINUTE_PER_ADDRESS),
          perHour: hourly(limits.REQUESTS_PER_HOUR_PER_ADDRESS),
        });
      }
      const { userId, credential, limits: own } = caller;
      const ofKey: Standing[] = [];
      if (credential.type === 'api_key') {
        const quota = credential.requestsPerMinute ?? limits.REQUESTS_PER_MINUTE_PER_KEY;
        ofKey.push(
          ...(await count({
            subject: keySubject(credential.id),
            perMinute: minutely('key', quota),
            perHour: hourly(0),
          })),
        );
      }
      // A key that is over its limit does not use up what its user has.
      if (ofKey.some(({ isAllowed }) => !isAllowed)) return ofKey;
      const ofUser = await count({
        subject: userSubject(userId),
        perMinute: minutely('default', own?.requestsPerMinute ?? limits.REQUESTS_PER_MINUTE_PER_USER),
        perHour: hourly(own?.requestsPerHour ?? limits.REQUESTS_PER_HOUR_PER_USER),
      });
      return [...ofUser, ...ofKey];
    },

    async forget({ userId, keyIds }) {
      const subjects = [userSubject(userId), ...keyIds.map(keySubject)];
      for (const subject of subjects) leases.delete(subject);
      const objects = subjects.map((subject) => namespace.get(namespace.idFromName(subject)));
      const left = await Promise.all(objects.map((object) => withTimeout(object.erase(), ERASE_TIMEOUT_MS)));
      return left.reduce((total, count) => total + count, 0);
    },
  };
}

const minutely = (policy: 'default' | 'key', quota: number): Policy => ({ policy, quota, windowMs: MINUTE_MS });
const hourly = (quota: number): Policy => ({ policy: 'hourly', quota, windowMs: HOUR_MS });

const userSubject = (userId: string) => `user:${userId}`;
const keySubject = (keyId: string) => `key:${keyId}`;

const active = ({ perMinute, perHour }: Limit): Policy[] => [perMinute, perHour].filter(({ quota }) => quota > 0);

const policiesOf = ({ perMinute, perHour }: Limit): Policies => ({
  ...(perMinute.quota > 0 && { bucket: { capacity: perMinute.quota, windowMs: perMinute.windowMs } }),
  ...(perHour.quota > 0 && { window: { limit: perHour.quota, windowMs: perHour.windowMs } }),
});

const leftOf = (policy: Policy, { taken, time }: { taken: Taken | undefined; time: number }): Left[] =>
  taken === undefined
    ? []
    : [{ ...policy, remaining: taken.remaining, fullAt: time + taken.resetMs, freeAt: time + taken.retryAfterMs }];

/** What is known under other limits than those of now says nothing. */
function current(lease: Lease | undefined, limit: Limit): Lease | undefined {
  const quotas = (policies: Policy[]) => policies.map(({ quota }) => quota).join();
  return lease && quotas(lease.left) === quotas(active(limit)) ? lease : undefined;
}

function spend(lease: Lease, { subject, now }: { subject: string; now: number }): Standing[] {
  const isAllowed = lease.tokens > 0;
  if (isAllowed) lease.tokens -= 1;
  return lease.left.map(({ policy, quota, windowMs, remaining, fullAt, freeAt }) => {
    const isRefused = !isAllowed && freeAt > now;
    return {
      policy,
      subject,
      quota,
      windowSeconds: windowMs / 1000,
      isAllowed: !isRefused,
      remaining: lease.tokens + remaining,
      resetSeconds: secondsUntil(fullAt, now),
      retryAfterSeconds: isRefused ? Math.max(1, secondsUntil(freeAt, now)) : 0,
    };
  });
}

const secondsUntil = (time: number, now: number) => Math.max(0, Math.ceil((time - now) / 1000));
