import { type Config, LOCAL_URL, parseConfig } from './config.ts';
import { createDatabase, type Database } from './db/client.ts';
import { createMeter, type Meter } from './db/metered-d1.ts';
import { isTransient } from './db/retry.ts';
import type { Env } from './env.ts';
import { createIndexOf, type IndexOf } from './index-object/client.ts';
import { type Attempts, createAttempts } from './limit-objects/attempts.ts';
import { createRequestLimits, type RequestLimits } from './limit-objects/request-limits.ts';
import { createIdempotencyService } from './modules/idempotency/idempotency.service.ts';
import { createApiKeysService } from './modules/identity/api-keys.service.ts';
import { createAuthService } from './modules/identity/auth.service.ts';
import { createAvatarsService } from './modules/identity/avatars.service.ts';
import { createDeactivationService } from './modules/identity/deactivation.service.ts';
import { createEmailChangeService } from './modules/identity/email-change.service.ts';
import { createEmailVerificationService } from './modules/identity/email-verification.service.ts';
import { createIdentityCache, type IdentityCache } from './modules/identity/identity-cache.ts';
import { createPasswordPolicy } from './modules/identity/password-policy.ts';
import { createPasswordResetService } from './modules/identity/password-reset.service.ts';
import { createUsernameSweep } from './modules/identity/username-sweep.ts';
import { createVerifications } from './modules/identity/verifications.ts';
import { createArchive } from './modules/ingestion/archive.ts';
import { createProcessing } from './modules/ingestion/ingestion.jobs.ts';
import { createJobsService, type FailureStatements, type Job } from './modules/ingestion/ingestion.service.ts';
import type { JobHandlers } from './modules/ingestion/job-runner.ts';
import { createCollectionsService } from './modules/library/collections.service.ts';
import { createDocumentContent } from './modules/library/document-content.ts';
import { createDocumentProcessing } from './modules/library/document-processing.ts';
import { createDocumentUpload } from './modules/library/document-upload.ts';
import { createDocumentsService } from './modules/library/documents.service.ts';
import { createLibraryJobs } from './modules/library/library.jobs.ts';
import { createLibraryFilters } from './modules/library/library-filters.ts';
import { createReconcileJob } from './modules/library/reconcile-job.ts';
import { createTagsService } from './modules/library/tags.service.ts';
import type { QueryRow } from './modules/search/search.repository.ts';
import { createSearchService, HISTORY_DELAY_MS } from './modules/search/search.service.ts';
import { createStatisticsService } from './modules/statistics/statistics.service.ts';
import { createHealthService } from './modules/system/system.service.ts';
import { type Clock, systemClock } from './platform/clock.ts';
import type { Embeddings } from './platform/embeddings/embeddings.ts';
import { createHashingEmbeddings } from './platform/embeddings/hashing.ts';
import { createWorkersAiEmbeddings } from './platform/embeddings/workers-ai.ts';
import type { FileStore } from './platform/files/file-store.ts';
import { createR2Files } from './platform/files/r2-files.ts';
import { createIds, type Ids } from './platform/ids.ts';
import { createLogger, type Logger } from './platform/logger.ts';
import { createHttpMail } from './platform/mail/http-mail.ts';
import { createNoMail, type Mailer } from './platform/mail/mail.ts';
import { createOutbox, type Outbox } from './platform/mail/outbox.ts';
import { createSendEmail } from './platform/mail/send-email.ts';
import { createCloudflareQueue } from './platform/queue/cloudflare-queue.ts';
import type { JobQueue } from './platform/queue/job-queue.ts';
import { createKeyRing, type KeyRing } from './platform/secrets/key-ring.ts';
import { createEmbeddedVectors } from './platform/vectors/embedded.ts';
import type { VectorStore } from './platform/vectors/vector-store.ts';
import { createVectorizeVectors } from './platform/vectors/vectorize.ts';
import { TimeoutError } from './shared/attempts.ts';
import { type Breaker, createBreaker } from './shared/breaker.ts';
import { lazily, once } from './shared/once.ts';
import { createWriteBuffer, type WriteBuffer } from './shared/write-buffer.ts';

