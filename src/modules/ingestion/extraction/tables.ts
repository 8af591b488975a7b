import { type BlockCollector, cleanText, collapseWhitespace } from './blocks.ts';
import type { ExtractedDocument, Measurements } from './extractor.ts';
import { type Cell, type Column, type ColumnTally, columnLetters, createColumnTally } from './table-columns.ts';
import { countFilled, findHeader, isAllText } from './table-header.ts';

/** Sheets and files of values become tables: blocks of lines under a header, columns with types, a notice of what is left out. */

/** All tables of a document; more is a database to be queried, not a document to be read. */
const MAX_CHARACTERS = 10_000_000;
/** One sheet leaves room for the others. */
const MAX_SHEET_CHARACTERS = 6_000_000;
/** Rows of empty cells cost time and give no characters. */
const MAX_CELLS = 6_000_000;
/** Excel has 16,384; nobody reads as far. */
export const MAX_COLUMNS = 2000;
/** What a person writes in a cell at most; Excel takes 32,767. */
const MAX_CELL_CHARACTERS = 32_767;
const MAX_BLOCK_CHARACTERS = 20_000;
const MAX_BLOCK_ROWS = 500;
/** Rows that are looked at before the first of them is written. */
const ROWS_AHEAD = 12;
const MAX_TITLE_ROWS = 6;
const MAX_HEADER_ROWS = 4;
/** A column of longer texts is prose that was typed into cells. */
const PROSE_CHARACTERS = 80;
/** What people write where there is no value. */
const NOTHING = /^([-–—.…]{1,3}|n\/?a\.?|null|none|nan)$/i;
const MAX_LISTED_COLUMNS = 200;
const MAX_LISTED_SHEETS = 200;
const MAX_LISTED_NAME_CHARACTERS = 120;

/** What is known of one sheet after reading it. */
type SheetFacts = { name: string; rows: number; columns: Column[]; hasHeader: boolean };

/** Takes the sheets of one document one after the other. */
export type TableReader = {
  /** A sheet: its number from 1 and its name, or neither for a file that is one table. */
  sheet(place?: { page: number; name: string }): SheetWriter;
  /** `table` of the document's measurements: sheets, their rows, columns and types. */
  measurements(): Measurements;
  /** Sentences on what was too much to be read. */
  leftOut(): string[];
};

/** Takes the rows of one sheet from top to bottom. */
export type SheetWriter = {
  /** Adds a row; `false` when nothing more can be taken. An empty row ends what stands above it. */
  row(cells: Cell[]): boolean;
  /** Ends the sheet. `rowsInAll`: how many rows it would have had, where that is known. */
  end(facts?: { rowsInAll?: number | undefined }): void;
};

type Budget = { characters: number; cells: number };

/** A reader that adds its blocks to the collector. */
export function createTableReader(collector: BlockCollector): TableReader {
  const budget: Budget = { characters: MAX_CHARACTERS, cells: MAX_CELLS };
  const sheets: SheetFacts[] = [];
  const leftOut: string[] = [];
  return {
    sheet: (place) => createSheetWriter(place, { collector, budget, sheets, leftOut }),
    measurements: () => ({
      table: {
        sheets: sheets.slice(0, MAX_LISTED_SHEETS).map((sheet) => ({ ...sheet, columns: list(sheet.columns) })),
      },
    }),
    leftOut: () => leftOut.slice(0, MAX_LISTED_SHEETS),
  };
}

const list = (columns: Column[]) =>
  columns
    .slice(0, MAX_LISTED_COLUMNS)
    .map(({ name, type }) => ({ name: name.slice(0, MAX_LISTED_NAME_CHARACTERS).toWellFormed(), type }));

type SheetContext = { collector: BlockCollector; budget: Budget; sheets: SheetFacts[]; leftOut: string[] };

function createSheetWriter(
  place: { page: number; name: string } | undefined,
  { collector, budget, sheets, leftOut }: SheetContext,
): SheetWriter {
  const where = place === undefined ? {} : { page: place.page, path: [place.name] };
  const blocks = createRowBlocks({ collector, where });
  const own: Budget = { characters: MAX_SHEET_CHARACTERS, cells: MAX_CELLS };
  let rows = 0;
  let isCut = false;
  let isTooWide = false;
  return {
    row(cells) {
      const kept = cells.slice(0, MAX_COLUMNS).map(tidyCell);
      isTooWide ||= cells.length > kept.length && countFilled(cells.slice(MAX_COLUMNS)) > 0;
      const characters = kept.reduce((sum, { text }) => sum + text.length + 1, 0);
      for (const left of [budget, own]) {
        left.characters -= characters;
        left.cells -= kept.length + 1;
        isCut ||= left.characters < 0 || left.cells < 0;
      }
      if (isCut) return false;
      if (countFilled(kept) > 0) rows++;
      blocks.row(kept);
      return true;
    },
    end({ rowsInAll } = {}) {
      blocks.end();
      const name = place?.name ?? '';
      const { columns, hasHeader } = blocks.columns();
      sheets.push({ name, rows, columns, hasHeader });
      const subject = name === '' ? 'The table' : `The sheet “${name.slice(0, 100).toWellFormed()}”`;
      if (isCut)
        leftOut.push(`${subject} was read up to row ${rows}${rowsInAll === undefined ? '' : ` of ${rowsInAll}`}.`);
      if (isTooWide) leftOut.push(`${subject} was read up to its column ${MAX_COLUMNS}.`);
    },
  };
}

