import { createMiddleware } from 'hono/factory';
import type { AppContext } from '../context.ts';

/** For every answer. Set by hand: the ready-made middleware sets twice as many, most of them for browsers long gone. */
const HEADERS = {
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-site',
};

/** Where the answer does not say otherwise, as `/docs` does. */
const DEFAULTS = {
  /** Nothing that the API sends may run, load anything or be framed. */
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  /** Somebody's own data: kept by nobody but them, and asked for again each time. */
  'cache-control': 'private, no-cache',
};

/** Every answer is locked down; a page that needs more sets a policy of its own. */
export const securityHeaders = createMiddleware<AppContext>(async (c, next) => {
  await next();
  for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
  for (const [name, value] of Object.entries(DEFAULTS)) if (!c.res.headers.has(name)) c.header(name, value);
});
