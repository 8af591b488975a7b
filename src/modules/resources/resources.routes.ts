import { expectedVersion, isNotModified } from '../../http/etag.ts';
import { idParam, json, jsonBody, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { presentJob } from '../ingestion/ingestion.presenter.ts';
import { acceptedBatchSchema } from '../library/batches.schemas.ts';
import { entityTag } from '../library/library.schemas.ts';
import { presentResource, resourceTag } from './resources.presenter.ts';
import {
  acceptedResourceSchema,
  addResourceBody,
  addResourcesBody,
  changeResourceBody,
  knownResourceSchema,
  listResourcesQuery,
  resourcePageSchema,
  resourceSchema,
} from './resources.schemas.ts';

const tags = ['resources'];
const params = idParam('resource');

const add = scopedRoute('documents:write', {
  method: 'post',
  path: '/v1/resources',
  operationId: 'addResource',
  tags,
  summary: 'Take in a page, a file or a feed from the web',
  description:
    'A job fetches the address and makes a document of what is there: the original is kept, the readable part is read. ' +
    'Of a feed it discovers the entries. Only the public web can be fetched. The same address again, however it is ' +
    'written, answers with the resource that there is: 200 without a job if there is nothing to fetch.',
  request: { body: jsonBody(addResourceBody) },
  responses: {
    200: json(knownResourceSchema, 'You have it already.'),
    202: json(acceptedResourceSchema, 'Accepted; the job fetches it.'),
    ...problems('malformed', 'not_found', 'invalid_fields'),
  },
});

const addMany = scopedRoute('documents:write', {
  method: 'post',
  path: '/v1/resources/batch',
  operationId: 'addResources',
  tags,
  summary: 'Take in many pages and files from the web',
  description:
    'Up to 1,000 addresses, filed alike. One job stands for the whole; each address is an item of it, and so is the ' +
    'document that comes of it (`/v1/jobs/{id}/items`). Those that you have already are looked at again. An address ' +
    'that cannot be fetched is a failed item and keeps no other from being fetched.',
  request: { body: jsonBody(addResourcesBody) },
  responses: {
    202: json(acceptedBatchSchema, 'Accepted; the job’s items fetch and read them.'),
    ...problems('malformed', 'invalid_fields'),
  },
});

const list = scopedRoute('documents:read', {
  method: 'get',
  path: '/v1/resources',
  operationId: 'listResources',
  tags,
  summary: 'List resources',
  description: 'With `status=discovered` what feeds have named and nobody has accepted or dismissed.',
  request: { query: listResourcesQuery },
  responses: { 200: json(resourcePageSchema, 'One page.'), ...problems('invalid_fields') },
});

const get = scopedRoute('documents:read', {
  method: 'get',
  path: '/v1/resources/{id}',
  operationId: 'getResource',
  tags,
  summary: 'Get a resource',
  description: 'With its quality and the reasons for it, and how it was used.',
  request: { params },
  responses: {
    200: { ...json(resourceSchema, 'The resource.'), headers: entityTag },
    304: { description: 'You have its present state.' },
    ...problems('not_found', 'invalid_fields'),
  },
});

const change = scopedRoute('documents:write', {
  method: 'patch',
  path: '/v1/resources/{id}',
  operationId: 'changeResource',
  tags,
  summary: 'Change how a resource is filed and looked at',
  description:
    'What is left out stays as it is. It holds for what is fetched from then on; a document that there is already is ' +
    'changed at /v1/documents. Give `If-Match` or `version` to change only what you have read (412 otherwise).',
  request: { params, body: jsonBody(changeResourceBody) },
  responses: {
    200: { ...json(resourceSchema, 'The changed resource.'), headers: entityTag },
    ...problems('malformed', 'not_found', 'stale_version', 'invalid_fields'),
  },
});

const remove = scopedRoute('documents:write', {
  method: 'delete',
  path: '/v1/resources/{id}',
  operationId: 'deleteResource',
  tags,
  summary: 'Forget a resource',
  description:
    'Its document stays. With a feed go the entries that nobody has accepted. A feed that still names it discovers it ' +
    'anew; dismiss it instead.',
  request: { params },
  responses: { 204: { description: 'Forgotten.' }, ...problems('not_found', 'stale_version', 'invalid_fields') },
});

const accept = scopedRoute('documents:write', {
  method: 'post',
  path: '/v1/resources/{id}/accept',
  operationId: 'acceptResource',
  tags,
  summary: 'Accept what a feed has named',
  description: 'A job fetches it and makes a document of it. Also for what was dismissed or has failed.',
  request: { params },
  responses: {
    202: json(acceptedResourceSchema, 'Accepted; the job fetches it.'),
    ...problems('not_found', 'conflict', 'invalid_fields'),
  },
});

const check = scopedRoute('documents:write', {
  method: 'post',
  path: '/v1/resources/{id}/check',
  operationId: 'checkResource',
  tags,
  summary: 'Look whether a resource has changed',
  description:
    'The job asks by `ETag` and `Last-Modified`. What has changed becomes the content of the same document, which keeps ' +
    'its id, tags and place; a feed is read for what is new.',
  request: { params },
  responses: {
    202: json(acceptedResourceSchema, 'The job looks.'),
    ...problems('not_found', 'conflict', 'invalid_fields'),
  },
});

const dismiss = scopedRoute('documents:write', {
  method: 'post',
  path: '/v1/resources/{id}/dismiss',
  operationId: 'dismissResource',
  tags,
  summary: 'Dismiss a resource',
  description: 'It is not fetched, and its feed does not discover it again.',
  request: { params },
  responses: { 200: json(resourceSchema, 'The resource.'), ...problems('not_found', 'conflict', 'invalid_fields') },
});

/** What people want from the web, and what feeds bring. */
export function resourceRoutes(app: Router): void {
  app.openapi(add, async (c) => {
    const { resource, job } = await c.var.services.resources.add(c.var.actor, c.req.valid('json'));
    c.header('location', `/v1/resources/${resource.id}`);
    if (!job) return c.json({ resource: presentResource(resource), job: null }, 200);
    return c.json({ resource: presentResource(resource), job: presentJob(job) }, 202);
  });

  app.openapi(addMany, async (c) => {
    const job = await c.var.services.resourceBatch.create(c.var.actor, c.req.valid('json'));
    c.header('location', `/v1/jobs/${job.id}`);
    return c.json({ job: presentJob(job) }, 202);
  });

  app.openapi(list, async (c) => {
    const { q, ...query } = c.req.valid('query');
    const page = await c.var.services.resources.list(c.var.actor, { ...query, title: q });
    return c.json({ items: page.items.map(presentResource), nextCursor: page.nextCursor }, 200);
  });

  app.openapi(get, async (c) => {
    const resource = await c.var.services.resources.get(c.var.actor, c.req.valid('param').id);
    const tag = resourceTag(resource);
    c.header('etag', tag);
    if (isNotModified(c, tag)) return c.body(null, 304);
    return c.json(presentResource(resource), 200);
  });

  app.openapi(change, async (c) => {
    const { version, ...changes } = c.req.valid('json');
    const { id } = c.req.valid('param');
    const given = { id, changes, expectedVersion: expectedVersion(c, version) };
    const resource = await c.var.services.resources.change(c.var.actor, given);
    c.header('etag', resourceTag(resource));
    return c.json(presentResource(resource), 200);
  });

  app.openapi(remove, async (c) => {
    const { id } = c.req.valid('param');
    await c.var.services.resources.remove(c.var.actor, { id, expectedVersion: expectedVersion(c) });
    return c.body(null, 204);
  });

  app.openapi(accept, async (c) => {
    const { resource, job } = await c.var.services.resources.accept(c.var.actor, c.req.valid('param').id);
    return c.json({ resource: presentResource(resource), job: presentJob(job) }, 202);
  });

  app.openapi(check, async (c) => {
    const { resource, job } = await c.var.services.resources.check(c.var.actor, c.req.valid('param').id);
    return c.json({ resource: presentResource(resource), job: presentJob(job) }, 202);
  });

  app.openapi(dismiss, async (c) =>
    c.json(presentResource(await c.var.services.resources.dismiss(c.var.actor, c.req.valid('param').id)), 200),
  );
}
