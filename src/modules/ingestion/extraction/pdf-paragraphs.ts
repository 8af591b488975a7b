import type { Block } from './extractor.ts';
import type { Row } from './pdf-lines.ts';

/** What is known of the whole document when a page is put together. */
export type Typography = {
  /** Font size of the running text, in points. */
  bodySize: number;
  /** Font sizes of headings, the largest first. */
  headingSizes: number[];
  /** Levels of headings by their text without numbers, as the outline (bookmarks) gives them. */
  outline: Map<string, number>;
  /** Words as they occur inside lines, in lower case: tells `re-` + `port` from `well-` + `known`. */
  words: Set<string>;
};

type Paragraph = { rows: Row[]; isItem: boolean };

const BULLET = /^[•◦▪▫■□●○‣⁃∙·–—*-]\s+/;
const LONE_BULLET = /^[•◦▪▫■□●○‣⁃∙·–—*-]$/;
const NUMBERED = /^(\(?\d{1,3}[.)]|\(?[a-z][.)]|\[\d{1,3}\])(\s|$)/i;
const MAX_HEADING_CHARACTERS = 200;
const MAX_HEADING_ROWS = 3;
/** Distance of baselines within a paragraph, in ems; the usual is 1.2, double spacing is 2.4. */
const MAX_LEADING = 1.75;
/** Shorter lines are labels of forms and cells. */
const MIN_FULL_LINE_CHARACTERS = 35;

/** A page's rows in reading order as blocks. */
export function toBlocks(rows: Row[], page: number, typography: Typography): Block[] {
  const blocks: Block[] = [];
  const leading = usualLeading(rows);
  let paragraph: Paragraph | undefined;
  const close = () => {
    if (paragraph !== undefined) blocks.push(toBlock(paragraph, page, typography));
    paragraph = undefined;
  };
  for (const [i, row] of rows.entries()) {
    const table = isTableRow(row) && (isTableRow(rows[i + 1]) || isTableRow(rows[i - 1]));
    if (table) {
      close();
      addTableRow(blocks, { row, page, isFirst: !isTableRow(rows[i - 1]) });
      continue;
    }
    if (paragraph !== undefined && !belongs(row, paragraph, leading)) close();
    paragraph ??= { rows: [], isItem: isItemStart(row) };
    paragraph.rows.push(row);
  }
  close();
  return blocks;
}

