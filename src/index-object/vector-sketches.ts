import { alignedAt, CODES_PER_REGISTER, createScanKernel, REGISTER_BYTES, widthOf } from './scan-kernel.ts';

const BITS_PER_BYTE = 8;
/** What the query has for each register of a sketch: its signs, and two bits of how much they weigh. */
const QUERY_PLANES = 3;
const MAX_WEIGHT = 3;
/** A value of this many times the query's root mean square has the full weight. */
const FULL_WEIGHT_AT = 2;

/**
 * The signs of vectors' codes, one bit each: an eighth of the bytes. In which signs a vector and the query differ tells
 * their angle (random hyperplanes; Charikar, STOC 2002), the better when each sign weighs as much as the query's value is
 * large: well enough to leave all but a shortlist unread. Measured on 23,598 sentences in three languages and their
 * queries, the ten nearest are on a shortlist of a 23rd of all to 99.6 %; without weights to 91 %.
 */
export type VectorSketches = {
  /** Makes room for blocks, so that loading them grows the memory once. */
  reserve(blocks: number): void;
  /** Takes the signs of the block's codes to a place; places are numbered from 0 and grow the memory as needed. */
  load(place: number, codes: Int8Array): void;
  /**
   * The vectors that differ least from the query, counted through all places: `wanted` of those that `generations`
   * (by vector) and `allowed` (by generation) let pass, and those that differ as much as the last one. Undefined when
   * these are more than `most`.
   */
  shortlist(query: Float32Array, options: ShortlistOptions): Uint32Array | undefined;
};

export type ShortlistOptions = {
  vectors: number;
  generations: Uint32Array;
  allowed: Uint8Array;
  wanted: number;
  most: number;
};

/** Bytes of one block's sketches in memory. */
export const sketchBytes = (dimension: number, blockVectors: number): number =>
  (widthOf(dimension) / BITS_PER_BYTE + Uint16Array.BYTES_PER_ELEMENT) * blockVectors;

export function createVectorSketches(dimension: number, blockVectors: number): VectorSketches {
  const kernel = createScanKernel();
  const width = widthOf(dimension);
  const bytes = width / BITS_PER_BYTE;
  const queryAt = 0;
  const codesAt = queryAt + bytes * QUERY_PLANES;
  const sketchesAt = codesAt + width * blockVectors;
  kernel.reserve(sketchesAt);

  const loadCodes = (codes: Int8Array): void => {
    const target = new Int8Array(kernel.memory.buffer, codesAt, width * blockVectors).fill(0);
    for (let from = 0; from * dimension < codes.length; from++)
      target.set(codes.subarray(from * dimension, (from + 1) * dimension), from * width);
  };

  /** Sets one bit of the query for each dimension. */
  const setPlane = (plane: number, isSet: (value: number) => boolean, query: Float32Array): void => {
    loadCodes(Int8Array.from(query, (value) => (isSet(value) ? -1 : 0)));
    for (let register = 0; register * CODES_PER_REGISTER < width; register++) {
      const target = queryAt + (register * QUERY_PLANES + plane) * REGISTER_BYTES;
      kernel.sketch(codesAt + register * CODES_PER_REGISTER, CODES_PER_REGISTER, target);
    }
  };

  const setQuery = (query: Float32Array): void => {
    const meanSquare = query.reduce((sum, value) => sum + value * value, 0) / dimension;
    const step = (FULL_WEIGHT_AT * Math.sqrt(meanSquare)) / MAX_WEIGHT;
    const weightOf = (value: number) => Math.min(MAX_WEIGHT, Math.round(Math.abs(value) / step));
    setPlane(0, (value) => value < 0, query);
    setPlane(1, (value) => (weightOf(value) & 1) !== 0, query);
    setPlane(2, (value) => (weightOf(value) & 2) !== 0, query);
  };

  const differencesOf = (query: Float32Array, vectors: number): Uint16Array => {
    setQuery(query);
    const outAt = alignedAt(sketchesAt + vectors * bytes);
    kernel.reserve(outAt + vectors * Uint16Array.BYTES_PER_ELEMENT);
    kernel.differences(sketchesAt, vectors, bytes, queryAt, outAt);
    return new Uint16Array(kernel.memory.buffer, outAt, vectors);
  };

  return {
    reserve: (blocks) => kernel.reserve(sketchesAt + blocks * sketchBytes(dimension, blockVectors)),

    load(place, codes) {
      const at = sketchesAt + place * blockVectors * bytes;
      kernel.reserve(at + blockVectors * bytes);
      loadCodes(codes);
      kernel.sketch(codesAt, width * blockVectors, at);
    },

    shortlist(query, { vectors, generations, allowed, wanted, most }) {
      const differences = differencesOf(query, vectors);
      const hidden = width * MAX_WEIGHT + 1;
      for (let i = 0; i < vectors; i++) if (allowed[generations[i] ?? 0] !== 1) differences[i] = hidden;
      const { limit, many } = limitFor(wanted, countsOf(differences, hidden));
      if (many > most) return undefined;
      const list = new Uint32Array(many);
      let found = 0;
      for (let i = 0; i < vectors; i++) if ((differences[i] ?? hidden) <= limit) list[found++] = i;
      return list;
    },
  };
}

/** How many vectors differ so much; those that differ more than is possible do not count. */
function countsOf(differences: Uint16Array, end: number): Uint32Array {
  const counts = new Uint32Array(end);
  for (const difference of differences) if (difference < end) counts[difference] = (counts[difference] ?? 0) + 1;
  return counts;
}

/** The least difference within which there are as many vectors as wanted, and how many there are. */
function limitFor(wanted: number, counts: Uint32Array): { limit: number; many: number } {
  let many = 0;
  for (const [difference, count] of counts.entries()) {
    many += count;
    if (many >= wanted) return { limit: difference, many };
  }
  return { limit: counts.length - 1, many };
}
