import type { Block } from './extraction/extractor.ts';

/** A stretch of a text in UTF-16 code units: from `start` up to, not including, `end`. */
export type Span = { start: number; end: number };

/** Ends of sentences: Latin punctuation with closing quotes and note numbers before white space, CJK punctuation, empty lines. */
const SENTENCE_END = /[.!?…]+["'”’»)\]]*(?:\[\d{1,4}\])*(?=\s)|[。！？｡]+[」』）”’]*|\n[^\S\n]*(?=\n)/g;
/** After these a full stop ends no sentence. */
const ABBREVIATION =
  /(^|[\s(])(\p{Lu}|Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|No|Nr|Fig|Eq|Sec|Art|cf|e\.g|i\.e|z\.B|bzw|ca|approx|p|pp|vol)\.$/u;
const LONGEST_ABBREVIATION = 10;

/** Graphemes are looked for in this many characters before and after the place where a long word must be cut. */
const GRAPHEME_WINDOW_CHARACTERS = 64;

/**
 * The smallest pieces that a chunk is made of: sentences of prose, lines of tables and code; what is longer than `limit` is
 * cut at a line end, at a space, or between graphemes. In order, without white space at either end, never empty.
 */
export function splitBlock(text: string, block: { span: Span; type: Block['type'] }, limit: number): Span[] {
  const { span, type } = block;
  const bounds = type === 'table' || type === 'code' ? lineEnds(text, span) : sentenceEnds(text, span);
  const units: Span[] = [];
  let start = span.start;
  for (const end of [...bounds, span.end]) {
    const unit = trimSpan(text, { start, end });
    if (unit !== undefined) pushCut(units, { text, unit, limit });
    start = end;
  }
  return units;
}

/** The span without white space at its ends, or undefined when nothing is left. */
export function trimSpan(text: string, span: Span): Span | undefined {
  let { start, end } = span;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return start < end ? { start, end } : undefined;
}

function lineEnds(text: string, span: Span): number[] {
  const ends: number[] = [];
  for (let at = text.indexOf('\n', span.start); at !== -1 && at < span.end; at = text.indexOf('\n', at + 1))
    ends.push(at);
  return ends;
}

function sentenceEnds(text: string, span: Span): number[] {
  const prose = text.slice(span.start, span.end);
  const ends: number[] = [];
  for (const match of prose.matchAll(SENTENCE_END)) {
    const end = match.index + match[0].length;
    if (match[0] !== '.' || isSentenceEnd(prose, end)) ends.push(span.start + end);
  }
  return ends;
}

function isSentenceEnd(prose: string, end: number): boolean {
  if (/^\s+\p{Ll}/u.test(prose.slice(end, end + 4))) return false;
  return !ABBREVIATION.test(prose.slice(Math.max(0, end - LONGEST_ABBREVIATION), end));
}

function pushCut(units: Span[], { text, unit, limit }: { text: string; unit: Span; limit: number }): void {
  let start = unit.start;
  while (unit.end - start > limit) {
    const cut = start + cutWithin(text.slice(start, start + limit + GRAPHEME_WINDOW_CHARACTERS), limit);
    const piece = trimSpan(text, { start, end: cut });
    if (piece !== undefined) units.push(piece);
    start = cut;
  }
  const rest = trimSpan(text, { start, end: unit.end });
  if (rest !== undefined) units.push(rest);
}

/** Where to cut a piece that goes on beyond the limit: at most there, in the second half if it can be. */
function cutWithin(piece: string, limit: number): number {
  const lineEnd = piece.lastIndexOf('\n', limit);
  if (lineEnd >= limit / 2) return lineEnd;
  for (let at = limit; at >= limit / 2; at--) {
    if (isSpace(piece.charCodeAt(at))) return at;
  }
  return graphemeBoundary(piece, limit);
}

function graphemeBoundary(piece: string, limit: number): number {
  const from = Math.max(0, limit - GRAPHEME_WINDOW_CHARACTERS);
  let boundary = 0;
  for (const { index } of new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(piece.slice(from))) {
    if (from + index <= limit) boundary = from + index;
  }
  if (boundary > from) return boundary;
  const splitsPair = /^[\udc00-\udfff]/.test(piece.charAt(limit));
  return splitsPair ? limit - 1 : limit;
}

function isSpace(code: number): boolean {
  return (
    code === 32 || (code >= 9 && code <= 13) || code === 0xa0 || (code > 0x1000 && /\s/.test(String.fromCharCode(code)))
  );
}
