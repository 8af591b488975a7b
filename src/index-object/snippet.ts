import { foldWord, gramsOf, splitPieces, type Tokenizer } from '../shared/words.ts';
import type { QueryTerm } from './query-words.ts';

/** Length that a snippet aims at: about three lines of a result list, UTF-16 code units. */
const SNIPPET_LENGTH = 240;
/** How much is shown of what stands above a chunk. */
const MAX_HEADER_LENGTH = 120;
/** How much of the window may stand before its first match. */
const LEAD_LENGTH = 60;
/** Stemming never changes the first two characters of a word: words that begin otherwise need none. */
const STABLE_PREFIX = 2;
const STOP_WORD_VALUE = 0.05;
const REPEAT_VALUE = 0.1;

export type Snippet = { text: string; highlights: [number, number][] };

/** The query as snippets look for it; made once per search. */
export type SnippetMatcher = {
  /** Stem (or pair of characters) to its worth. */
  values: Map<string, number>;
  prefixes: string[];
  beginnings: Set<string>;
  tokenizer: Tokenizer;
};

type Match = { start: number; end: number; key: string; value: number };

export function createMatcher(terms: QueryTerm[], tokenizer: Tokenizer): SnippetMatcher {
  const values = new Map<string, number>();
  const prefixes: string[] = [];
  const telling = terms.some((term) => !term.stopWord);
  for (const term of terms) {
    const value = telling && term.stopWord ? STOP_WORD_VALUE : 1;
    for (const word of term.words) {
      if (term.prefix) prefixes.push(word);
      values.set(word, value);
    }
  }
  return {
    values,
    prefixes,
    beginnings: new Set([...values.keys()].map((key) => key.slice(0, STABLE_PREFIX))),
    tokenizer,
  };
}

/**
 * The window of the text that says most of what was asked, cut at word boundaries and never inside a character; in front
 * of it, on a line of its own, what stands above all of the text.
 * @returns the window, and the matched words as [start, end) offsets into it.
 */
export function makeSnippet(text: string, matcher: SnippetMatcher, header: string | null = null): Snippet {
  const matches = findMatches(text, matcher);
  const shown = show(text, matches, cut(text, bestStart(matches)));
  if (header === null) return shown;
  const above = `${header.slice(0, wordEnd(header, MAX_HEADER_LENGTH))}\n`;
  const { highlights } = show(above, findMatches(above, matcher), [0, above.length]);
  const moved = shown.highlights.map(([start, end]): [number, number] => [start + above.length, end + above.length]);
  return { text: above + shown.text, highlights: [...highlights, ...moved] };
}

function show(text: string, matches: Match[], [from, to]: [number, number]): Snippet {
  const inside = merge(matches.filter((match) => match.start >= from && match.end <= to));
  return {
    text: text.slice(from, to),
    highlights: inside.map((match): [number, number] => [match.start - from, match.end - from]),
  };
}

function findMatches(text: string, matcher: SnippetMatcher): Match[] {
  const matches: Match[] = [];
  if (matcher.values.size === 0) return matches;
  const found = (key: string, start: number, end: number): void => {
    const value = matcher.values.get(key);
    if (value !== undefined) matches.push({ start, end, key, value });
  };
  for (const piece of splitPieces(text)) {
    if (!piece.spaceless) {
      const beginning = foldWord(piece.raw.slice(0, STABLE_PREFIX * 2)).slice(0, STABLE_PREFIX);
      if (matcher.beginnings.has(beginning)) found(matcher.tokenizer.termOf(piece.raw), piece.start, piece.end);
      continue;
    }
    for (const gram of gramsOf(piece.raw)) found(gram.text, piece.start + gram.start, piece.start + gram.end);
    for (const prefix of matcher.prefixes)
      findAll(piece.raw, prefix, (at) => {
        const start = piece.start + at;
        matches.push({ start, end: start + prefix.length, key: prefix, value: 1 });
      });
  }
  return matches.sort((a, b) => a.start - b.start || a.end - b.end);
}

function findAll(text: string, part: string, found: (at: number) => void): void {
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) found(at);
}

/** Where the best window's matches begin: the one whose matches are worth most; the earliest of equals. */
function bestStart(matches: Match[]): number {
  let best = 0;
  let bestValue = 0;
  for (const [index, first] of matches.entries()) {
    const seen = new Set<string>();
    let value = 0;
    for (let i = index; i < matches.length; i++) {
      const match = matches[i];
      if (match === undefined || match.end > first.start + SNIPPET_LENGTH - LEAD_LENGTH) break;
      value += seen.has(match.key) ? match.value * REPEAT_VALUE : match.value;
      seen.add(match.key);
    }
    if (value > bestValue) {
      bestValue = value;
      best = first.start;
    }
  }
  return best;
}

/** The window around a place, widened to whole words. */
function cut(text: string, start: number): [number, number] {
  if (text.length <= SNIPPET_LENGTH) return [0, text.length];
  const latest = Math.max(0, text.length - SNIPPET_LENGTH);
  const from = wordStart(text, Math.min(Math.max(0, start - LEAD_LENGTH), latest), start);
  const to = wordEnd(text, Math.min(text.length, from + SNIPPET_LENGTH));
  return [from, to];
}

/** The first word boundary from `at` on, but not behind `limit`. */
function wordStart(text: string, at: number, limit: number): number {
  if (at === 0) return 0;
  const space = text.slice(at - 1, limit).search(/\s\S/);
  if (space >= 0) return at + space;
  return isInsideCharacter(text, at) ? at - 1 : at;
}

/** The last word boundary up to `at`; without one, the nearest place between two characters. */
function wordEnd(text: string, at: number): number {
  if (at >= text.length || /\s/.test(text.charAt(at))) return at;
  const space = text.slice(at - LEAD_LENGTH, at).search(/\s\S*$/);
  if (space >= 0) return at - LEAD_LENGTH + space;
  return isInsideCharacter(text, at) ? at - 1 : at;
}

function isInsideCharacter(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  const before = text.charCodeAt(at - 1);
  return code >= 0xdc00 && code <= 0xdfff && before >= 0xd800 && before <= 0xdbff;
}

function merge(matches: Match[]): { start: number; end: number }[] {
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of matches) {
    const last = merged.at(-1);
    if (last !== undefined && start < last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}
