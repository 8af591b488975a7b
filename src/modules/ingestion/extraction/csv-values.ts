import type { Cell, CellType } from './table-columns.ts';

/** What text values are, in the ways in which programs of many countries write them. */

/** `1234`, `-1.5`, `1,234.56`, `1.234,56`, `1 234,5`, `1'234.50`, `1.5e-7`; digits with a zero in front are names. */
const INTEGER = /^[-+]?(0|[1-9]\d{0,17}|[1-9]\d{0,2}([ \u00a0\u202f'’.,]\d{3})+)$/;
const NUMBER =
  /^[-+]?(\d{1,3}(,\d{3})+(\.\d+)?|\d{1,3}(\.\d{3})+(,\d+)?|\d{1,3}([ \u00a0\u202f'’]\d{3})+([.,]\d+)?|(0|[1-9]\d*)?[.,]\d+|(0|[1-9]\d*)([.,]\d*)?(e[-+]?\d{1,3})?)$/i;
const CURRENCY =
  /^[-+(]?\s*(\p{Sc}|[A-Z]{3}\b)\s?([-+]?[\d.,'’ \u00a0\u202f]*\d)\)?$|^([-+(]?[\d.,'’ \u00a0\u202f]*\d)\)?\s?(\p{Sc}|[A-Z]{3})$/u;
const PERCENT = /^([-+]?[\d.,'’ \u00a0\u202f]*\d)\s?%$/;
const BOOLEAN = /^(true|false|yes|no|wahr|falsch|ja|nein|vrai|faux|oui|non)$/i;
const YEAR_FIRST = /^\d{4}([-/.])(1[0-2]|0?[1-9])\1(3[01]|[12]\d|0?[1-9])(?!\d)/;
const YEAR_LAST = /^(3[01]|[12]\d|0?[1-9])([-/.])(3[01]|[12]\d|0?[1-9])\2(\d{4}|\d{2})(?!\d)/;
const TIME = /^([01]?\d|2[0-4]):[0-5]\d(:[0-5]\d([.,]\d+)?)?(\s?[AP]M)?$/i;
const AFTER_DATE = /^(?:[T ]\s*)(\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?)(\s?[AP]M)?\s?(Z|UTC|[-+]\d{2}:?\d{2})?$/i;
const LONGEST_VALUE = 40;

/** A value with its type; the text stays as it was written. */
export function readValue(written: string): Cell {
  const text = written.trim();
  return { text, type: text.length > LONGEST_VALUE ? 'text' : typeOf(text) };
}

function typeOf(text: string): CellType {
  // Most values of most files begin with a letter.
  if (!/^[-+.,(\d\p{Sc}]/u.test(text)) {
    if (BOOLEAN.test(text)) return 'boolean';
    return CURRENCY.test(text) ? 'currency' : 'text';
  }
  if (INTEGER.test(text)) return 'integer';
  if (NUMBER.test(text) && /\d/.test(text)) return 'number';
  if (PERCENT.test(text)) return 'percent';
  if (TIME.test(text)) return 'time';
  return dateType(text) ?? (CURRENCY.test(text) ? 'currency' : 'text');
}

function dateType(text: string): CellType | undefined {
  const date = (YEAR_FIRST.exec(text) ?? YEAR_LAST.exec(text))?.[0];
  if (date === undefined) return undefined;
  if (date.length === text.length) return 'date';
  return AFTER_DATE.test(text.slice(date.length)) ? 'datetime' : undefined;
}
