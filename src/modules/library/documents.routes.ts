import { z } from '@hono/zod-openapi';
import { expectedVersion, isNotModified } from '../../http/etag.ts';
import { idParam, json, jsonBody, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { parseTime } from '../../shared/time.ts';
import { reprocessBody } from '../analyses/analyses.schemas.ts';
import { presentJob } from '../ingestion/ingestion.presenter.ts';
import { jobSchema } from '../ingestion/ingestion.schemas.ts';
import { documentTag, presentDocument } from './documents.presenter.ts';
import {
  acceptedSchema,
  changeDocumentBody,
  documentPageSchema,
  documentSchema,
  listDocumentsQuery,
  removeDocumentQuery,
  replacementFormSchema,
  uploadFormSchema,
} from './documents.schemas.ts';
import type { FamilyScope } from './documents.service.ts';
import { presentSameBytes } from './duplicates.presenter.ts';
import { acceptedUploadSchema, skippedUploadSchema } from './duplicates.schemas.ts';
import { foldTagName } from './tags.ts';

const tags = ['documents'];
const params = idParam('document');
const form = (schema: typeof uploadFormSchema | typeof replacementFormSchema) => ({
  required: true,
  content: { 'multipart/form-data': { schema } },
});
const uploadErrors = problems('malformed', 'too_large', 'unsupported_media_type', 'invalid_fields');

const upload = scopedRoute('documents:write', {
  method: 'post',
  path: '/v1/documents',
  operationId: 'uploadDocument',
  tags,
  summary: 'Hand in a document',
  description:
    'Stores the file and answers at once; the job reads it. What was answered with 202 is never lost. Documents with the ' +
    'same bytes are named in the answer; `onDuplicate` says beforehand what becomes of the file then.',
  requestBody: form(uploadFormSchema),
  responses: {
    200: json(skippedUploadSchema, 'Nothing was made: this document has the same bytes (`onDuplicate` is `skip`).'),
    202: json(acceptedUploadSchema, 'Accepted; the job reads it.'),
    ...uploadErrors,
  },
});

const list = scopedRoute('documents:read', {
  method: 'get',
  path: '/v1/documents',
  operationId: 'listDocuments',
  tags,
  summary: 'List documents',
  request: { query: listDocumentsQuery },
  responses: { 200: json(documentPageSchema, 'One page.'), ...problems('invalid_fields') },
});

const get = scopedRoute('documents:read', {
  method: 'get',
  path: '/v1/documents/{id}',
  operationId: 'getDocument',
  tags,
  summary: 'Get a document',
  request: { params },
  responses: {
    200: json(documentSchema, 'The document.'),
    304: { description: 'You have this version (`If-None-Match`).' },
    ...problems('not_found', 'invalid_fields'),
  },
});

const change = scopedRoute('documents:write', {
  method: 'patch',
  path: '/v1/documents/{id}',
  operationId: 'changeDocument',
  tags,
  summary: 'Change title, tags, profile or metadata',
  description: 'Searches see the change at once. Give `If-Match` or `version` to change only what you have read.',
  request: { params, body: jsonBody(changeDocumentBody) },
  responses: {
    200: json(documentSchema, 'The changed document.'),
    ...problems('malformed', 'not_found', 'stale_version', 'invalid_fields'),
  },
});

const remove = scopedRoute('documents:write', {
  method: 'delete',
  path: '/v1/documents/{id}',
  operationId: 'deleteDocument',
  tags,
  summary: 'Delete a document',
  description:
    'Moves it to the trash, from which it can be restored; searches stop finding it at once. With `permanent=true` a ' +
    'job removes its rows, files, index entries and vectors, and proves in its result that nothing is left. ' +
    'Attachments go with their mail, and come back with it; what came out of an archive or a mailbox stays, unless ' +
    '`children` says otherwise.',
  request: {
    params,
    query: removeDocumentQuery,
  },
  responses: {
    202: json(z.object({ job: jobSchema }).openapi('AcceptedDeletion'), 'The job that deletes it for good.'),
    204: { description: 'In the trash.' },
    ...problems('not_found', 'stale_version', 'invalid_fields'),
  },
});

const restore = scopedRoute('documents:write', {
  method: 'post',
  path: '/v1/documents/{id}/restore',
  operationId: 'restoreDocument',
  tags,
  summary: 'Bring a document back from the trash',
  request: { params },
  responses: { 200: json(documentSchema, 'The document.'), ...problems('not_found', 'invalid_fields') },
});

const reprocess = scopedRoute('documents:write', {
  method: 'post',
  path: '/v1/documents/{id}/reprocess',
  operationId: 'reprocessDocument',
  tags,
  summary: 'Read a document again, or analyse it',
  description:
    'Without a body, the file is read anew, as if it had just been handed in. With `analyses`, only these are made anew; what ' +
    'a model has read in the same bytes before is not paid for again. A document that is not `ready` answers 409.',
  request: { params, body: { required: false, content: { 'application/json': { schema: reprocessBody } } } },
  responses: { 202: json(acceptedSchema, 'The job does it.'), ...problems('not_found', 'conflict', 'invalid_fields') },
});

const replaceContent = scopedRoute('documents:write', {
  method: 'put',
  path: '/v1/documents/{id}/content',
  operationId: 'replaceDocumentContent',
  tags,
  summary: 'Replace a document’s bytes',
  description:
    'For a repaired or newer file. The document keeps its id, title, tags and place; the job reads it anew. What it ' +
    'consisted of before stays among its versions.',
  request: { params },
  requestBody: form(replacementFormSchema),
  responses: {
    202: json(acceptedSchema, 'Accepted; the job reads it.'),
    ...problems('not_found', 'stale_version'),
    ...uploadErrors,
  },
});

const itemParams = z.object({
  id: z.uuid().openapi({ param: { name: 'id', in: 'path' }, description: 'Id of the collection.' }),
  documentId: z.uuid().openapi({ param: { name: 'documentId', in: 'path' }, description: 'Id of the document.' }),
});

const addItem = scopedRoute('collections:write', {
  method: 'put',
  path: '/v1/collections/{id}/items/{documentId}',
  operationId: 'addCollectionItem',
  tags: ['collections'],
  summary: 'Put a document into a collection',
  description: 'A document may be in any number of collections. Searches in the collection find it at once.',
  request: { params: itemParams },
  responses: { 204: { description: 'It is in there.' }, ...problems('not_found', 'invalid_fields') },
});

const removeItem = scopedRoute('collections:write', {
  method: 'delete',
  path: '/v1/collections/{id}/items/{documentId}',
  operationId: 'removeCollectionItem',
  tags: ['collections'],
  summary: 'Take a document out of a collection',
  description: 'The document itself stays.',
  request: { params: itemParams },
  responses: { 204: { description: 'It is not in there.' }, ...problems('not_found', 'invalid_fields') },
});

/** Documents as a whole: in, listed, changed, away and back. */
export function documentRoutes(app: Router): void {
  app.openapi(upload, async (c) => {
    const { document, job, sameBytes } = await c.var.services.upload.create(c.var.actor, {
      body: c.req.raw.body,
      contentType: c.req.header('content-type'),
    });
    c.header('location', `/v1/documents/${document.id}`);
    if (!job) return c.json({ document: presentDocument(document), job: null, duplicates: [] }, 200);
    const duplicates = sameBytes.map((other) => presentSameBytes(other, { uploadedId: document.id }));
    return c.json({ document: presentDocument(document), job: presentJob(job), duplicates }, 202);
  });

  app.openapi(list, async (c) => {
    const { q, tag, from, to, trashed, ...query } = c.req.valid('query');
    const page = await c.var.services.documents.list(c.var.actor, {
      ...query,
      title: q,
      tagKey: tag === undefined ? undefined : foldTagName(tag),
      createdFrom: parseTime(from),
      createdTo: parseTime(to),
      trashed: trashed === 'true',
    });
    return c.json({ items: page.items.map(presentDocument), nextCursor: page.nextCursor }, 200);
  });

  app.openapi(get, async (c) => {
    const document = await c.var.services.documents.get(c.var.actor, c.req.valid('param').id);
    const tag = documentTag(document);
    c.header('etag', tag);
    if (isNotModified(c, tag)) return c.body(null, 304);
    return c.json(presentDocument(document), 200);
  });

  app.openapi(change, async (c) => {
    const { version, ...changes } = c.req.valid('json');
    const { id } = c.req.valid('param');
    const given = { id, changes, expectedVersion: expectedVersion(c, version) };
    const document = await c.var.services.documents.change(c.var.actor, given);
    c.header('etag', documentTag(document));
    return c.json(presentDocument(document), 200);
  });

  app.openapi(remove, async (c) => {
    const { documents } = c.var.services;
    const { permanent, children } = c.req.valid('query');
    const target = { id: c.req.valid('param').id, expectedVersion: expectedVersion(c), family: familyOf(children) };
    if (permanent === 'true') {
      const job = await documents.removePermanently(c.var.actor, target);
      return c.json({ job: presentJob(job) }, 202);
    }
    await documents.trash(c.var.actor, target);
    return c.body(null, 204);
  });

  app.openapi(restore, async (c) => {
    const document = await c.var.services.documents.restore(c.var.actor, c.req.valid('param').id);
    return c.json(presentDocument(document), 200);
  });

  app.openapi(reprocess, async (c) => {
    const { id } = c.req.valid('param');
    const { analyses: types } = c.req.valid('json');
    const { documents, analyses } = c.var.services;
    const { document, job } = await (types
      ? analyses.request(c.var.actor, { id, types })
      : documents.reprocess(c.var.actor, id));
    return c.json({ document: presentDocument(document), job: presentJob(job) }, 202);
  });

  app.openapi(replaceContent, async (c) => {
    const upload = { body: c.req.raw.body, contentType: c.req.header('content-type') };
    const { id } = c.req.valid('param');
    const { document, job } = await c.var.services.upload.replace(c.var.actor, {
      id,
      upload,
      expectedVersion: expectedVersion(c),
    });
    return c.json({ document: presentDocument(document), job: presentJob(job) }, 202);
  });

  app.openapi(addItem, async (c) => {
    const { id: collectionId, documentId } = c.req.valid('param');
    await c.var.services.documents.addToCollection(c.var.actor, { collectionId, documentId });
    return c.body(null, 204);
  });

  app.openapi(removeItem, async (c) => {
    const { id: collectionId, documentId } = c.req.valid('param');
    await c.var.services.documents.removeFromCollection(c.var.actor, { collectionId, documentId });
    return c.body(null, 204);
  });
}

const familyOf = (children: 'true' | 'false' | undefined): FamilyScope => {
  if (children === undefined) return 'attachments';
  return children === 'true' ? 'all' : 'none';
};
