import { z } from 'zod';

const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const count = z.coerce.number().int().positive();
/** 0: no limit. */
const limit = z.coerce.number().int().min(0).max(1_000_000);

/** Where `npm start` listens. */
export const LOCAL_URL = 'http://127.0.0.1:8787';

/** Known to everyone: 32 bytes of zero. */
const LOCAL_ENCRYPTION_KEY = `local:${'A'.repeat(43)}=`;
const KEY = /^([\w-]{1,32}):([\w+/]{43}=)$/;

type RingKey = { id: string; bytes: Uint8Array<ArrayBuffer> };

/** The ring of keys that a list in the form of ENCRYPTION_KEYS stands for. */
function parseKeys(list: string, context: z.RefinementCtx): [RingKey, ...RingKey[]] {
  const keys = list.split(',').flatMap((entry) => {
    const [, id, bytes] = KEY.exec(entry.trim()) ?? [];
    return id && bytes ? [{ id, bytes: Uint8Array.from(Buffer.from(bytes, 'base64')) }] : [];
  });
  const [current, ...older] = keys;
  const isWhole = keys.length === list.split(',').length && new Set(keys.map(({ id }) => id)).size === keys.length;
  if (current && isWhole) return [current, ...older];
  context.addIssue({ code: 'custom', message: 'It must be a list of `id:base64 of 32 bytes`, with ids that differ.' });
  return z.NEVER;
}

/** Vars and secrets: name, default and meaning. Nothing else reads them. */
const configSchema = z.object({
  /** `local`, `test` or `production`: shown in logs; local also allows the seed. */
  ENVIRONMENT: z.enum(['local', 'test', 'production']).default('local'),
  /** The least important log lines that are written. `info` has one line per request and job. */
  LOG_LEVEL: z.enum(['info', 'warn', 'error']).default('info'),
  /** Where vector candidates come from. */
  VECTOR_STORE: z.enum(['embedded', 'vectorize']).default('embedded'),
  /** Which adapter computes embeddings. */
  EMBEDDINGS: z.enum(['hashing', 'workers-ai']).default('hashing'),
  /** Workers AI model; used when EMBEDDINGS is `workers-ai`. */
  EMBEDDINGS_MODEL: z.string().default('@cf/baai/bge-m3'),
  /** Dimensions of EMBEDDINGS_MODEL. */
  EMBEDDINGS_DIMENSION: count.default(1024),
  /** Origins that browsers may call from, comma separated; `*` for any. Empty: same origin only. */
  CORS_ORIGINS: z
    .string()
    .default('')
    .transform((list) =>
      list
        .split(',')
        .map((origin) => origin.trim())
        .filter(Boolean),
    ),
  /** Largest accepted upload, in bytes. */
  MAX_UPLOAD_BYTES: count.default(100 * 1024 * 1024),
  /** Largest accepted JSON body, in bytes. */
  MAX_JSON_BYTES: count.default(1024 * 1024),
  /** Lifetime of an access token, in seconds. */
  ACCESS_TOKEN_SECONDS: count.default(60 * 60),
  /** Lifetime of a refresh token since its last use, in seconds. */
  REFRESH_TOKEN_SECONDS: count.default(30 * 24 * 60 * 60),
  /** Lifetime of a session, however often it is refreshed, in seconds. */
  SESSION_ABSOLUTE_SECONDS: count.default(90 * 24 * 60 * 60),
  /** Whether browsers may keep a session in cookies. */
  COOKIES: flag.default(false),
  /** scrypt cost exponent: N = 2^value. Below 14 only in tests. */
  SCRYPT_COST_LOG2: z.coerce.number().int().min(10).max(17).default(14),
  /** How long the isolate may trust a credential it has just checked, in seconds: the bound on revocation elsewhere. */
  IDENTITY_CACHE_SECONDS: z.coerce.number().int().min(0).max(30).default(30),
  /** Give up on a D1 call after this many milliseconds. */
  DATABASE_TIMEOUT_MS: count.default(10_000),
  /** How long a worker owns a job without a sign of life, in milliseconds. */
  JOB_LEASE_MS: count.default(60_000),
  /** Requests that a user may make a minute, by all sessions and keys together; 0: any number. */
  REQUESTS_PER_MINUTE_PER_USER: limit.default(0),
  /** Requests that an API key without a limit of its own may make a minute; 0: any number. */
  REQUESTS_PER_MINUTE_PER_KEY: limit.default(0),
  /** Requests without a valid credential that one address may make a minute; 0: any number. */
  REQUESTS_PER_MINUTE_PER_ADDRESS: limit.default(0),
  /** What a new password must score at least, of 100 (see POST /v1/auth/password/strength): 50 stands for 10^8 guesses. */
  PASSWORD_MIN_SCORE: z.coerce.number().int().min(0).max(100).default(50),
  /** Lifetime of a mailed password-reset token, in seconds. */
  PASSWORD_RESET_SECONDS: count.default(60 * 60),
  /** Lifetime of a mailed e-mail-verification token, in seconds. */
  EMAIL_VERIFICATION_SECONDS: count.default(24 * 60 * 60),
  /** Where people reach this service: links in mails begin with it. */
  PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .default(LOCAL_URL)
    .transform((url) => url.replace(/\/+$/, '')),
  /** Who takes mails: a local outbox, Cloudflare's `send_email` binding, an HTTP API, or nobody. */
  MAIL: z.enum(['outbox', 'send-email', 'http', 'none']).default('outbox'),
  /** The sender's address. */
  MAIL_FROM: z.email().default('no-reply@commonplace.invalid'),
  /** The mail API's address; used when MAIL is `http`. */
  MAIL_HTTP_URL: z.url({ protocol: /^https$/ }).optional(),
  /** The header that carries MAIL_HTTP_SECRET. */
  MAIL_HTTP_HEADER: z
    .string()
    .regex(/^[\w-]{1,100}$/)
    .default('authorization'),
  /** Secret: that header's whole value, e.g. `Bearer …`. */
  MAIL_HTTP_SECRET: z.string().min(1).optional(),
  /**
   * Secret: the keys that seal second factors' secrets and provider tokens, `id:base64 of 32 bytes`, comma separated, the
   * current one first. `npm run deploy` makes one. Without it, a key that everyone knows is used, but not in production.
   */
  ENCRYPTION_KEYS: z.string().default(LOCAL_ENCRYPTION_KEY).transform(parseKeys),
  /** Whether anyone may register an account. */
  REGISTRATION_OPEN: flag.default(true),
});

export type Config = z.output<typeof configSchema>;

/**
 * Reads the configuration once per isolate.
 * @throws Error naming each wrong variable and what it must be.
 */
export function parseConfig(env: object): Config {
  const parsed = configSchema.safeParse(env);
  if (parsed.success) {
    if (parsed.data.ENVIRONMENT === 'production' && !('ENCRYPTION_KEYS' in env)) {
      throw new Error(
        'Wrong configuration. ENCRYPTION_KEYS: production needs keys of its own; `npm run deploy` makes one.',
      );
    }
    return parsed.data;
  }
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`Wrong configuration. ${problems.join('; ')}`);
}
