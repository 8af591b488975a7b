import { z } from 'zod';
import type { TextField } from './query-language.ts';
import type { ResidentHolder, ResidentMemory } from './resident-memory.ts';

/** Where a term stands: the slots of its chunks, ascending, and how often it stands there, weighed by column. */
export type Posting = {
  slots: Uint32Array;
  /** In steps of 1 / WEIGHT_STEPS, at most 255 steps. */
  weights: Uint8Array;
  /** Of words only: their places in each chunk, ascending; those of slot i are `at[starts[i]]` to before `at[starts[i + 1]]`. */
  places: { starts: Uint32Array; at: Uint16Array } | null;
};

/** Weights are halves, so that they fit a byte. */
export const WEIGHT_STEPS = 2;
/** Steps by column, in the order of COLUMN_CODE: a word of the title counts twice a word of the body. */
const TITLE_STEPS = 4;
const HEADINGS_STEPS = 3;
const BODY_STEPS = 2;
const COLUMN_STEPS = [TITLE_STEPS, HEADINGS_STEPS, BODY_STEPS];
/** A tag, or a note on the document, counts as a heading does. */
const FILED_STEPS = HEADINGS_STEPS;
const COLUMNS = ['title', 'headings', 'body'];
const COLUMN_OF: Record<TextField, string> = { title: 'title', heading: 'headings', body: 'body' };
const COLUMN_CODE = "CASE col WHEN 'title' THEN 0 WHEN 'headings' THEN 1 ELSE 2 END";
const MAX_STEPS = 255;

/** Columns lie this far apart: words of two are never near each other. Places behind the last but one are told no more. */
const COLUMN_BITS = 12;
const COLUMN_LENGTH = 1 << COLUMN_BITS;
const LAST_PLACE = 4000;
const PLACES = 4 * COLUMN_LENGTH;

/** Instances read in one piece: with numbers of 12 characters each, below SQLite's limit for one value. */
const PAGE_INSTANCES = 120_000;
/** Of what stands in more places than this, nobody asks what it stands near to. */
const MAX_PLACED_INSTANCES = 60_000;
/** Postings of a million places: the words of a few hundred queries. */
const MAX_POSTINGS_BYTES = 8 * 1024 * 1024;
const POSTING_OVERHEAD_BYTES = 200;

