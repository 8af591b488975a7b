import type { LibraryIndex } from './index-object/library-index.ts';
import type { AttemptGuard } from './limit-objects/attempt-guard.ts';
import type { RateLimiter } from './limit-objects/rate-limiter.ts';
import type { SendEmailBinding } from './platform/mail/send-email.ts';
import type { WakeUp } from './platform/queue/wake-up.ts';

/** The Worker's bindings as `wrangler.toml` declares them. Vars and secrets are read through `config.ts` only. */
export type Env = {
  DB: D1Database;
  FILES: R2Bucket;
  JOBS: Queue<WakeUp>;
  LIBRARY_INDEX: DurableObjectNamespace<LibraryIndex>;
  RATE_LIMITER: DurableObjectNamespace<RateLimiter>;
  ATTEMPT_GUARD: DurableObjectNamespace<AttemptGuard>;
  FLOOD_WALL: RateLimit;
  /** Caches: nothing that is not somewhere else. */
  CACHE: KVNamespace;
  ASSETS: Fetcher;
  /** Production only, with MAIL=send-email. */
  EMAIL?: SendEmailBinding;
  /** Production only. */
  VECTORIZE?: Vectorize;
  /** Production only. */
  AI?: Ai;
};
