/** The archive port: objects by key, streamed. Keys are made by `modules/ingestion/archive.ts`. */
export type StoredFile = {
  size: number;
  /** Bytes of the requested range, as a stream. */
  body: ReadableStream<Uint8Array>;
  /** Start and length of what `body` holds. */
  range: { offset: number; length: number };
};

export type WrittenFile = { size: number /** Lower-case hex. */; sha256: string };

export class FileTooLargeError extends Error {
  override readonly name = 'FileTooLargeError';
}

export type FileStore = {
  /**
   * Stores a stream of unknown length, hashing it on the way; at most one part (10 MiB) is in memory at a time. Nothing
   * is stored when the stream fails or is longer than `maxBytes`.
   * @throws FileTooLargeError
   */
  write(
    key: string,
    file: { body: AsyncIterable<Uint8Array>; maxBytes: number; mediaType: string },
  ): Promise<WrittenFile>;
  /** Stores bytes at once, replacing what was there. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Stores what one object holds as another too, replacing what was there. @throws Error when there is no such object. */
  copy(from: string, to: string): Promise<void>;
  /** Reads an object once, to its end, for what {@link write} would have said of it. Undefined when there is none. */
  digest(key: string): Promise<WrittenFile | undefined>;
  /** Undefined when there is no such object. */
  read(key: string, range?: { offset: number; length: number }): Promise<StoredFile | undefined>;
  /** The whole object in memory: for derived data, whose size is bounded when it is written. */
  readBytes(key: string): Promise<Uint8Array | undefined>;
  /** Removes every object under the prefix. Idempotent. @returns how many there were. */
  removeAll(prefix: string): Promise<number>;
  remove(keys: string[]): Promise<void>;
  /** One page of keys under the prefix, in order. */
  list(
    prefix: string,
    cursor?: string,
  ): Promise<{ files: { key: string; size: number; uploadedAt: number }[]; cursor?: string }>;
};
