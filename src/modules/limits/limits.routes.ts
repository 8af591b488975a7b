import { json, jsonBody, problems, type Router, scopedRoute } from '../../http/openapi.ts';
import { presentRateLimits } from './limits.presenter.ts';
import { changeRateLimitsBody, lockoutParam, rateLimitsSchema } from './limits.schemas.ts';

const tags = ['admin'];

const get = scopedRoute('admin', {
  method: 'get',
  path: '/v1/admin/rate-limits',
  operationId: 'getRateLimits',
  tags,
  summary: 'See limits, who is near them, and who is locked out',
  description:
    'Everybody’s limits, those that users and API keys have of their own, who was near or over one within the last hour, ' +
    'and who has to wait after failed attempts. Refusals show a moment later; in a flood, only the most refused are noted.',
  responses: { 200: json(rateLimitsSchema, 'How things stand.') },
});

const change = scopedRoute('admin', {
  method: 'patch',
  path: '/v1/admin/rate-limits',
  operationId: 'changeRateLimits',
  tags,
  summary: 'Give users and API keys limits of their own',
  description:
    'All of them, or none if one is unknown. Takes effect within 30 seconds. Everybody’s limits are changed at ' +
    '`/v1/admin/settings`.',
  request: { body: jsonBody(changeRateLimitsBody) },
  responses: {
    204: { description: 'They hold.' },
    ...problems('malformed', 'not_found', 'too_large', 'invalid_fields'),
  },
});

const unlock = scopedRoute('admin', {
  method: 'delete',
  path: '/v1/admin/rate-limits/lockouts/{id}',
  operationId: 'endLockout',
  tags,
  summary: 'Unlock an account or an address',
  description: 'Forgets its failed attempts: the next one may be made at once.',
  request: { params: lockoutParam },
  responses: { 204: { description: 'It is unlocked.' }, ...problems('not_found', 'invalid_fields') },
});

/** Request limits and lock-outs. */
export function limitRoutes(app: Router): void {
  app.openapi(get, async (c) => c.json(presentRateLimits(await c.var.services.limits.overview()), 200));

  app.openapi(change, async (c) => {
    await c.var.services.limits.change(c.var.actor, c.req.valid('json'));
    return c.body(null, 204);
  });

  app.openapi(unlock, async (c) => {
    await c.var.services.limits.unlock(c.var.actor, c.req.valid('param').id);
    return c.body(null, 204);
  });
}
