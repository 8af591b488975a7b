import { cors } from 'hono/cors';
import { createMiddleware } from 'hono/factory';
import type { Config } from '../../config.ts';
import type { AppContext } from '../context.ts';

const EXPOSED = [
  'etag',
  'idempotency-replayed',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'server-timing',
  'x-d1-bookmark',
  'x-request-id',
];
const ALLOWED = [
  'authorization',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'x-d1-bookmark',
  'x-request-id',
];

/** Browsers of the configured origins may call with a bearer token; cookies are never used. */
export const corsByConfig = (config: Config) => {
  const allowed = cors({
    origin: config.CORS_ORIGINS.includes('*') ? '*' : config.CORS_ORIGINS,
    allowMethods: ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'],
    allowHeaders: ALLOWED,
    exposeHeaders: EXPOSED,
    maxAge: 600,
  });
  // Only browsers send an origin; everybody else needs none of this.
  return createMiddleware<AppContext>((c, next) => (c.req.header('origin') === undefined ? next() : allowed(c, next)));
};
