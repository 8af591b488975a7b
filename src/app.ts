import { OpenAPIHono } from '@hono/zod-openapi';
import type { AppContext } from './http/context.ts';
import { registerDocumentation } from './http/documentation.ts';
import { renderError, validationError } from './http/errors.ts';
import { limitBody } from './http/middleware/body-limit.ts';
import { corsByConfig } from './http/middleware/cors.ts';
import { floodWall } from './http/middleware/flood-wall.ts';
import { rateLimitHeaders } from './http/middleware/rate-limit.ts';
import { requestContext } from './http/middleware/request-context.ts';
import { securityHeaders } from './http/middleware/security-headers.ts';
import { renderUnrouted } from './http/unrouted.ts';
import { analysisRoutes } from './modules/analyses/analyses.routes.ts';
import { auditRoutes } from './modules/audit/audit.routes.ts';
import { erasureRoutes } from './modules/erasure/erasure.routes.ts';
import { exportRoutes } from './modules/export/export.routes.ts';
import { accountRoutes } from './modules/identity/account.routes.ts';
import { adminUserRoutes } from './modules/identity/admin-users.routes.ts';
import { apiKeyRoutes } from './modules/identity/api-keys.routes.ts';
import { authRoutes } from './modules/identity/auth.routes.ts';
import { avatarRoutes } from './modules/identity/avatar.routes.ts';
import { emailRoutes } from './modules/identity/email.routes.ts';
import { passkeyLoginRoutes } from './modules/identity/factors/passkey-login.routes.ts';
import { passkeyRoutes } from './modules/identity/factors/passkeys.routes.ts';
import { twoFactorRoutes } from './modules/identity/factors/two-factor.routes.ts';
import { meRoutes } from './modules/identity/me.routes.ts';
import { oauthRoutes } from './modules/identity/oauth/oauth.routes.ts';
import { oauthAccountRoutes } from './modules/identity/oauth/oauth-accounts.routes.ts';
import { passwordRoutes } from './modules/identity/passwords.routes.ts';
import { adminJobRoutes } from './modules/ingestion/admin-jobs.routes.ts';
import { jobRoutes } from './modules/ingestion/ingestion.routes.ts';
import { batchRoutes } from './modules/library/batches.routes.ts';
import { collectionRoutes } from './modules/library/collections.routes.ts';
import { documentContentRoutes } from './modules/library/document-content.routes.ts';
import { documentRoutes } from './modules/library/documents.routes.ts';
import { duplicateRoutes } from './modules/library/duplicates.routes.ts';
import { tagRoutes } from './modules/library/tags.routes.ts';
import { versionRoutes } from './modules/library/versions.routes.ts';
import { limitRoutes } from './modules/limits/limits.routes.ts';
import { resourceRoutes } from './modules/resources/resources.routes.ts';
import { historyRoutes } from './modules/search/history.routes.ts';
import { savedSearchRoutes } from './modules/search/saved-searches.routes.ts';
import { searchRoutes } from './modules/search/search.routes.ts';
import { searchNumberRoutes } from './modules/search/search-numbers.routes.ts';
import { settingRoutes } from './modules/settings/settings.routes.ts';
import { statisticsRoutes } from './modules/statistics/statistics.routes.ts';
import { devOutboxRoutes } from './modules/system/dev-outbox.routes.ts';
import { systemRoutes } from './modules/system/system.routes.ts';
import { uploadRoutes } from './modules/uploads/uploads.routes.ts';
import type { Runtime } from './services.ts';

/** The HTTP door: middleware in the order that requests meet it, then the modules' routes. */
export function createApp(runtime: Runtime) {
  const app = createRouter();
  app.use(
    requestContext(runtime),
    securityHeaders,
    rateLimitHeaders,
    floodWall,
    corsByConfig(runtime.config),
    limitBody(runtime.config),
  );

  for (const register of MODULES) register(app);
  if (runtime.outbox) devOutboxRoutes(runtime.outbox)(app);
  registerDocumentation(app);

  app.notFound(renderUnrouted(app));
  app.onError(renderError);
  return app;
}

const MODULES = [
  systemRoutes,
  authRoutes,
  passwordRoutes,
  emailRoutes,
  twoFactorRoutes,
  passkeyLoginRoutes,
  oauthRoutes,
  meRoutes,
  passkeyRoutes,
  oauthAccountRoutes,
  exportRoutes,
  erasureRoutes,
  avatarRoutes,
  accountRoutes,
  apiKeyRoutes,
  batchRoutes,
  documentRoutes,
  documentContentRoutes,
  versionRoutes,
  duplicateRoutes,
  analysisRoutes,
  uploadRoutes,
  collectionRoutes,
  tagRoutes,
  resourceRoutes,
  jobRoutes,
  searchRoutes,
  historyRoutes,
  savedSearchRoutes,
  searchNumberRoutes,
  auditRoutes,
  adminUserRoutes,
  adminJobRoutes,
  settingRoutes,
  limitRoutes,
  statisticsRoutes,
];

function createRouter() {
  return new OpenAPIHono<AppContext>({
    defaultHook: (result) => {
      if (!result.success) throw validationError(result.error);
    },
  });
}
