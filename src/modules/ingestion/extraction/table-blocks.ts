import type { Block } from './extractor.ts';
import { type Cell, type Column, type ColumnTally, columnLetters, createColumnTally } from './table-columns.ts';
import { countFilled, findHeader, isAllText } from './table-header.ts';

const MAX_BLOCK_CHARACTERS = 20_000;
const MAX_BLOCK_ROWS = 500;
/** Rows that are looked at before the first of them is written. */
const ROWS_AHEAD = 12;
const MAX_TITLE_ROWS = 6;
const MAX_HEADER_ROWS = 4;
/** Longer ones would be most of every passage that they are repeated in. */
const MAX_HEADER_CHARACTERS = 4000;
/** A column of longer texts is prose that was typed into cells. */
const PROSE_CHARACTERS = 80;
/** What people write where there is no value. */
const NOTHING = /^([-–—.…]{1,3}|n\/?a\.?|null|none|nan)$/i;

/** Turns rows into blocks. */
export type TableBlocks = {
  /** Takes the next row; an empty one ends the table above it, but for its header. */
  row(cells: Cell[]): void;
  end(): void;
  /** Those of the longest table. */
  columns(): { columns: Column[]; hasHeader: boolean };
};

/** One table in a sheet: rows without an empty one among them, or several such stretches under the same header. */
type Table = { header: Cell[] | undefined; tallies: ColumnTally[]; rows: number };

/**
 * Blocks for one sheet, or for a file that is one table. Titles and remarks become paragraphs; a table is one block or, if
 * it is long, several, of which only the first begins with the header line.
 */
export function createTableBlocks(add: (block: Block) => void, { isSheet }: { isSheet: boolean }): TableBlocks {
  const lines = createLineBlocks(add);
  /** The first rows of a stretch, until it is known how it begins; undefined afterwards. */
  let ahead: Cell[][] | undefined = [];
  let table: Table | undefined;
  let longest: Table | undefined;
  let isAfterSpacer = false;

  const addProse = (rows: Cell[][]) => {
    for (const row of rows) add({ type: 'paragraph', text: toProse(row) });
  };
  const addData = (cells: Cell[]) => {
    if (table !== undefined) count(table, cells);
    lines.add(toLine(cells));
  };
  const startTable = (header: Cell[] | undefined) => {
    table = { header, tallies: [], rows: 0 };
    lines.start(header === undefined ? undefined : toLine(header));
  };
  const begin = (rows: Cell[][]) => {
    const { above, hasHeader } = findHeader(rows, { isFirst: table === undefined });
    addProse(rows.slice(0, above));
    const rest = rows.slice(above);
    if (hasHeader) startTable(rest.shift());
    else if (table === undefined) startTable(undefined);
    for (const row of rest) addData(row);
  };
  const decide = () => {
    const rows = ahead ?? [];
    const isText = rows.length > 0 && isProse(rows, { isAfterTable: table !== undefined, isSheet });
    ahead = isText ? [] : undefined;
    if (isText) addProse(rows);
    else if (rows.length > 0) begin(rows);
  };
  const endStretch = () => {
    if (ahead !== undefined) decide();
    lines.flush();
    if (table !== undefined && table.rows > (longest?.rows ?? -1)) longest = table;
    ahead = [];
  };
  return {
    row(cells) {
      if (countFilled(cells) === 0) {
        isAfterSpacer = !isAfterSpacer && ahead !== undefined && isHeading(ahead);
        if (!isAfterSpacer && (ahead === undefined || ahead.length > 0)) endStretch();
      } else if (ahead === undefined) addData(cells);
      else if (ahead.push(cells) >= ROWS_AHEAD) decide();
    },
    end: endStretch,
    columns: () => columnsOf(longest),
  };
}

/** Gathers lines to blocks of bounded size. */
function createLineBlocks(take: (block: Block) => void) {
  let lines: string[] = [];
  let characters = 0;
  let header: string | undefined;
  const flush = () => {
    if (lines.length === 0) return;
    take({ type: 'table', text: lines.join('\n'), ...(header === undefined ? {} : { header }) });
    lines = [];
    characters = 0;
  };
  const add = (line: string) => {
    lines.push(line);
    characters += line.length + 1;
    if (lines.length >= MAX_BLOCK_ROWS || characters >= MAX_BLOCK_CHARACTERS) flush();
  };
  return {
    add,
    flush,
    start(line: string | undefined) {
      flush();
      header = line === undefined || line.length > MAX_HEADER_CHARACTERS ? undefined : line;
      if (line !== undefined) add(line);
    },
  };
}

function count(table: Table, cells: Cell[]): void {
  table.rows++;
  for (const [i, { text, type }] of cells.entries()) {
    table.tallies[i] ??= createColumnTally();
    if (text !== '' && !NOTHING.test(text)) table.tallies[i].add(type);
  }
}

function columnsOf(table: Table | undefined): { columns: Column[]; hasHeader: boolean } {
  const width = Math.max(table?.tallies.length ?? 0, table?.header?.length ?? 0);
  const columns = Array.from({ length: width }, (_, i): Column => {
    const name = table?.header?.[i]?.text ?? '';
    return { name: name === '' ? columnLetters(i) : name, type: table?.tallies[i]?.type() ?? 'empty' };
  });
  const isNamed = (i: number) => (table?.header?.[i]?.text ?? '') !== '';
  return {
    columns: columns.filter(({ type }, i) => type !== 'empty' || isNamed(i)),
    hasHeader: table?.header !== undefined,
  };
}

const toLine = (cells: Cell[]) =>
  cells
    .map(({ text }) => text)
    .join('\t')
    .trimEnd();

const toProse = (cells: Cell[]) =>
  cells
    .map(({ text }) => text)
    .filter((text) => text !== '')
    .join(' ');

/** Names of columns on a few lines, which many leave a little space below. */
function isHeading(rows: Cell[][]): boolean {
  const isWide = rows.some((row) => countFilled(row) > 1);
  return isWide && rows.length <= MAX_HEADER_ROWS && rows.every(isAllText);
}

/** Lines of text that someone typed one below the other: titles, remarks. */
function isProse(rows: Cell[][], { isAfterTable, isSheet }: { isAfterTable: boolean; isSheet: boolean }): boolean {
  const isNarrow = rows.every((row) => countFilled(row) <= 1);
  if (!isNarrow || !rows.every(isAllText)) return false;
  const longest = Math.max(...rows.flatMap((row) => row.map(({ text }) => text.length)));
  return longest > PROSE_CHARACTERS || (isSheet && (isAfterTable || rows.length <= MAX_TITLE_ROWS));
}
