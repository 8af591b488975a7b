/** What a cell holds, and what a column of such cells is said to hold. */
export type CellType =
  | 'text'
  | 'integer'
  | 'number'
  | 'percent'
  | 'currency'
  | 'date'
  | 'datetime'
  | 'time'
  | 'boolean'
  | 'error';

/** One cell as it is shown; an empty text is an empty cell. */
export type Cell = { text: string; type: CellType };

/** A column with its name and what nearly all of its cells hold. */
export type Column = { name: string; type: CellType | 'empty' };

/** A column has the type of so many of its cells; a few notes among numbers do not make it text. */
const DOMINANT_SHARE = 0.95;

/** Counts what the cells of one column hold. */
export type ColumnTally = { add(type: CellType): void; type(): Column['type'] };

/** A tally for one column; errors of formulas say nothing about it. */
export function createColumnTally(): ColumnTally {
  const counts = new Map<CellType, number>();
  return {
    add: (type) => void counts.set(type, (counts.get(type) ?? 0) + 1),
    type: () => columnType(counts),
  };
}

function columnType(counts: Map<CellType, number>): Column['type'] {
  const of = (...types: CellType[]) => types.reduce((sum, type) => sum + (counts.get(type) ?? 0), 0);
  const errors = of('error');
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0) - errors;
  if (all === 0) return errors > 0 ? 'error' : 'empty';
  const [dominant] = [...counts].filter(([type]) => type !== 'error').sort((a, b) => b[1] - a[1])[0] ?? [
    'text' as const,
  ];
  if (of(dominant) >= DOMINANT_SHARE * all) return dominant;
  const isMost = (...types: CellType[]) => of(...types) >= DOMINANT_SHARE * all;
  if (isMost('integer', 'number')) return 'number';
  if (isMost('integer', 'number', 'currency')) return 'currency';
  if (isMost('integer', 'number', 'percent', 'currency')) return 'number';
  return isMost('date', 'datetime') ? 'datetime' : 'text';
}

/** The name of a column by its place from 0, as spreadsheets write it: A … Z, AA … */
export function columnLetters(index: number): string {
  const rest = Math.floor(index / 26) - 1;
  return (rest >= 0 ? columnLetters(rest) : '') + String.fromCharCode(65 + (index % 26));
}
