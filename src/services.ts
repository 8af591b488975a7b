import { createDatabase, type Database } from './db/client.ts';
import { createMeter, type Meter } from './db/metered-d1.ts';
import { createAttempts } from './limit-objects/attempts.ts';
import { createAnalysing } from './modules/analyses/analyses.jobs.ts';
import { createAnalysesService } from './modules/analyses/analyses.service.ts';
import { createAuditService } from './modules/audit/audit.service.ts';
import { createAuditLogService } from './modules/audit/audit-log.service.ts';
import { createChainService } from './modules/audit/chain.service.ts';
import { createErasing } from './modules/erasure/erasing.ts';
import { createErasureRunner } from './modules/erasure/erasure.jobs.ts';
import { createErasureService } from './modules/erasure/erasure.service.ts';
import { createAccountExport } from './modules/export/export.service.ts';
import { createIdempotencyService } from './modules/idempotency/idempotency.service.ts';
import { createAccountClosing } from './modules/identity/account-closing.ts';
import { createAdminUsersService } from './modules/identity/admin-users.service.ts';
import { createApiKeysService } from './modules/identity/api-keys.service.ts';
import { createAuthService } from './modules/identity/auth.service.ts';
import { createAuthenticate } from './modules/identity/authentication.ts';
import { createAvatarsService } from './modules/identity/avatars.service.ts';
import { createDeactivationService } from './modules/identity/deactivation.service.ts';
import { createEmailChangeService } from './modules/identity/email-change.service.ts';
import { createEmailVerificationService } from './modules/identity/email-verification.service.ts';
import { createPasskeyLoginService } from './modules/identity/factors/passkey-login.service.ts';
import { createPasskeysService } from './modules/identity/factors/passkeys.service.ts';
import { createSecondFactorService } from './modules/identity/factors/second-factor.service.ts';
import { createTickets } from './modules/identity/factors/tickets.ts';
import { createTwoFactorService } from './modules/identity/factors/two-factor.service.ts';
import { createOauthService } from './modules/identity/oauth/oauth.service.ts';
import { createOauthAccountsService } from './modules/identity/oauth/oauth-accounts.service.ts';
import { createPasswordPolicy } from './modules/identity/password-policy.ts';
import { createPasswordResetService } from './modules/identity/password-reset.service.ts';
import { createUserLimitsService } from './modules/identity/user-limits.service.ts';
import { createUsernameSweep } from './modules/identity/username-sweep.ts';
import { createVerifications } from './modules/identity/verifications.ts';
import { createAdminJobsService } from './modules/ingestion/admin-jobs.service.ts';
import { createArchive } from './modules/ingestion/archive.ts';
import { createDeadLettersService } from './modules/ingestion/dead-letters.service.ts';
import { createProcessing } from './modules/ingestion/ingestion.jobs.ts';
import { createJobsService, type FailureStatements, type Job } from './modules/ingestion/ingestion.service.ts';
import type { JobHandlers } from './modules/ingestion/job-runner.ts';
import { createCollectionsService } from './modules/library/collections.service.ts';
import { createDocumentBatch } from './modules/library/document-batch.ts';
import { createDocumentChildren } from './modules/library/document-children.ts';
import { createDocumentContent } from './modules/library/document-content.ts';
import { createDocumentProcessing } from './modules/library/document-processing.ts';
import { createDocumentUpload } from './modules/library/document-upload.ts';
import { createDocumentsService } from './modules/library/documents.service.ts';
import { createDuplicatesService } from './modules/library/duplicates.service.ts';
import { createFamilyJobs } from './modules/library/family.jobs.ts';
import { createLibraryJobs } from './modules/library/library.jobs.ts';
import { createLibraryErasure } from './modules/library/library-erasure.ts';
import { createLibraryExport } from './modules/library/library-export.ts';
import { createLibraryFilters } from './modules/library/library-filters.ts';
import { createReconcileJob } from './modules/library/reconcile-job.ts';
import { createTagTexts } from './modules/library/tag-texts.ts';
import { createTagsService } from './modules/library/tags.service.ts';
import { createDeleteCollection } from './modules/library/trash.jobs.ts';
import { createTrashService } from './modules/library/trash.service.ts';
import { createDeleteVersion } from './modules/library/versions.jobs.ts';
import { createVersionsService } from './modules/library/versions.service.ts';
import { createLimitsService } from './modules/limits/limits.service.ts';
import { createFeedReading } from './modules/resources/feed-reading.ts';
import { createOpenedDocuments } from './modules/resources/opened-documents.ts';
import { createResourceBatch } from './modules/resources/resource-batch.ts';
import { createFetchResource } from './modules/resources/resources.jobs.ts';
import { createResourcesService } from './modules/resources/resources.service.ts';
import { createTakingIn } from './modules/resources/taking-in.ts';
import { createQueriesService } from './modules/search/queries.service.ts';
import { createSearchService } from './modules/search/search.service.ts';
import { createSettingsService } from './modules/settings/settings.service.ts';
import { createStatisticsService } from './modules/statistics/statistics.service.ts';
import { createHealthService } from './modules/system/system.service.ts';
import { createUploadsService } from './modules/uploads/uploads.service.ts';
import { createRuntime, type Runtime } from './runtime.ts';
import type { Actor } from './shared/actor.ts';
import { lazily, once } from './shared/once.ts';

