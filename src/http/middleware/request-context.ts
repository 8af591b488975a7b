import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { createServices, type Runtime, type Services } from '../../services.ts';
import type { AppContext } from '../context.ts';

const REQUEST_ID = /^[\w.:-]{8,100}$/;
const BOOKMARK = /^[\w-]{1,200}$/;

/** Gives each request its id and services; measures it; logs one line when it has been answered. */
export const requestContext = (runtime: Runtime) =>
  createMiddleware<AppContext>(async (c, next) => {
    const start = performance.now();
    const requestId = given(c.req.header('x-request-id'), REQUEST_ID) ?? runtime.ids.next();
    const services = createServices(runtime, {
      session: given(c.req.header('x-d1-bookmark'), BOOKMARK),
      waitUntil: (work) => c.executionCtx.waitUntil(work),
      requestId,
    });
    c.set('requestId', requestId);
    c.set('logger', runtime.logger);
    c.set('services', services);
    await next();
    describeCost(c, services, performance.now() - start);
  });

function describeCost(c: Context<AppContext>, { meter, database, timings }: Services, durationMs: number): void {
  const parts = [
    `total;dur=${durationMs.toFixed(1)}`,
    `db;dur=${meter.waitMs.toFixed(1)};desc="${meter.roundTrips} round trips"`,
    ...Object.entries(timings).map(([name, ms]) => `${name};dur=${ms.toFixed(1)}`),
  ];
  c.header('server-timing', parts.join(', '));
  c.header('x-request-id', c.var.requestId);
  const bookmark = database.bookmark();
  if (bookmark) c.header('x-d1-bookmark', bookmark);
  c.var.logger.info('request', {
    requestId: c.var.requestId,
    method: c.req.method,
    route: c.req.routePath,
    status: c.res.status,
    durationMs: Math.round(durationMs * 10) / 10,
    roundTrips: meter.roundTrips,
    rowsRead: meter.rowsRead,
    rowsWritten: meter.rowsWritten,
    userId: c.var.actor?.userId,
  });
}

function given(value: string | undefined, pattern: RegExp): string | undefined {
  return value !== undefined && pattern.test(value) ? value : undefined;
}
