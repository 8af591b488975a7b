import { AppError } from '../shared/app-error.ts';
import type { Router } from './openapi.ts';

const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  // Swagger UI styles its elements inline.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

const DESCRIPTION = `Hand in documents, find them by word and by meaning, see where every answer comes from.

Register or log in, press **Authorize**, paste the access token (or an API key), and try any call here.
Lists answer \`{items, nextCursor}\`; errors are \`application/problem+json\`; every answer carries \`X-Request-Id\`
and \`Server-Timing\`.`;

/** `/openapi.json` from the routes themselves, and `/docs`, the page to try them, served from the Worker's own assets. */
export function registerDocumentation(app: Router): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: "A session's access token, or an API key (`cp_…`).",
  });

  let document: string | undefined;
  app.get('/openapi.json', (c) => {
    document ??= JSON.stringify(
      app.getOpenAPI31Document({
        openapi: '3.1.0',
        info: { title: 'Commonplace', version: '1.0.0', description: DESCRIPTION },
        servers: [{ url: '/' }],
      }),
    );
    return c.body(document, 200, { 'content-type': 'application/json; charset=utf-8' });
  });

  app.get('/', (c) => c.redirect('/docs/'));
  app.get('/docs', (c) => c.redirect('/docs/', 301));
  app.get('/docs/*', async (c) => {
    const asset = await c.env.ASSETS.fetch(c.req.raw);
    if (!asset.ok && asset.status !== 304) throw new AppError('not_found', 'There is no such page.');
    const response = new Response(asset.body, asset);
    c.res = response;
    c.header('content-security-policy', PAGE_POLICY);
    return c.res;
  });
}
