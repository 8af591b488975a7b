import { cors } from 'hono/cors';
import type { Config } from '../../config.ts';

const EXPOSED = ['etag', 'retry-after', 'server-timing', 'x-d1-bookmark', 'x-request-id'];

/** Browsers of the configured origins may call with a bearer token; cookies are never used. */
export const corsByConfig = (config: Config) =>
  cors({
    origin: config.CORS_ORIGINS.includes('*') ? '*' : config.CORS_ORIGINS,
    allowMethods: ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'],
    allowHeaders: ['authorization', 'content-type', 'if-match', 'if-none-match', 'x-d1-bookmark', 'x-request-id'],
    exposeHeaders: EXPOSED,
    maxAge: 600,
  });
