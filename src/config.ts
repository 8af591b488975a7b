import { z } from 'zod';

const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const count = z.coerce.number().int().positive();
/** 0: no limit. */
const limit = z.coerce.number().int().min(0).max(1_000_000);

/** Its name as the service knows it; empty is none. */
const model = z
  .string()
  .max(200)
  .optional()
  .transform((name) => name?.trim() || undefined);

/** Where `npm start` listens. */
export const LOCAL_URL = 'http://localhost:8787';

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

const LOOPBACK = /^(127\.0\.0\.1|\[::1\]|localhost)$/;
const NEVER_AN_APP = ['javascript:', 'data:', 'vbscript:', 'blob:', 'file:', 'about:'];

/** An app's address: https, this machine, or a scheme of the app's own; codes that are sent there are read there only. */
function isAppAddress(uri: string): boolean {
  if (!URL.canParse(uri) || uri.includes('#')) return false;
  const { protocol, hostname } = new URL(uri);
  return protocol === 'http:' ? LOOPBACK.test(hostname) : !NEVER_AN_APP.includes(protocol);
}

const listOf = (list: string) =>
  list
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);

function parseJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'It must be JSON.' });
    return z.NEVER;
  }
}

const share = z.coerce.number().min(0).max(1).default(0);
const queueFaults = z.strictObject({
  seed: z.coerce.number().int().min(0).default(1),
  drop: share,
  duplicate: share,
  reorder: share,
});

/** `name=value` pairs, comma separated. */
function parseFaults(list: string, context: z.RefinementCtx): z.output<typeof queueFaults> {
  const pairs = listOf(list)
    .map((pair) => pair.split('='))
    .map(([name, value]) => [name, value || 'nothing']);
  const faults = queueFaults.safeParse(Object.fromEntries(pairs));
  if (faults.success) return faults.data;
  context.addIssue({ code: 'custom', message: 'It must be like `seed=7,drop=0.1,duplicate=0.1,reorder=0.3`.' });
  return z.NEVER;
}

