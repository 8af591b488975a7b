import { OpenAPIHono } from '@hono/zod-openapi';
import type { AppContext } from './http/context.ts';
import { registerDocumentation } from './http/documentation.ts';
import { renderError, validationError } from './http/errors.ts';
import { limitBody } from './http/middleware/body-limit.ts';
import { corsByConfig } from './http/middleware/cors.ts';
import { rateLimitHeaders } from './http/middleware/rate-limit.ts';
import { requestContext } from './http/middleware/request-context.ts';
import { securityHeaders } from './http/middleware/security-headers.ts';
import { accountRoutes } from './modules/identity/account.routes.ts';
import { apiKeyRoutes } from './modules/identity/api-keys.routes.ts';
import { authRoutes } from './modules/identity/auth.routes.ts';
import { avatarRoutes } from './modules/identity/avatar.routes.ts';
import { emailRoutes } from './modules/identity/email.routes.ts';
import { meRoutes } from './modules/identity/me.routes.ts';
import { passwordRoutes } from './modules/identity/passwords.routes.ts';
import { jobRoutes } from './modules/ingestion/ingestion.routes.ts';
import { collectionRoutes } from './modules/library/collections.routes.ts';
import { documentContentRoutes } from './modules/library/document-content.routes.ts';
import { documentRoutes } from './modules/library/documents.routes.ts';
import { tagRoutes } from './modules/library/tags.routes.ts';
import { searchRoutes } from './modules/search/search.routes.ts';
import { statisticsRoutes } from './modules/statistics/statistics.routes.ts';
import { devOutboxRoutes } from './modules/system/dev-outbox.routes.ts';
import { systemRoutes } from './modules/system/system.routes.ts';
import type { Runtime } from './services.ts';
import { AppError } from './shared/app-error.ts';

/** The HTTP door: middleware in the order that requests meet it, then the modules' routes. */
export function createApp(runtime: Runtime) {
  const app = createRouter();
  app.use(
    requestContext(runtime),
    securityHeaders,
    rateLimitHeaders,
    corsByConfig(runtime.config),
    limitBody(runtime.config),
  );

  for (const register of MODULES) register(app);
  if (runtime.outbox) devOutboxRoutes(runtime.outbox)(app);
  registerDocumentation(app);

  app.notFound((c) => renderError(new AppError('not_found', 'There is no such path.'), c));
  app.onError(renderError);
  return app;
}

const MODULES = [
  systemRoutes,
  authRoutes,
  passwordRoutes,
  emailRoutes,
  meRoutes,
  avatarRoutes,
  accountRoutes,
  apiKeyRoutes,
  documentRoutes,
  documentContentRoutes,
  collectionRoutes,
  tagRoutes,
  jobRoutes,
  searchRoutes,
  statisticsRoutes,
];

function createRouter() {
  return new OpenAPIHono<AppContext>({
    defaultHook: (result) => {
      if (!result.success) throw validationError(result.error);
    },
  });
}
