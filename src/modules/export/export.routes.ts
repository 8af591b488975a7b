import { z } from '@hono/zod-openapi';
import { problems, type Router, scopedRoute } from '../../http/openapi.ts';

const zip = { 'application/zip': { schema: z.any().openapi({ type: 'string', format: 'binary' }) } };
const link = {
  description: 'Where the archive of further documents is (`rel="next"`), if this one cannot hold them all.',
  schema: { type: 'string' as const },
};

const download = scopedRoute('account:read', {
  method: 'get',
  path: '/v1/me/export',
  operationId: 'exportMe',
  tags: ['me'],
  summary: 'Download everything that you own, as one archive',
  description:
    'A ZIP file with the original of every document, its text and what is known of it, your account, collections, tags, ' +
    'searches and jobs as JSON, and a `manifest.json` with the SHA-256 of every file. It is written while you download ' +
    'it; without its manifest it is not whole, and is to be asked for again. Beyond 3,000 documents, `Link` and the ' +
    'manifest say where the next archive is. Only a session can do this (403 `session_required`).',
  request: {
    query: z.object({
      cursor: z.string().max(4000).optional().openapi({ description: 'As `Link` of the archive before gives it.' }),
    }),
  },
  responses: {
    200: { description: 'The archive.', content: zip, headers: { link } },
    ...problems('invalid_fields'),
  },
});

/** Taking everything along. */
export function exportRoutes(app: Router): void {
  app.openapi(download, async (c) => {
    const { filename, body, nextCursor } = await c.var.services.accountExport.open(c.var.actor, c.req.valid('query'));
    const ascii = filename.replace(/[^\x20-\x7e]|["\\]/g, '_');
    if (nextCursor) c.header('link', `</v1/me/export?cursor=${nextCursor}>; rel="next"`);
    return c.body(body, 200, {
      'content-type': 'application/zip',
      'content-disposition': `attachment; filename="${ascii}"; filename*=UTF-8''${encodeURIComponent(filename)}`,
      'cache-control': 'no-store',
    });
  });
}
