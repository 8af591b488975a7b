/**
 * Slots number the chunks of an index densely: the numbers of dropped chunks are given out again. Who has which slot is
 * kept twice: as ranges for finding a generation's slots, and slot by slot (in blocks) for searches.
 */

const FREE = 0;
const BLOCK_SLOTS = 1024;
const MAX_WORDS = 0xffff;

export type SlotRange = { first: number; last: number };

/** What searches need to know of every slot. Valid until the next write. */
export type SlotTable = {
  /** The generation that each slot belongs to; 0 where free. */
  generations: Uint32Array;
  /** Words of the chunk in each slot. */
  words: Uint16Array;
  /** Slots in use. */
  count: number;
  /** Words in all slots. */
  totalWords: number;
};

export type Slots = {
  /** Gives `count` slots to the generation, in as few ranges as the free space allows. */
  allocate(generation: number, count: number): number[];
  setWords(slot: number, words: number): void;
  /** The generation's slots. */
  rangesOf(generation: number): SlotRange[];
  /** Makes the generation's slots free. */
  release(generation: number): void;
  /** Writes what changed slot by slot; to be called at the end of a write. */
  flush(): void;
  table(): SlotTable;
  /** Forgets what is held in memory. */
  reset(): void;
};

export function createSlots(sql: SqlStorage): Slots {
  let loaded: SlotTable | undefined;
  const dirty = new Set<number>();

  function table(): SlotTable {
    loaded ??= load();
    return loaded;
  }

  function load(): SlotTable {
    const size = (Math.floor(lastSlot() / BLOCK_SLOTS) + 1) * BLOCK_SLOTS;
    const generations = new Uint32Array(size);
    const words = new Uint16Array(size);
    const rows = sql.exec('SELECT block, generations, words FROM slot_blocks');
    for (const [block, ofBlock, wordsOfBlock] of rows.raw<[number, ArrayBuffer, ArrayBuffer]>()) {
      generations.set(new Uint32Array(ofBlock), block * BLOCK_SLOTS);
      words.set(new Uint16Array(wordsOfBlock), block * BLOCK_SLOTS);
    }
    let count = 0;
    let totalWords = 0;
    for (let slot = 0; slot < size; slot++) {
      if (generations[slot] !== FREE) count++;
      totalWords += words[slot] ?? 0;
    }
    return { generations, words, count, totalWords };
  }

  function lastSlot(): number {
    const rows = sql.exec<{ last: number }>('SELECT last FROM slot_ranges ORDER BY first DESC LIMIT 1').toArray();
    return rows[0]?.last ?? 0;
  }

  function grow(size: number): SlotTable {
    const known = table();
    if (size <= known.generations.length) return known;
    const blocks = Math.ceil(Math.max(size, known.generations.length * 2) / BLOCK_SLOTS);
    const generations = new Uint32Array(blocks * BLOCK_SLOTS);
    const words = new Uint16Array(blocks * BLOCK_SLOTS);
    generations.set(known.generations);
    words.set(known.words);
    loaded = { ...known, generations, words };
    return loaded;
  }

  function setWords(slot: number, words: number): void {
    const known = table();
    const counted = Math.min(words, MAX_WORDS);
    known.totalWords += counted - (known.words[slot] ?? 0);
    known.words[slot] = counted;
    dirty.add(Math.floor(slot / BLOCK_SLOTS));
  }

  function mark({ first, last }: SlotRange, generation: number): void {
    const known = grow(last + 1);
    const size = last - first + 1;
    known.count += generation === FREE ? -size : size;
    known.generations.fill(generation, first, last + 1);
    for (let slot = first; slot <= last; slot++) setWords(slot, 0);
  }

  function take(generation: number, range: SlotRange): void {
    // Growing the range before it keeps one row for a document that arrives in many calls.
    const grown = sql.exec(
      'UPDATE slot_ranges SET last = ? WHERE generation = ? AND last = ? RETURNING first',
      range.last,
      generation,
      range.first - 1,
    );
    if (grown.toArray().length === 0) insert(range, generation);
    mark(range, generation);
  }

  function insert({ first, last }: SlotRange, generation: number): void {
    sql.exec('INSERT INTO slot_ranges (first, last, generation) VALUES (?, ?, ?)', first, last, generation);
  }

  function takeFree(generation: number, wanted: number): SlotRange | undefined {
    const free = sql
      .exec<SlotRange>('SELECT first, last FROM slot_ranges WHERE generation = ? ORDER BY first LIMIT 1', FREE)
      .toArray()[0];
    if (free === undefined) return undefined;
    const range = { first: free.first, last: Math.min(free.last, free.first + wanted - 1) };
    sql.exec('DELETE FROM slot_ranges WHERE first = ?', free.first);
    if (range.last < free.last) insert({ first: range.last + 1, last: free.last }, FREE);
    take(generation, range);
    return range;
  }

  function takeNew(generation: number, wanted: number): SlotRange {
    const top = lastSlot();
    const range = { first: top + 1, last: top + wanted };
    take(generation, range);
    return range;
  }

  return {
    allocate(generation, count) {
      const given: number[] = [];
      while (given.length < count) {
        const wanted = count - given.length;
        const { first, last } = takeFree(generation, wanted) ?? takeNew(generation, wanted);
        for (let slot = first; slot <= last; slot++) given.push(slot);
      }
      return given;
    },

    setWords,

    rangesOf(generation) {
      return sql
        .exec<SlotRange>('SELECT first, last FROM slot_ranges WHERE generation = ? ORDER BY first', generation)
        .toArray();
    },

    release(generation) {
      const ranges = sql
        .exec<SlotRange>('SELECT first, last FROM slot_ranges WHERE generation = ?', generation)
        .toArray();
      sql.exec('UPDATE slot_ranges SET generation = ? WHERE generation = ?', FREE, generation);
      for (const range of ranges) mark(range, FREE);
    },

    flush() {
      for (const block of dirty) {
        const { generations, words } = table();
        const from = block * BLOCK_SLOTS;
        sql.exec(
          'INSERT OR REPLACE INTO slot_blocks (block, generations, words) VALUES (?, ?, ?)',
          block,
          generations.slice(from, from + BLOCK_SLOTS).buffer,
          words.slice(from, from + BLOCK_SLOTS).buffer,
        );
      }
      dirty.clear();
    },

    table,

    reset() {
      loaded = undefined;
      dirty.clear();
    },
  };
}
