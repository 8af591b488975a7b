import type { OfficePackage } from './office-package.ts';
import { childrenOf, readXml, type XmlElement } from './office-xml.ts';
import type { Cell } from './table-columns.ts';
import { MAX_COLUMNS, type SheetWriter } from './tables.ts';
import { readCell, type Workbook } from './xlsx-cells.ts';
import { columnIndex, type Merges, NO_MERGES, readMerges } from './xlsx-merges.ts';

/** Merged cells are listed after the rows: a larger sheet is not read twice for them. */
const MAX_BYTES_FOR_MERGES = 32 * 1024 * 1024;

const EMPTY: Cell = { text: '', type: 'text' };

/** Hands the rows of a sheet over one by one, as they are unpacked. Returns how many there are, if the sheet says so. */
export async function readRows(
  writer: SheetWriter,
  { file, part, workbook }: { file: OfficePackage; part: string; workbook: Workbook },
): Promise<number | undefined> {
  // Sheets of macros are listed without being there.
  if (!file.has(part)) return undefined;
  const merges = await findMerges(file, part);
  const chunks = (await file.stream(part)) ?? [];
  let rowsInAll: number | undefined;
  let number = 0;
  await readXml(chunks, {
    visitor: {
      isWanted: ({ name }) => name === 'row' || name === 'dimension',
      take(element) {
        if (element.name === 'dimension') {
          rowsInAll = lastRow(element);
          return true;
        }
        const stated = Number.parseInt(element.attributes['r'] ?? '', 10);
        const next = stated > 0 ? stated : number + 1;
        // Rows that are not there are empty: one stands for all of them.
        if (number > 0 && next > number + 1) writer.row([]);
        number = next;
        return writer.row(readCells(element, { workbook, merges, number }));
      },
    },
  });
  return rowsInAll;
}

async function findMerges(file: OfficePackage, part: string): Promise<Merges> {
  if (file.sizeOf(part) > MAX_BYTES_FOR_MERGES) return NO_MERGES;
  return readMerges((await file.stream(part)) ?? []);
}

function readCells(
  row: XmlElement,
  { workbook, merges, number }: { workbook: Workbook; merges: Merges; number: number },
): Cell[] {
  const cells: Cell[] = [];
  let column = -1;
  for (const element of childrenOf(row, 'c')) {
    const letters = /^[A-Z]{1,3}(?=\d)/.exec(element.attributes['r'] ?? '')?.[0];
    column = letters === undefined ? column + 1 : columnIndex(letters);
    const cell = readCell(element, workbook);
    if (cell.text === '') continue;
    // One more than are read shows that there were more.
    const place = Math.min(column, MAX_COLUMNS);
    while (cells.length < place) cells.push(EMPTY);
    cells[place] = cell;
  }
  merges.fill(number, cells);
  return cells;
}

/** `A1:F200`: up to row 200. */
function lastRow({ attributes }: XmlElement): number | undefined {
  const last = /(\d+)$/.exec(attributes['ref'] ?? '')?.[1];
  return last === undefined ? undefined : Number(last);
}
