/**
 * Indexes of many owners can live in one isolate, which has 128 MB in all. What they keep in memory between searches is
 * accounted for here, by size only: whoever was used longest ago gives its memory back when another needs it.
 */
export type ResidentMemory = {
  /** Reserves `bytes` for the holder (replacing its earlier claim). False: more than the bound, keep nothing. */
  claim(holder: ResidentHolder, bytes: number): boolean;
  /** Marks the holder as the one used last. */
  touch(holder: ResidentHolder): void;
  /** Forgets the holder and its claim. */
  forget(holder: ResidentHolder): void;
  bytes(): number;
};

export type ResidentHolder = { /** Drops what is held; the claim is already gone. */ release(): void };

/**
 * Vectors and postings kept by all indexes of an isolate: half of what it may use. 100,000 vectors of 384 dimensions are
 * 39 MB.
 */
export const MAX_RESIDENT_BYTES = 64 * 1024 * 1024;

export function createResidentMemory(maxBytes: number): ResidentMemory {
  // Insertion order is the order of use: the first key is the one used longest ago.
  const claims = new Map<ResidentHolder, number>();
  let total = 0;

  function forget(holder: ResidentHolder): void {
    total -= claims.get(holder) ?? 0;
    claims.delete(holder);
  }

  return {
    claim(holder, bytes) {
      forget(holder);
      if (bytes > maxBytes) return false;
      for (const oldest of claims.keys()) {
        if (total + bytes <= maxBytes) break;
        forget(oldest);
        oldest.release();
      }
      claims.set(holder, bytes);
      total += bytes;
      return true;
    },
    touch(holder) {
      const bytes = claims.get(holder);
      if (bytes === undefined) return;
      claims.delete(holder);
      claims.set(holder, bytes);
    },
    forget,
    bytes: () => total,
  };
}

/** Shared by every index of this isolate: it holds sizes, never anybody's data. */
export const residentMemory = createResidentMemory(MAX_RESIDENT_BYTES);
