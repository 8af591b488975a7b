import type { CacheOutcome, IndexSearchResult } from './index.types.ts';

/** Below this an index reads itself faster than KV answers: some ten thousand passages. */
export const SHARED_FROM_BYTES = 4 * 1024 * 1024;
/** How long KV keeps what nobody discards, because whoever should have died. */
const EXPIRES_AFTER_SECONDS = 60 * 60;
const MAX_SHARED = 100;
/** Names are written down together: an answer waits for whatever was written before it. */
const SHARE_AFTER_MS = 500;
const GIVE_UP_AFTER_MS = 100;
/** To be raised when what answers consist of, or how they come about, changes. */
const FORMAT = 1;

export type SharedResults = {
  /** Whether anything was shared since the last write: without that, asking is in vain. */
  hasSome(): boolean;
  /** Never fails. What it finds holds: if something was written meanwhile, it finds nothing. */
  get(key: string): Promise<{ outcome: CacheOutcome; answer?: IndexSearchResult }>;
  /** Shares an answer a moment later, if an index of that size is worth it. */
  put(key: string, answer: IndexSearchResult, indexBytes: number): void;
  /** In a write's transaction: what was shared is out of reach. @returns its names, for `discard`. */
  invalidate(): string[];
  /** Removes it from KV. What cannot be removed expires. */
  discard(names: string[]): Promise<void>;
  /** Names of all that is shared. */
  names(): string[];
  reset(): void;
};

type Deps = {
  sql: SqlStorage;
  kv: KVNamespace;
  /** What nobody else's names begin with. */
  prefix: string;
  now: () => number;
  waitUntil: (work: Promise<unknown>) => void;
  fromBytes?: number;
  shareAfterMs?: number;
};

/**
 * Answers in KV, by the index's revision. KV shows what was written with delay, and never something else under the same
 * name: a revision is drawn at random when the first answer is shared after a write, and dropped by the next write. Not
 * counted, for an index that is cleared and filled again, or brought back from a backup, would count the same numbers.
 */
export function createSharedResults(deps: Deps): SharedResults {
  const { sql, kv, prefix, now, waitUntil, fromBytes = SHARED_FROM_BYTES } = deps;
  const { shareAfterMs = SHARE_AFTER_MS } = deps;
  let known: { revision: string | undefined } | undefined;
  /** Answers of the index's present state, on their way. */
  let leaving = new Map<string, IndexSearchResult>();
  let writes = 0;

  function revision(): string | undefined {
    known ??= {
      revision: sql.exec<{ value: string }>("SELECT value FROM settings WHERE key = 'revision'").toArray()[0]?.value,
    };
    return known.revision;
  }

  function newRevision(): string {
    const drawn = crypto.randomUUID();
    sql.exec("INSERT OR REPLACE INTO settings (key, value) VALUES ('revision', ?)", drawn);
    known = { revision: drawn };
    return drawn;
  }

  /** An index that was erased has no tables to ask. */
  function holds(at: string): boolean {
    try {
      return revision() === at;
    } catch {
      return false;
    }
  }

  function forget(): void {
    leaving = new Map();
    writes += 1;
  }

  const names = () => [...sql.exec('SELECT name FROM shared_results').raw<[string]>()].map(([name]) => name);
  const nameOf = (at: string, digest: string) => `results/${FORMAT}/${prefix}/${at}/${digest}`;

  /** Writes the name down, so that it can be discarded. @returns whether KV is to be told: a name is written there once. */
  function takeName(name: string): boolean {
    const time = now();
    sql.exec('DELETE FROM shared_results WHERE expires_at <= ?', time);
    const added = sql.exec(
      `INSERT OR IGNORE INTO shared_results (name, expires_at)
        SELECT ?, ? WHERE (SELECT count(*) FROM shared_results) < ${MAX_SHARED} RETURNING name`,
      name,
      time + EXPIRES_AFTER_SECONDS * 1000,
    );
    return added.toArray().length > 0;
  }

  async function share(): Promise<void> {
    const [batch, writesBefore] = [leaving, writes];
    leaving = new Map();
    const digested = [...batch].map(async ([key, answer]) => ({ digest: await digestOf(key), answer }));
    const entries = await Promise.all(digested);
    if (writes !== writesBefore || entries.length === 0) return;
    const at = revision() ?? newRevision();
    const taken = entries.filter(({ digest }) => takeName(nameOf(at, digest)));
    const put = async ({ digest, answer }: (typeof entries)[number]) => {
      await kv.put(nameOf(at, digest), JSON.stringify(answer), { expirationTtl: EXPIRES_AFTER_SECONDS });
      // A write may have discarded it before it was there.
      if (!holds(at)) await kv.delete(nameOf(at, digest));
    };
    await Promise.all(taken.map((entry) => put(entry).catch(() => undefined)));
  }

  return {
    hasSome: () => revision() !== undefined,
    names,

    async get(key) {
      const at = revision();
      if (at === undefined) return { outcome: 'missed' };
      try {
        const found = await within(GIVE_UP_AFTER_MS, kv.get(nameOf(at, await digestOf(key))));
        const answer: unknown = found === null ? undefined : JSON.parse(found);
        return holds(at) && isAnswer(answer) ? { outcome: 'kv', answer } : { outcome: 'kv_missed' };
      } catch {
        return { outcome: 'kv_failed' };
      }
    },

    put(key, answer, indexBytes) {
      if (indexBytes < fromBytes || leaving.size >= MAX_SHARED) return;
      leaving.set(key, answer);
      if (leaving.size > 1) return;
      const moment = new Promise((resolve) => setTimeout(resolve, shareAfterMs));
      waitUntil(moment.then(share).catch(() => undefined));
    },

    invalidate() {
      forget();
      if (revision() === undefined) return [];
      const shared = names();
      sql.exec('DELETE FROM shared_results');
      sql.exec("DELETE FROM settings WHERE key = 'revision'");
      known = { revision: undefined };
      return shared;
    },

    async discard(shared) {
      await Promise.all(shared.map((name) => kv.delete(name).catch(() => undefined)));
    },

    reset() {
      forget();
      known = undefined;
    },
  };
}

async function digestOf(key: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key));
  return new Uint8Array(digest).toHex();
}

function isAnswer(value: unknown): value is IndexSearchResult {
  if (typeof value !== 'object' || value === null) return false;
  return 'hits' in value && Array.isArray(value.hits) && 'more' in value && 'notices' in value;
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${milliseconds} ms.`)), milliseconds);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
