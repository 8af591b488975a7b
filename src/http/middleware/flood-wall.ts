import { createMiddleware } from 'hono/factory';
import { FLOOD_PERIOD_SECONDS } from '../../limit-objects/flood-wall.ts';
import { AppError } from '../../shared/app-error.ts';
import { clientAddress } from '../client-address.ts';
import type { AppContext } from '../context.ts';

/** Who watches whether the service is alive must be answered even in a flood. */
const PROBE = '/health';

/** Stops the calls of an address that floods the service before they cost anything. What limits promise is counted exactly behind it. */
export const floodWall = createMiddleware<AppContext>(async (c, next) => {
  const address = clientAddress(c);
  const isExempt = address === undefined || c.req.path === PROBE;
  if (!isExempt && !(await c.var.services.floodWall.letsThrough(address))) {
    throw new AppError('rate_limited', 'There were far too many requests from your address.', {
      code: 'flood',
      retryAfterSeconds: FLOOD_PERIOD_SECONDS,
    });
  }
  await next();
});
