import { z } from '@hono/zod-openapi';

const MAX_CHANGES = 40;
const MAX_REQUESTS = 1_000_000;

const id = z.uuid();
const time = z.iso.datetime();
const count = z.number().int();
const ownLimit = z.number().int().min(0).max(MAX_REQUESTS).nullable();
const limit = count.openapi({ example: 1200, description: '0: any number.' });

const subject = {
  userId: id.nullable().openapi({ description: 'Whose account it concerns, where there is one.' }),
  apiKeyId: id.nullable(),
  addressHash: z.string().nullable().openapi({ description: 'Addresses are known by their hash only.' }),
};

export const rateLimitsSchema = z
  .object({
    limits: z
      .object({
        requestsPerMinute: z.object({ user: limit, apiKey: limit, address: limit }),
        requestsPerHour: z.object({ user: limit, address: limit }),
        lockout: z.object({
          attemptsPerAccount: count,
          attemptsPerAddress: count,
          windowSeconds: count,
          firstWaitSeconds: count,
          longestWaitSeconds: count,
        }),
      })
      .openapi({ description: 'What holds for everybody; change it at `/v1/admin/settings`.' }),
    overrides: z.object({
      users: z.array(z.object({ id, requestsPerMinute: limit.nullable(), requestsPerHour: limit.nullable() })),
      apiKeys: z.array(z.object({ id, userId: id, requestsPerMinute: limit.nullable() })),
    }),
    pressure: z
      .array(
        z.object({
          ...subject,
          policy: z.string().openapi({ example: 'default' }),
          quota: count,
          remaining: count.openapi({ description: 'When it was last seen.' }),
          refusals: count.openapi({ description: 'In the last day, as far as known.' }),
          refusedAt: time.nullable(),
          seenAt: time,
        }),
      )
      .openapi({ description: 'Who was near or over a limit in the last hour, the latest first.' }),
    lockouts: z
      .array(
        z.object({
          id: z.string().openapi({ example: `login:account:${'0'.repeat(64)}` }),
          secret: z.string().openapi({ example: 'login', description: 'What was guessed at.' }),
          userId: subject.userId,
          addressHash: subject.addressHash,
          lockedUntil: time,
          refusals: count,
        }),
      )
      .openapi({ description: 'Accounts and addresses that have to wait before the next attempt.' }),
  })
  .openapi('RateLimits');

export const changeRateLimitsBody = z
  .object({
    users: z
      .array(z.object({ id, requestsPerMinute: ownLimit.optional(), requestsPerHour: ownLimit.optional() }).strict())
      .max(MAX_CHANGES)
      .default([]),
    apiKeys: z
      .array(z.object({ id, requestsPerMinute: z.number().int().min(1).max(MAX_REQUESTS).nullable() }).strict())
      .max(MAX_CHANGES)
      .default([]),
  })
  .strict()
  .openapi('RateLimitChanges', { description: 'A limit of 0 is none at all; null is the usual one.' });

export const lockoutParam = z.object({
  id: z
    .string()
    .regex(/^[a-z][a-z_-]{0,40}:(account|address):[\da-f]{64}$/, 'It is not the id of a lock-out.')
    .openapi({
      param: { name: 'id', in: 'path' },
      example: `login:account:${'0'.repeat(64)}`,
      description: 'Id of the lock-out.',
    }),
});
