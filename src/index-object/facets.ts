import type { FilterTree } from '../shared/filter-tree.ts';
import { leavesOf } from '../shared/filter-tree.ts';
import type { Facet, FacetCounts, SearchFilter } from './index.types.ts';
import type { ResidentHolder, ResidentMemory } from './resident-memory.ts';

/** Values given of a facet. Labels may turn out to be nobody's: enough that those that are left fill a list of twenty. */
const MAX_VALUES = 20;
const MAX_LABELS = 100;
/** Rows read anew one by one; of more, all are. */
const MAX_MENDED = 1_000;

const BYTES_PER_GENERATION = 4 * 4 + 8;
const BYTES_PER_LABEL = 24;

/** The condition by which people narrow a search to one of a facet's values. */
const FIELDS: Record<Facet, string> = {
  kind: 'kind',
  profile: 'profile',
  language: 'language',
  year: 'createdAt',
  tag: 'tag',
  collection: 'collection',
};

type Column = 'kind' | 'profile' | 'language' | 'year';
const COLUMNS: readonly Column[] = ['kind', 'profile', 'language', 'year'];
const isColumn = (facet: Facet): facet is Column => COLUMNS.some((column) => column === facet);

type Row = {
  generation: number;
  document: number;
  kind: string;
  profile: string;
  language: string | null;
  created: number;
  labels: string;
};

/** What documents are counted by, by generation. Values are numbered from 1; 0 is none. */
type Loaded = { columns: Record<Column, Uint32Array>; labels: (number[] | undefined)[] };

export type Facets = {
  /** How many of the documents have each value. */
  count(facet: Facet, generations: Iterable<number>): FacetCounts;
  /** To be called after any write to documents: which content it showed; without it, any may have changed. */
  changed(change: { hidden?: number | null; shown?: number | null }): void;
  /** Forgets what is held in memory. */
  reset(): void;
  /** Rows read since the last call. */
  takeRowsRead(): number;
};

export function createFacets(sql: SqlStorage, memory: ResidentMemory): Facets {
  let loaded: Loaded | undefined;
  let names: string[] = [''];
  let codes = new Map<string, number>();
  let labelCount = 0;
  const stale = new Set<number>();
  let rowsRead = 0;

  const holder: ResidentHolder = { release: forget };

  function forget(): void {
    loaded = undefined;
    names = [''];
    codes = new Map();
    labelCount = 0;
    stale.clear();
  }

  function codeOf(name: string): number {
    const known = codes.get(name);
    if (known !== undefined) return known;
    codes.set(name, names.length);
    return names.push(name) - 1;
  }

  function put(into: Loaded, row: Row): void {
    const { generation, language } = row;
    into.columns.kind[generation] = codeOf(row.kind);
    into.columns.profile[generation] = codeOf(row.profile);
    into.columns.language[generation] = language === null ? 0 : codeOf(language);
    into.columns.year[generation] = codeOf(String(new Date(row.created).getUTCFullYear()));
    const labels = row.labels === '' ? [] : row.labels.split('\n').map(codeOf);
    labelCount += labels.length - (into.labels[generation]?.length ?? 0);
    into.labels[generation] = labels;
  }

  /** @param among a condition on the documents. */
  function read(into: Loaded, among: { from: string; bindings: string[] }): void {
    const cursor = sql.exec<Row>(
      `SELECT d.generation, d.number AS document, d.kind, d.profile, d.language, d.created_at AS created,
          coalesce((SELECT group_concat(label, char(10)) FROM labels WHERE labels.document = d.number), '') AS labels
        FROM ${among.from}`,
      ...among.bindings,
    );
    for (const row of cursor) put(into, row);
    rowsRead += cursor.rowsRead;
  }

  function highest(): number {
    const row = sql
      .exec<{ number: number }>('SELECT number FROM generations ORDER BY number DESC LIMIT 1')
      .toArray()[0];
    return row?.number ?? 0;
  }

  function load(): Loaded {
    forget();
    const size = highest() + 1;
    const column = () => new Uint32Array(size);
    const fresh = {
      columns: { kind: column(), profile: column(), language: column(), year: column() },
      labels: new Array<number[] | undefined>(size),
    };
    read(fresh, { from: 'documents d WHERE d.generation IS NOT NULL', bindings: [] });
    return fresh;
  }

  /** Reads what has changed since it was read. */
  function mend(known: Loaded): Loaded {
    if (stale.size === 0) return known;
    if (stale.size > MAX_MENDED) return load();
    const size = Math.max(...stale) + 1;
    const grown = (column: Uint32Array): Uint32Array => {
      if (size <= column.length) return column;
      const larger = new Uint32Array(Math.max(size, column.length * 2));
      larger.set(column);
      return larger;
    };
    const { kind, profile, language, year } = known.columns;
    known.columns = { kind: grown(kind), profile: grown(profile), language: grown(language), year: grown(year) };
    read(known, {
      from: `json_each(?) j CROSS JOIN generations g ON g.number = j.value
        CROSS JOIN documents d ON d.number = g.document AND d.generation = g.number`,
      bindings: [JSON.stringify([...stale])],
    });
    stale.clear();
    return known;
  }

  function current(): Loaded {
    const known = loaded === undefined ? load() : mend(loaded);
    const bytes = known.columns.kind.length * BYTES_PER_GENERATION + labelCount * BYTES_PER_LABEL;
    loaded = memory.claim(holder, bytes) ? known : undefined;
    return known;
  }

  return {
    count(facet, generations) {
      const { columns, labels } = current();
      const counts = new Uint32Array(names.length);
      if (isColumn(facet)) {
        const column = columns[facet];
        for (const generation of generations) {
          const code = column[generation] ?? 0;
          counts[code] = (counts[code] ?? 0) + 1;
        }
        return mostFrequent(counts, { names, prefix: '', limit: MAX_VALUES });
      }
      for (const generation of generations) {
        for (const code of labels[generation] ?? []) counts[code] = (counts[code] ?? 0) + 1;
      }
      return mostFrequent(counts, { names, prefix: `${facet}:`, limit: MAX_LABELS });
    },

    changed({ hidden, shown }) {
      if (loaded === undefined) return;
      if (shown != null) stale.add(shown);
      else if (hidden === undefined) forget();
    },

    reset() {
      memory.forget(holder);
      forget();
    },

    takeRowsRead() {
      const taken = rowsRead;
      rowsRead = 0;
      return taken;
    },
  };
}

type Naming = { names: string[]; prefix: string; limit: number };

/** Equally frequent ones by name. Code 0 is no value. */
function mostFrequent(counts: Uint32Array, { names, prefix, limit }: Naming): FacetCounts {
  const found: FacetCounts = [];
  for (const [code, count] of counts.entries()) {
    const value = names[code] ?? '';
    if (code > 0 && count > 0 && value.startsWith(prefix)) found.push({ value, count });
  }
  return found.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1)).slice(0, limit);
}

/**
 * The filter without the conditions on the facet itself, so far as they stand on their own: whoever has chosen one kind
 * still sees how many documents of the others there are.
 */
export function withoutFacet(filter: SearchFilter, facet: Facet): SearchFilter {
  const { where, ...others } = filter;
  if (where === undefined) return filter;
  const isOwn = (part: FilterTree): boolean => {
    const leaves = leavesOf(part);
    return leaves.length > 0 && leaves.every(({ field }) => field === FIELDS[facet]);
  };
  const parts = 'all' in where ? where.all : [where];
  const kept = parts.filter((part) => !isOwn(part));
  if (kept.length === parts.length) return filter;
  return kept.length === 0 ? others : { ...others, where: { all: kept } };
}
