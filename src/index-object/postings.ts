import { z } from 'zod';
import type { ResidentHolder, ResidentMemory } from './resident-memory.ts';

/** Where a term stands: the slots of its chunks, and how often it stands there, weighed by column. */
export type Posting = {
  slots: Uint32Array;
  /** In steps of 1 / WEIGHT_STEPS, at most 255 steps. */
  weights: Uint8Array;
};

/** Weights are halves, so that they fit a byte. */
export const WEIGHT_STEPS = 2;
/** Steps by column, in the order of COLUMN_CODE: a word of the title counts twice a word of the body. */
const TITLE_STEPS = 4;
const HEADINGS_STEPS = 3;
const BODY_STEPS = 2;
const COLUMN_STEPS = [TITLE_STEPS, HEADINGS_STEPS, BODY_STEPS];
const COLUMNS = ['title', 'headings', 'body'];
const COLUMN_CODE = "CASE col WHEN 'title' THEN 0 WHEN 'headings' THEN 1 ELSE 2 END";
const EXPRESSION_BY_COLUMN = COLUMNS.map(
  (_, code) => `SELECT rowid * 4 + ${code} AS instance FROM chunks_fts WHERE chunks_fts MATCH ?`,
).join(' UNION ALL ');
const MAX_STEPS = 255;

/** Instances read in one piece: ten characters each stay below SQLite's limit for one value. */
const PAGE_INSTANCES = 150_000;
/** Postings of one and a half million places: the words of a few hundred queries. */
const MAX_POSTINGS_BYTES = 8 * 1024 * 1024;
const POSTING_OVERHEAD_BYTES = 200;

export type Postings = {
  /** The chunks of a term as the index spells it. */
  ofTerm(term: string): Posting;
  /** The chunks that match an FTS5 expression in one column or more; each column counts once. */
  ofExpression(expression: string): Posting;
  /** To be called after any write to the keyword index. */
  changed(): void;
  /** Rows read since the last call. */
  takeRowsRead(): number;
  memoryBytes(): number;
};

const numbers = z.array(z.number());

export function createPostings(sql: SqlStorage, memory: ResidentMemory): Postings {
  const kept = new Map<string, Posting>();
  let bytes = 0;
  let rowsRead = 0;

  const holder: ResidentHolder = {
    release() {
      kept.clear();
      bytes = 0;
    },
  };

  function keep(key: string, posting: Posting): Posting {
    const size = sizeOf(posting);
    if (size > MAX_POSTINGS_BYTES) return posting;
    for (const [oldest, dropped] of kept) {
      if (bytes + size <= MAX_POSTINGS_BYTES) break;
      kept.delete(oldest);
      bytes -= sizeOf(dropped);
    }
    if (!memory.claim(holder, bytes + size)) return posting;
    kept.set(key, posting);
    bytes += size;
    return posting;
  }

  function recall(key: string): Posting | undefined {
    const posting = kept.get(key);
    if (posting === undefined) return undefined;
    kept.delete(key);
    kept.set(key, posting);
    memory.touch(holder);
    return posting;
  }

  function readList(query: string, ...bindings: (string | number)[]): number[] {
    const cursor = sql.exec<{ list: string }>(query, ...bindings);
    const list = numbers.parse(JSON.parse(cursor.one().list));
    rowsRead += cursor.rowsRead;
    return list;
  }

  return {
    ofTerm(term) {
      const key = `term ${term}`;
      const known = recall(key);
      if (known !== undefined) return known;
      const instances: number[][] = [];
      let page: number[];
      do {
        page = readList(
          `SELECT json_group_array(instance) AS list FROM (
            SELECT doc * 4 + ${COLUMN_CODE} AS instance FROM chunks_terms WHERE term = ?
            LIMIT ${PAGE_INSTANCES} OFFSET CAST(? AS INTEGER))`,
          term,
          instances.length * PAGE_INSTANCES,
        );
        instances.push(page);
      } while (page.length === PAGE_INSTANCES);
      return keep(key, weigh(instances.flat()));
    },

    ofExpression(expression) {
      const key = `expression ${expression}`;
      const known = recall(key);
      if (known !== undefined) return known;
      const instances = readList(
        `SELECT json_group_array(instance) AS list FROM (${EXPRESSION_BY_COLUMN} ORDER BY instance)`,
        ...COLUMNS.map((column) => `${column} : (${expression})`),
      );
      return keep(key, weigh(instances));
    },

    changed() {
      memory.forget(holder);
      holder.release();
    },

    takeRowsRead() {
      const taken = rowsRead;
      rowsRead = 0;
      return taken;
    },

    memoryBytes: () => bytes,
  };
}

function sizeOf(posting: Posting): number {
  return posting.slots.byteLength + posting.weights.byteLength + POSTING_OVERHEAD_BYTES;
}

/** Adds up the instances of each chunk. Instances of one chunk stand together. */
function weigh(instances: number[]): Posting {
  const slots = new Uint32Array(instances.length);
  const weights = new Uint8Array(instances.length);
  let count = 0;
  for (const instance of instances) {
    const slot = Math.floor(instance / 4);
    const steps = COLUMN_STEPS[instance % 4] ?? BODY_STEPS;
    if (count === 0 || slots[count - 1] !== slot) {
      slots[count] = slot;
      weights[count++] = steps;
    } else {
      weights[count - 1] = Math.min(MAX_STEPS, (weights[count - 1] ?? 0) + steps);
    }
  }
  return { slots: slots.slice(0, count), weights: weights.slice(0, count) };
}
