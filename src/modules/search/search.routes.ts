import { json, jsonBody, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { presentSearch } from './search.presenter.ts';
import { searchBody, searchQuery, searchResultSchema } from './search.schemas.ts';
import { toSearch } from './search-filters.ts';

const tags = ['search'];
const description =
  'Finds passages in your library by word, by meaning, or both, and shows for each where it stands and why it was ' +
  'found. A document that is `ready` is found at once.';

const search = scopedRoute('search:read', {
  method: 'get',
  path: '/v1/search',
  operationId: 'search',
  tags,
  summary: 'Search',
  description,
  request: { query: searchQuery },
  responses: { 200: json(searchResultSchema, 'The best passages.'), ...problems('not_found', 'invalid_fields') },
});

const searchWithBody = scopedRoute('search:read', {
  method: 'post',
  path: '/v1/search',
  operationId: 'searchWithBody',
  tags,
  summary: 'Search, with weights',
  description,
  request: { body: jsonBody(searchBody) },
  responses: {
    200: json(searchResultSchema, 'The best passages.'),
    ...problems('malformed', 'not_found', 'invalid_fields'),
  },
});

/** Finding passages. */
export function searchRoutes(app: Router): void {
  app.openapi(search, async (c) => {
    const { explain, ...query } = c.req.valid('query');
    const outcome = await c.var.services.search.search(c.var.actor, toSearch(query));
    return c.json(presentSearch(outcome, { explain: explain === 'true' }), 200);
  });

  app.openapi(searchWithBody, async (c) => {
    const { explain, ...body } = c.req.valid('json');
    const outcome = await c.var.services.search.search(c.var.actor, toSearch(body));
    return c.json(presentSearch(outcome, { explain }), 200);
  });
}
