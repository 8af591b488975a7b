import { plainNumber } from './number-formats.ts';
import { flatText } from './odf-blocks.ts';
import { childAt, childrenOf, type XmlElement } from './office-xml.ts';
import type { Cell } from './table-columns.ts';
import { MAX_COLUMNS } from './tables.ts';

/** The cells of a row with its comments and the columns in which they stand. */
export type OdsRow = { cells: Cell[]; comments: { column: number; comment: XmlElement }[] };

const EMPTY: Cell = { text: '', type: 'text' };

/** Reads a row; repeated cells are written out as far as columns are read. */
export function readOdsRow(row: XmlElement): OdsRow {
  const cells: Cell[] = [];
  const comments: OdsRow['comments'] = [];
  let column = 0;
  for (const element of childrenOf(row)) {
    if (element.name !== 'table:table-cell' && element.name !== 'table:covered-table-cell') continue;
    const count = Math.max(1, Number.parseInt(element.attributes['table:number-columns-repeated'] ?? '1', 10) || 1);
    putCell(cells, readCell(element), { column, count });
    const comment = childAt(element, 'office:annotation');
    if (comment !== undefined) comments.push({ column, comment });
    column += count;
  }
  return { cells, comments };
}

function putCell(cells: Cell[], cell: Cell, { column, count }: { column: number; count: number }): void {
  if (cell.text === '') return;
  // One more than are read shows that there were more.
  const end = Math.min(column + count, MAX_COLUMNS + 1);
  while (cells.length < Math.min(column, MAX_COLUMNS)) cells.push(EMPTY);
  while (cells.length < end) cells.push(cell);
}

/** The stored value: what is shown depends on the country of the person who saved it. */
function readCell(element: XmlElement): Cell {
  const { attributes } = element;
  const shown = shownText(element);
  const value = attributes['office:value'] ?? '';
  if (attributes['calcext:value-type'] === 'error') return { text: shown, type: 'error' };
  switch (attributes['office:value-type']) {
    case 'float':
      return readNumber(Number(value), shown);
    case 'percentage':
      return { text: shown === '' ? `${plainNumber(Number(value) * 100)}%` : shown, type: 'percent' };
    case 'currency':
      return {
        text: shown === '' ? `${value} ${attributes['office:currency'] ?? ''}`.trim() : shown,
        type: 'currency',
      };
    case 'date':
      return readDate(attributes['office:date-value'] ?? shown);
    case 'time':
      return { text: readDuration(attributes['office:time-value'] ?? '') ?? shown, type: 'time' };
    case 'boolean':
      return { text: attributes['office:boolean-value'] === 'true' ? 'TRUE' : 'FALSE', type: 'boolean' };
    default:
      return { text: shown || (attributes['office:string-value'] ?? ''), type: 'text' };
  }
}

/** Without the comment, which stands in the cell as well. */
function shownText(element: XmlElement): string {
  const children = element.children.filter((child) => typeof child === 'string' || child.name !== 'office:annotation');
  return flatText({ ...element, children });
}

function readNumber(value: number, shown: string): Cell {
  // Leading zeros make a number a name: a postcode.
  if (/^-?0\d+$/.test(shown)) return { text: shown, type: 'text' };
  if (/^-?\d+$/.test(shown)) return { text: shown, type: 'integer' };
  if (/^-?\d+\.\d+$/.test(shown) || Number.isNaN(value)) return { text: shown, type: 'number' };
  return { text: plainNumber(value), type: Number.isInteger(value) ? 'integer' : 'number' };
}

function readDate(value: string): Cell {
  const [date = '', time = ''] = value.replace(/\.\d+$/, '').split('T');
  const isMidnight = time === '' || time === '00:00:00';
  return isMidnight ? { text: date, type: 'date' } : { text: `${date} ${time.replace(/:00$/, '')}`, type: 'datetime' };
}

/** `PT09H05M00S` as `09:05`. */
function readDuration(value: string): string | undefined {
  const parts = /^PT(\d+)H(\d+)M(\d+)(?:[.,]\d+)?S$/.exec(value);
  if (parts === null) return undefined;
  const [, hours = '', minutes = '', seconds = ''] = parts;
  return [hours.padStart(2, '0'), minutes, ...(seconds === '00' ? [] : [seconds])].join(':');
}
