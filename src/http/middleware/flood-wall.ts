import { createMiddleware } from 'hono/factory';
import { AppError } from '../../shared/app-error.ts';
import { clientAddress } from '../client-address.ts';
import type { AppContext } from '../context.ts';

/** The period of the binding in `wrangler.toml`, which a test holds to this. */
export const FLOOD_PERIOD_SECONDS = 10;

/** Who watches whether the service is alive must be answered even in a flood. */
const PROBE = '/health';

/**
 * The first wall: stops an address that sends far more than anyone has reason to, before its requests cost anything. The
 * platform counts for each of its locations, approximately and next to the Worker; what limits promise is counted
 * exactly behind it. When the platform does not answer, the call is let through.
 */
export const floodWall = createMiddleware<AppContext>(async (c, next) => {
  const address = clientAddress(c);
  if (address !== undefined && c.req.path !== PROBE && !(await isLetThrough(c.env.FLOOD_WALL, address))) {
    throw new AppError('rate_limited', 'There were far too many requests from your address.', {
      code: 'flood',
      retryAfterSeconds: FLOOD_PERIOD_SECONDS,
    });
  }
  await next();
});

async function isLetThrough(wall: RateLimit, key: string): Promise<boolean> {
  try {
    return (await wall.limit({ key })).success;
  } catch {
    return true;
  }
}
