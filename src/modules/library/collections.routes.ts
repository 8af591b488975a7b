import { expectedVersion, isNotModified } from '../../http/etag.ts';
import { idParam, json, jsonBody, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { collectionTag, presentCollection, presentCountedCollection } from './collections.presenter.ts';
import {
  changeCollectionBody,
  collectionPageSchema,
  countedCollectionSchema,
  createCollectionBody,
  listCollectionsQuery,
} from './collections.schemas.ts';
import { createdHeaders, entityTag } from './library.schemas.ts';

const tags = ['collections'];
const params = idParam('collection');

const create = scopedRoute('collections:write', {
  method: 'post',
  path: '/v1/collections',
  operationId: 'createCollection',
  tags,
  summary: 'Make a collection',
  description:
    'Collections contain documents and other collections, at most 20 deep. Names in one place are different, whatever ' +
    'their case (409 `name_taken`).',
  request: { body: jsonBody(createCollectionBody) },
  responses: {
    201: { ...json(countedCollectionSchema, 'The new collection.'), headers: createdHeaders },
    ...problems('malformed', 'not_found', 'conflict', 'invalid_fields'),
  },
});

const list = scopedRoute('collections:read', {
  method: 'get',
  path: '/v1/collections',
  operationId: 'listCollections',
  tags,
  summary: 'List collections',
  description: 'All of them, or with `parentId` those directly in one place.',
  request: { query: listCollectionsQuery },
  responses: { 200: json(collectionPageSchema, 'One page.'), ...problems('invalid_fields') },
});

const get = scopedRoute('collections:read', {
  method: 'get',
  path: '/v1/collections/{id}',
  operationId: 'getCollection',
  tags,
  summary: 'Get a collection',
  description: 'With the number of documents directly in it. Answers 304 when `If-None-Match` names its present state.',
  request: { params },
  responses: {
    200: { ...json(countedCollectionSchema, 'The collection.'), headers: entityTag },
    304: { description: 'You have its present state.' },
    ...problems('not_found', 'invalid_fields'),
  },
});

const change = scopedRoute('collections:write', {
  method: 'patch',
  path: '/v1/collections/{id}',
  operationId: 'changeCollection',
  tags,
  summary: 'Change or move a collection',
  description:
    'What is left out stays as it is. Give `If-Match` or `version` to change only what you have read (412 otherwise). ' +
    'A collection cannot be moved into what it contains (409 `would_make_cycle`) or more than 20 deep (409 `too_deep`).',
  request: { params, body: jsonBody(changeCollectionBody) },
  responses: {
    200: { ...json(countedCollectionSchema, 'The changed collection.'), headers: entityTag },
    ...problems('malformed', 'not_found', 'conflict', 'stale_version', 'invalid_fields'),
  },
});

const remove = scopedRoute('collections:write', {
  method: 'delete',
  path: '/v1/collections/{id}',
  operationId: 'deleteCollection',
  tags,
  summary: 'Move a collection to the trash',
  description: 'With the collections in it. The documents in them stay where else they are, and live.',
  request: { params },
  responses: { 204: { description: 'In the trash.' }, ...problems('not_found', 'stale_version', 'invalid_fields') },
});

const restore = scopedRoute('collections:write', {
  method: 'post',
  path: '/v1/collections/{id}/restore',
  operationId: 'restoreCollection',
  tags,
  summary: 'Bring a collection back from the trash',
  description:
    'With the collections that went there together with it. It returns to its place, or to the top when what contained ' +
    'it is gone. 409 `name_taken` when there is another one of that name by now.',
  request: { params },
  responses: {
    200: { ...json(countedCollectionSchema, 'The collection.'), headers: entityTag },
    ...problems('not_found', 'conflict', 'invalid_fields'),
  },
});

/** Collections themselves; what is filed in them is the documents' business. */
export function collectionRoutes(app: Router): void {
  app.openapi(create, async (c) => {
    const collection = await c.var.services.collections.create(c.var.actor, c.req.valid('json'));
    c.header('location', `/v1/collections/${collection.id}`);
    c.header('etag', collectionTag(collection));
    return c.json(presentCountedCollection(collection), 201);
  });

  app.openapi(list, async (c) => {
    const page = await c.var.services.collections.list(c.var.actor, c.req.valid('query'));
    return c.json({ items: page.items.map(presentCollection), nextCursor: page.nextCursor }, 200);
  });

  app.openapi(get, async (c) => {
    const collection = await c.var.services.collections.get(c.var.actor, c.req.valid('param').id);
    const tag = collectionTag(collection);
    c.header('etag', tag);
    if (isNotModified(c, tag)) return c.body(null, 304);
    return c.json(presentCountedCollection(collection), 200);
  });

  app.openapi(change, async (c) => {
    const { version: inBody, ...changes } = c.req.valid('json');
    const { id } = c.req.valid('param');
    const collection = await c.var.services.collections.change(c.var.actor, {
      id,
      changes,
      expectedVersion: expectedVersion(c, inBody),
    });
    c.header('etag', collectionTag(collection));
    return c.json(presentCountedCollection(collection), 200);
  });

  app.openapi(remove, async (c) => {
    const { id } = c.req.valid('param');
    await c.var.services.collections.trash(c.var.actor, { id, expectedVersion: expectedVersion(c) });
    return c.body(null, 204);
  });

  app.openapi(restore, async (c) => {
    const collection = await c.var.services.collections.restore(c.var.actor, c.req.valid('param').id);
    c.header('etag', collectionTag(collection));
    return c.json(presentCountedCollection(collection), 200);
  });
}
