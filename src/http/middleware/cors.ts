import { cors } from 'hono/cors';
import { createMiddleware } from 'hono/factory';
import type { Config } from '../../config.ts';
import type { AppContext } from '../context.ts';

const EXPOSED = [
  'etag',
  'idempotency-replayed',
  'link',
  'location',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'server-timing',
  'tus-checksum-algorithm',
  'tus-extension',
  'tus-max-size',
  'tus-resumable',
  'tus-version',
  'upload-expires',
  'upload-length',
  'upload-metadata',
  'upload-offset',
  'x-d1-bookmark',
  'x-request-id',
];
const ALLOWED = [
  'authorization',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'tus-resumable',
  'upload-checksum',
  'upload-length',
  'upload-metadata',
  'upload-offset',
  'x-d1-bookmark',
  'x-http-method-override',
  'x-request-id',
];

/** Browsers of the configured origins may call with a bearer token; with cookies, where there are any, only if listed. */
export const corsByConfig = (config: Config) => {
  const rules = {
    allowMethods: ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'],
    allowHeaders: ALLOWED,
    exposeHeaders: EXPOSED,
    maxAge: 600,
  };
  const allowed = cors({ ...rules, origin: config.CORS_ORIGINS.includes('*') ? '*' : config.CORS_ORIGINS });
  const listed = listedOrigins(config);
  const withCookies = cors({ ...rules, origin: listed, credentials: true });
  return createMiddleware<AppContext>((c, next) => {
    const origin = c.req.header('origin');
    // Only browsers send an origin; everybody else needs none of this.
    if (origin === undefined) return next();
    return config.COOKIES && listed.includes(origin) ? withCookies(c, next) : allowed(c, next);
  });
};

/** Origins that are named: `*` lets nobody act with somebody's cookies. */
const listedOrigins = ({ CORS_ORIGINS }: Config) => CORS_ORIGINS.filter((origin) => origin !== '*');
