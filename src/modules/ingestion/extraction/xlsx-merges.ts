import type { Cell } from './table-columns.ts';

/** Cells merged into one that spans several rows: each row reads as if it had a cell of its own. */
export type Merges = {
  /** Fills the row from the merged cells above it, and remembers those that begin in it. */
  fill(row: number, cells: Cell[]): void;
};

const MAX_MERGES = 20_000;
/** A cell merged over more rows is a frame, not a value. */
const MAX_ROWS = 2000;
/** Lists of merged cells are short; who writes more of them draws pictures. */
const MAX_TAIL_CHARACTERS = 4_000_000;
const END_OF_ROWS = /<\/(?:\w+:)?sheetData\s*>|<(?:\w+:)?sheetData\s*\/>/;
const END_OF_ROWS_CHARACTERS = 40;
const MERGE = /<(?:\w+:)?mergeCell\s[^<>]*\bref="\$?([A-Z]{1,3})\$?(\d{1,7}):\$?[A-Z]{1,3}\$?(\d{1,7})"/g;

type Merge = { column: number; last: number };

/** Reads what follows the rows of a sheet, where merged cells are listed. */
export function readMerges(chunks: Iterable<Uint8Array>): Merges {
  const starting = new Map<number, Merge[]>();
  let count = 0;
  for (const [, column = '', first = '', last = ''] of readTail(chunks).matchAll(MERGE)) {
    const [from, to] = [Number(first), Number(last)];
    if (to <= from || to - from >= MAX_ROWS) continue;
    if (++count > MAX_MERGES) break;
    const merges = starting.get(from) ?? [];
    merges.push({ column: columnIndex(column), last: to });
    starting.set(from, merges);
  }
  return createMerges(starting);
}

/** No merged cells, as in sheets too long to be read twice. */
export const NO_MERGES: Merges = { fill: () => {} };

/** The place of a column from 0 by its letters. */
export function columnIndex(letters: string): number {
  let index = 0;
  for (let i = 0; i < letters.length; i++) index = index * 26 + letters.charCodeAt(i) - 64;
  return index - 1;
}

function createMerges(starting: Map<number, Merge[]>): Merges {
  let open: (Merge & { cell: Cell })[] = [];
  return {
    fill(row, cells) {
      open = open.filter(({ last }) => last >= row);
      const own = cells.some(({ text }) => text !== '');
      // A row that has nothing of its own is but the lower half of a high cell.
      if (own) for (const { column, cell } of open) put(cells, column, cell);
      for (const merge of starting.get(row) ?? []) {
        const cell = cells[merge.column];
        if (cell !== undefined && cell.text !== '') open.push({ ...merge, cell });
      }
    },
  };
}

function put(cells: Cell[], column: number, cell: Cell): void {
  while (cells.length <= column) cells.push({ text: '', type: 'text' });
  if (cells[column]?.text === '') cells[column] = cell;
}

function readTail(chunks: Iterable<Uint8Array>): string {
  const decoder = new TextDecoder();
  let before = '';
  let tail: string | undefined;
  for (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    if (tail !== undefined) tail += text;
    else {
      const seen = before + text;
      const end = END_OF_ROWS.exec(seen);
      if (end === null) before = seen.slice(-END_OF_ROWS_CHARACTERS);
      else tail = seen.slice(end.index);
    }
    if (tail !== undefined && tail.length > MAX_TAIL_CHARACTERS) break;
  }
  return tail ?? '';
}
