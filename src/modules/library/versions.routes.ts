import { z } from '@hono/zod-openapi';
import { idParam, json, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { presentJob } from '../ingestion/ingestion.presenter.ts';
import { jobSchema } from '../ingestion/ingestion.schemas.ts';
import { answerContent, contentResponses } from './document-content.routes.ts';
import { presentDocument } from './documents.presenter.ts';
import { acceptedSchema } from './documents.schemas.ts';
import { presentVersion } from './versions.presenter.ts';
import { versionPageSchema, versionParams, versionsQuery } from './versions.schemas.ts';

const tags = ['documents'];

const list = scopedRoute('documents:read', {
  method: 'get',
  path: '/v1/documents/{id}/versions',
  operationId: 'listDocumentVersions',
  tags,
  summary: 'List what a document consisted of',
  description: 'Each time that it got other bytes, the latest first.',
  request: { params: idParam('document'), query: versionsQuery },
  responses: {
    200: json(versionPageSchema, 'One page.'),
    ...problems('not_found', 'invalid_fields'),
  },
});

const content = scopedRoute('documents:read', {
  method: 'get',
  path: '/v1/documents/{id}/versions/{number}/content',
  operationId: 'getDocumentVersionContent',
  tags,
  summary: 'Get the file of a version',
  description: 'Byte for byte as it was handed in, always as an attachment. `Range` gives a part of it.',
  request: { params: versionParams },
  responses: contentResponses,
});

const restore = scopedRoute('documents:write', {
  method: 'post',
  path: '/v1/documents/{id}/versions/{number}/restore',
  operationId: 'restoreDocumentVersion',
  tags,
  summary: 'Bring an earlier version back',
  description:
    'The document gets the bytes of that version again, as a new version; the present one stays among the earlier ones.',
  request: { params: versionParams },
  responses: {
    202: json(acceptedSchema, 'Accepted; the job reads it.'),
    ...problems('not_found', 'conflict', 'invalid_fields'),
  },
});

const remove = scopedRoute('documents:write', {
  method: 'delete',
  path: '/v1/documents/{id}/versions/{number}',
  operationId: 'deleteDocumentVersion',
  tags,
  summary: 'Delete an earlier version for good',
  description: 'Not the present one. Bytes that another version of the document shares with it stay for that one.',
  request: { params: versionParams },
  responses: {
    202: json(z.object({ job: jobSchema }).openapi('AcceptedDeletion'), 'The job that removes its bytes.'),
    ...problems('not_found', 'conflict', 'invalid_fields'),
  },
});

/** What a document consisted of before. */
export function versionRoutes(app: Router): void {
  app.openapi(list, async (c) => {
    const { id: documentId } = c.req.valid('param');
    const page = await c.var.services.versions.list(c.var.actor, { documentId, ...c.req.valid('query') });
    return c.json({ ...page, items: page.items.map(presentVersion) }, 200);
  });

  app.openapi(content, async (c) => {
    const { id, number } = c.req.valid('param');
    return answerContent(c, (part) => c.var.services.content.openVersion(c.var.actor, { id, number, ...part }));
  });

  app.openapi(restore, async (c) => {
    const { id: documentId, number } = c.req.valid('param');
    const { document, job } = await c.var.services.versions.restore(c.var.actor, { documentId, number });
    return c.json({ document: presentDocument(document), job: presentJob(job) }, 202);
  });

  app.openapi(remove, async (c) => {
    const { id: documentId, number } = c.req.valid('param');
    const job = await c.var.services.versions.remove(c.var.actor, { documentId, number });
    return c.json({ job: presentJob(job) }, 202);
  });
}
