import type { SearchFilter } from './index.types.ts';

/** Masks kept for filters used since the last write: more than one person alternates between. */
const KEPT_MASKS = 16;

export type Visibility = {
  /** By generation: 1 when its chunks may be found under the filter. Numbers beyond the array may not. */
  mask(filter: SearchFilter): { allowed: Uint8Array; rowsRead: number };
  /** To be called after any write to documents: which generations it hid and showed. */
  changed(change: { hidden?: number | null; shown?: number | null }): void;
  /** Forgets what is held in memory. */
  reset(): void;
};

const UNFILTERED = '{}';

type Condition = { sql: string; bindings: (string | number)[] };

export function createVisibility(sql: SqlStorage): Visibility {
  const kept = new Map<string, Uint8Array>();

  function read(filter: SearchFilter): { allowed: Uint8Array; rowsRead: number } {
    const conditions = conditionsOf(filter);
    const where = ['visible = 1', 'generation IS NOT NULL', ...conditions.map((condition) => condition.sql)].join(
      ' AND ',
    );
    const bindings = conditions.flatMap((condition) => condition.bindings);
    const highest = sql
      .exec<{ number: number }>('SELECT number FROM generations ORDER BY number DESC LIMIT 1')
      .toArray()[0];
    const allowed = new Uint8Array((highest?.number ?? 0) + 1);
    const cursor = sql.exec(`SELECT generation FROM documents WHERE ${where}`, ...bindings);
    for (const [generation] of cursor.raw<[number]>()) allowed[generation] = 1;
    return { allowed, rowsRead: cursor.rowsRead + 1 };
  }

  return {
    mask(filter) {
      const key = JSON.stringify(filter);
      const known = kept.get(key);
      if (known !== undefined) return { allowed: known, rowsRead: 0 };
      const result = read(filter);
      const oldest = kept.keys().next();
      if (kept.size >= KEPT_MASKS && !oldest.done) kept.delete(oldest.value);
      kept.set(key, result.allowed);
      return result;
    },
    changed({ hidden, shown }) {
      // The mask of searches without a filter is mended in place, so that they stay fast while documents arrive.
      const unfiltered = kept.get(UNFILTERED);
      kept.clear();
      if (unfiltered === undefined) return;
      const mended = shown != null && shown >= unfiltered.length ? grown(unfiltered, shown + 1) : unfiltered;
      if (hidden != null) mended[hidden] = 0;
      if (shown != null) mended[shown] = 1;
      kept.set(UNFILTERED, mended);
    },

    reset() {
      kept.clear();
    },
  };
}

function grown(mask: Uint8Array, size: number): Uint8Array {
  const larger = new Uint8Array(Math.max(size, mask.length * 2));
  larger.set(mask);
  return larger;
}

function conditionsOf(filter: SearchFilter): Condition[] {
  const conditions: Condition[] = [];
  const among = (column: string, values: string[] | undefined): void => {
    if (values === undefined) return;
    conditions.push({
      sql: `${column} IN (SELECT value FROM json_each(?))`,
      bindings: [JSON.stringify(values)],
    });
  };
  among('kind', filter.kinds);
  among('profile', filter.profiles);
  among('language', filter.languages);
  among('document_id', filter.documentIds);
  if (filter.createdFrom !== undefined) conditions.push({ sql: 'created_at >= ?', bindings: [filter.createdFrom] });
  if (filter.createdTo !== undefined) conditions.push({ sql: 'created_at <= ?', bindings: [filter.createdTo] });
  const notAmong = (column: string, values: string[] | undefined): void => {
    if (values === undefined) return;
    conditions.push({
      sql: `(${column} IS NULL OR ${column} NOT IN (SELECT value FROM json_each(?)))`,
      bindings: [JSON.stringify(values)],
    });
  };
  notAmong('kind', filter.without?.kinds);
  notAmong('profile', filter.without?.profiles);
  notAmong('language', filter.without?.languages);
  if (filter.without?.labels !== undefined) {
    conditions.push({
      sql: 'number NOT IN (SELECT document FROM labels WHERE label IN (SELECT value FROM json_each(?)))',
      bindings: [JSON.stringify(filter.without.labels)],
    });
  }
  for (const group of filter.labels ?? []) {
    conditions.push({
      sql: 'number IN (SELECT document FROM labels WHERE label IN (SELECT value FROM json_each(?)))',
      bindings: [JSON.stringify(group)],
    });
  }
  return conditions;
}