/** A title's text as it is compared with the outline: letters and digits only, without a number before it. */
export function outlineKey(title: string): string {
  return title
    .normalize('NFKC')
    .toLowerCase()
    .replace(/^[\s\d.§()]+/, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/** Joins two lines: a hyphen at the end goes if the word is known without it or not known with it. */
export function joinLines(first: string, second: string, words: Set<string>): string {
  const head = /(\p{L}+)([-\u2010\u00ad])$/u.exec(first);
  const tail = /^\p{Ll}[\p{L}]*/u.exec(second)?.[0];
  if (head?.[1] === undefined || tail === undefined) return `${first} ${second}`;
  const whole = `${head[1]}${tail}`.toLowerCase();
  const isCompound = words.has(`${head[1]}-${tail}`.toLowerCase()) && !words.has(whole);
  return isCompound ? first + second : first.slice(0, -1) + second;
}

function isTableRow(row: Row | undefined): boolean {
  return row !== undefined && row.segments.length > 1 && !isMarkerRow(row);
}

/** A bullet or number set off from its text. */
function isMarkerRow(row: Row): boolean {
  const first = row.segments[0]?.text.trim() ?? '';
  return row.segments.length === 2 && (LONE_BULLET.test(first) || (NUMBERED.test(first) && first.length <= 6));
}

function addTableRow(blocks: Block[], { row, page, isFirst }: { row: Row; page: number; isFirst: boolean }): void {
  const text = row.segments.map((segment) => segment.text.replace(/\s+/g, ' ').trim()).join('\t');
  const last = blocks.at(-1);
  if (!isFirst && last?.type === 'table') last.text += `\n${text}`;
  else blocks.push({ type: 'table', text, page });
}

function rowText(row: Row): string {
  return row.segments
    .map((segment) => segment.text)
    .join(' ')
    .replace(/\s+/g, ' ')
    .trim();
}

function isItemStart(row: Row): boolean {
  const text = rowText(row);
  return BULLET.test(text) || NUMBERED.test(text);
}

function usualLeading(rows: Row[]): number {
  const steps = rows
    .map((row, i) => (rows[i - 1]?.y ?? row.y) - row.y)
    .map((step, i) => step / (rows[i]?.size ?? 1))
    .filter((step) => step > 0.8 && step < 3)
    .sort((a, b) => a - b);
  return Math.min(MAX_LEADING, steps[Math.floor(steps.length / 2)] ?? 1.2);
}

function belongs(row: Row, paragraph: Paragraph, leading: number): boolean {
  const first = paragraph.rows[0];
  const previous = paragraph.rows.at(-1);
  if (first === undefined || previous === undefined) return true;
  const em = Math.max(row.size, previous.size);
  if (Math.abs(row.size - previous.size) > 0.12 * em || isItemStart(row)) return false;
  if (continuesSentence(previous, row)) return true;
  const step = previous.y - row.y;
  if (step <= 0 || step > 1.25 * leading * em) return false;
  const isCentred = Math.abs(row.left + row.right - previous.left - previous.right) < 0.6 * em;
  if (!isCentred && !isAligned(row, paragraph, { first, previous, em })) return false;
  return !endsShort(previous, paragraph);
}

/** A full line that breaks off, and one that goes on in lower case: also in the next column. */
function continuesSentence(previous: Row, row: Row): boolean {
  const text = rowText(previous);
  return text.length >= MIN_FULL_LINE_CHARACTERS && /[\p{L}\d,;\u2010-]$/u.test(text) && /^\p{Ll}/u.test(rowText(row));
}

function isAligned(row: Row, paragraph: Paragraph, at: { first: Row; previous: Row; em: number }): boolean {
  const shift = row.left - at.previous.left;
  // The second line may hang under a list mark, or stand left of an indented first line.
  if (paragraph.rows.length === 1)
    return paragraph.isItem ? Math.abs(shift) < 4 * at.em : shift < 0.7 * at.em && shift > -4 * at.em;
  return Math.abs(shift) < 0.7 * at.em;
}

/** The last line of a paragraph ends a sentence well before the right edge. */
function endsShort(previous: Row, paragraph: Paragraph): boolean {
  const right = Math.max(...paragraph.rows.map((row) => row.right));
  const width = right - Math.min(...paragraph.rows.map((row) => row.left));
  return /[.!?:;]["'”’)\]]*$/.test(rowText(previous)) && previous.right < right - 0.2 * width;
}

function toBlock(paragraph: Paragraph, page: number, typography: Typography): Block {
  const text = paragraph.rows.map(rowText).reduce((joined, line) => joinLines(joined, line, typography.words));
  const level = headingLevel(paragraph, text, typography);
  if (level !== undefined) return { type: 'heading', level, text, page };
  if (!paragraph.isItem) return { type: 'paragraph', text, page };
  return { type: 'list-item', text: text.replace(BULLET, ''), page };
}

function headingLevel(paragraph: Paragraph, text: string, typography: Typography): number | undefined {
  if (paragraph.rows.length > MAX_HEADING_ROWS || text.length > MAX_HEADING_CHARACTERS) return undefined;
  if (!/\p{L}{2}/u.test(text)) return undefined;
  const fromOutline = typography.outline.get(outlineKey(text));
  if (fromOutline !== undefined) return fromOutline;
  const size = Math.max(...paragraph.rows.map((row) => row.size));
  const rank = typography.headingSizes.findIndex((heading) => size >= heading - 0.25);
  return rank === -1 ? undefined : Math.min(6, rank + 1);
}
