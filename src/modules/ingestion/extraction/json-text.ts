import { ExtractionError } from './extractor.ts';

/** Values as JSON has them. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** Parsed, data takes a multiple of its size in memory, and a Worker has 128 MB. */
export const MAX_JSON_CHARACTERS = 16_000_000;
const MAX_VALUES = 1_000_000;
/** What people and programs write has a dozen levels. */
export const MAX_JSON_DEPTH = 200;
/** Settings with comments are short; longer files are written by programs, which write none. */
const MAX_COMMENTED_CHARACTERS = 1_000_000;

/**
 * Parses JSON after checking that it is small enough: its length, number of values and depth. Comments and commas before a
 * closing bracket, as settings have them, are passed over. @throws ExtractionError
 */
export function parseJson(text: string): Json {
  guardSize(text);
  try {
    return parseStrictly(text);
  } catch (error) {
    if (text.length > MAX_COMMENTED_CHARACTERS) throw damaged(text, error);
    try {
      return parseStrictly(withoutComments(text));
    } catch {
      throw damaged(text, error);
    }
  }
}

/** Whether the text begins like JSON: an object or array with something in it that only JSON has there. */
export function beginsLikeJson(text: string): boolean {
  const start = text.trimStart().slice(0, 2000);
  return OBJECT_START.test(start) || ARRAY_START.test(start);
}

const STRING = String.raw`"(?:[^"\\\n]|\\.){0,500}"`;
const COMMENTS = String.raw`(?:\s|//[^\n]*\n|/\*[^*]*\*/)*`;
const SCALAR = String.raw`(?:-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)`;
const OBJECT_START = new RegExp(String.raw`^${COMMENTS}\{${COMMENTS}(?:${STRING}\s*:|\}\s*$)`);
/** A number in brackets is a note in any text: of several it is a list. */
const ARRAY_START = new RegExp(
  String.raw`^(?:\[\s*)+(?:\{\s*["}]|${STRING}\s*[,\]]|${SCALAR}\s*,|\]\s*$)|^(?:\[\s*){2,}${SCALAR}\s*\]`,
);

/** Whether a short text is JSON from its first character to its last, or several values. */
export function isWholeJson(text: string): boolean {
  try {
    return splitValues(text).every((value) => parseJson(value) !== undefined);
  } catch {
    return false;
  }
}

/** The objects and arrays that stand one behind the other, as some programs write records. */
export function splitValues(text: string): string[] {
  const values: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) i = endOfString(text, i);
    else if (code === 0x7b || code === 0x5b) depth++;
    else if ((code === 0x7d || code === 0x5d) && --depth === 0) {
      values.push(text.slice(start, i + 1));
      start = i + 1;
    }
  }
  if (text.slice(start).trim() !== '') values.push(text.slice(start));
  return values;
}

function parseStrictly(text: string): Json {
  const value: Json = JSON.parse(text);
  return value;
}

/** Counts values and depth without building anything. Strings are passed over. */
function guardSize(text: string): void {
  let values = 0;
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) i = endOfString(text, i);
    else if (code === 0x2c || code === 0x3a) values++;
    else if (code === 0x7b || code === 0x5b) {
      values++;
      depth++;
      deepest = Math.max(deepest, depth);
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  if (text.length > MAX_JSON_CHARACTERS || values > MAX_VALUES) {
    throw new ExtractionError(
      'too_large',
      'The data is too large to be read at once. Split it into parts, or write one record per line (JSON Lines).',
    );
  }
  if (deepest > MAX_JSON_DEPTH) {
    throw new ExtractionError(
      'too_large',
      `The data nests more than ${MAX_JSON_DEPTH} levels deep. Flatten it and upload it again.`,
    );
  }
}

/** Where the string that begins there ends: its closing quote, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}

function withoutComments(text: string): string {
  let kept = '';
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') {
      i = endOfString(text, i);
      continue;
    }
    const closing = text.startsWith('//', i) ? '\n' : text.startsWith('/*', i) ? '*/' : undefined;
    const skipTo = closing === undefined ? endOfTrailingComma(text, i) : endAfter(text, i, closing);
    if (skipTo === undefined) continue;
    kept += text.slice(from, i);
    from = skipTo;
    i = skipTo - 1;
  }
  return kept + text.slice(from);
}

function endAfter(text: string, from: number, closing: string): number {
  const at = text.indexOf(closing, from + 2);
  return at === -1 ? text.length : at + closing.length;
}

/** Behind a comma that only white space and comments part from a closing bracket. */
function endOfTrailingComma(text: string, at: number): number | undefined {
  if (text[at] !== ',') return undefined;
  const rest = /^,(?:\s|\/\/[^\n]*\n|\/\*[^*]*\*\/)*[\]}]/.exec(text.slice(at, at + 500));
  return rest === null ? undefined : at + 1;
}

function damaged(text: string, cause: unknown): ExtractionError {
  const isCut = !/[\]}]\s*$/.test(text.slice(-200));
  const what = isCut
    ? 'it ends in the middle, as when an upload or download breaks off'
    : 'its brackets, commas or quotes do not fit';
  return new ExtractionError('malformed', `The JSON is damaged: ${what}. Write it anew and upload it again.`, {
    cause,
  });
}
