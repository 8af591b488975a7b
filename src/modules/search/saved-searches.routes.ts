import { expectedVersion, isNotModified } from '../../http/etag.ts';
import { idParam, json, jsonBody, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { entityTag as tagOf } from '../../shared/entity-tag.ts';
import { presentSavedSearch } from './history.presenter.ts';
import {
  changeSavedSearchBody,
  createdHeaders,
  entityTag,
  listSavedQuery,
  newSavedSearchBody,
  runSavedQuery,
  savedSearchPageSchema,
  savedSearchSchema,
} from './history.schemas.ts';
import { presentSearch } from './search.presenter.ts';
import { searchResultSchema } from './search.schemas.ts';

const tags = ['queries'];
const params = idParam('saved search');

const create = scopedRoute('queries:write', {
  method: 'post',
  path: '/v1/saved-searches',
  operationId: 'createSavedSearch',
  tags,
  summary: 'Save a search',
  description: 'Under a name that no other of yours has (409 `name_taken`), whatever its case. 500 at most.',
  request: { body: jsonBody(newSavedSearchBody) },
  responses: {
    201: { ...json(savedSearchSchema, 'The saved search.'), headers: createdHeaders },
    ...problems('malformed', 'not_found', 'conflict', 'invalid_fields'),
  },
});

const list = scopedRoute('queries:read', {
  method: 'get',
  path: '/v1/saved-searches',
  operationId: 'listSavedSearches',
  tags,
  summary: 'List saved searches',
  description: 'Yours.',
  request: { query: listSavedQuery },
  responses: { 200: json(savedSearchPageSchema, 'One page.'), ...problems('invalid_fields') },
});

const get = scopedRoute('queries:read', {
  method: 'get',
  path: '/v1/saved-searches/{id}',
  operationId: 'getSavedSearch',
  tags,
  summary: 'Get a saved search',
  description: 'Answers 304 when `If-None-Match` names its present state.',
  request: { params },
  responses: {
    200: { ...json(savedSearchSchema, 'The saved search.'), headers: entityTag },
    304: { description: 'You have its present state.' },
    ...problems('not_found', 'invalid_fields'),
  },
});

const change = scopedRoute('queries:write', {
  method: 'patch',
  path: '/v1/saved-searches/{id}',
  operationId: 'changeSavedSearch',
  tags,
  summary: 'Change a saved search',
  description:
    'A new search takes the place of the old one. Give `If-Match` or `version` to change only what you read.',
  request: { params, body: jsonBody(changeSavedSearchBody) },
  responses: {
    200: { ...json(savedSearchSchema, 'The changed saved search.'), headers: entityTag },
    ...problems('malformed', 'not_found', 'conflict', 'stale_version', 'invalid_fields'),
  },
});

const remove = scopedRoute('queries:write', {
  method: 'delete',
  path: '/v1/saved-searches/{id}',
  operationId: 'deleteSavedSearch',
  tags,
  summary: 'Delete a saved search',
  description: 'For good.',
  request: { params },
  responses: { 204: { description: 'Deleted.' }, ...problems('not_found', 'stale_version', 'invalid_fields') },
});

const run = scopedRoute('search:read', {
  method: 'get',
  path: '/v1/saved-searches/{id}/results',
  operationId: 'runSavedSearch',
  tags,
  summary: 'Run a saved search',
  description:
    'As the library is now. One that was saved when searches had another form, and means nothing any more, is 409 ' +
    '`saved_search_outdated`, and `errors` says why.',
  request: { params, query: runSavedQuery },
  responses: {
    200: json(searchResultSchema, 'The best passages.'),
    ...problems('not_found', 'conflict', 'invalid_fields'),
  },
});

/** Searches that people keep. */
export function savedSearchRoutes(app: Router): void {
  app.openapi(create, async (c) => {
    const saved = await c.var.services.queries.saved.create(c.var.actor, c.req.valid('json'));
    c.header('location', `/v1/saved-searches/${saved.id}`);
    c.header('etag', tagOf(saved.version));
    return c.json(presentSavedSearch(saved), 201);
  });

  app.openapi(list, async (c) => {
    const page = await c.var.services.queries.saved.list(c.var.actor, c.req.valid('query'));
    return c.json({ items: page.items.map(presentSavedSearch), nextCursor: page.nextCursor }, 200);
  });

  app.openapi(get, async (c) => {
    const saved = await c.var.services.queries.saved.get(c.var.actor, c.req.valid('param').id);
    c.header('etag', tagOf(saved.version));
    if (isNotModified(c, tagOf(saved.version))) return c.body(null, 304);
    return c.json(presentSavedSearch(saved), 200);
  });

  app.openapi(change, async (c) => {
    const { version, ...changes } = c.req.valid('json');
    const { id } = c.req.valid('param');
    const wanted = { ...changes, id, expectedVersion: expectedVersion(c, version) };
    const saved = await c.var.services.queries.saved.change(c.var.actor, wanted);
    c.header('etag', tagOf(saved.version));
    return c.json(presentSavedSearch(saved), 200);
  });

  app.openapi(remove, async (c) => {
    const { id } = c.req.valid('param');
    await c.var.services.queries.saved.remove(c.var.actor, { id, expectedVersion: expectedVersion(c) });
    return c.body(null, 204);
  });

  app.openapi(run, async (c) => {
    const { explain, ...page } = c.req.valid('query');
    const outcome = await c.var.services.queries.saved.run(c.var.actor, { ...page, id: c.req.valid('param').id });
    return c.json(presentSearch(outcome, { explain: explain === 'true' }), 200);
  });
}
