/** One file whose parts are on their way: where it will be, and the store's own name for its parts. */
export type PartedFile = { key: string; partsId: string };

/** What the store answered to a part, to be shown when the file is put together. */
export type StoredPart = { number: number; tag: string };

/** Numbers that parts may have, from 1. */
export const MAX_PART_NUMBER = 10_000;

/**
 * The port for files that come in parts, over any number of requests. Nothing can be read, or listed, of a file until it
 * is put together. Parts are of one size, at least 5 MiB, but for the last.
 */
export type PartStore = {
  /** @returns the store's name for the parts of one file. */
  begin(key: string, file: { mediaType: string }): Promise<string>;
  /** Stores a part, replacing any of that number. @returns its tag. */
  put(file: PartedFile, part: { number: number; bytes: Uint8Array }): Promise<string>;
  /**
   * Puts these parts together, in the order of their numbers, between which there may be gaps; drops others. Idempotent,
   * as long as nothing else is stored under the key.
   */
  complete(file: PartedFile, parts: StoredPart[]): Promise<void>;
  /** Drops all parts of a file that has not been put together. Idempotent. */
  abort(file: PartedFile): Promise<void>;
};
