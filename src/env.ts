import type { LibraryIndex } from './index-object/library-index.ts';
import type { WakeUp } from './platform/queue/job-queue.ts';

/** The Worker's bindings as `wrangler.toml` declares them. Vars and secrets are read through `config.ts` only. */
export type Env = {
  DB: D1Database;
  FILES: R2Bucket;
  JOBS: Queue<WakeUp>;
  LIBRARY_INDEX: DurableObjectNamespace<LibraryIndex>;
  ASSETS: Fetcher;
  /** Production only. */
  VECTORIZE?: Vectorize;
  /** Production only. */
  AI?: Ai;
};
