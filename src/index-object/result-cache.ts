import type { CacheOutcome, IndexSearchRequest, IndexSearchResult } from './index.types.ts';
import type { ResidentMemory } from './resident-memory.ts';
import type { SharedResults } from './shared-results.ts';

/** Answers kept for one owner: those of a person who types, pages, filters and goes back. */
const MAX_ENTRIES = 200;
const MAX_BYTES = 1024 * 1024;
/** Longer answers are made anew: keeping one would drive out many. */
const MAX_ENTRY_BYTES = 256 * 1024;
/** Nothing in an answer changes but by a write, which drops it; boosts by age are as of this long ago at most. */
const KEPT_MS = 10 * 60 * 1000;

type Entry = { answer: IndexSearchResult; bytes: number; keptUntil: number; isShared: boolean };

type Deps = {
  memory: ResidentMemory;
  shared: SharedResults;
  now: () => number;
  /** What the index holds in memory, without which it has to be read before anything can be answered. */
  indexBytes: () => number;
};

export type ResultCache = {
  /** The answer to a request, known or made; the index's state of this moment either way. */
  answer(request: IndexSearchRequest): IndexSearchResult | Promise<IndexSearchResult>;
  /** To be called in every write's transaction: nothing that is known holds any more. @returns what to discard then. */
  invalidate(): string[];
  /** Forgets what memory holds. */
  reset(): void;
};

/**
 * Answers that the index gave since its last write. Only the index sees every change of what can be found, so that here,
 * and nowhere else, it costs nothing to know that an answer still holds. What is asked again and again is shared by KV,
 * under a revision that no later state of the index has: for an index that has been put out of memory, reading an answer
 * takes less than reading its vectors and postings.
 */
export function createResultCache(
  compute: (request: IndexSearchRequest) => IndexSearchResult,
  { memory, shared, now, indexBytes }: Deps,
): ResultCache {
  // Insertion order is the order of use.
  const entries = new Map<string, Entry>();
  let total = 0;
  const holder = {
    release() {
      entries.clear();
      total = 0;
    },
  };

  function drop(key: string): void {
    total -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  }

  function keep(key: string, entry: Entry): void {
    if (entry.bytes > MAX_ENTRY_BYTES) return;
    drop(key);
    for (const oldest of entries.keys()) {
      if (entries.size < MAX_ENTRIES && total + entry.bytes <= MAX_BYTES) break;
      drop(oldest);
    }
    if (!memory.claim(holder, total + entry.bytes)) return;
    entries.set(key, entry);
    total += entry.bytes;
  }

  const entryOf = (key: string, answer: IndexSearchResult, isShared: boolean): Entry => ({
    answer,
    // Characters may take two bytes each.
    bytes: 2 * (key.length + JSON.stringify(answer).length),
    keptUntil: now() + KEPT_MS,
    isShared,
  });

  function recall(key: string): IndexSearchResult | undefined {
    const entry = entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.keptUntil <= now()) {
      drop(key);
      return undefined;
    }
    entries.delete(key);
    entries.set(key, entry);
    memory.touch(holder);
    // Asked twice: worth sharing, if another instance would have much to read before it could answer.
    if (!entry.isShared) {
      entry.isShared = true;
      shared.put(key, entry.answer, indexBytes());
    }
    return entry.answer;
  }

  function make(request: IndexSearchRequest, key: string, cache: CacheOutcome): IndexSearchResult {
    const answer = compute(request);
    keep(key, entryOf(key, answer, false));
    return { ...answer, cache };
  }

  async function fromShared(request: IndexSearchRequest, key: string): Promise<IndexSearchResult> {
    const started = performance.now();
    const { outcome, answer } = await shared.get(key);
    if (answer === undefined) return make(request, key, outcome);
    keep(key, entryOf(key, answer, true));
    return known(answer, { cache: 'kv', started });
  }

  return {
    answer(request) {
      const { useCache = true, ...asked } = request;
      if (!useCache) return { ...compute(asked), cache: 'missed' };
      const started = performance.now();
      const key = keyOf(asked);
      const answer = recall(key);
      if (answer !== undefined) return known(answer, { cache: 'isolate', started });
      return indexBytes() === 0 && shared.hasSome() ? fromShared(asked, key) : make(asked, key, 'missed');
    },

    invalidate() {
      memory.forget(holder);
      holder.release();
      return shared.invalidate();
    },

    reset() {
      memory.forget(holder);
      holder.release();
      shared.reset();
    },
  };
}

/** An answer that cost nothing but finding it. */
function known(
  answer: IndexSearchResult,
  { cache, started }: { cache: CacheOutcome; started: number },
): IndexSearchResult {
  const total = performance.now() - started;
  return { ...answer, cache, timings: { keyword: 0, vector: 0, fuse: 0, total }, rowsRead: 0 };
}

/** A request as text: the same for the same request, in whatever order it was put together. */
export function keyOf(request: IndexSearchRequest): string {
  return JSON.stringify(request, (_, value: unknown) => {
    if (ArrayBuffer.isView(value)) {
      return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).toBase64();
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
