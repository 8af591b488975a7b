import { alignedAt, createScanKernel, widthOf } from './scan-kernel.ts';

/** Query values are scaled to this: products summed over 2,000 dimensions still fit 32 bits (see `setQuery`). */
const QUERY_RANGE = 8191;

/** Blocks scored in one call: their sums stay in the fastest cache. */
export const MAX_RUN_BLOCKS = 64;
/** Vectors scored in one call that are not all of a run. */
export const MAX_LIST = 8_192;

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
  /** The same for some vectors, by their numbers through all places; at most MAX_LIST of them. */
  scoreSome(list: Uint32Array): { sums: Int32Array; factor: number };
};

/** Bytes of one block in memory. */
export const blockBytes = (dimension: number, blockVectors: number): number => widthOf(dimension) * blockVectors;

export function createVectorScan(dimension: number, blockVectors: number): VectorScan {
  const { memory, ...kernel } = createScanKernel();
  const width = widthOf(dimension);
  const queryAt = 0;
  const outAt = queryAt + width * Int16Array.BYTES_PER_ELEMENT;
  const blocksAt = alignedAt(outAt + Math.max(MAX_LIST, MAX_RUN_BLOCKS * blockVectors) * Int32Array.BYTES_PER_ELEMENT);
  let factor = 0;
  kernel.reserve(blocksAt);

  return {
    reserve: (blocks) => kernel.reserve(blocksAt + blocks * blockBytes(dimension, blockVectors)),

    load(place, codes) {
      const at = blocksAt + place * blockBytes(dimension, blockVectors);
      kernel.reserve(at + blockBytes(dimension, blockVectors));
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
      kernel.scan(blocksAt + place * blockBytes(dimension, blockVectors), count, width, queryAt, outAt);
      return { sums: new Int32Array(memory.buffer, outAt, count), factor };
    },

    scoreSome(list) {
      const sums = new Int32Array(memory.buffer, outAt, list.length);
      sums.set(list);
      kernel.rescore(blocksAt, outAt, list.length, width, queryAt);
      return { sums, factor };
    },
  };
}
