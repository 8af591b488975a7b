import type { ResidentHolder, ResidentMemory } from './resident-memory.ts';
import { blockBytes, createVectorScan, MAX_LIST, MAX_RUN_BLOCKS, type VectorScan } from './vector-scan.ts';
import { createVectorSketches, sketchBytes, type VectorSketches } from './vector-sketches.ts';

/** Vectors of one block: small enough to rewrite when one document's vectors arrive (25 kB at 384 dimensions). */
export const BLOCK_SLOTS = 64;
const BYTES_PER_NUMBER = 4;

/** Up to here all vectors are read: that takes less than two milliseconds. */
const FEW_VECTORS = 16_384;
/** The shortlist is this share of all vectors: it has at least 99 % of the ten nearest (a test measures it). */
const SHORTLIST_SHARE = 1 / 24;
const MIN_SHORTLIST = 1_024;
const MAX_SHORTLIST = MAX_LIST / 2;

/** Who each vector of a block belongs to (0: none) and its scale. */
export type BlockHead = { generations: Uint32Array; scales: Float32Array };

export type VectorEntry = { slot: number; codes: Int8Array; scale: number };

export type VectorBlocks = {
  /** Sets the vectors of slots; returns how many of them had none of this generation before. */
  put(generation: number, dimension: number, entries: VectorEntry[]): number;
  /** Empties the slots from `first` to `last`; returns how many of them had a vector. */
  clear(first: number, last: number): number;
  /** How many slots from `first` to `last` hold a vector of the generation, as the database has it. */
  count(generation: number, range: { first: number; last: number }): number;
  isEmpty(): boolean;
  /**
   * Visits all blocks, some at a time, with the dot products of their codes and the query. From memory where the bound
   * allows, else read from the database on the way.
   */
  scan(query: Float32Array, visit: (run: ScannedRun) => void): void;
  /**
   * Of many vectors those that may be nearest, with the dot products of their codes and the query. Undefined where all
   * have to be visited by `scan`: there are few, or they are not in memory, or too many are alike.
   */
  shortlist(query: Float32Array, allowed: Uint8Array): Shortlist | undefined;
  /** Rows read since the last call. */
  takeRowsRead(): number;
  memoryBytes(): number;
  reset(): void;
};

/**
 * Some blocks with their scores. Vector i is in block `numbers[i / BLOCK_SLOTS]`, is of `generations[i]` (0: none), and
 * its cosine with the query is sums[i] × scales[i] × factor.
 */
export type ScannedRun = {
  numbers: Uint32Array;
  generations: Uint32Array;
  scales: Float32Array;
  sums: Int32Array;
  factor: number;
};

/** The nearest vectors by slot. Their cosine with the query is sums[i] × scales[i] × factor. */
export type Shortlist = { slots: Uint32Array; scales: Float32Array; sums: Int32Array; factor: number };

/** The slot of vector i of a run. */
export function slotIn(run: Pick<ScannedRun, 'numbers'>, i: number): number {
  return (run.numbers[Math.floor(i / BLOCK_SLOTS)] ?? 0) * BLOCK_SLOTS + (i % BLOCK_SLOTS);
}

type BlockRow = [number, ArrayBuffer, ArrayBuffer, ArrayBuffer];
type Block = { head: BlockHead; codes: Int8Array };

/** What is kept in memory: codes in the scan's memory, and what belongs to them by place. */
type Resident = {
  dimension: number;
  scan: VectorScan;
  sketches: VectorSketches;
  places: Map<number, number>;
  free: number[];
  numbers: Uint32Array;
  generations: Uint32Array;
  scales: Float32Array;
};

const SELECT_BLOCKS = 'SELECT block, generations, scales, codes FROM vector_blocks';

