import { readValue } from './csv-values.ts';
import type { Cell, CellType } from './table-columns.ts';

/** Longer cells are text to be read, not names of columns or values. */
const MAX_NAME_CHARACTERS = 200;
/** Above a header there are titles and remarks. */
const MAX_ROWS_ABOVE = 6;
/** Names differ; under two years side by side each stands twice. */
const MIN_DISTINCT_SHARE = 0.5;
const YEAR = /^(19|20)\d\d$/;
const WRITTEN_VALUES = new Set<CellType>(['integer', 'number', 'percent', 'currency', 'date', 'datetime']);

/** How a stretch of rows begins: so many rows of title above it, then a header or not. */
export type Beginning = { above: number; hasHeader: boolean };

/**
 * Finds the row that names the columns among the first rows of a stretch: texts that differ, over at least half of the
 * width. `isFirst`: at the top of a sheet or file such a row is a header even when all below it is text too.
 */
export function findHeader(rows: Cell[][], { isFirst }: { isFirst: boolean }): Beginning {
  const width = Math.max(0, ...rows.map(countFilled));
  for (const [index, row] of rows.slice(0, MAX_ROWS_ABOVE + 1).entries()) {
    const below = rows.slice(index + 1);
    if (isHeader(row, { below, width, isFirst })) {
      // Years over the names of their columns: the row that names more of them is the header.
      const [next = [], ...rest] = below;
      const isUpper = countFilled(next) > countFilled(row) && isHeader(next, { below: rest, width, isFirst: false });
      return { above: isUpper ? index + 1 : index, hasHeader: true };
    }
    // A row of values: what names it would stand above.
    if (countFilled(row) > 1 && !isAllText(row)) break;
  }
  const above = rows.findIndex((row) => countFilled(row) > 1);
  return { above: width > 1 ? Math.min(above, MAX_ROWS_ABOVE) : 0, hasHeader: false };
}

/** Number of cells that hold something. */
export function countFilled(row: Cell[]): number {
  return row.reduce((count, cell) => (cell.text === '' ? count : count + 1), 0);
}

/** Whether there is no number, date or truth value among the cells. */
export function isAllText(row: Cell[]): boolean {
  return !row.some((cell) => isValue(cell));
}

function isHeader(
  row: Cell[],
  { below, width, isFirst }: { below: Cell[][]; width: number; isFirst: boolean },
): boolean {
  const filled = row.filter((cell) => cell.text !== '');
  if (below.length === 0 || filled.length < Math.max(width > 1 ? 2 : 1, width / 2)) return false;
  if (!isAllText(filled) || filled.some((cell) => cell.text.length > MAX_NAME_CHARACTERS)) return false;
  if (new Set(filled.map((cell) => cell.text)).size < MIN_DISTINCT_SHARE * filled.length) return false;
  const standsOverValues = below.some((next) => next.some((cell, i) => isValue(cell) && (row[i]?.text ?? '') !== ''));
  return standsOverValues || (isFirst && width > 1);
}

/** Years stand at the top of columns as often as in them; in sheets many a number was typed as text. */
function isValue(cell: Cell): boolean {
  if (cell.text === '' || cell.type === 'error' || YEAR.test(cell.text)) return false;
  return cell.type !== 'text' || WRITTEN_VALUES.has(readValue(cell.text).type);
}
