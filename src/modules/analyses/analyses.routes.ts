import { idParam, json, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { presentAnalysis } from './analyses.presenter.ts';
import { analysisPageSchema, listAnalysesQuery } from './analyses.schemas.ts';

const list = scopedRoute('documents:read', {
  method: 'get',
  path: '/v1/documents/{id}/analyses',
  operationId: 'listDocumentAnalyses',
  tags: ['documents'],
  summary: 'List what is known of a document beyond its text',
  description:
    'Language, key phrases, names, reading time, quality, a summary whose sentences say where they stand, measurements of ' +
    'pictures and sound, and what models have read in them. They follow some moments after the document is `ready`.',
  request: { params: idParam('document'), query: listAnalysesQuery },
  responses: { 200: json(analysisPageSchema, 'One page.'), ...problems('not_found', 'invalid_fields') },
});

/** What is known of documents. They are made anew by `POST /v1/documents/{id}/reprocess`. */
export function analysisRoutes(app: Router): void {
  app.openapi(list, async (c) => {
    const { all, ...query } = c.req.valid('query');
    const { id } = c.req.valid('param');
    const page = await c.var.services.analyses.list(c.var.actor, { id, all: all === 'true', ...query });
    return c.json({ items: page.items.map(presentAnalysis), nextCursor: page.nextCursor }, 200);
  });
}
