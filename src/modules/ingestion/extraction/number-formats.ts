import type { Cell } from './table-columns.ts';

/** How spreadsheets show numbers, as far as a reader needs it: dates as ISO 8601, the rest as shown but never grouped. */
export type NumberFormat =
  | { kind: 'general' }
  | { kind: 'date'; hasYear: boolean; hasMonth: boolean; hasDay: boolean; hasTime: boolean; isElapsed: boolean }
  | {
      kind: 'number';
      type: 'number' | 'percent' | 'currency';
      prefix: string;
      suffix: string;
      minDecimals: number;
      maxDecimals: number;
      minDigits: number;
      /** Integer digits with signs between them, as in telephone numbers: `000-0000`. */
      mask: string | undefined;
    };

const GENERAL: NumberFormat = { kind: 'general' };

/** Formats that files name by number only. Those for other languages show dates as well. */
const BUILT_IN = new Map<number, string>([
  [1, '0'],
  [2, '0.00'],
  [3, '#,##0'],
  [4, '#,##0.00'],
  [5, '$#,##0'],
  [6, '$#,##0'],
  [7, '$#,##0.00'],
  [8, '$#,##0.00'],
  [9, '0%'],
  [10, '0.00%'],
  [18, 'h:mm AM/PM'],
  [19, 'h:mm:ss AM/PM'],
  [20, 'h:mm'],
  [21, 'h:mm:ss'],
  [22, 'm/d/yy h:mm'],
  [37, '#,##0'],
  [38, '#,##0'],
  [39, '#,##0.00'],
  [40, '#,##0.00'],
  [41, '#,##0'],
  [42, '$#,##0'],
  [43, '#,##0.00'],
  [44, '$#,##0.00'],
  [45, 'mm:ss'],
  [46, '[h]:mm:ss'],
  [47, 'mm:ss.0'],
]);
const BUILT_IN_DATES: [first: number, last: number][] = [
  [14, 17],
  [27, 31],
  [36, 36],
  [50, 54],
  [57, 58],
];
const BUILT_IN_TIMES: [first: number, last: number][] = [
  [32, 35],
  [55, 56],
];

/** The format with this number, whose code stands in the file unless it is a built-in one. */
export function readNumberFormat(id: number, code: string | undefined): NumberFormat {
  const isIn = (ranges: [number, number][]) => ranges.some(([first, last]) => id >= first && id <= last);
  if (code === undefined && isIn(BUILT_IN_DATES)) return parseNumberFormat(id === 17 ? 'mmm-yy' : 'yyyy-mm-dd');
  if (code === undefined && isIn(BUILT_IN_TIMES)) return parseNumberFormat('h:mm:ss');
  return parseNumberFormat(code ?? BUILT_IN.get(id) ?? '');
}

/** What is literal in a format code, and what stands for something: brackets, digits, letters of dates. */
type Token = { literal: string } | { bracket: string } | { sign: string };

const MAX_CODE_CHARACTERS = 255;
const TOKENS = /"([^"]*)"?|\\(.)|[_*](?:.|$)|\[([^\]]*)\]|(AM\/PM|A\/P|General|[yYmMdDhHsSeE]+[+-]?|[0#?.,%@/])|(.)/gsu;

