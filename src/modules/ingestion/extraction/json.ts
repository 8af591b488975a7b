import {
  type BlockCollector,
  cleanTitle,
  collapseWhitespace,
  compactMetadata,
  createBlockCollector,
  MAX_EXTRACTED_CHARACTERS,
  tooMuchText,
} from './blocks.ts';
import { decodeText } from './decode.ts';
import { type ExtractedDocument, ExtractionError, type ExtractionInput, type Extractor } from './extractor.ts';
import { type Json, parseJson, splitValues } from './json-text.ts';

/** JSON and JSON Lines: a line `name: value` for each value, under the names that lead to it. Numbers of arrays are left out. */
export const jsonExtractor: Extractor = {
  kind: 'json',
  version: 'json/own@1',
  extract: async (input) => extractJson(input),
};

/** Names above a value; further ones are written before it, as in `address.city: Berlin`. */
const MAX_PATH_NAMES = 3;
/** Every place begins a passage of its own: beyond so many, data is only packed. */
const MAX_PLACES = 1000;
const MAX_NAME_CHARACTERS = 100;
const MAX_JOINED_CHARACTERS = 300;
/** Measurements, coordinates and embeddings are not looked for by their numbers. */
const MAX_NUMBERS = 50;
/** Pictures and files as text. */
const ENCODED_DATA = /^(?:data:[\w/+.-]+;base64,|[A-Za-z0-9+/_-]{512})/;

function extractJson({ bytes, mediaType }: ExtractionInput): ExtractedDocument {
  const { text, encoding } = decodeText(bytes, { mediaType });
  const collector = createBlockCollector();
  const records = recordsIn(text);
  if (records !== undefined) {
    const counts = addRecords(records, createWriter(collector));
    return { metadata: compactMetadata({ encoding, ...counts }), blocks: collector.blocks };
  }
  const value = parseJson(text);
  createWriter(collector).add(value);
  const title = titleOf(value);
  return { ...(title === undefined ? {} : { title }), metadata: { encoding }, blocks: collector.blocks };
}

/** The records of a text that is not one value but several: one a line, or one behind the other. */
function recordsIn(text: string): string[] | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length > 1 && lines.slice(0, 2).every((line) => /^\s*[[{]/.test(line) && tryParse(line) !== undefined)) {
    return lines;
  }
  if (!/[\]}]\s*[[{]/.test(text)) return undefined;
  const values = splitValues(text);
  return values.length > 1 && tryParse(values[0] ?? '') !== undefined ? values : undefined;
}

/** Adds one record after the other, so that only one is in memory. A broken one costs only itself. */
function addRecords(texts: string[], writer: Writer): { records: number; unreadableRecords: number | undefined } {
  let broken = 0;
  for (const text of texts) {
    const record = tryParse(text);
    if (record === undefined) broken++;
    else writer.addRecord(record);
  }
  if (broken > texts.length / 2) {
    throw new ExtractionError(
      'malformed',
      'Most records of the data are no JSON. Write them anew, one per line, and upload them again.',
    );
  }
  return { records: texts.length - broken, unreadableRecords: broken > 0 ? broken : undefined };
}

function tryParse(line: string): Json | undefined {
  try {
    return parseJson(line);
  } catch (error) {
    if (error instanceof ExtractionError && error.reason === 'too_large') throw error;
    return undefined;
  }
}

function titleOf(value: Json): string | undefined {
  if (!isRecord(value) || !Object.hasOwn(value, 'title')) return undefined;
  const { title } = value;
  return typeof title === 'string' ? cleanTitle(title) : undefined;
}

type Writer = { add(value: Json): void /** One of many: it has no places of its own. */; addRecord(value: Json): void };

/** Writes values as blocks: one for each record and each object of settings. */
function createWriter(collector: BlockCollector): Writer {
  const places = new Set<string>();
  const countPlace = (path: string[]): string[] => {
    const key = path.join('\n');
    if (!places.has(key) && places.size >= MAX_PLACES) return [];
    places.add(key);
    return path;
  };
  const flush = (text: string, path: string[]) => {
    if (text === '') return;
    const place = countPlace(path);
    collector.add({ type: 'paragraph', text, ...(place.length > 0 ? { path: place } : {}) });
  };

  /** An object of settings: its own values first, then what is below each of its names. */
  const addObject = (value: Record<string, Json>, path: string[]) => {
    const lines = createLines();
    const below: [string, Json][] = [];
    for (const [name, child] of Object.entries(value)) {
      if (isContainer(child) && path.length < MAX_PATH_NAMES) below.push([name, child]);
      else addLines(lines, shorten(name), child);
    }
    flush(lines.text(), path);
    for (const [name, child] of below) addAt(child, [...path, shorten(name)]);
  };

  const addAt = (value: Json, path: string[]) => {
    if (Array.isArray(value)) addItems(value, path);
    else if (isRecord(value)) addObject(value, path);
    else flush(scalarText(value), path);
  };

  const addItems = (items: Json[], path: string[]) => {
    let lines = createLines();
    for (const item of items) {
      addLines(lines, '', item);
      // Values alone are lines of one list.
      if (typeof item !== 'object') continue;
      flush(lines.text(), path);
      lines = createLines();
    }
    flush(lines.text(), path);
  };

  return { add: (value) => addAt(value, []), addRecord: (value) => addItems([value], []) };
}

/** Whether a value deserves a place of its own. */
function isContainer(value: Json): boolean {
  if (Array.isArray(value)) return value.some((item) => typeof item === 'object' && item !== null);
  return isRecord(value) && Object.keys(value).length > 0;
}

type Lines = { add(name: string, value: string): void; text(): string };

/** Lines of one record. Long names before short values could make them far longer than the file. */
function createLines(): Lines {
  const lines: string[] = [];
  let characters = 0;
  return {
    add(name, value) {
      if (value === '') return;
      const line = name === '' ? value : `${name}: ${value}`;
      characters += line.length;
      if (characters > MAX_EXTRACTED_CHARACTERS) throw tooMuchText();
      lines.push(line);
    },
    text: () => lines.join('\n'),
  };
}

/** One line for each value below, named by the way to it. The depth is bounded by the parser. */
function addLines(lines: Lines, name: string, value: Json): void {
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== 'object' || item === null)) lines.add(name, listText(value));
    else for (const item of value) addLines(lines, name, item);
  } else if (isRecord(value)) {
    for (const [key, child] of Object.entries(value)) addLines(lines, joinNames(name, key), child);
  } else lines.add(name, scalarText(value));
}

function joinNames(name: string, key: string): string {
  const joined = name === '' ? shorten(key) : `${name}.${shorten(key)}`;
  return joined.length > MAX_JOINED_CHARACTERS ? name : joined;
}

function listText(values: Json[]): string {
  const isNumeric = values.length > MAX_NUMBERS && values.every((value) => typeof value === 'number');
  const shown = isNumeric ? values.slice(0, MAX_NUMBERS) : values;
  const text = shown
    .map(scalarText)
    .filter((item) => item !== '')
    .join(', ');
  return isNumeric ? `${text} … (${values.length} numbers)` : text;
}

function scalarText(value: Json): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  return ENCODED_DATA.test(value) ? '' : value.trim();
}

const shorten = (name: string) => collapseWhitespace(name.slice(0, MAX_NAME_CHARACTERS).toWellFormed());

const isRecord = (value: Json): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
