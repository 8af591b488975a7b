import { z } from '@hono/zod-openapi';

const count = z.number().int();
const rate = z.number().nullable().openapi({ description: 'Null where nothing was asked.', example: 0.42 });
const moment = z.iso.datetime({ offset: true });

export const numbersQuery = z.object({
  from: moment.optional().openapi({ description: 'The first day, UTC. By default, 30 days before the last.' }),
  to: moment.optional().openapi({ description: 'The last day. By default, today.' }),
});

export const searchNumbersSchema = z
  .object({
    items: z.array(
      z.object({
        day: z.iso.date().openapi({ example: '2026-11-22' }),
        type: z.string().openapi({ example: 'hybrid' }),
        searches: count,
        failures: count,
        empty: count.openapi({ description: 'That found nothing.' }),
        cacheHits: count,
        averageTimeMs: z.number(),
      }),
    ),
    popular: z
      .array(z.object({ text: z.string(), searches: count, users: count }))
      .nullable()
      .openapi({ description: 'What was asked most; null unless the setting allows it.' }),
  })
  .openapi('SearchNumbers');

export const cacheNumbersSchema = z
  .object({
    isEnabled: z.boolean(),
    searches: count,
    hitRate: rate,
    categories: z.array(
      z.object({
        category: z.enum(['isolate', 'kv']),
        hits: count,
        misses: count,
        failures: count.openapi({ description: 'Calls that failed; the search was answered without.' }),
        hitRate: rate,
      }),
    ),
  })
  .openapi('CacheNumbers');
