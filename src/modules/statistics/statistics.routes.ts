import { json, type Router, scopedRoute } from '../../http/openapi.ts';
import { presentStatistics } from './statistics.presenter.ts';
import { statisticsSchema } from './statistics.schemas.ts';

const get = scopedRoute('account:read', {
  method: 'get',
  path: '/v1/me/stats',
  operationId: 'getStatistics',
  tags: ['me'],
  summary: 'See how much you have',
  description: 'As of now. Searches are counted a moment after they are answered.',
  responses: { 200: json(statisticsSchema, 'The figures.') },
});

/** Figures about what somebody has. */
export function statisticsRoutes(app: Router): void {
  app.openapi(get, async (c) => {
    return c.json(presentStatistics(await c.var.services.statistics.of(c.var.actor)), 200);
  });
}
