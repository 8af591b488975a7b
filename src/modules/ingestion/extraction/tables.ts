import { type BlockCollector, cleanText, collapseWhitespace } from './blocks.ts';
import type { Block, ExtractedDocument, Measurements } from './extractor.ts';
import { createTableBlocks } from './table-blocks.ts';
import type { Cell, Column } from './table-columns.ts';
import { countFilled } from './table-header.ts';

/** Sheets and files of values become tables: blocks of lines under a header, columns with types, a notice of what is left out. */

/** All tables of a document; more is a database to be queried, not a document to be read. */
export const MAX_CHARACTERS = 12_000_000;
/** One sheet leaves room for the others. */
const MAX_SHEET_CHARACTERS = 10_000_000;
/** Rows of empty cells cost time and give no characters. */
export const MAX_CELLS = 6_000_000;
/** Excel has 16,384; nobody reads as far. */
export const MAX_COLUMNS = 2000;
/** Excel takes 32,767 in a cell. */
const MAX_CELL_CHARACTERS = 100_000;
/** A row is never divided between blocks: this bounds them. */
const MAX_ROW_CHARACTERS = 200_000;
const MAX_LISTED_COLUMNS = 200;
const MAX_LISTED_SHEETS = 200;
const MAX_LISTED_NAME_CHARACTERS = 120;
/** Metadata are shown beside every document: they stay short. */
const MAX_STATED_COLUMNS = 100;
const MAX_STATED_NOTICES = 20;
const MAX_STATED_NAME_CHARACTERS = 60;

/** What is known of one sheet after reading it. */
type SheetFacts = { name: string; rows: number; columns: Column[]; hasHeader: boolean };

/** Takes the sheets of one document one after the other. */
export type TableReader = {
  /** A sheet: its number from 1 and its name, or neither for a file that is one table. */
  sheet(place?: { page: number; name: string }): SheetWriter;
  /** `table` of the document's measurements: sheets, their rows, columns and types. */
  measurements(): Measurements;
  /** Facts for the document's metadata: `columns` as `Price (currency)`, `leftOut` as sentences on what was too much. */
  facts(): ExtractedDocument['metadata'];
};

/** Takes the rows of one sheet from top to bottom. */
export type SheetWriter = {
  /** Adds a row; `false` when nothing more can be taken. An empty row ends what stands above it. */
  row(cells: Cell[]): boolean;
  /** Adds what lies around the cells: a chart, a comment. */
  add(block: Block): void;
  /** Ends the sheet. `isCut`: there were more rows than were handed over; `rowsInAll`: how many, where that is known. */
  end(facts?: { isCut?: boolean; rowsInAll?: number | undefined }): void;
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
    facts: () => ({
      ...(sheets.some(({ columns }) => columns.length > 0) && { columns: stateColumns(sheets) }),
      ...(leftOut.length > 0 && { leftOut: leftOut.slice(0, MAX_STATED_NOTICES) }),
    }),
  };
}

/** `Price (currency)`, of several sheets `Cars › Price (currency)`. */
function stateColumns(sheets: SheetFacts[]): string[] {
  const tables = sheets.filter(({ columns }) => columns.length > 0);
  const stated = tables.slice(0, MAX_STATED_COLUMNS).flatMap(({ name, columns }) => {
    const sheet = tables.length === 1 ? '' : `${name.slice(0, MAX_STATED_NAME_CHARACTERS).toWellFormed()} › `;
    return list(columns).map((column) => `${sheet}${column.name} (${column.type})`);
  });
  return stated.slice(0, MAX_STATED_COLUMNS);
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
  let hasHeading = place === undefined;
  const add = (block: Block) => {
    const page = place === undefined ? {} : { page: place.page };
    // A sheet without content leaves no trace, as an empty page leaves none.
    if (!hasHeading) collector.add({ type: 'heading', level: 1, text: place?.name ?? '', ...page });
    hasHeading = true;
    collector.add({ ...block, ...page });
  };
  const blocks = createTableBlocks(add, { isSheet: place !== undefined });
  const own: Budget = { characters: MAX_SHEET_CHARACTERS, cells: MAX_CELLS };
  let rows = 0;
  let isFull = false;
  let isTooWide = false;
  let isTooLong = false;
  return {
    row(cells) {
      let room = MAX_ROW_CHARACTERS;
      const kept = cells.slice(0, MAX_COLUMNS).map((cell) => {
        const limit = Math.min(MAX_CELL_CHARACTERS, room);
        isTooLong ||= cell.text.length > limit;
        const tidy = tidyCell(cell, limit);
        room -= tidy.text.length;
        return tidy;
      });
      isTooWide ||= cells.length > kept.length && countFilled(cells.slice(MAX_COLUMNS)) > 0;
      const characters = kept.reduce((sum, { text }) => sum + text.length + 1, 0);
      for (const left of [budget, own]) {
        left.characters -= characters;
        left.cells -= kept.length + 1;
        isFull ||= left.characters < 0 || left.cells < 0;
      }
      if (isFull) return false;
      if (countFilled(kept) > 0) rows++;
      blocks.row(kept);
      return true;
    },
    add: (block) => (block.text.trim() === '' ? undefined : add(block)),
    end({ isCut = false, rowsInAll } = {}) {
      blocks.end();
      const name = place?.name ?? '';
      const { columns, hasHeader } = blocks.columns();
      sheets.push({ name, rows, columns, hasHeader });
      const subject = name === '' ? 'The table' : `The sheet “${name.slice(0, 100).toWellFormed()}”`;
      if (isFull || isCut)
        leftOut.push(`${subject} was read up to row ${rows}${rowsInAll === undefined ? '' : ` of ${rowsInAll}`}.`);
      if (isTooLong) leftOut.push(`${subject} has very long texts, of which the beginnings were read.`);
      if (isTooWide) leftOut.push(`${subject} was read up to its column ${MAX_COLUMNS}.`);
    },
  };
}

/** Most texts in cells are plain words. */
const TIDY = /^[\w.,;:()%/+'€$&-]+(?: [\w.,;:()%/+'€$&-]+)*$/;

function tidyCell(cell: Cell, limit: number): Cell {
  const { text, type } = cell;
  if (text === '' || (text.length <= limit && TIDY.test(text))) return cell;
  return { text: collapseWhitespace(cleanText(text.slice(0, limit))), type };
}
