import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { Caller } from '../../shared/actor.ts';
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
    standings.map(({ policy, quota, windowSeconds }) => `"${policy}";q=${quota};w=${windowSeconds}`).join(', '),
  );
  c.header(
    'ratelimit',
    standings.map(({ policy, remaining, resetSeconds }) => `"${policy}";r=${remaining};t=${resetSeconds}`).join(', '),
  );
});

/** Counts a call that anyone may make, by its address. */
export const limitAddress = createMiddleware<AppContext>(async (c, next) => {
  await c.var.services.settings.ready();
  await countAddress(c);
  await next();
});

/** @throws AppError `rate_limited` when the address has made too many calls without a valid credential. */
export const countAddress = (c: Context<AppContext>): Promise<void> =>
  count(c, { credential: { type: 'anonymous', address: clientAddress(c) } });

/** @throws AppError `rate_limited` when the user, or the key, has made too many calls. */
export const countActor = (c: Context<AppContext>): Promise<void> => count(c, c.var.actor);

async function count(c: Context<AppContext>, caller: Caller): Promise<void> {
  const standings = await c.var.services.requestLimits.count(caller);
  c.set('standings', standings);
  c.var.services.limits.note(caller, standings);
  const refused = standings.filter(({ isAllowed }) => !isAllowed);
  if (refused.length === 0) return;
  throw new AppError('rate_limited', 'There were too many requests.', {
    retryAfterSeconds: Math.max(...refused.map(({ retryAfterSeconds }) => retryAfterSeconds)),
  });
}
