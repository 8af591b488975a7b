import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { type Standing, WINDOW_MS } from '../../limit-objects/request-limits.ts';
import { AppError } from '../../shared/app-error.ts';
import { clientAddress } from '../client-address.ts';
import type { AppContext } from '../context.ts';

/** Shows on every answer that was counted how its caller stands (draft-ietf-httpapi-ratelimit-headers). */
export const rateLimitHeaders = createMiddleware<AppContext>(async (c, next) => {
  await next();
  const standings = c.get('standings') ?? [];
  if (standings.length === 0) return;
  c.header(
    'ratelimit-policy',
    standings.map(({ policy, quota }) => `"${policy}";q=${quota};w=${WINDOW_SECONDS}`).join(', '),
  );
  c.header(
    'ratelimit',
    standings.map(({ policy, remaining, resetSeconds }) => `"${policy}";r=${remaining};t=${resetSeconds}`).join(', '),
  );
});

const WINDOW_SECONDS = WINDOW_MS / 1000;

/** Counts a call that anyone may make, by its address. */
export const limitAddress = createMiddleware<AppContext>(async (c, next) => {
  await countAddress(c);
  await next();
});

/** @throws AppError `rate_limited` when the address has made too many calls without a valid credential. */
export const countAddress = async (c: Context<AppContext>): Promise<void> =>
  judge(c, await c.var.services.requestLimits.countAddress(clientAddress(c)));

/** @throws AppError `rate_limited` when the user, or the key, has made too many calls. */
export const countActor = async (c: Context<AppContext>): Promise<void> =>
  judge(c, await c.var.services.requestLimits.countActor(c.var.actor));

function judge(c: Context<AppContext>, standings: Standing[]): void {
  c.set('standings', standings);
  const refused = standings.filter(({ isAllowed }) => !isAllowed);
  if (refused.length === 0) return;
  throw new AppError('rate_limited', 'There were too many requests in the last minute.', {
    retryAfterSeconds: Math.max(...refused.map(({ retryAfterSeconds }) => retryAfterSeconds)),
  });
}