export function createVectorBlocks(sql: SqlStorage, memory: ResidentMemory): VectorBlocks {
  let resident: Resident | undefined;
  let bytes = 0;
  let rowsRead = 0;

  const holder: ResidentHolder = {
    release() {
      resident = undefined;
      bytes = 0;
    },
  };

  function claim(blocks: number, dimension: number): boolean {
    const ofVectors = blockBytes(dimension, BLOCK_SLOTS) + sketchBytes(dimension, BLOCK_SLOTS);
    const wanted = blocks * (ofVectors + BLOCK_SLOTS * 2 * BYTES_PER_NUMBER);
    if (memory.claim(holder, wanted)) {
      bytes = wanted;
      return true;
    }
    holder.release();
    return false;
  }

  function* readAll(): Generator<[number, Block]> {
    for (const row of sql.exec(`${SELECT_BLOCKS} ORDER BY block`).raw<BlockRow>()) {
      rowsRead++;
      yield [row[0], toBlock(row)];
    }
  }

  function place(into: Resident, number: number, block: Block): void {
    const at = into.places.get(number) ?? into.free.pop() ?? into.places.size;
    if (at >= into.numbers.length) growHeads(into, Math.max(at + 1, into.numbers.length * 2));
    into.places.set(number, at);
    into.numbers[at] = number;
    into.generations.set(block.head.generations, at * BLOCK_SLOTS);
    into.scales.set(block.head.scales, at * BLOCK_SLOTS);
    into.scan.load(at, block.codes);
    into.sketches.load(at, block.codes);
  }

  function load(dimension: number): Resident | undefined {
    if (resident?.dimension === dimension) {
      memory.touch(holder);
      return resident;
    }
    const { blocks } = sql.exec<{ blocks: number }>('SELECT count(*) AS blocks FROM vector_blocks').one();
    if (!claim(blocks, dimension)) return undefined;
    const scan = createVectorScan(dimension, BLOCK_SLOTS);
    scan.reserve(blocks);
    const sketches = createVectorSketches(dimension, BLOCK_SLOTS);
    sketches.reserve(blocks);
    const loading: Resident = {
      dimension,
      scan,
      sketches,
      places: new Map(),
      free: [],
      numbers: new Uint32Array(blocks),
      generations: new Uint32Array(blocks * BLOCK_SLOTS),
      scales: new Float32Array(blocks * BLOCK_SLOTS),
    };
    for (const [number, block] of readAll()) place(loading, number, block);
    resident = loading;
    return loading;
  }

  function scanResident(kept: Resident, query: Float32Array, visit: (run: ScannedRun) => void): void {
    kept.scan.setQuery(query);
    const end = kept.places.size + kept.free.length;
    for (let from = 0; from < end; from += MAX_RUN_BLOCKS) {
      const to = Math.min(end, from + MAX_RUN_BLOCKS);
      visit({
        numbers: kept.numbers.subarray(from, to),
        generations: kept.generations.subarray(from * BLOCK_SLOTS, to * BLOCK_SLOTS),
        scales: kept.scales.subarray(from * BLOCK_SLOTS, to * BLOCK_SLOTS),
        ...kept.scan.score(from, to - from),
      });
    }
  }

  function stream(query: Float32Array, visit: (run: ScannedRun) => void): void {
    const scan = createVectorScan(query.length, BLOCK_SLOTS);
    scan.setQuery(query);
    for (const [number, { head, codes }] of readAll()) {
      scan.load(0, codes);
      visit({ numbers: Uint32Array.of(number), ...head, ...scan.score(0, 1) });
    }
  }

  function read(number: number): Block | undefined {
    const row = sql.exec(`${SELECT_BLOCKS} WHERE block = ?`, number).raw<BlockRow>().next();
    return row.done ? undefined : toBlock(row.value);
  }

  function write(number: number, block: Block): void {
    sql.exec(
      'INSERT OR REPLACE INTO vector_blocks (block, generations, scales, codes) VALUES (?, ?, ?, ?)',
      number,
      block.head.generations.slice().buffer,
      block.head.scales.slice().buffer,
      block.codes.slice().buffer,
    );
    if (resident === undefined) return;
    const known = resident.places.has(number);
    if (known || claim(resident.places.size + 1, resident.dimension)) place(resident, number, block);
  }

  function erase(number: number): void {
    sql.exec('DELETE FROM vector_blocks WHERE block = ?', number);
    const at = resident?.places.get(number);
    if (resident === undefined || at === undefined) return;
    resident.places.delete(number);
    resident.free.push(at);
    // The memory keeps its size, but nothing of what was dropped.
    resident.generations.fill(0, at * BLOCK_SLOTS, (at + 1) * BLOCK_SLOTS);
    resident.scan.load(at, new Int8Array(resident.dimension * BLOCK_SLOTS));
  }

  return {
    put(generation, dimension, entries) {
      let added = 0;
      for (const [number, members] of Map.groupBy(entries, (entry) => blockOf(entry.slot))) {
        const block = read(number) ?? emptyBlock(dimension);
        for (const { slot, codes, scale } of members) {
          const i = slot % BLOCK_SLOTS;
          if (block.head.generations[i] !== generation) added++;
          block.head.generations[i] = generation;
          block.head.scales[i] = scale;
          block.codes.set(codes, i * dimension);
        }
        write(number, block);
      }
      return added;
    },

    clear(first, last) {
      let cleared = 0;
      for (let number = blockOf(first); number <= blockOf(last); number++) {
        const block = read(number);
        if (block === undefined) continue;
        const dimension = block.codes.length / BLOCK_SLOTS;
        const from = Math.max(first - number * BLOCK_SLOTS, 0);
        const to = Math.min(last - number * BLOCK_SLOTS, BLOCK_SLOTS - 1) + 1;
        cleared += block.head.generations
          .subarray(from, to)
          .reduce((sum, generation) => sum + Math.sign(generation), 0);
        block.head.generations.fill(0, from, to);
        block.head.scales.fill(0, from, to);
        block.codes.fill(0, from * dimension, to * dimension);
        if (block.head.generations.some((generation) => generation !== 0)) write(number, block);
        else erase(number);
      }
      return cleared;
    },

    count(generation, { first, last }) {
      let found = 0;
      for (let number = blockOf(first); number <= blockOf(last); number++) {
        const from = Math.max(first - number * BLOCK_SLOTS, 0);
        const to = Math.min(last - number * BLOCK_SLOTS, BLOCK_SLOTS - 1) + 1;
        const held = read(number)?.head.generations.subarray(from, to) ?? new Uint32Array();
        found += held.filter((each) => each === generation).length;
      }
      return found;
    },

    isEmpty: () => sql.exec('SELECT 1 FROM vector_blocks LIMIT 1').toArray().length === 0,

    scan(query, visit) {
      const kept = load(query.length);
      if (kept === undefined) stream(query, visit);
      else scanResident(kept, query, visit);
    },

    shortlist(query, allowed) {
      const kept = load(query.length);
      const vectors = kept === undefined ? 0 : (kept.places.size + kept.free.length) * BLOCK_SLOTS;
      if (kept === undefined || vectors <= FEW_VECTORS) return undefined;
      const { generations, scales } = kept;
      const wanted = Math.min(MAX_SHORTLIST, Math.max(MIN_SHORTLIST, Math.ceil(vectors * SHORTLIST_SHARE)));
      const options = { vectors, generations, allowed, wanted, most: MAX_LIST };
      const list = kept.sketches.shortlist(query, options);
      if (list === undefined) return undefined;
      kept.scan.setQuery(query);
      return {
        slots: list.map((i) => slotIn(kept, i)),
        scales: Float32Array.from(list, (i) => scales[i] ?? 0),
        ...kept.scan.scoreSome(list),
      };
    },

    takeRowsRead() {
      const taken = rowsRead;
      rowsRead = 0;
      return taken;
    },

    memoryBytes: () => bytes,

    reset() {
      memory.forget(holder);
      holder.release();
    },
  };
}

function growHeads(resident: Resident, blocks: number): void {
  const { numbers, generations, scales } = resident;
  resident.numbers = new Uint32Array(blocks);
  resident.numbers.set(numbers);
  resident.generations = new Uint32Array(blocks * BLOCK_SLOTS);
  resident.generations.set(generations);
  resident.scales = new Float32Array(blocks * BLOCK_SLOTS);
  resident.scales.set(scales);
}

function blockOf(slot: number): number {
  return Math.floor(slot / BLOCK_SLOTS);
}

function emptyBlock(dimension: number): Block {
  return {
    head: { generations: new Uint32Array(BLOCK_SLOTS), scales: new Float32Array(BLOCK_SLOTS) },
    codes: new Int8Array(BLOCK_SLOTS * dimension),
  };
}

function toBlock([, generations, scales, codes]: BlockRow): Block {
  return {
    head: { generations: new Uint32Array(generations), scales: new Float32Array(scales) },
    codes: new Int8Array(codes),
  };
}