/** What lives as long as the isolate. Nothing here belongs to one request. */
export type Runtime = {
  env: Env;
  config: Config;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  breaker: Breaker;
  files: FileStore;
  queue: JobQueue;
  embeddings: Embeddings;
  vectors: VectorStore;
  identities: IdentityCache;
  keyRing: KeyRing;
  mailer: Mailer;
  /** Where local mails are kept for developers; nowhere in production. */
  outbox: Outbox | undefined;
  /** Searches on their way into the history. */
  recentQueries: WriteBuffer<QueryRow>;
  indexOf: IndexOf;
  requestLimits: RequestLimits;
  attempts: Attempts;
};

/** One request, queue message or cron tick. */
export type Invocation = {
  requestId: string;
  /** D1 session bookmark to continue from. */
  session?: string | undefined;
  /** Keeps work alive after the answer. */
  waitUntil: (work: Promise<unknown>) => void;
};

const BREAKER_THRESHOLD_FAILURES = 5;
const BREAKER_COOL_DOWN_MS = 5_000;

/** Reads the configuration and opens the adapters that it chooses. */
export function createRuntime(env: Env): Runtime {
  const config = parseConfig(env);
  const clock = systemClock;
  const logger = createLogger(config.LOG_LEVEL);
  const ids = createIds(clock);
  const indexOf = createIndexOf(env.LIBRARY_INDEX);
  const files = createR2Files(env.FILES);
  const outbox = config.ENVIRONMENT === 'production' ? undefined : createOutbox({ files, ids, clock });
  return {
    env,
    config,
    clock,
    ids,
    logger,
    indexOf,
    breaker: createBreaker({
      name: 'The database',
      threshold: BREAKER_THRESHOLD_FAILURES,
      coolDownMs: BREAKER_COOL_DOWN_MS,
      now: clock.now,
      counts: (error) => error instanceof TimeoutError || isTransient(error),
    }),
    files,
    outbox,
    keyRing: createKeyRing(config.ENCRYPTION_KEYS),
    mailer: chooseMailer(env, { config, outbox, now: clock.now }),
    queue: createCloudflareQueue(env.JOBS, { logger }),
    embeddings: chooseEmbeddings(env, config),
    vectors: chooseVectors(env, { config, indexOf }),
    identities: createIdentityCache({ config, now: clock.now }),
    requestLimits: createRequestLimits({ namespace: env.RATE_LIMITER, config, now: clock.now, logger }),
    attempts: createAttempts(env.ATTEMPT_GUARD),
    recentQueries: createWriteBuffer({ delayMs: HISTORY_DELAY_MS, now: clock.now }),
  };
}

function chooseEmbeddings(env: Env, config: Config): Embeddings {
  if (config.EMBEDDINGS === 'hashing') return createHashingEmbeddings();
  if (!env.AI) throw new Error('EMBEDDINGS=workers-ai needs the AI binding.');
  return createWorkersAiEmbeddings(env.AI, { model: config.EMBEDDINGS_MODEL, dimension: config.EMBEDDINGS_DIMENSION });
}

function chooseVectors(env: Env, { config, indexOf }: { config: Config } & Pick<Runtime, 'indexOf'>): VectorStore {
  if (config.VECTOR_STORE === 'embedded') return createEmbeddedVectors(indexOf);
  if (!env.VECTORIZE) throw new Error('VECTOR_STORE=vectorize needs the VECTORIZE binding.');
  return createVectorizeVectors(env.VECTORIZE, { model: config.EMBEDDINGS_MODEL });
}

type MailChoice = { config: Config; outbox: Outbox | undefined; now: () => number };

function chooseMailer(env: Env, { config, outbox, now }: MailChoice): Mailer {
  const { MAIL, MAIL_FROM: from, MAIL_HTTP_URL: url, MAIL_HTTP_SECRET: secret, MAIL_HTTP_HEADER: header } = config;
  if (MAIL === 'none') return createNoMail();
  if (MAIL === 'outbox') {
    if (!outbox) throw new Error('MAIL=outbox shows mails to anyone: choose another in production.');
    return outbox;
  }
  if (config.ENVIRONMENT === 'production' && config.PUBLIC_URL === LOCAL_URL) {
    throw new Error(`MAIL=${MAIL} needs PUBLIC_URL, with which links in mails begin.`);
  }
  if (MAIL === 'http') {
    if (!url || !secret) throw new Error('MAIL=http needs MAIL_HTTP_URL and MAIL_HTTP_SECRET.');
    return createHttpMail({ url, header, secret, from }, { now });
  }
  if (!env.EMAIL) throw new Error('MAIL=send-email needs the EMAIL binding.');
  return createSendEmail(env.EMAIL, { from, now });
}

