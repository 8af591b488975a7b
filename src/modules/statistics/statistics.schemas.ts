import { z } from '@hono/zod-openapi';

const count = z.number().int().nonnegative();

export const statisticsSchema = z
  .object({
    documents: count.openapi({ description: 'Those in the trash included.' }),
    storageBytes: count.openapi({
      description: 'The files as they were handed in, earlier versions and those in the trash included.',
    }),
    collections: count,
    tags: count,
    searches: count,
    apiKeys: count,
    sessions: count.openapi({ description: 'Those that can still be refreshed.' }),
    loginCount: count,
    lastLoginAt: z.iso.datetime().nullable().openapi({ example: '2026-11-22T09:30:00.000Z' }),
  })
  .openapi('Statistics');
