import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AppContext } from '../../http/context.ts';
import { isNotModified } from '../../http/etag.ts';
import { idParam, json, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import type { ContentView, RequestedPart } from './document-content.ts';
import { chunkPageSchema, chunksQuery, documentTextSchema, textQuery } from './documents.schemas.ts';
import { servedAs } from './served-content.ts';

const tags = ['documents'];
const params = idParam('document');
const binary = { 'application/octet-stream': { schema: z.any().openapi({ type: 'string', format: 'binary' }) } };

/** What may be answered with a file. */
export const contentResponses = {
  200: { description: 'The file.', content: binary },
  206: { description: 'The part of the file that `Range` named.', content: binary },
  304: { description: 'You have these bytes (`If-None-Match`).' },
  ...problems('not_found', 'range_not_satisfiable', 'invalid_fields'),
};

const content = scopedRoute('documents:read', {
  method: 'get',
  path: '/v1/documents/{id}/content',
  operationId: 'getDocumentContent',
  tags,
  summary: 'Get the original file',
  description:
    'Byte for byte as it was handed in. `Range` gives a part of it. Pictures, sound and films that every browser knows may be shown in place, under the type of what they were found to be; everything else is an attachment.',
  request: { params },
  responses: contentResponses,
});

const text = scopedRoute('documents:read', {
  method: 'get',
  path: '/v1/documents/{id}/text',
  operationId: 'getDocumentText',
  tags,
  summary: 'Get the extracted text',
  description: 'The text that offsets of passages and highlights refer to.',
  request: { params, query: textQuery },
  responses: { 200: json(documentTextSchema, 'The text.'), ...problems('not_found', 'conflict', 'invalid_fields') },
});

const chunks = scopedRoute('documents:read', {
  method: 'get',
  path: '/v1/documents/{id}/chunks',
  operationId: 'listDocumentChunks',
  tags,
  summary: 'List the passages that searches find',
  request: { params, query: chunksQuery },
  responses: { 200: json(chunkPageSchema, 'One page.'), ...problems('not_found', 'conflict', 'invalid_fields') },
});

/** What a document holds: its bytes, its text, its passages. */
export function documentContentRoutes(app: Router): void {
  app.openapi(content, async (c) => {
    const { id } = c.req.valid('param');
    return answerContent(c, (part) => c.var.services.content.open(c.var.actor, { id, ...part }));
  });

  app.openapi(text, async (c) => {
    const { id } = c.req.valid('param');
    return c.json(await c.var.services.content.getText(c.var.actor, { id, ...c.req.valid('query') }), 200);
  });

  app.openapi(chunks, async (c) => {
    const { id } = c.req.valid('param');
    return c.json(await c.var.services.content.listChunks(c.var.actor, { id, ...c.req.valid('query') }), 200);
  });
}

/** Answers with a file, or the part of it that is asked for. */
export async function answerContent(c: Context<AppContext>, open: (part: RequestedPart) => Promise<ContentView>) {
  const view = await open({ range: c.req.header('range'), ifRange: c.req.header('if-range') });
  const headers = contentHeaders(view);
  if (isNotModified(c, headers.etag)) {
    await view.body.cancel();
    return c.body(null, 304, { etag: headers.etag });
  }
  return c.body(view.body, view.range ? 206 : 200, headers);
}

function contentHeaders({ file, range, size }: ContentView) {
  const length = range?.length ?? size;
  const { mediaType, disposition } = servedAs(file);
  return {
    'content-type': mediaType,
    'content-length': String(length),
    'content-disposition': disposition,
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache',
    etag: `"${file.sha256}"`,
    ...(range && { 'content-range': `bytes ${range.offset}-${range.offset + length - 1}/${size}` }),
  };
}
