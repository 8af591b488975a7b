import scanModule from './vector-scan.wasm';

/** Vectors are padded to whole SIMD registers of 16 codes. */
const LANES = 16;
const PAGE_BYTES = 64 * 1024;
/** Query values are scaled to this: products summed over 2,000 dimensions still fit 32 bits (see `setQuery`). */
const QUERY_RANGE = 8191;

type ScanExports = {
  memory: WebAssembly.Memory;
  scan(codes: number, count: number, width: number, query: number, out: number): void;
};

/** Blocks scored in one call: their sums stay in the fastest cache. */
export const MAX_RUN_BLOCKS = 64;

/**
 * A place for blocks of int8 vectors in linear memory, and the exact dot products of one query with them. A block has
 * `blockVectors` vectors of `dimension` codes.
 */
export type VectorScan = {
  /** Makes room for blocks, so that loading them grows the memory once. */
  reserve(blocks: number): void;
  /** Copies the block's codes to a place; places are numbered from 0 and grow the memory as needed. */
  load(place: number, codes: Int8Array): void;
  setQuery(values: Float32Array): void;
  /**
   * Dot products of the query with the codes of `blocks` blocks (at most MAX_RUN_BLOCKS) from a place on, vector by
   * vector. Valid until the next call. Cosine = sum × factor × the vector's scale.
   */
  score(place: number, blocks: number): { sums: Int32Array; factor: number };
};

/** Bytes of one block in memory. */
export function blockBytes(dimension: number, blockVectors: number): number {
  return widthOf(dimension) * blockVectors;
}

export function createVectorScan(dimension: number, blockVectors: number): VectorScan {
  const { memory, scan } = instantiate();
  const width = widthOf(dimension);
  const queryAt = 0;
  const outAt = queryAt + width * Int16Array.BYTES_PER_ELEMENT;
  const blocksAt = Math.ceil((outAt + MAX_RUN_BLOCKS * blockVectors * Int32Array.BYTES_PER_ELEMENT) / LANES) * LANES;
  let factor = 0;

  function reserve(bytes: number): void {
    const missing = bytes - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  }

  reserve(blocksAt);

  return {
    reserve: (blocks) => reserve(blocksAt + blocks * blockBytes(dimension, blockVectors)),

    load(place, codes) {
      const at = blocksAt + place * blockBytes(dimension, blockVectors);
      reserve(at + blockBytes(dimension, blockVectors));
      const target = new Int8Array(memory.buffer, at, blockBytes(dimension, blockVectors));
      if (width === dimension) {
        target.set(codes);
        return;
      }
      for (let i = 0; i < blockVectors; i++) target.set(codes.subarray(i * dimension, (i + 1) * dimension), i * width);
    },

    setQuery(values) {
      // With |value| at most 1 over a unit vector, the sum is at most 127 × 8191 × √2000, well below 2^31.
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      factor = largest / QUERY_RANGE;
      const target = new Int16Array(memory.buffer, queryAt, width).fill(0);
      for (const [i, value] of values.entries()) target[i] = factor === 0 ? 0 : Math.round(value / factor);
    },

    score(place, blocks) {
      const count = blocks * blockVectors;
      scan(blocksAt + place * blockBytes(dimension, blockVectors), count, width, queryAt, outAt);
      return { sums: new Int32Array(memory.buffer, outAt, count), factor };
    },
  };
}

function widthOf(dimension: number): number {
  return Math.ceil(dimension / LANES) * LANES;
}

function instantiate(): ScanExports {
  const { memory, scan } = new WebAssembly.Instance(scanModule).exports;
  if (!(memory instanceof WebAssembly.Memory) || typeof scan !== 'function')
    throw new Error('The scan module is damaged');
  return { memory, scan: (...args) => void scan(...args) };
}
