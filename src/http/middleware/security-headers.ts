import { createMiddleware } from 'hono/factory';
import { secureHeaders } from 'hono/secure-headers';
import type { AppContext } from '../context.ts';

const headers = secureHeaders({
  strictTransportSecurity: 'max-age=31536000; includeSubDomains',
  xFrameOptions: 'DENY',
  referrerPolicy: 'no-referrer',
  crossOriginResourcePolicy: 'same-site',
});

/** Nothing that the API sends may run, load anything, be framed or be sniffed. */
const API_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox";

/** Every answer is locked down; a page that needs more (`/docs`) sets a policy of its own. */
export const securityHeaders = createMiddleware<AppContext>(async (c, next) => {
  await headers(c, next);
  if (!c.res.headers.has('content-security-policy')) c.header('content-security-policy', API_POLICY);
  // Somebody's own data: kept by nobody but them, and asked for again each time.
  if (!c.res.headers.has('cache-control')) c.header('cache-control', 'private, no-cache');
});
