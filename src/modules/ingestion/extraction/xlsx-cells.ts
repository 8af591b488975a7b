import { tooMuchText } from './blocks.ts';
import { formatNumber, type NumberFormat, plainNumber, readNumberFormat } from './number-formats.ts';
import { missingPart, type OfficePackage } from './office-package.ts';
import { childAt, childrenOf, isElement, readXml, textIn, type XmlElement } from './office-xml.ts';
import { createStringTable, type StringTable } from './string-table.ts';
import type { Cell } from './table-columns.ts';

/** What the cells of all sheets share. */
export type Workbook = { strings: StringTable; formats: NumberFormat[]; is1904: boolean };

/** Excel's programs share at most as many texts as fit with all else into memory. */
const MAX_SHARED_CHARACTERS = 10_000_000;
const MAX_SHARED_STRINGS = 2_000_000;
const MAX_FORMATS = 70_000;

/** The texts that cells point to by number. */
export async function readSharedStrings(file: OfficePackage, part: string | undefined): Promise<StringTable> {
  const strings = createStringTable();
  if (part === undefined) return strings;
  const chunks = await file.stream(part);
  // Nearly all texts stand there: without it the sheets would read as columns of numbers.
  if (chunks === undefined) throw missingPart(part);
  let count = 0;
  await readXml(chunks, {
    visitor: {
      isWanted: ({ name }) => name === 'si',
      take(element) {
        strings.add(richText(element));
        if (strings.characters > MAX_SHARED_CHARACTERS || ++count > MAX_SHARED_STRINGS) throw tooMuchText();
      },
    },
  });
  return strings;
}

/** The number formats of cells, by the number of their style. */
export async function readFormats(file: OfficePackage, part: string | undefined): Promise<NumberFormat[]> {
  const codes = new Map<string, string>();
  const ids: string[] = [];
  let isInCells = false;
  const chunks = part === undefined ? undefined : await file.stream(part);
  if (chunks === undefined) return [];
  await readXml(chunks, {
    visitor: {
      isWanted: ({ name }) => name === 'numFmt' || name === 'xf',
      take({ name, attributes }) {
        const { numFmtId = '', formatCode = '' } = attributes;
        // Formats that only hold under a condition come later and may take the number of another.
        if (name === 'numFmt') codes.set(numFmtId, codes.get(numFmtId) ?? formatCode);
        else if (isInCells && ids.length < MAX_FORMATS) ids.push(attributes['numFmtId'] ?? '0');
      },
      enter({ name }) {
        if (name === 'cellXfs') isInCells = true;
      },
      leave({ name }) {
        if (name === 'cellXfs') isInCells = false;
      },
    },
  });
  const known = new Map<string, NumberFormat>();
  return ids.map((id) => {
    const format = known.get(id) ?? readNumberFormat(Number(id), codes.get(id));
    known.set(id, format);
    return format;
  });
}

const EMPTY: Cell = { text: '', type: 'text' };

/** A cell as it is shown: its stored value in its format. */
export function readCell(element: XmlElement, workbook: Workbook): Cell {
  const { t = 'n', s = '0' } = element.attributes;
  const inline = t === 'inlineStr' ? childAt(element, 'is') : undefined;
  if (inline !== undefined) return { text: richText(inline), type: 'text' };
  const value = textIn(childAt(element, 'v'));
  if (value === '') return formulaOnly(element);
  switch (t) {
    case 's':
      return { text: workbook.strings.get(Number(value)) ?? '', type: 'text' };
    case 'b':
      return { text: value === '1' || value === 'true' ? 'TRUE' : 'FALSE', type: 'boolean' };
    case 'e':
      return { text: value, type: 'error' };
    case 'd':
      return isoDate(value);
    case 'n':
      return readNumber(value, workbook.formats[Number(s)], workbook);
    default:
      return { text: decodeEscapes(value), type: 'text' };
  }
}

function readNumber(value: string, format: NumberFormat | undefined, { is1904 }: Workbook): Cell {
  const number = Number(value);
  if (Number.isNaN(number)) return { text: decodeEscapes(value), type: 'text' };
  if (format !== undefined) return formatNumber(number, format, { is1904 });
  return { text: plainNumber(number), type: Number.isInteger(number) ? 'integer' : 'number' };
}

/** Programs that do not compute leave formulas without a value. */
function formulaOnly(element: XmlElement): Cell {
  const formula = textIn(childAt(element, 'f')).trim();
  return formula === '' ? EMPTY : { text: `=${formula}`, type: 'error' };
}

/** The strict form of the format has dates as text: `2024-05-06T00:00:00`. */
function isoDate(value: string): Cell {
  const [date = '', time = ''] = value.replace(/(\.\d+)?Z?$/, '').split('T');
  const isMidnight = /^0?0:00(:00)?$/.test(time) || time === '';
  return isMidnight
    ? { text: date, type: 'date' }
    : { text: `${date} ${time}`.trim(), type: date === '' ? 'time' : 'datetime' };
}

/** Text with its runs, without the readings that stand above Japanese words. */
export function richText(element: XmlElement | undefined): string {
  if (element === undefined) return '';
  const parts = childrenOf(element).map((child) => {
    if (child.name === 't') return child.children.filter((part) => !isElement(part)).join('');
    return child.name === 'r' ? richText(child) : '';
  });
  return decodeEscapes(parts.join(''));
}

/** `_x000D_` stands for a character that XML has not. */
function decodeEscapes(text: string): string {
  if (!text.includes('_x')) return text;
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