const oidcProvider = z.strictObject({
  /** Stands in addresses, and for the issuer in the database: another issuer needs another id. */
  id: z
    .string()
    .regex(/^(?!(github|google)$)[a-z\d][a-z\d-]{0,31}$/, 'It must be lower-case letters, digits and hyphens.'),
  /** For people. */
  name: z.string().trim().min(1).max(60),
  issuer: z.url({ protocol: /^https?$/ }).refine((url) => !/[?#@]/.test(url), 'It must have no query and no user.'),
  clientId: z.string().min(1).max(300),
  clientSecret: z.string().min(1).max(1000),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/))
    .max(20)
    .default(['openid', 'email', 'profile'])
    .refine((scopes) => scopes.includes('openid'), 'They must hold `openid`.'),
});

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
  /** Who reads what has no text (pictures, scans, speech): nobody, Workers AI, or an API that is compatible with OpenAI's. */
  MODELS: z.enum(['none', 'workers-ai', 'openai']).default('none'),
  /** That API's base address; used when MODELS is `openai`. What people upload is sent there. */
  MODELS_URL: z
    .url()
    .refine((url) => isAppAddress(url) && /^https?:/.test(url), 'It must be https, or http on this machine.')
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  /** Secret: sent to MODELS_URL as a bearer token. */
  MODELS_KEY: z.string().min(1).optional(),
  /** The model that reads text in pictures and scans; without one that is not done. */
  OCR_MODEL: model,
  /** The model that says what a picture shows. */
  CAPTION_MODEL: model,
  /** The model that writes down speech. */
  TRANSCRIPT_MODEL: model,
  /** The model that converts files of formats that are not read here; with `workers-ai`, `to-markdown` is its conversion. */
  MARKDOWN_MODEL: model,
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
  /** Largest file accepted over several requests, in bytes: parts of 5 MiB, of which the archive takes 10,000. */
  MAX_RESUMABLE_UPLOAD_BYTES: count.max(45_000 * 1024 * 1024).default(1024 * 1024 * 1024),
  /** How long such an upload may take, in hours; the archive drops unfinished parts after seven days. */
  RESUMABLE_UPLOAD_HOURS: count.max(144).default(48),
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
  /** How many jobs of one user may run at once. */
  JOBS_PER_USER: count.max(100).default(4),
  /** How many jobs may run at once in all. */
  JOBS_AT_ONCE: count.max(1000).default(24),
  /** For tests, never in production: shares of wake-ups that fail, e.g. `seed=7,drop=0.1,duplicate=0.1,reorder=0.3`. */
  QUEUE_FAULTS: z.string().transform(parseFaults).optional(),
  /** How many days what was put in the trash can be restored; then it is deleted for good. */
  TRASH_DAYS: count.max(3650).default(30),
  /** How many earlier versions of a document are kept; the oldest ones beyond that are deleted for good. */
  VERSIONS_KEPT: count.max(1000).default(100),
  /** How many days searches stay in the history; 0: for ever. */
  QUERY_DAYS: z.coerce.number().int().min(0).max(3650).default(365),
  /** Whether administrators see what people search for, and not only how much. */
  ADMINS_SEE_QUERIES: flag.default(false),
  /** Whether searches that were asked before are answered from memory while nothing has changed. */
  SEARCH_CACHE: flag.default(true),
  /** Requests that a user may make a minute, by all sessions and keys together; 0: any number. */
  REQUESTS_PER_MINUTE_PER_USER: limit.default(0),
  /** Requests that an API key without a limit of its own may make a minute; 0: any number. */
  REQUESTS_PER_MINUTE_PER_KEY: limit.default(0),
  /** Requests without a valid credential that one address may make a minute; 0: any number. */
  REQUESTS_PER_MINUTE_PER_ADDRESS: limit.default(0),
  /** Requests that a user may make an hour, by all sessions and keys together; 0: any number. */
  REQUESTS_PER_HOUR_PER_USER: limit.default(0),
  /** Requests without a valid credential that one address may make an hour; 0: any number. */
  REQUESTS_PER_HOUR_PER_ADDRESS: limit.default(0),
  /** Failed attempts at one secret of an account, in a window, that cost no wait. */
  LOCKOUT_ATTEMPTS_PER_ACCOUNT: count.default(10),
  /** The same from one address, which may be that of a whole office. */
  LOCKOUT_ATTEMPTS_PER_ADDRESS: count.default(100),
  /** How long a failed attempt counts, in seconds. */
  LOCKOUT_WINDOW_SECONDS: count.default(15 * 60),
  /** The first wait after too many attempts, in seconds; each further one is twice as long. */
  LOCKOUT_FIRST_WAIT_SECONDS: count.default(60),
  /** The longest wait, in seconds: short enough that nobody is locked out for long by somebody else. */
  LOCKOUT_LONGEST_WAIT_SECONDS: count.default(15 * 60),
  /** What a new password must score at least, of 100 (see POST /v1/auth/password/strength): 50 stands for 10^8 guesses. */
  PASSWORD_MIN_SCORE: z.coerce.number().int().min(0).max(100).default(50),
  /** Lifetime of a mailed password-reset token, in seconds. */
  PASSWORD_RESET_SECONDS: count.default(60 * 60),
  /** Lifetime of a mailed e-mail-verification token, in seconds. */
  EMAIL_VERIFICATION_SECONDS: count.default(24 * 60 * 60),
  /** Lifetime of the token in a mail that invites to an account, in seconds. */
  INVITATION_SECONDS: count.default(7 * 24 * 60 * 60),
  /** Looks names up over HTTPS (DNS over HTTPS with JSON answers). Empty: nothing is fetched from the web. */
  FETCH_DNS_URL: z.union([z.literal(''), z.url({ protocol: /^https$/ })]).default(''),
  /** Hosts (`host` or `host:port`, comma separated) that are fetched from whatever their addresses are. For tests only. */
  FETCH_ALLOWED_HOSTS: z.string().default('').transform(listOf),
  /** Ports that are fetched from. */
  FETCH_PORTS: z
    .string()
    .default('80,443')
    .transform((list) => listOf(list).map(Number))
    .refine(
      (ports) => ports.every((port) => Number.isInteger(port) && port > 0 && port < 65_536),
      'They must be ports.',
    ),
  /** Largest file that is fetched, decompressed, in bytes. */
  FETCH_MAX_BYTES: count.default(20 * 1024 * 1024),
  /** How long a fetch may take in all, in milliseconds. */
  FETCH_TIMEOUT_MS: count.default(30_000),
  /** How far apart the requests of one user to one host are at least, in milliseconds. */
  FETCH_GAP_MS: z.coerce.number().int().min(0).default(1_000),
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
  /** Sign-in with GitHub: the OAuth app's client id; with it, the secret below. */
  OAUTH_GITHUB_CLIENT_ID: z.string().min(1).optional(),
  /** Secret. */
  OAUTH_GITHUB_CLIENT_SECRET: z.string().min(1).optional(),
  /** Sign-in with Google: the OAuth client's id; with it, the secret below. */
  OAUTH_GOOGLE_CLIENT_ID: z.string().min(1).optional(),
  /** Secret. */
  OAUTH_GOOGLE_CLIENT_SECRET: z.string().min(1).optional(),
  /** Secret: sign-in with any OpenID Connect issuers, JSON: `[{id, name, issuer, clientId, clientSecret, scopes?}]`. */
  OAUTH_OIDC: z
    .string()
    .default('[]')
    .transform(parseJson)
    .pipe(z.array(oidcProvider).max(20))
    .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, 'Two have the same id.'),
  /** Apps that may be sent back to after a sign-in elsewhere: exact addresses, comma separated. */
  OAUTH_REDIRECT_URIS: z
    .string()
    .default('')
    .transform(listOf)
    .refine((uris) => uris.every(isAppAddress), 'They must be https, http on this machine, or an app’s own scheme.'),
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
    if (parsed.data.ENVIRONMENT === 'production' && parsed.data.QUEUE_FAULTS) {
      throw new Error('Wrong configuration. QUEUE_FAULTS: wake-ups are lost on purpose in tests only.');
    }
    if (parsed.data.ENVIRONMENT === 'production' && parsed.data.FETCH_ALLOWED_HOSTS.length > 0) {
      throw new Error('Wrong configuration. FETCH_ALLOWED_HOSTS: production fetches from the public web only.');
    }
    return parsed.data;
  }
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`Wrong configuration. ${problems.join('; ')}`);
}
