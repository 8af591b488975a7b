import fc from 'fast-check';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { AppContext } from '../../src/http/context.ts';
import { rateLimitHeaders } from '../../src/http/middleware/rate-limit.ts';
import { createRequestLimits, type Standing } from '../../src/limit-objects/request-limits.ts';
import { type Bucket, takeTokens } from '../../src/limit-objects/token-bucket.ts';

const MINUTE_MS = 60_000;
/** A list of items with whole-number parameters (RFC 9651), as the draft of the RateLimit headers has it. */
const item = (parameters: string) =>
  `"(?:default|key|hourly)"${[...parameters].map((name) => `;${name}=\\d{1,10}`).join('')}`;
const listOf = (parameters: string) => new RegExp(`^${item(parameters)}(, ${item(parameters)})*$`);

const headersFor = async (standings: Standing[]) => {
  const app = new Hono<AppContext>().use(rateLimitHeaders).get('/', (c) => {
    c.set('standings', standings);
    return c.body(null);
  });
  const { headers } = await app.request('/');
  return { policy: headers.get('ratelimit-policy'), limit: headers.get('ratelimit') };
};

const standing: fc.Arbitrary<Standing> = fc.record({
  policy: fc.constantFrom('default', 'key', 'hourly'),
  subject: fc.constant('user:ada'),
  windowSeconds: fc.constantFrom(60, 3_600),
  isAllowed: fc.boolean(),
  quota: fc.integer({ min: 1, max: 1_000_000 }),
  remaining: fc.nat(1_000_000),
  resetSeconds: fc.nat(60),
  retryAfterSeconds: fc.nat(60),
});

/** Limits over an object that counts in memory, at a time that the test sets. */
function limitsOf(quota: number, time: { now: number }) {
  const buckets = new Map<string, Bucket>();
  const namespace = {
    idFromName: (name: string) => name,
    get: (name: string) => ({
      async take({ bucket: policy, wanted }: { bucket: { capacity: number; windowMs: number }; wanted: number }) {
        const { bucket, taken } = takeTokens(buckets.get(name), { policy, wanted, now: time.now });
        buckets.set(name, bucket);
        return { granted: taken.granted, bucket: taken };
      },
    }),
  };
  return createRequestLimits({
    namespace: namespace as never,
    config: () => ({
      REQUESTS_PER_MINUTE_PER_USER: quota,
      REQUESTS_PER_MINUTE_PER_KEY: 0,
      REQUESTS_PER_MINUTE_PER_ADDRESS: 0,
      REQUESTS_PER_HOUR_PER_USER: 0,
      REQUESTS_PER_HOUR_PER_ADDRESS: 0,
    }),
    now: () => time.now,
    logger: { error: () => {} },
  });
}

describe('the RateLimit headers', () => {
  it('are lists of items, one for each limit, in one order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(standing, { minLength: 1, maxLength: 3 }), async (standings) => {
        const { policy, limit } = await headersFor(standings);
        expect(policy).toMatch(listOf('qw'));
        expect(limit).toMatch(listOf('rt'));
        const names = (header: string | null) => header?.match(/"\w+"/g);
        expect(names(limit)).toEqual(names(policy));
        expect(policy?.match(/(?<=q=)\d+/g)).toEqual(standings.map(({ quota }) => String(quota)));
        expect(limit?.match(/(?<=r=)\d+/g)).toEqual(standings.map(({ remaining }) => String(remaining)));
      }),
      { seed: 20261122 },
    );
  });

  it('are absent where nothing was counted', async () => {
    expect(await headersFor([])).toEqual({ policy: null, limit: null });
  });

  it('tell the truth at every call: what is left is let through, and what is refused may come when they say', async () => {
    const calls = fc.array(fc.nat(5_000), { minLength: 1, maxLength: 60 });
    const actor = { userId: 'ada', scopes: new Set<never>(), credential: { type: 'session' as const, id: 's' } };
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 90 }), calls, async (quota, pauses) => {
        const time = { now: 1_800_000_000_000 };
        const limits = limitsOf(quota, time);
        for (const pause of pauses) {
          time.now += pause;
          const [shown] = await limits.count(actor);
          expect(shown).toMatchObject({ policy: 'default', quota });
          const { isAllowed = true, remaining = -1, resetSeconds = -1, retryAfterSeconds = -1 } = shown ?? {};
          expect(remaining).toBeGreaterThanOrEqual(0);
          expect(remaining).toBeLessThan(quota);
          expect(resetSeconds).toBeLessThanOrEqual(MINUTE_MS / 1000);
          expect(retryAfterSeconds > 0).toBe(!isAllowed);
          if (isAllowed) continue;
          time.now += retryAfterSeconds * 1000;
          expect((await limits.count(actor))[0]?.isAllowed).toBe(true);
        }
      }),
      { seed: 20261122, numRuns: 60 },
    );
  });
});
