import type { FilterTree } from '../shared/filter-tree.ts';
import { compileFilter } from './filter-sql.ts';
import type { SearchFilter } from './index.types.ts';

/** Masks kept for filters used since the last write: more than one person alternates between. */
const KEPT_MASKS = 16;

export type VisibilityChange = { hidden?: number | null; shown?: number | null };

export type Visibility = {
  /** By generation: 1 when its chunks may be found under the filter. Numbers beyond the array may not. */
  mask(filter: SearchFilter): { allowed: Uint8Array; rowsRead: number };
  /** To be called after any write to documents: which generations it hid and showed. */
  changed(change: VisibilityChange): void;
  /** Forgets what is held in memory. */
  reset(): void;
};

const UNFILTERED = '{}';

export function createVisibility(sql: SqlStorage): Visibility {
  const kept = new Map<string, Uint8Array>();

  function read(filter: SearchFilter): { allowed: Uint8Array; rowsRead: number } {
    const condition = compileFilter(treeOf(filter));
    const highest = sql
      .exec<{ number: number }>('SELECT number FROM generations ORDER BY number DESC LIMIT 1')
      .toArray()[0];
    const allowed = new Uint8Array((highest?.number ?? 0) + 1);
    const cursor = sql.exec(
      `SELECT generation FROM documents WHERE visible = 1 AND generation IS NOT NULL AND ?1 IS NOT NULL AND ${condition.sql}`,
      condition.parameter,
    );
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

/** Everything that a filter asks for, as one tree. */
function treeOf(filter: SearchFilter): FilterTree {
  const { where, labels = [], createdFrom, createdTo } = filter;
  const among = (field: string, values: string[] | undefined): FilterTree[] =>
    values === undefined ? [] : [{ field, is: 'in', values }];
  const all: FilterTree[] = [
    ...among('kind', filter.kinds),
    ...among('profile', filter.profiles),
    ...among('language', filter.languages),
    ...among('documentId', filter.documentIds),
    ...labels.flatMap((group) => among('tag', group)),
    ...(createdFrom === undefined ? [] : [{ field: 'createdAt', is: 'from' as const, value: createdFrom }]),
    ...(createdTo === undefined ? [] : [{ field: 'createdAt', is: 'to' as const, value: createdTo }]),
    ...(where === undefined ? [] : [where]),
  ];
  return { all };
}