/** The composition root: every verb of the product, bound to one invocation's database session and meter. */
export function createServices(runtime: Runtime, invocation: Invocation) {
  const { env, config } = runtime;
  const meter: Meter = createMeter();
  const database: Database = createDatabase(env.DB, {
    meter,
    breaker: runtime.breaker,
    timeoutMs: config.DATABASE_TIMEOUT_MS,
    ...(invocation.session === undefined ? {} : { session: invocation.session }),
  });
  /** Milliseconds by part, shown in Server-Timing. */
  const timings: Record<string, number> = {};
  const base = { ...runtime, ...invocation, database, timings };

  // Made when first asked for: most requests need two or three of them.
  const failureStatements: FailureStatements = (job, failure) => handlers()[job.type].onFailure(job, failure);
  const archive = once(() => createArchive(runtime.files));
  const afterFailure = async (job: Job): Promise<void> => handlers()[job.type].afterFailure?.(job);
  const jobs = once(() => createJobsService({ ...base, failureStatements, afterFailure }));
  const tags = once(() => createTagsService(base));
  const collections = once(() => createCollectionsService(base));
  const documents = once(() =>
    createDocumentsService({ ...base, jobs: jobs(), tags: tags(), collections: collections() }),
  );
  const libraryFilters = once(() => createLibraryFilters(base));
  const search = once(() => createSearchService({ ...base, libraryFilters }));
  const upload = once(() =>
    createDocumentUpload({
      ...base,
      jobs: jobs(),
      tags: tags(),
      collections: collections(),
      documents: documents(),
      archive: archive(),
      idempotency: idempotency(),
    }),
  );
  const content = once(() => createDocumentContent({ documents: documents(), archive: archive() }));
  const verifications = once(() => createVerifications(base));
  const auth = once(() => createAuthService({ ...base, verifications: verifications() }));
  const passwordPolicy = once(() => createPasswordPolicy(config));
  const passwordReset = once(() => createPasswordResetService({ ...base, verifications: verifications() }));
  const emailVerification = once(() => createEmailVerificationService({ ...base, verifications: verifications() }));
  const emailChange = once(() => createEmailChangeService({ ...base, verifications: verifications() }));
  const deactivation = once(() => createDeactivationService(base));
  const avatars = once(() => createAvatarsService(base));
  const usernameSweep = once(() => createUsernameSweep(base));
  const apiKeys = once(() => createApiKeysService(base));
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
  const handlers = once((): JobHandlers => {
    const library = createLibraryJobs({ ...base, archive: archive(), jobs: jobs(), search: search() });
    return {
      process_document: createProcessing({
        ...base,
        documents: createDocumentProcessing({ ...base, jobs: jobs(), documents: documents() }),
        archive: archive(),
      }),
      sync_document: library.syncDocument,
      delete_document: library.deleteDocument,
      reconcile_library: createReconcileJob({ ...base, archive: archive(), jobs: jobs(), avatars: avatars() }),
    };
  });

  const verbs = lazily({
    jobs,
    handlers,
    tags,
    collections,
    documents,
    upload,
    content,
    search,
    auth,
    passwordPolicy,
    passwordReset,
    emailVerification,
    verifications,
    emailChange,
    deactivation,
    avatars,
    usernameSweep,
    apiKeys,
    statistics,
    health,
    idempotency,
  });
  const cookies = {
    isOn: config.COOKIES,
    isAlwaysSecure: config.ENVIRONMENT === 'production',
    origins: config.CORS_ORIGINS.filter((origin) => origin !== '*'),
  };
  return Object.assign(verbs, { meter, database, timings, requestLimits: runtime.requestLimits, cookies });
}

export type Services = ReturnType<typeof createServices>;