export type Postings = {
  /** The chunks of a term as the index spells it. */
  ofTerm(term: string): Posting;
  /** The chunks that match an FTS5 expression in one column or more, or in that of a field; each column counts once. */
  ofExpression(expression: string, field: TextField | null): Posting;
  /** The chunks of documents that are filed under a text that matches the expression: tags, notes. */
  ofFiled(expression: string): Posting;
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
  /** Whether documents are filed under any text; undefined until asked. */
  let isFiled: boolean | undefined;

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
            SELECT doc * ${PLACES} + ${COLUMN_CODE} * ${COLUMN_LENGTH} + min(offset, ${LAST_PLACE}) AS instance
            FROM chunks_terms WHERE term = ? LIMIT ${PAGE_INSTANCES} OFFSET CAST(? AS INTEGER))`,
          term,
          instances.length * PAGE_INSTANCES,
        );
        instances.push(page);
      } while (page.length === PAGE_INSTANCES);
      return keep(key, placed(instances.flat()));
    },

    ofExpression(expression, field) {
      const key = `expression ${field ?? ''} ${expression}`;
      const known = recall(key);
      if (known !== undefined) return known;
      const columns = field === null ? COLUMNS : [COLUMN_OF[field]];
      const byColumn = columns.map(
        (column) =>
          `SELECT rowid * 4 + ${COLUMNS.indexOf(column)} AS instance FROM chunks_fts WHERE chunks_fts MATCH ?`,
      );
      const instances = readList(
        `SELECT json_group_array(instance) AS list FROM (${byColumn.join(' UNION ALL ')} ORDER BY instance)`,
        ...columns.map((column) => `${column} : (${expression})`),
      );
      return keep(key, weigh(instances));
    },

    ofFiled(expression) {
      isFiled ??= sql.exec('SELECT number FROM label_texts LIMIT 1').toArray().length > 0;
      if (!isFiled) return NOWHERE;
      const key = `filed ${expression}`;
      const known = recall(key);
      if (known !== undefined) return known;
      const cursor = sql.exec(
        `SELECT DISTINCT r.first, r.last FROM label_texts_fts f CROSS JOIN label_texts t ON t.number = f.rowid
          CROSS JOIN labels l ON l.label = t.label CROSS JOIN documents d ON d.number = l.document
          CROSS JOIN slot_ranges r ON r.generation = d.generation
        WHERE f.label_texts_fts MATCH ? ORDER BY r.first`,
        expression,
      );
      const slots = [...cursor.raw<[number, number]>()].flatMap(([first, last]) =>
        Array.from({ length: last - first + 1 }, (_, i) => first + i),
      );
      rowsRead += cursor.rowsRead;
      const weights = new Uint8Array(slots.length).fill(FILED_STEPS);
      return keep(key, { slots: Uint32Array.from(slots), weights, places: null });
    },

    changed() {
      memory.forget(holder);
      holder.release();
      isFiled = undefined;
    },

    takeRowsRead() {
      const taken = rowsRead;
      rowsRead = 0;
      return taken;
    },

    memoryBytes: () => bytes,
  };
}

const NO_PLACES = { starts: new Uint32Array(0), at: new Uint16Array(0) };
const NOWHERE: Posting = { slots: new Uint32Array(0), weights: new Uint8Array(0), places: null };

function sizeOf({ slots, weights, places }: Posting): number {
  const ofPlaces = places === null ? 0 : places.starts.byteLength + places.at.byteLength;
  return slots.byteLength + weights.byteLength + ofPlaces + POSTING_OVERHEAD_BYTES;
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
  return { slots: slots.slice(0, count), weights: weights.slice(0, count), places: null };
}

/** The same of instances that say their places too. */
function placed(instances: number[]): Posting {
  const slots = new Uint32Array(instances.length);
  const weights = new Uint8Array(instances.length);
  const starts = new Uint32Array(instances.length + 1);
  const at = new Uint16Array(instances.length);
  let count = 0;
  for (let i = 0; i < instances.length; i++) {
    const instance = instances[i] ?? 0;
    const slot = Math.floor(instance / PLACES);
    const place = instance - slot * PLACES;
    const steps = COLUMN_STEPS[place >> COLUMN_BITS] ?? BODY_STEPS;
    at[i] = place;
    if (count === 0 || slots[count - 1] !== slot) {
      slots[count] = slot;
      starts[count] = i;
      weights[count++] = steps;
    } else {
      weights[count - 1] = Math.min(MAX_STEPS, (weights[count - 1] ?? 0) + steps);
    }
  }
  starts[count] = instances.length;
  const places = instances.length > MAX_PLACED_INSTANCES ? null : { starts: starts.slice(0, count + 1), at };
  return { slots: slots.slice(0, count), weights: weights.slice(0, count), places };
}

/** What stands where any of the postings does. */
export function unite(postings: Posting[]): Posting {
  return postings.filter(({ slots }) => slots.length > 0).reduce<Posting | undefined>(both, undefined) ?? NOWHERE;
}

function both(a: Posting | undefined, b: Posting): Posting {
  if (a === undefined) return b;
  const slots = new Uint32Array(a.slots.length + b.slots.length);
  const weights = new Uint8Array(slots.length);
  const starts = new Uint32Array(slots.length + 1);
  const at = new Uint16Array((a.places?.at.length ?? 0) + (b.places?.at.length ?? 0));
  let count = 0;
  let filled = 0;
  const take = (from: Posting, i: number): number => {
    const { starts: begin, at: places } = from.places ?? NO_PLACES;
    const own = places.subarray(begin[i] ?? 0, begin[i + 1] ?? 0);
    at.set(own, filled);
    filled += own.length;
    return from.weights[i] ?? 0;
  };
  for (let i = 0, j = 0; i < a.slots.length || j < b.slots.length; count++) {
    const left = a.slots[i] ?? Number.POSITIVE_INFINITY;
    const right = b.slots[j] ?? Number.POSITIVE_INFINITY;
    slots[count] = Math.min(left, right);
    starts[count] = filled;
    const weight = (left <= right ? take(a, i++) : 0) + (right <= left ? take(b, j++) : 0);
    weights[count] = Math.min(MAX_STEPS, weight);
    if (left === right) at.subarray(starts[count], filled).sort();
  }
  starts[count] = filled;
  const places = filled === 0 ? null : { starts: starts.slice(0, count + 1), at };
  return { slots: slots.slice(0, count), weights: weights.slice(0, count), places };
}
