import { idParam, json, jsonBody, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { parseTime } from '../../shared/time.ts';
import { presentGap, presentPopular, presentQuery, presentQueryResult, presentTrend } from './history.presenter.ts';
import {
  clickBody,
  feedbackBody,
  gapsQuery,
  gapsSchema,
  listQueriesQuery,
  popularQueriesSchema,
  popularQuery,
  queryPageSchema,
  querySchema,
  queryWithResultsSchema,
  removedQueriesSchema,
  removeQueriesQuery,
  trendsQuery,
  trendsSchema,
} from './history.schemas.ts';

const tags = ['queries'];
const params = idParam('query');

const list = scopedRoute('queries:read', {
  method: 'get',
  path: '/v1/queries',
  operationId: 'listQueries',
  tags,
  summary: 'List what you have asked',
  description:
    'A search is here a moment after its answer, and for as long as the settings say. With `searchHistory: false` in your ' +
    'preferences nothing is added.',
  request: { query: listQueriesQuery },
  responses: { 200: json(queryPageSchema, 'One page.'), ...problems('invalid_fields') },
});

const removeAll = scopedRoute('queries:write', {
  method: 'delete',
  path: '/v1/queries',
  operationId: 'deleteQueries',
  tags,
  summary: 'Delete what you have asked',
  description: 'For good; all of it, or that of a time. Up to 5,000 at once: ask again until it is complete.',
  request: { query: removeQueriesQuery },
  responses: { 200: json(removedQueriesSchema, 'How many.'), ...problems('invalid_fields') },
});

const popular = scopedRoute('queries:read', {
  method: 'get',
  path: '/v1/queries/popular',
  operationId: 'listPopularQueries',
  tags,
  summary: 'See what you ask most',
  description: 'Of the newest 5,000 searches in the time. Case and spaces do not matter; further pages do not count.',
  request: { query: popularQuery },
  responses: { 200: json(popularQueriesSchema, 'The most frequent first.'), ...problems('invalid_fields') },
});

const trends = scopedRoute('queries:read', {
  method: 'get',
  path: '/v1/queries/trends',
  operationId: 'getQueryTrends',
  tags,
  summary: 'See how you search over time',
  description: 'By day or week, UTC, of the newest 5,000 searches in the time. Days without any are left out.',
  request: { query: trendsQuery },
  responses: { 200: json(trendsSchema, 'The earliest first.'), ...problems('invalid_fields') },
});

const gaps = scopedRoute('queries:read', {
  method: 'get',
  path: '/v1/queries/gaps',
  operationId: 'listQueryGaps',
  tags,
  summary: 'See what your library has no good answer to',
  description:
    'Questions whose latest search found nothing, whose results were judged poor, or of which no result was ever opened ' +
    '(if you open results at all). Forms, order and slips of words do not matter: `invoice 2024` and `invoices 2024` are ' +
    'one. Of the newest 5,000 searches in the time.',
  request: { query: gapsQuery },
  responses: { 200: json(gapsSchema, 'The most frequent first.'), ...problems('invalid_fields') },
});

const get = scopedRoute('queries:read', {
  method: 'get',
  path: '/v1/queries/{id}',
  operationId: 'getQuery',
  tags,
  summary: 'Get something that you have asked',
  description: 'With the results that were opened or judged.',
  request: { params },
  responses: { 200: json(queryWithResultsSchema, 'The query.'), ...problems('not_found', 'invalid_fields') },
});

const remove = scopedRoute('queries:write', {
  method: 'delete',
  path: '/v1/queries/{id}',
  operationId: 'deleteQuery',
  tags,
  summary: 'Delete something that you have asked',
  description: 'For good, with what was said of its results.',
  request: { params },
  responses: { 204: { description: 'Deleted.' }, ...problems('not_found', 'invalid_fields') },
});

const judge = scopedRoute('queries:write', {
  method: 'post',
  path: '/v1/queries/{id}/feedback',
  operationId: 'judgeQuery',
  tags,
  summary: 'Say how good the results were',
  description:
    'Of all results, or of one of them with `documentId`. Said again, it takes the place of what was said before.',
  request: { params, body: jsonBody(feedbackBody) },
  responses: {
    200: json(querySchema, 'The query.'),
    ...problems('malformed', 'not_found', 'conflict', 'invalid_fields'),
  },
});

const click = scopedRoute('queries:write', {
  method: 'post',
  path: '/v1/queries/{id}/clicks',
  operationId: 'noteClick',
  tags,
  summary: 'Say that a result was opened',
  description: 'Said again of the same result, it changes nothing.',
  request: { params, body: jsonBody(clickBody) },
  responses: {
    204: { description: 'Noted.' },
    ...problems('malformed', 'not_found', 'conflict', 'invalid_fields'),
  },
});

const spanOf = ({ from, to }: { from?: string | undefined; to?: string | undefined }) => ({
  from: parseTime(from),
  to: parseTime(to),
});
const flagOf = (value: 'true' | 'false' | undefined) => (value === undefined ? undefined : value === 'true');

/** What somebody has asked: theirs alone. */
export function historyRoutes(app: Router): void {
  app.openapi(list, async (c) => {
    const { type: queryType, cacheHit, empty, judged, from, to, ...query } = c.req.valid('query');
    const flags = { cacheHit: flagOf(cacheHit), isEmpty: flagOf(empty), isJudged: flagOf(judged) };
    const wanted = { ...query, ...flags, ...spanOf({ from, to }), queryType };
    const page = await c.var.services.queries.history.list(c.var.actor, wanted);
    return c.json({ items: page.items.map(presentQuery), nextCursor: page.nextCursor }, 200);
  });

  app.openapi(removeAll, async (c) => {
    const span = spanOf(c.req.valid('query'));
    return c.json(await c.var.services.queries.history.removeAll(c.var.actor, span), 200);
  });

  app.openapi(popular, async (c) => {
    const { limit, ...span } = c.req.valid('query');
    const found = await c.var.services.queries.history.popular(c.var.actor, { limit, ...spanOf(span) });
    return c.json({ items: found.map(presentPopular) }, 200);
  });

  app.openapi(trends, async (c) => {
    const { by, ...span } = c.req.valid('query');
    const found = await c.var.services.queries.history.trends(c.var.actor, { by, ...spanOf(span) });
    return c.json({ items: found.map(presentTrend) }, 200);
  });

  app.openapi(gaps, async (c) => {
    const { limit, ...span } = c.req.valid('query');
    const found = await c.var.services.queries.history.gaps(c.var.actor, { limit, ...spanOf(span) });
    return c.json({ items: found.map(presentGap) }, 200);
  });

  app.openapi(get, async (c) => {
    const { query, results } = await c.var.services.queries.history.get(c.var.actor, c.req.valid('param').id);
    return c.json({ ...presentQuery(query), results: results.map(presentQueryResult) }, 200);
  });

  app.openapi(remove, async (c) => {
    await c.var.services.queries.history.remove(c.var.actor, c.req.valid('param').id);
    return c.body(null, 204);
  });

  app.openapi(judge, async (c) => {
    const { relevanceScore, documentId, chunkId } = c.req.valid('json');
    const result = documentId === undefined ? undefined : { documentId, chunkId };
    const judgement = { id: c.req.valid('param').id, relevanceScore, result };
    return c.json(presentQuery(await c.var.services.queries.history.judge(c.var.actor, judgement)), 200);
  });

  app.openapi(click, async (c) => {
    const opened = { ...c.req.valid('json'), id: c.req.valid('param').id };
    await c.var.services.queries.history.click(c.var.actor, opened);
    return c.body(null, 204);
  });
}
