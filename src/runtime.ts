import { type Config, LOCAL_URL, parseConfig } from './config.ts';
import { isTransient } from './db/retry.ts';
import type { Env } from './env.ts';
import { createIndexOf, type IndexOf } from './index-object/client.ts';
import { createFloodWall, type FloodWall } from './limit-objects/flood-wall.ts';
import { createRequestLimits, type RequestLimits } from './limit-objects/request-limits.ts';
import { createIdentityCache, type IdentityCache } from './modules/identity/identity-cache.ts';
import { createConfiguredProviders, type IdentityProviders } from './modules/identity/oauth/configured-providers.ts';
import { createLimitNotes, type LimitNotes } from './modules/limits/limit-notes.ts';
import { OPENED_DELAY_MS, type OpenedDocument } from './modules/resources/opened-documents.ts';
import { HISTORY_DELAY_MS, type RecentQuery } from './modules/search/history-recording.ts';
import { createSettingsCache, type SettingsCache } from './modules/settings/settings-cache.ts';
import { type Clock, systemClock } from './platform/clock.ts';
import type { Embeddings } from './platform/embeddings/embeddings.ts';
import { createHashingEmbeddings } from './platform/embeddings/hashing.ts';
import { createWorkersAiEmbeddings } from './platform/embeddings/workers-ai.ts';
import type { FileStore } from './platform/files/file-store.ts';
import type { PartStore } from './platform/files/part-store.ts';
import { createR2Files } from './platform/files/r2-files.ts';
import { createR2Parts } from './platform/files/r2-parts.ts';
import { createIds, type Ids } from './platform/ids.ts';
import { createLogger, type Logger } from './platform/logger.ts';
import { createHttpMail } from './platform/mail/http-mail.ts';
import { createNoMail, type Mailer } from './platform/mail/mail.ts';
import { createOutbox, type Outbox } from './platform/mail/outbox.ts';
import { createSendEmail } from './platform/mail/send-email.ts';
import { createOpenAiModels } from './platform/models/openai-models.ts';
import { createNoModels, type ReadingModels } from './platform/models/reading-models.ts';
import { createWorkersAiModels } from './platform/models/workers-ai.ts';
import { createCloudflareQueue } from './platform/queue/cloudflare-queue.ts';
import { createFaultyQueue } from './platform/queue/faulty-queue.ts';
import type { JobQueue } from './platform/queue/job-queue.ts';
import { createKeyRing, type KeyRing } from './platform/secrets/key-ring.ts';
import { createEmbeddedVectors } from './platform/vectors/embedded.ts';
import type { VectorStore } from './platform/vectors/vector-store.ts';
import { createVectorizeVectors } from './platform/vectors/vectorize.ts';
import { createDnsOverHttps } from './platform/web/resolver.ts';
import { createUrlGuard } from './platform/web/url-guard.ts';
import type { Web } from './platform/web/web.ts';
import { createWebFetcher } from './platform/web/web-fetcher.ts';
import { TimeoutError } from './shared/attempts.ts';
import { type Breaker, createBreaker } from './shared/breaker.ts';
import type { CookiePolicy } from './shared/cookie-policy.ts';
import { createThrottle, type Throttle } from './shared/throttle.ts';
import { createWriteBuffer, type WriteBuffer } from './shared/write-buffer.ts';

/** What lives as long as the isolate. Nothing here belongs to one request. */
export type Runtime = {
  env: Env;
  /** As deployed; what services are given follows the settings. */
  config: Config;
  settingsCache: SettingsCache;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  breaker: Breaker;
  files: FileStore;
  /** The same archive, for files that come in parts. */
  parts: PartStore;
  queue: JobQueue;
  embeddings: Embeddings;
  vectors: VectorStore;
  models: ReadingModels;
  identities: IdentityCache;
  keyRing: KeyRing;
  identityProviders: IdentityProviders;
  mailer: Mailer;
  /** Where local mails are kept for developers; nowhere in production. */
  outbox: Outbox | undefined;
  web: Web;
  /** Documents that were opened, on their way into the counts. */
  recentlyOpened: WriteBuffer<OpenedDocument>;
  /** Searches on their way into the history. */
  recentQueries: WriteBuffer<RecentQuery>;
  indexOf: IndexOf;
  /** Whether browsers may keep sessions in cookies, and from where. */
  cookies: CookiePolicy;
  floodWall: FloodWall;
  requestLimits: RequestLimits;
  /** When the newest audit entries are sealed, besides the clock. */
  sealing: Throttle;
  /** Who came near a limit, on its way into the catalogue. */
  limitNotes: LimitNotes;
};

