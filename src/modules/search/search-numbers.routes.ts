import type { z } from '@hono/zod-openapi';
import { json, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { parseTime } from '../../shared/time.ts';
import { presentCacheNumbers, presentSearchNumbers } from './search-numbers.presenter.ts';
import { cacheNumbersSchema, numbersQuery, searchNumbersSchema } from './search-numbers.schemas.ts';

const tags = ['admin'];

const searches = scopedRoute('admin', {
  method: 'get',
  path: '/v1/admin/queries',
  operationId: 'getSearchNumbers',
  tags,
  summary: 'See how much is searched',
  description:
    'By day and kind of search, of everybody together. What was asked is their business, unless the setting ' +
    '`adminsSeeQueries` says otherwise.',
  request: { query: numbersQuery },
  responses: { 200: json(searchNumbersSchema, 'The numbers.'), ...problems('invalid_fields') },
});

const cache = scopedRoute('admin', {
  method: 'get',
  path: '/v1/admin/cache',
  operationId: 'getCacheNumbers',
  tags,
  summary: 'See how often searches are answered from the cache',
  description:
    '`isolate`: from the memory of the index; `kv`: from KV, which is asked where an index was put out of memory. Off and ' +
    'on by the setting `searchCache`.',
  request: { query: numbersQuery },
  responses: { 200: json(cacheNumbersSchema, 'The numbers.'), ...problems('invalid_fields') },
});

const spanOf = ({ from, to }: z.output<typeof numbersQuery>) => ({ from: parseTime(from), to: parseTime(to) });

/** Numbers of searches, for administrators. */
export function searchNumberRoutes(app: Router): void {
  app.openapi(searches, async (c) => {
    const numbers = await c.var.services.queries.numbers.searches(spanOf(c.req.valid('query')));
    return c.json(presentSearchNumbers(numbers), 200);
  });

  app.openapi(cache, async (c) => {
    const numbers = await c.var.services.queries.numbers.cache(spanOf(c.req.valid('query')));
    return c.json(presentCacheNumbers(numbers), 200);
  });
}
