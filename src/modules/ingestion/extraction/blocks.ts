import { type Block, type ExtractedDocument, ExtractionError } from './extractor.ts';

/** More than fifty long novels: beyond it a file is data to be split, not a document to be read. */
export const MAX_EXTRACTED_CHARACTERS = 20_000_000;
/** A novel has some thousand paragraphs. Each takes some hundred bytes beside its text, and a Worker has 128 MB. */
export const MAX_BLOCKS = 250_000;

const LINE_ENDS = /\r\n?|[\v\f\u0085\u2028\u2029]/g;
/** Control characters other than tab and newline. */
const CONTROLS = /[^\P{Cc}\t\n]/gu;
/** Invisible characters that only break words apart for a search: zero-width space, BOM, soft hyphen, noncharacters. */
const INVISIBLES = /\u200b|\ufeff|\u00ad|\ufffe|\uffff/g;

/** Canonical form of any extracted text: NFC, `\n` line ends, no control or invisible characters, well-formed UTF-16. */
export function cleanText(text: string): string {
  return text.toWellFormed().replace(LINE_ENDS, '\n').replace(CONTROLS, '').replace(INVISIBLES, '').normalize('NFC');
}

/** Runs of white space, line ends included, become one space; the ends are trimmed. */
export function collapseWhitespace(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Gathers blocks in reading order, cleaned and bounded. */
export type BlockCollector = {
  readonly blocks: Block[];
  /** Adds a block unless its cleaned text is empty. Throws `too_large` beyond {@link MAX_EXTRACTED_CHARACTERS} or {@link MAX_BLOCKS}. */
  add(block: Block): void;
};

/** A collector for one document. */
export function createBlockCollector(): BlockCollector {
  const blocks: Block[] = [];
  let characters = 0;
  return {
    blocks,
    add(block) {
      const text = tidy(block);
      if (text === '') return;
      characters += text.length;
      if (characters > MAX_EXTRACTED_CHARACTERS) throw tooMuchText();
      if (blocks.length >= MAX_BLOCKS) throw tooManyBlocks();
      blocks.push({ ...block, text });
    },
  };
}

/** Texts that are kept until their place comes, bounded as blocks are. */
export type TextList = { readonly texts: string[]; add(text: string): void };

/** An empty list. */
export function createTextList(): TextList {
  const texts: string[] = [];
  let characters = 0;
  return {
    texts,
    add(text) {
      characters += text.length;
      if (characters > MAX_EXTRACTED_CHARACTERS) throw tooMuchText();
      texts.push(text);
    },
  };
}

/** The refusal of a document whose text is over {@link MAX_EXTRACTED_CHARACTERS}. */
export function tooMuchText(): ExtractionError {
  const millions = MAX_EXTRACTED_CHARACTERS / 1_000_000;
  return new ExtractionError(
    'too_large',
    `The document holds more than ${millions} million characters of text. Split it into parts and upload them one by one.`,
  );
}

function tooManyBlocks(): ExtractionError {
  return new ExtractionError(
    'too_large',
    `The document holds more than ${MAX_BLOCKS / 1000},000 paragraphs or records. Split it into parts and upload them one by one.`,
  );
}

/** The text of the document's first heading of the highest level among its first blocks, as a stand-in for a title. */
export function titleFromHeadings(blocks: Block[]): string | undefined {
  const headings = blocks.slice(0, 30).filter((block) => block.type === 'heading');
  const highest = Math.min(...headings.map((heading) => heading.level ?? 6));
  const first = headings.find((heading) => (heading.level ?? 6) === highest);
  return first === undefined ? undefined : cleanTitle(first.text);
}

/** One line of at most 300 characters, or undefined when nothing is left. */
export function cleanTitle(title: string | null | undefined): string | undefined {
  const line = collapseWhitespace(cleanText(title ?? ''));
  const short = line.length > 300 ? `${line.slice(0, 299).toWellFormed()}…` : line;
  return short === '' ? undefined : short;
}

/** Metadata without the facts that turned out to be empty. */
export function compactMetadata(
  facts: Record<string, string | number | boolean | string[] | null | undefined>,
): ExtractedDocument['metadata'] {
  const metadata: ExtractedDocument['metadata'] = {};
  for (const [name, fact] of Object.entries(facts)) {
    const value = typeof fact === 'string' ? boundFact(fact) : fact;
    if (value === undefined || value === null || value === '') continue;
    if (Array.isArray(value) && value.length === 0) continue;
    metadata[name] = value;
  }
  return metadata;
}

/** An ISO 8601 instant in UTC, or undefined when the text is not a date. */
export function toIsoDate(text: string | null | undefined): string | undefined {
  if (text === null || text === undefined || !/\d{4}/.test(text)) return undefined;
  const date = new Date(text.trim());
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** Text that a file states about itself is shown and stored beside the document: it must stay small. */
const MAX_FACT_CHARACTERS = 1000;

function boundFact(fact: string): string {
  return collapseWhitespace(cleanText(fact.slice(0, MAX_FACT_CHARACTERS)));
}

function tidy(block: Block): string {
  const lines = cleanText(block.text)
    .split('\n')
    .map((line) => line.trimEnd());
  if (block.type !== 'code' && block.type !== 'table') return lines.join('\n').trim();
  while (lines[0] === '') lines.shift();
  return lines.join('\n').trimEnd();
}
