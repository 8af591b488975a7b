import type { z } from '@hono/zod-openapi';
import { isoTime, isoTimeOrNull } from '../../shared/time.ts';
import type { rateLimitsSchema } from './limits.schemas.ts';
import type { LimitsService } from './limits.service.ts';
import type { LimitEvent } from './limits.table.ts';

type Overview = Awaited<ReturnType<LimitsService['overview']>>;

export function presentRateLimits(overview: Overview): z.output<typeof rateLimitsSchema> {
  const { config, users, apiKeys, requests, lockouts } = overview;
  return {
    limits: {
      requestsPerMinute: {
        user: config.REQUESTS_PER_MINUTE_PER_USER,
        apiKey: config.REQUESTS_PER_MINUTE_PER_KEY,
        address: config.REQUESTS_PER_MINUTE_PER_ADDRESS,
      },
      requestsPerHour: { user: config.REQUESTS_PER_HOUR_PER_USER, address: config.REQUESTS_PER_HOUR_PER_ADDRESS },
      lockout: {
        attemptsPerAccount: config.LOCKOUT_ATTEMPTS_PER_ACCOUNT,
        attemptsPerAddress: config.LOCKOUT_ATTEMPTS_PER_ADDRESS,
        windowSeconds: config.LOCKOUT_WINDOW_SECONDS,
        firstWaitSeconds: config.LOCKOUT_FIRST_WAIT_SECONDS,
        longestWaitSeconds: config.LOCKOUT_LONGEST_WAIT_SECONDS,
      },
    },
    overrides: {
      users: users.map(({ id, requestLimitPerMinute, requestLimitPerHour }) => ({
        id,
        requestsPerMinute: requestLimitPerMinute,
        requestsPerHour: requestLimitPerHour,
      })),
      apiKeys: apiKeys.map(({ id, ownerId, requestsPerMinute }) => ({ id, userId: ownerId, requestsPerMinute })),
    },
    pressure: requests.map(presentPressure),
    lockouts: lockouts.map(presentLockout),
  };
}

function presentPressure(event: LimitEvent) {
  return {
    ...subjectOf(event),
    policy: event.policy ?? 'default',
    quota: event.quota ?? 0,
    remaining: event.remaining ?? 0,
    refusals: event.refusals,
    refusedAt: isoTimeOrNull(event.refusedAt),
    seenAt: isoTime(event.seenAt),
  };
}

function presentLockout(event: LimitEvent) {
  const [secret = '', kind, hash = ''] = event.subject.split(':');
  return {
    id: event.subject,
    secret,
    userId: event.userId,
    addressHash: kind === 'address' ? hash : null,
    lockedUntil: isoTime(event.blockedUntil ?? 0),
    refusals: event.refusals,
  };
}

function subjectOf({ subject, userId }: LimitEvent) {
  const [kind, id = ''] = subject.split(':');
  return { userId, apiKeyId: kind === 'key' ? id : null, addressHash: kind === 'address' ? id : null };
}
