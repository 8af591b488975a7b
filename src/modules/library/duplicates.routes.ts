import { idParam, json, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { presentDuplicate } from './duplicates.presenter.ts';
import { duplicatesSchema } from './duplicates.schemas.ts';

const list = scopedRoute('documents:read', {
  method: 'get',
  path: '/v1/documents/{id}/duplicates',
  operationId: 'listDuplicates',
  tags: ['documents'],
  summary: 'Find what is the same, or nearly',
  description:
    'Other documents with the same bytes, or whose text, picture or sound is like this one’s: the hundred most alike at ' +
    'most, the most alike first. Likeness is known as soon as a document is `ready`.',
  request: { params: idParam('document') },
  responses: { 200: json(duplicatesSchema, 'The duplicates.'), ...problems('not_found', 'invalid_fields') },
});

/** What somebody has twice. */
export function duplicateRoutes(app: Router): void {
  app.openapi(list, async (c) => {
    const found = await c.var.services.duplicates.list(c.var.actor, c.req.valid('param').id);
    return c.json({ items: found.map(presentDuplicate) }, 200);
  });
}
