import { expectedVersion } from '../../http/etag.ts';
import { idParam, json, jsonBody, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { entityTag } from '../../shared/entity-tag.ts';
import { presentApiKey } from './identity.presenter.ts';
import {
  apiKeyPageSchema,
  apiKeySchema,
  changeApiKeyBody,
  createdApiKeySchema,
  identityPageQuery,
  newApiKeyBody,
  rotateApiKeyBody,
} from './identity.schemas.ts';

const tags = ['api keys'];
const params = idParam('API key');

const create = scopedRoute('account:write', {
  method: 'post',
  path: '/v1/api-keys',
  operationId: 'createApiKey',
  tags,
  summary: 'Make an API key',
  description:
    'The key is in this answer and never shown again: an `Idempotency-Key` keeps it from being made twice, but does not ' +
    'bring it back. It can have only scopes that the asking credential has; a key that is made by a key ends no later ' +
    'than its maker, and may ask no more often.',
  request: { body: jsonBody(newApiKeyBody) },
  responses: {
    201: json(createdApiKeySchema, 'The key.'),
    ...problems('malformed', 'conflict', 'too_large', 'invalid_fields'),
  },
});

const list = scopedRoute('account:read', {
  method: 'get',
  path: '/v1/api-keys',
  operationId: 'listApiKeys',
  tags,
  summary: 'List your API keys',
  description:
    'Without the keys themselves, which are not stored; `prefix` tells them apart. A key that was replaced is listed for ' +
    'a day after it has ended.',
  request: { query: identityPageQuery },
  responses: { 200: json(apiKeyPageSchema, 'One page.'), ...problems('invalid_fields') },
});

const get = scopedRoute('account:read', {
  method: 'get',
  path: '/v1/api-keys/{id}',
  operationId: 'getApiKey',
  tags,
  summary: 'Get an API key',
  description: 'Without the key itself, which is not stored.',
  request: { params },
  responses: { 200: json(apiKeySchema, 'What is known of the key.'), ...problems('not_found', 'invalid_fields') },
});

const change = scopedRoute('account:write', {
  method: 'patch',
  path: '/v1/api-keys/{id}',
  operationId: 'changeApiKey',
  tags,
  summary: 'Change an API key',
  description:
    'A session may give it what the session may do itself; an API key can only take away: fewer scopes, a sooner end, a ' +
    'lower limit. It holds at once, and within 30 seconds wherever else the key was used moments ago. Give `If-Match` or ' +
    '`version` to change only what you have read.',
  request: { params, body: jsonBody(changeApiKeyBody) },
  responses: { 200: json(apiKeySchema, 'The changed key.'), ...problems('not_found', 'conflict', 'stale_version') },
});

const rotate = scopedRoute('account:write', {
  method: 'post',
  path: '/v1/api-keys/{id}/rotate',
  operationId: 'rotateApiKey',
  tags,
  summary: 'Replace an API key',
  description:
    'Makes a key with the same name, scopes, expiry and limit, which is in this answer and never shown again. The key ' +
    'that it replaces works for `overlapSeconds` more, but not beyond its own expiry; with 0 it stops at once, and ' +
    'within 30 seconds wherever else it was used moments ago. A key is replaced once, by a credential that has all of ' +
    'its scopes.',
  request: { params, body: jsonBody(rotateApiKeyBody) },
  responses: { 201: json(createdApiKeySchema, 'The new key.'), ...problems('not_found', 'conflict') },
});

const remove = scopedRoute('account:write', {
  method: 'delete',
  path: '/v1/api-keys/{id}',
  operationId: 'deleteApiKey',
  tags,
  summary: 'Delete an API key',
  description: 'It stops working at once, and within 30 seconds wherever else it was used moments ago.',
  request: { params },
  responses: { 204: { description: 'It is gone.' }, ...problems('not_found', 'invalid_fields') },
});

/** Keys for programs. */
export function apiKeyRoutes(app: Router): void {
  app.openapi(create, async (c) => {
    const { apiKey, key } = await c.var.services.apiKeys.create(c.var.actor, c.req.valid('json'));
    c.header('cache-control', 'no-store');
    c.header('location', `/v1/api-keys/${apiKey.id}`);
    return c.json({ ...presentApiKey(apiKey), key }, 201);
  });

  app.openapi(list, async (c) => {
    const { items, nextCursor } = await c.var.services.apiKeys.list(c.var.actor, c.req.valid('query'));
    return c.json({ items: items.map(presentApiKey), nextCursor }, 200);
  });

  app.openapi(get, async (c) => {
    const apiKey = await c.var.services.apiKeys.get(c.var.actor, c.req.valid('param').id);
    c.header('etag', entityTag(apiKey.version));
    return c.json(presentApiKey(apiKey), 200);
  });

  app.openapi(change, async (c) => {
    const { version, ...changes } = c.req.valid('json');
    const { id } = c.req.valid('param');
    const expected = expectedVersion(c, version);
    const apiKey = await c.var.services.apiKeys.change(c.var.actor, { id, ...changes, expectedVersion: expected });
    c.header('etag', entityTag(apiKey.version));
    return c.json(presentApiKey(apiKey), 200);
  });

  app.openapi(rotate, async (c) => {
    const rotation = { ...c.req.valid('param'), ...c.req.valid('json') };
    const { apiKey, key } = await c.var.services.apiKeys.rotate(c.var.actor, rotation);
    c.header('cache-control', 'no-store');
    c.header('location', `/v1/api-keys/${apiKey.id}`);
    return c.json({ ...presentApiKey(apiKey), key }, 201);
  });

  app.openapi(remove, async (c) => {
    await c.var.services.apiKeys.remove(c.var.actor, c.req.valid('param').id);
    return c.body(null, 204);
  });
}