/** Reads a code like `#,##0.00 "€";[Red]-#,##0.00 "€"`: its first section, which holds for positive numbers. */
export function parseNumberFormat(code: string): NumberFormat {
  const tokens = tokenise(code);
  const signs = tokens.flatMap((token) => ('sign' in token ? [token.sign] : []));
  const elapsed = tokens.some((token) => 'bracket' in token && /^(h+|m+|s+)$/i.test(token.bracket));
  if (signs.includes('General') || signs.includes('@')) return GENERAL;
  const hasDigits = signs.some((sign) => /^[0#?]$/.test(sign));
  const letters = signs.filter((sign) => /^[ymdhs]/i.test(sign)).map((sign) => sign.toLowerCase());
  if (elapsed || letters.length > 0) return dateFormat(letters, elapsed);
  // Fractions, scientific numbers and those shown in thousands read better as they are.
  const isScaled = /[0#?],+(\.|$)/.test(signs.filter((sign) => sign !== '%').join(''));
  if (!hasDigits || isScaled || signs.some((sign) => sign === '/' || /^e/i.test(sign))) return GENERAL;
  return digitsFormat(tokens);
}

function tokenise(code: string): Token[] {
  const tokens: Token[] = [];
  for (const [whole, quoted, escaped, bracket, sign, other] of code.slice(0, MAX_CODE_CHARACTERS).matchAll(TOKENS)) {
    if (other === ';') break;
    const literal = quoted ?? escaped ?? other;
    if (literal !== undefined) tokens.push({ literal });
    else if (bracket !== undefined) tokens.push(currencyOf(bracket) ?? { bracket });
    else if (sign !== undefined) tokens.push({ sign });
    else if (whole.startsWith('_')) tokens.push({ literal: ' ' });
  }
  return tokens;
}

/** `[$€-407]`: a currency, and the country whose customs apply. */
function currencyOf(bracket: string): Token | undefined {
  const symbol = /^\$([^-]*)/.exec(bracket)?.[1];
  return symbol === undefined ? undefined : { literal: symbol };
}

function dateFormat(letters: string[], isElapsed: boolean): NumberFormat {
  const hasTime = isElapsed || letters.some((letter) => /^[hs]/.test(letter));
  const hasYear = letters.some((letter) => /^[ye]/.test(letter));
  const hasDay = letters.some((letter) => letter.startsWith('d'));
  // Without hours and seconds m is the month; beside them it is the minute, unless there is a day or year.
  const hasMonth = letters.some((letter) => letter.startsWith('m')) && (!hasTime || hasDay || hasYear);
  return { kind: 'date', hasYear, hasMonth, hasDay, hasTime, isElapsed };
}

function digitsFormat(tokens: Token[]): NumberFormat {
  const isDigit = (token: Token | undefined) => token !== undefined && 'sign' in token && /^[0#?.]$/.test(token.sign);
  const first = tokens.findIndex(isDigit);
  const last = tokens.findLastIndex(isDigit);
  const literals = (from: number, to: number) =>
    tokens
      .slice(from, to)
      .map((token) => ('literal' in token ? token.literal : ''))
      .join('');
  const body = tokens.slice(first, last + 1);
  const [integer = '', decimals = ''] = body
    .map((token) => ('sign' in token ? token.sign : ''))
    .join('')
    .replaceAll(',', '')
    .split('.');
  const [before, after] = [literals(0, first), literals(last + 1, tokens.length)];
  const isPercent = tokens.some((token) => 'sign' in token && token.sign === '%');
  const isMasked = decimals === '' && body.some((token) => 'literal' in token && token.literal.trim() !== '');
  return {
    kind: 'number',
    type: isPercent ? 'percent' : /\p{Sc}|\b[A-Z]{3}\b/u.test(before + after) ? 'currency' : 'number',
    prefix: before.trimStart(),
    suffix: isPercent ? '%' : after.trimEnd(),
    minDecimals: decimals.replace(/[^0]/g, '').length,
    maxDecimals: Math.min(decimals.length, 15),
    minDigits: integer.replace(/[^0]/g, '').length,
    mask: isMasked
      ? body.map((token) => ('literal' in token ? token.literal : 'sign' in token ? '0' : '')).join('')
      : undefined,
  };
}

/** Numbers are kept with some 15 digits: what comes after them is noise of the computer. */
const SIGNIFICANT_DIGITS = 15;
/** 31 December 9999. */
const LAST_DAY = 2_958_465;
const MS_PER_DAY = 86_400_000;
/** Day 0 of the calendar that counts 29 February 1900, which there was not, and of the one that begins in 1904. */
const EPOCH_1900 = Date.UTC(1899, 11, 30);
const EPOCH_1904 = Date.UTC(1904, 0, 1);
const FALSE_LEAP_DAY = 60;

/** A number as a reader sees it. */
export function formatNumber(value: number, format: NumberFormat, { is1904 }: { is1904: boolean }): Cell {
  if (format.kind === 'date' && value >= 0 && value < LAST_DAY) return formatDate(value, format, is1904);
  if (format.kind === 'number' && Math.abs(value) < 1e15) return formatDigits(value, format);
  return { text: plainNumber(value), type: Number.isInteger(value) ? 'integer' : 'number' };
}

/** Without the noise after the last digit that counts. */
export function plainNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 10 ** SIGNIFICANT_DIGITS) return String(value);
  return String(Number(value.toPrecision(SIGNIFICANT_DIGITS)));
}

function formatDigits(value: number, format: Extract<NumberFormat, { kind: 'number' }>): Cell {
  const { type, prefix, suffix, minDecimals, maxDecimals, minDigits, mask } = format;
  const scaled = Number((type === 'percent' ? value * 100 : value).toPrecision(SIGNIFICANT_DIGITS));
  const [integer = '', decimals = ''] = Math.abs(scaled).toFixed(maxDecimals).split('.');
  const optional = decimals.slice(minDecimals).replace(/0+$/, '');
  const fraction = decimals.slice(0, minDecimals) + optional;
  const whole = mask === undefined ? integer.padStart(minDigits, '0') : fillMask(mask, integer);
  const digits = whole + (fraction === '' ? '' : `.${fraction}`);
  const sign = scaled < 0 && /[1-9]/.test(digits) ? '-' : '';
  const isInteger = type === 'number' && maxDecimals === 0;
  // Leading zeros and signs between digits make a number a name: a postcode, a telephone.
  const isName = mask !== undefined || (integer.length < minDigits && minDigits > 1);
  return { text: (sign + prefix + digits + suffix).trim(), type: isName ? 'text' : isInteger ? 'integer' : type };
}

/** Puts digits into the places of a mask from its end; those that are too many stand in front. */
function fillMask(mask: string, digits: string): string {
  const left = [...digits];
  const filled = [...mask].reverse().map((place) => (place === '0' ? (left.pop() ?? '0') : place));
  return left.join('') + filled.reverse().join('');
}

function formatDate(serial: number, format: Extract<NumberFormat, { kind: 'date' }>, is1904: boolean): Cell {
  const { hasYear, hasMonth, hasDay, hasTime, isElapsed } = format;
  const seconds = Math.round(serial * 86_400);
  const time = clock(isElapsed ? seconds : seconds % 86_400);
  if (hasTime && !hasYear && !hasMonth && !hasDay) return { text: time, type: 'time' };
  const day = Math.floor(hasTime ? seconds / 86_400 : serial);
  const shifted = !is1904 && day < FALSE_LEAP_DAY ? day + 1 : day;
  const date = new Date((is1904 ? EPOCH_1904 : EPOCH_1900) + shifted * MS_PER_DAY).toISOString().slice(0, 10);
  if (hasTime) return { text: `${date} ${time}`, type: 'datetime' };
  if (hasYear && !hasDay) return { text: date.slice(0, hasMonth ? 7 : 4), type: 'date' };
  return { text: date, type: 'date' };
}

/** `9:05` as `09:05`; seconds where there are any. */
function clock(seconds: number): string {
  const two = (number: number) => String(number).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = seconds % 60;
  return `${two(hours)}:${two(Math.floor((seconds % 3600) / 60))}${rest === 0 ? '' : `:${two(rest)}`}`;
}
