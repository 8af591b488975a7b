import { cleanTitle, collapseWhitespace } from './blocks.ts';
import type { Block } from './extractor.ts';

/** What lies on a page and is none of its text: values in the fields of a form, remarks of readers, links. */
export type PageNotes = { blocks: Block[]; links: string[] };

/** Forms have some hundred fields on a page, maps as many links. */
const MAX_PER_PAGE = 2000;
const MAX_NOTE_CHARACTERS = 20_000;
/** Names that people gave to fields: `Name`, `date_of_birth`, not `form1[0].#subform[2].f1_07[0]`. */
const SPOKEN_NAME = /^\p{L}[\p{L}\p{N} _-]{1,60}$/u;
/** A text field and a list; boxes to tick hold nothing but that they are ticked. */
const WRITTEN_FIELDS = ['Tx', 'Ch'];
/** A bit of an annotation's flags. */
const HIDDEN = 2;

/** Reads the annotations of a page, as PDF.js gives them: fields of forms after the others. */
export function readPageNotes(annotations: unknown[], page: number): PageNotes {
  const blocks: Block[] = [];
  const links: string[] = [];
  for (const annotation of annotations.slice(0, MAX_PER_PAGE)) {
    const note: Record<string, unknown> = { ...Object(annotation) };
    if (((numberOf(note['annotationFlags']) ?? 0) & HIDDEN) !== 0) continue;
    const url = textOf(note['url']);
    if (url !== '') links.push(url);
    const block = note['subtype'] === 'Widget' ? fieldBlock(note) : remarkBlock(note);
    if (block !== undefined) blocks.push({ ...block, page });
  }
  return { blocks, links };
}

/** `Name: Ada`, the name as the form shows it to those who fill it in. */
function fieldBlock(note: Record<string, unknown>): Block | undefined {
  const { fieldType, fieldValue, alternativeText, fieldName } = note;
  if (!WRITTEN_FIELDS.includes(textOf(fieldType)) || note['password'] === true) return undefined;
  const values = Array.isArray(fieldValue) ? fieldValue.slice(0, MAX_PER_PAGE).map(textOf) : [textOf(fieldValue)];
  const value = values.filter((part) => part.trim() !== '').join(', ');
  if (value === '') return undefined;
  const own = collapseWhitespace(textOf(fieldName).split('.').at(-1) ?? '');
  const name = cleanTitle(textOf(alternativeText)) ?? (SPOKEN_NAME.test(own) ? own.replaceAll('_', ' ') : '');
  return { type: 'paragraph', text: name === '' ? value : `${name}: ${value}` };
}

/** What is written on the page itself, or what somebody remarks on it. */
function remarkBlock(note: Record<string, unknown>): Block | undefined {
  // A window that opens says what its remark says.
  if (note['subtype'] === 'Popup' || note['subtype'] === 'Link') return undefined;
  const text = spoken(note['contentsObj']) || linesOf(note['textContent']);
  if (text === '') return undefined;
  if (note['subtype'] === 'FreeText') return { type: 'paragraph', text };
  const author = cleanTitle(spoken(note['titleObj']));
  return { type: 'quote', text: author === undefined ? text : `${author}: ${text}` };
}

/** Text with its direction, as PDF.js hands it over. */
const spoken = (value: unknown): string =>
  value instanceof Object && 'str' in value ? textOf(value.str).replace(/\r\n?/g, '\n').trim() : '';

const linesOf = (value: unknown): string => (Array.isArray(value) ? value.map(textOf).join('\n').trim() : '');

const textOf = (value: unknown): string => (typeof value === 'string' ? value.slice(0, MAX_NOTE_CHARACTERS) : '');

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