export { createRuntime, type Runtime };

/** One request, queue message or cron tick. */
export type Invocation = {
  requestId: string;
  /** D1 session bookmark to continue from. */
  session?: string | undefined;
  /** Keeps work alive after the answer. */
  waitUntil: (work: Promise<unknown>) => void;
};

/** No request waits longer for the settings; it goes on with those that are known. */
const SETTINGS_TIMEOUT_MS = 2_000;

/** The composition root: every verb of the product, bound to one invocation's database session and meter. */
export function createServices(runtime: Runtime, invocation: Invocation) {
  const { env, config: deployed, settingsCache } = runtime;
  const { breaker } = runtime;
  const meter: Meter = createMeter();
  const database: Database = createDatabase(env.DB, {
    meter,
    breaker,
    timeoutMs: deployed.DATABASE_TIMEOUT_MS,
    ...(invocation.session === undefined ? {} : { session: invocation.session }),
  });
  /** Milliseconds by part, shown in Server-Timing. */
  const timings: Record<string, number> = {};
  const chain = once(() => createChainService({ ...runtime, database }));
  const audit = createAuditService({ ...runtime, ...invocation, database, chain });
  const attempts = createAttempts({
    namespace: env.ATTEMPT_GUARD,
    config: settingsCache.config,
    now: runtime.clock.now,
    onLockedOut: (lockedOut) => limits().noteLockout(lockedOut),
  });
  const base = {
    ...runtime,
    ...invocation,
    database,
    timings,
    attempts,
    audit,
    /** As the settings have it when a service is made, which is after `settings.ready()`. */
    get config() {
      return settingsCache.config();
    },
  };

  // Made when first asked for: most requests need two or three of them.
  const failureStatements: FailureStatements = (job, failure) => handlers()[job.type].onFailure(job, failure);
  const archive = once(() => createArchive(runtime.files));
  const afterFailure = async (job: Job): Promise<void> => handlers()[job.type].afterFailure?.(job);
  const jobs = once(() => createJobsService({ ...base, failureStatements, afterFailure }));
  const tags = once(() => createTagsService({ ...base, texts: createTagTexts({ ...base, jobs: jobs() }) }));
  const collections = once(() => createCollectionsService(base));
  const documents = once(() =>
    createDocumentsService({ ...base, jobs: jobs(), tags: tags(), collections: collections() }),
  );
  const versions = once(() => createVersionsService({ ...base, jobs: jobs(), documents: documents() }));
  const duplicates = once(() => createDuplicatesService(base));
  const libraryFilters = once(() => createLibraryFilters(base));
  const search = once(() => createSearchService({ ...base, libraryFilters }));
  const queries = once(() => createQueriesService({ ...base, search, libraryFilters }));
  const upload = once(() =>
    createDocumentUpload({
      ...base,
      jobs: jobs(),
      tags: tags(),
      collections: collections(),
      documents: documents(),
      versions: versions(),
      archive: archive(),
      idempotency: idempotency(),
    }),
  );
  const uploads = once(() =>
    createUploadsService({ ...base, archive: archive(), collections: collections(), documentUpload: upload() }),
  );
  const batch = once(() =>
    createDocumentBatch({
      ...base,
      jobs: jobs(),
      tags: tags(),
      collections: collections(),
      archive: archive(),
      idempotency: idempotency(),
    }),
  );
  const openedDocuments = once(() => createOpenedDocuments(base));
  const content = once(() =>
    createDocumentContent({
      documents: documents(),
      versions: versions(),
      archive: archive(),
      onOpened: (view) => openedDocuments().note(view),
    }),
  );
  const resourceBatch = once(() => createResourceBatch({ ...base, jobs: jobs(), collections: collections() }));
  const resources = once(() => createResourcesService({ ...base, jobs: jobs(), collections: collections() }));
  const analyses = once(() => createAnalysesService({ ...base, jobs: jobs(), documents: documents() }));
  const verifications = once(() => createVerifications(base));
  const auth = once(() => createAuthService({ ...base, verifications: verifications() }));
  const oauth = once(() => createOauthService({ ...base, auth: auth() }));
  const oauthAccounts = once(() => createOauthAccountsService(base));
  const authenticate = once(() => createAuthenticate(base));
  const passwordPolicy = once(() => createPasswordPolicy(base.config));
  const passwordReset = once(() => createPasswordResetService({ ...base, verifications: verifications() }));
  const emailVerification = once(() => createEmailVerificationService({ ...base, verifications: verifications() }));
  const secondFactor = once(() => createSecondFactorService({ ...base, verifications: verifications() }));
  const twoFactor = once(() => createTwoFactorService({ ...base, verifications: verifications() }));
  const passkeys = once(() => createPasskeysService({ ...base, verifications: verifications() }));
  const passkeyLogin = once(() => createPasskeyLoginService({ ...base, verifications: verifications() }));
  const tickets = once(() => createTickets(base));
  const apiKeys = once(() => createApiKeysService(base));
  const adminUsers = once(() => createAdminUsersService({ ...base, verifications: verifications() }));
  const requireAdmin = (actor: Actor) => adminUsers().requireAdmin(actor);
  const adminJobs = once(() => createAdminJobsService({ ...base, requireAdmin }));
  const deadLetters = once(() => createDeadLettersService({ ...base, requireAdmin }));
  const userLimits = once(() => createUserLimitsService(base));
  const limits = once(() => createLimitsService({ ...base, userLimits: userLimits(), requireAdmin }));
  const settings = once(() => {
    const openDatabase = () =>
      createDatabase(env.DB, { meter: createMeter(), breaker, timeoutMs: SETTINGS_TIMEOUT_MS });
    return createSettingsService({ ...base, openDatabase, cache: settingsCache, defaults: deployed, requireAdmin });
  });
  const emailChange = once(() => createEmailChangeService({ ...base, verifications: verifications() }));
  const deactivation = once(() => createDeactivationService(base));
  const avatars = once(() => createAvatarsService(base));
  const usernameSweep = once(() => createUsernameSweep(base));
  const statistics = once(() =>
    createStatisticsService({
      ...base,
      auth: auth(),
      apiKeys: apiKeys(),
      documents: documents(),
      collections: collections(),
      tags: tags(),
      search: search(),
    }),
  );
  const health = once(() => createHealthService(base));
  const idempotency = once(() => createIdempotencyService(base));
  const auditLog = once(() => createAuditLogService(base));
  const accountClosing = once(() => createAccountClosing(base));
  const erasures = once(() => createErasureService({ ...base, accountClosing: accountClosing() }));
  const erasureRunner = once(() => {
    const erasing = {
      archive: archive(),
      libraryErasure: createLibraryErasure(base),
      uploads: uploads(),
      accountClosing: accountClosing(),
    };
    return createErasureRunner({ ...base, ...erasing, erasing: createErasing({ ...base, ...erasing }) });
  });
  const accountExport = once(() =>
    createAccountExport({
      ...base,
      auth: auth(),
      avatars: avatars(),
      apiKeys: apiKeys(),
      jobs: jobs(),
      library: createLibraryExport({ ...base, archive: archive(), analyses: analyses() }),
      queries: queries(),
      resources: resources(),
    }),
  );
  const trash = once(() => createTrashService({ ...base, jobs: jobs() }));
  const handlers = once((): JobHandlers => {
    const common = { ...base, archive: archive(), jobs: jobs() };
    const library = createLibraryJobs({ ...common, search: search() });
    const processing = createDocumentProcessing({ ...common, documents: documents(), versions: versions() });
    const family = createFamilyJobs(common);
    return {
      process_document: createProcessing({
        ...base,
        documents: processing,
        children: createDocumentChildren(common),
        archive: archive(),
      }),
      analyse_document: createAnalysing({ ...base, documents: processing, archive: archive() }),
      sync_document: library.syncDocument,
      delete_document: library.deleteDocument,
      delete_version: createDeleteVersion({ ...common, analyses: analyses() }),
      delete_collection: createDeleteCollection(base),
      fetch_resource: createFetchResource({
        ...base,
        archive: archive(),
        documents: documents(),
        takingIn: createTakingIn({
          ...base,
          archive: archive(),
          upload: upload(),
          maxBytes: base.config.FETCH_MAX_BYTES,
        }),
        feedReading: createFeedReading({ ...base, jobs: jobs() }),
      }),
      reconcile_library: createReconcileJob({ ...common, avatars: avatars(), uploads: uploads() }),
      batch: {
        ...family.batch,
        onFailure: (job, failure) => [
          ...family.batch.onFailure(job, failure),
          ...resourceBatch().stopped(job, failure),
        ],
      },
      sync_batch: family.syncBatch,
      sync_family: family.syncFamily,
      sync_tag: family.syncTag,
    };
  });

  const verbs = lazily({
    jobs,
    handlers,
    tags,
    collections,
    documents,
    upload,
    batch,
    versions,
    duplicates,
    uploads,
    content,
    analyses,
    resources,
    resourceBatch,
    search,
    queries,
    authenticate,
    auth,
    oauth,
    oauthAccounts,
    passwordPolicy,
    passwordReset,
    emailVerification,
    verifications,
    secondFactor,
    twoFactor,
    passkeys,
    passkeyLogin,
    tickets,
    apiKeys,
    adminUsers,
    adminJobs,
    deadLetters,
    limits,
    settings,
    emailChange,
    deactivation,
    avatars,
    usernameSweep,
    statistics,
    health,
    idempotency,
    auditLog,
    chain,
    erasures,
    erasureRunner,
    accountExport,
    trash,
  });
  const { floodWall, requestLimits, cookies } = runtime;
  return Object.assign(verbs, { meter, database, timings, audit, floodWall, requestLimits, cookies });
}

export type Services = ReturnType<typeof createServices>;