function tidyCell({ text, type }: Cell): Cell {
  if (type !== 'text') return { text, type };
  return { text: collapseWhitespace(cleanText(text.slice(0, MAX_CELL_CHARACTERS))), type };
}

type RowBlocks = {
  row(cells: Cell[]): void;
  end(): void;
  /** Those of the longest table. */
  columns(): { columns: Column[]; hasHeader: boolean };
};

/** One table in a sheet: rows without an empty one among them, or several such stretches under the same header. */
type Table = { header: Cell[] | undefined; tallies: ColumnTally[]; rows: number };

type Where = { page?: number; path?: string[] };

function createRowBlocks({ collector, where }: { collector: BlockCollector; where: Where }): RowBlocks {
  /** The first rows of a stretch, until it is known how it begins; undefined afterwards. */
  let ahead: Cell[][] | undefined = [];
  let lines: string[] = [];
  let characters = 0;
  let table: Table | undefined;
  let longest: Table | undefined;
  /** The header that goes without saying: it stands in an earlier block. */
  let continued: string | undefined;
  let isAfterSpacer = false;

  const flush = () => {
    const header = continued === undefined ? {} : { header: continued };
    if (lines.length > 0) collector.add({ type: 'table', text: lines.join('\n'), ...where, ...header });
    lines = [];
    characters = 0;
    if (table?.header !== undefined) continued = toLine(table.header);
  };
  const write = (cells: Cell[]) => {
    const line = toLine(cells);
    lines.push(line);
    characters += line.length + 1;
    if (lines.length >= MAX_BLOCK_ROWS || characters >= MAX_BLOCK_CHARACTERS) flush();
  };
  const writeData = (cells: Cell[]) => {
    if (table !== undefined) count(table, cells);
    write(cells);
  };
  const startTable = (header: Cell[] | undefined) => {
    continued = undefined;
    table = { header, tallies: [], rows: 0 };
    if (header !== undefined) write(header);
  };
  const decide = () => {
    const rows = ahead ?? [];
    ahead = undefined;
    if (rows.length === 0) return;
    if (isProse(rows, { isAfterTable: table !== undefined })) {
      for (const row of rows) collector.add({ type: 'paragraph', text: toProse(row), ...where });
      ahead = [];
      return;
    }
    const { above, hasHeader } = findHeader(rows, { isFirst: table === undefined });
    for (const row of rows.slice(0, above)) collector.add({ type: 'paragraph', text: toProse(row), ...where });
    const rest = rows.slice(above);
    if (hasHeader) startTable(rest.shift());
    else if (table === undefined) startTable(undefined);
    for (const row of rest) writeData(row);
  };
  const endStretch = () => {
    if (ahead !== undefined) decide();
    flush();
    if (table !== undefined && table.rows > (longest?.rows ?? -1)) longest = table;
    ahead = [];
  };
  return {
    row(cells) {
      if (countFilled(cells) === 0) {
        const isSpacer = !isAfterSpacer && ahead !== undefined && isHeading(ahead);
        isAfterSpacer = isSpacer;
        if (!isSpacer && (ahead === undefined || ahead.length > 0)) endStretch();
      } else if (ahead === undefined) writeData(cells);
      else if (ahead.push(cells) >= ROWS_AHEAD) decide();
    },
    end: endStretch,
    columns: () => columnsOf(longest),
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
function isProse(rows: Cell[][], { isAfterTable }: { isAfterTable: boolean }): boolean {
  const isNarrow = rows.every((row) => countFilled(row) <= 1);
  if (!isNarrow || !rows.every(isAllText)) return false;
  const longest = Math.max(...rows.flatMap((row) => row.map(({ text }) => text.length)));
  return isAfterTable || rows.length <= MAX_TITLE_ROWS || longest > PROSE_CHARACTERS;
}

/** The notice for a document's metadata. */
export function leftOutFact(reader: TableReader): ExtractedDocument['metadata'] {
  const leftOut = reader.leftOut();
  return leftOut.length === 0 ? {} : { leftOut };
}
