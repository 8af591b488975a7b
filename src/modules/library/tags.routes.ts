import { expectedVersion, isNotModified } from '../../http/etag.ts';
import { idParam, json, jsonBody, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { createdHeaders, entityTag } from './library.schemas.ts';
import { presentTag, tagTag } from './tags.presenter.ts';
import { changeTagBody, createTagBody, listTagsQuery, tagPageSchema, tagSchema } from './tags.schemas.ts';

const tags = ['tags'];
const params = idParam('tag');

const create = scopedRoute('tags:write', {
  method: 'post',
  path: '/v1/tags',
  operationId: 'createTag',
  tags,
  summary: 'Make a tag',
  description:
    'Not needed before tagging a document: that makes missing tags. Names that differ only in case, width or spaces are ' +
    'the same (409 `name_taken`).',
  request: { body: jsonBody(createTagBody) },
  responses: {
    201: { ...json(tagSchema, 'The new tag.'), headers: createdHeaders },
    ...problems('malformed', 'conflict', 'invalid_fields'),
  },
});

const list = scopedRoute('tags:read', {
  method: 'get',
  path: '/v1/tags',
  operationId: 'listTags',
  tags,
  summary: 'List tags',
  description: 'Each with the number of live documents that have it.',
  request: { query: listTagsQuery },
  responses: { 200: json(tagPageSchema, 'One page.'), ...problems('invalid_fields') },
});

const get = scopedRoute('tags:read', {
  method: 'get',
  path: '/v1/tags/{id}',
  operationId: 'getTag',
  tags,
  summary: 'Get a tag',
  description: 'Answers 304 when `If-None-Match` names its present state.',
  request: { params },
  responses: {
    200: { ...json(tagSchema, 'The tag.'), headers: entityTag },
    304: { description: 'You have its present state.' },
    ...problems('not_found', 'invalid_fields'),
  },
});

const change = scopedRoute('tags:write', {
  method: 'patch',
  path: '/v1/tags/{id}',
  operationId: 'changeTag',
  tags,
  summary: 'Rename or recolour a tag',
  description: 'Give `If-Match` or `version` to change only what you have read (412 otherwise).',
  request: { params, body: jsonBody(changeTagBody) },
  responses: {
    200: { ...json(tagSchema, 'The changed tag.'), headers: entityTag },
    ...problems('malformed', 'not_found', 'conflict', 'stale_version', 'invalid_fields'),
  },
});

const remove = scopedRoute('tags:write', {
  method: 'delete',
  path: '/v1/tags/{id}',
  operationId: 'deleteTag',
  tags,
  summary: 'Delete a tag',
  description: 'For good, from every document that has it. The documents stay.',
  request: { params },
  responses: { 204: { description: 'Deleted.' }, ...problems('not_found', 'stale_version', 'invalid_fields') },
});

/** Tags themselves; documents get theirs by name when they are uploaded or changed. */
export function tagRoutes(app: Router): void {
  app.openapi(create, async (c) => {
    const tag = await c.var.services.tags.create(c.var.actor, c.req.valid('json'));
    c.header('location', `/v1/tags/${tag.id}`);
    c.header('etag', tagTag(tag));
    return c.json(presentTag(tag), 201);
  });

  app.openapi(list, async (c) => {
    const page = await c.var.services.tags.list(c.var.actor, c.req.valid('query'));
    return c.json({ items: page.items.map(presentTag), nextCursor: page.nextCursor }, 200);
  });

  app.openapi(get, async (c) => {
    const tag = await c.var.services.tags.get(c.var.actor, c.req.valid('param').id);
    c.header('etag', tagTag(tag));
    if (isNotModified(c, tagTag(tag))) return c.body(null, 304);
    return c.json(presentTag(tag), 200);
  });

  app.openapi(change, async (c) => {
    const { version: inBody, ...changes } = c.req.valid('json');
    const { id } = c.req.valid('param');
    const tag = await c.var.services.tags.change(c.var.actor, {
      id,
      changes,
      expectedVersion: expectedVersion(c, inBody),
    });
    c.header('etag', tagTag(tag));
    return c.json(presentTag(tag), 200);
  });

  app.openapi(remove, async (c) => {
    const { id } = c.req.valid('param');
    await c.var.services.tags.remove(c.var.actor, { id, expectedVersion: expectedVersion(c) });
    return c.body(null, 204);
  });
}
