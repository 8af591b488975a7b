/** Fetches a piece of a file. */
export type ReadRange = (range: { offset: number; length: number }) => Promise<Uint8Array>;

const BLOCK_BYTES = 1024 * 1024;
/** Whoever wants more of the file wants all of it. */
const MAX_BLOCKS = 10;

/** A file as a Blob, of which only what is asked for is fetched, once and not much of it: more is an error. */
export function rangedFile(size: number, readRange: ReadRange): Blob {
  const blocks = new Map<number, Promise<Uint8Array>>();
  const block = (index: number): Promise<Uint8Array> => {
    const known = blocks.get(index);
    if (known !== undefined) return known;
    if (blocks.size >= MAX_BLOCKS) throw new RangeError('Too much of the file is asked for.');
    const offset = index * BLOCK_BYTES;
    const fetched = readRange({ offset, length: Math.min(BLOCK_BYTES, size - offset) });
    blocks.set(index, fetched);
    return fetched;
  };
  const read = async (start: number, end: number): Promise<ArrayBuffer> => {
    const joined = new Uint8Array(end - start);
    for (let at = start; at < end; ) {
      const bytes = await block(Math.floor(at / BLOCK_BYTES));
      const from = at % BLOCK_BYTES;
      const piece = bytes.subarray(from, Math.min(bytes.length, from + end - at));
      if (piece.length === 0) throw new RangeError('The file ends too early.');
      joined.set(piece, at - start);
      at += piece.length;
    }
    return joined.buffer;
  };
  return new RangedBlob({ read, start: 0, end: size });
}

type Source = { read(start: number, end: number): Promise<ArrayBuffer>; start: number; end: number };

class RangedBlob extends Blob {
  readonly #source: Source;

  constructor(source: Source) {
    super();
    this.#source = source;
  }

  override get size(): number {
    return this.#source.end - this.#source.start;
  }

  override slice(start = 0, end = this.size): Blob {
    const { read, start: first } = this.#source;
    const within = (at: number) => Math.min(Math.max(at < 0 ? this.size + at : at, 0), this.size);
    return new RangedBlob({ read, start: first + within(start), end: first + Math.max(within(start), within(end)) });
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    const { read, start, end } = this.#source;
    return read(start, end);
  }
}
