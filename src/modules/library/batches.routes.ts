import { idParam, json, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { presentJob } from '../ingestion/ingestion.presenter.ts';
import { presentBatchItem } from './batches.presenter.ts';
import { acceptedBatchSchema, batchFormSchema, batchItemPageSchema, listItemsQuery } from './batches.schemas.ts';

const upload = scopedRoute('documents:write', {
  method: 'post',
  path: '/v1/documents/batch',
  operationId: 'uploadBatch',
  tags: ['documents'],
  summary: 'Hand in many documents',
  description:
    'Up to 1,000 files in one form, with the same collection, tags, profile and metadata for all; a ZIP archive stands ' +
    'for the files in it. Answers when all bytes are stored, with the job that stands for the whole: what was answered ' +
    'with 202 is never lost. A file that cannot be taken or read is a failed item and keeps no other from being read.',
  requestBody: { required: true, content: { 'multipart/form-data': { schema: batchFormSchema } } },
  responses: {
    202: json(acceptedBatchSchema, 'Accepted; the job’s items read the files.'),
    ...problems('malformed', 'too_large', 'unsupported_media_type', 'invalid_fields'),
  },
});

const items = scopedRoute('jobs:read', {
  method: 'get',
  path: '/v1/jobs/{id}/items',
  operationId: 'listJobItems',
  tags: ['jobs'],
  summary: 'List the items of a batch',
  description:
    'One for each file, in their order, with what has become of it and why. Of any other job: what came out of its ' +
    'document, such as the attachments of a mail.',
  request: { params: idParam('job'), query: listItemsQuery },
  responses: { 200: json(batchItemPageSchema, 'One page.'), ...problems('not_found', 'invalid_fields') },
});

/** Many documents at once, and what becomes of each. */
export function batchRoutes(app: Router): void {
  app.openapi(upload, async (c) => {
    const job = await c.var.services.batch.create(c.var.actor, {
      body: c.req.raw.body,
      contentType: c.req.header('content-type'),
    });
    c.header('location', `/v1/jobs/${job.id}`);
    return c.json({ job: presentJob(job) }, 202);
  });

  app.openapi(items, async (c) => {
    const { id } = c.req.valid('param');
    const page = await c.var.services.batch.listItems(c.var.actor, { ...c.req.valid('query'), id });
    return c.json({ items: page.items.map(presentBatchItem), nextCursor: page.nextCursor }, 200);
  });
}