const BREAKER_THRESHOLD_FAILURES = 5;
const BREAKER_COOL_DOWN_MS = 5_000;
const SEAL_EVERY_MS = 10_000;

/** Reads the configuration and opens the adapters that it chooses. */
export function createRuntime(env: Env): Runtime {
  const config = parseConfig(env);
  const clock = systemClock;
  const logger = createLogger(config.LOG_LEVEL);
  const ids = createIds(clock);
  const settingsCache = createSettingsCache({ config, now: clock.now });
  const indexOf = createIndexOf(env.LIBRARY_INDEX);
  const files = createR2Files(env.FILES);
  const outbox = config.ENVIRONMENT === 'production' ? undefined : createOutbox({ files, ids, clock });
  return {
    env,
    config,
    settingsCache,
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
    parts: createR2Parts(env.FILES),
    outbox,
    keyRing: createKeyRing(config.ENCRYPTION_KEYS),
    identityProviders: createConfiguredProviders(config, { now: clock.now }),
    mailer: chooseMailer(env, { config, outbox, now: clock.now }),
    queue: chooseQueue(env, { config, logger }),
    embeddings: chooseEmbeddings(env, config),
    vectors: chooseVectors(env, { config, indexOf }),
    models: chooseModels(env, { config, now: clock.now }),
    identities: createIdentityCache({ config, now: clock.now }),
    cookies: {
      isOn: config.COOKIES,
      isAlwaysSecure: config.ENVIRONMENT === 'production',
      origins: config.CORS_ORIGINS.filter((origin) => origin !== '*'),
    },
    floodWall: createFloodWall({ binding: env.FLOOD_WALL, now: clock.now }),
    requestLimits: createRequestLimits({
      namespace: env.RATE_LIMITER,
      config: settingsCache.config,
      now: clock.now,
      logger,
    }),
    limitNotes: createLimitNotes({ now: clock.now }),
    web: openWeb(config, clock),
    recentlyOpened: createWriteBuffer({ delayMs: OPENED_DELAY_MS, now: clock.now }),
    recentQueries: createWriteBuffer({ delayMs: HISTORY_DELAY_MS, now: clock.now }),
    sealing: createThrottle({ everyMs: SEAL_EVERY_MS, now: clock.now }),
  };
}

function chooseQueue(env: Env, { config, logger }: { config: Config; logger: Logger }): JobQueue {
  const queue = createCloudflareQueue(env.JOBS, { logger });
  return config.QUEUE_FAULTS ? createFaultyQueue(queue, config.QUEUE_FAULTS) : queue;
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

function chooseModels(env: Env, { config, now }: { config: Config; now: () => number }): ReadingModels {
  const { MODELS, MODELS_URL: url, MODELS_KEY: key } = config;
  const models = {
    ocr: config.OCR_MODEL,
    caption: config.CAPTION_MODEL,
    transcript: config.TRANSCRIPT_MODEL,
    markdown: config.MARKDOWN_MODEL,
  };
  if (MODELS === 'none') return createNoModels();
  if (MODELS === 'openai') {
    if (!url) throw new Error('MODELS=openai needs MODELS_URL.');
    return createOpenAiModels({ url, key }, { models, now });
  }
  if (!env.AI) throw new Error('MODELS=workers-ai needs the AI binding.');
  return createWorkersAiModels(env.AI, { models, now });
}

function openWeb(config: Config, clock: Clock): Web {
  const { FETCH_DNS_URL: url, PUBLIC_URL: homepage } = config;
  const guard = createUrlGuard({
    resolver: url === '' ? undefined : createDnsOverHttps({ url }),
    allowedHosts: config.FETCH_ALLOWED_HOSTS,
    ports: config.FETCH_PORTS,
    ownHosts: [new URL(homepage).hostname],
  });
  const { FETCH_MAX_BYTES: maxBytes, FETCH_TIMEOUT_MS: timeoutMs } = config;
  return createWebFetcher({ guard, homepage, maxBytes, timeoutMs, now: clock.now });
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
