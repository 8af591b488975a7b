import { z } from '@hono/zod-openapi';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

/** `limit`, `cursor`, `sort` and `order` of a list; the first sort field is the default. */
export const pageQuery = <const S extends readonly [string, ...string[]]>(sorts: S) =>
  z.object({
    limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT).openapi({ example: DEFAULT_LIMIT }),
    cursor: z.string().max(4000).optional().openapi({ description: 'nextCursor of the page before.' }),
    sort: z.enum(sorts).default(sorts[0]).openapi({ example: sorts[0] }),
    order: z.enum(['asc', 'desc']).default('desc').openapi({ example: 'desc' }),
  });

/** `{items, nextCursor}`. */
export const pageOf = <T extends z.ZodType>(item: T, name: string) =>
  z
    .object({
      items: z.array(item),
      nextCursor: z.string().nullable().openapi({ description: 'Null on the last page.' }),
    })
    .openapi(name);
