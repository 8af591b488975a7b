import { z } from '@hono/zod-openapi';
import { json, publicRoute, type Router } from '../../http/openapi.ts';

const tags = ['system'];

const healthSchema = z.object({ status: z.literal('ok') }).openapi('Health');

const readinessSchema = z
  .object({
    status: z.enum(['ready', 'degraded', 'unavailable']),
    dependencies: z.array(z.object({ name: z.string(), status: z.enum(['up', 'down']), latencyMs: z.number() })),
  })
  .openapi('Readiness');

const health = publicRoute({
  method: 'get',
  path: '/health',
  operationId: 'health',
  tags,
  summary: 'Whether the service is alive',
  description: 'Asks nothing of any dependency.',
  responses: { 200: json(healthSchema, 'It is.') },
});

const ready = publicRoute({
  method: 'get',
  path: '/health/ready',
  operationId: 'readiness',
  tags,
  summary: 'Whether the service can work',
  description: 'Asks each dependency, with a time-out, and says how long it took.',
  responses: {
    200: json(readinessSchema, 'It can, maybe without everything.'),
    503: json(readinessSchema, 'It cannot.'),
  },
});

/** What load balancers and operators ask. */
export function systemRoutes(app: Router): void {
  app.openapi(health, (c) => c.json({ status: 'ok' as const }, 200));

  app.openapi(ready, async (c) => {
    const readiness = await c.var.services.health.readiness();
    return c.json(readiness, readiness.status === 'unavailable' ? 503 : 200);
  });
}
