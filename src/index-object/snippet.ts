import { gramsOf, lastCharacterOf, splitPieces, type TextPiece, type Tokenizer } from '../shared/words.ts';
import type { QueryTerm, Spelling } from './query-words.ts';
import { foldTerm } from './wordings.ts';

/** Length that a snippet aims at: about three lines of a result list, UTF-16 code units. */
const SNIPPET_LENGTH = 240;
/** How much is shown of what stands above a chunk. */
const MAX_HEADER_LENGTH = 120;
/** How much of the window may stand before its first match. */
const LEAD_LENGTH = 60;
/** Stemming never changes the first two characters of a word: words that begin otherwise need none. */
const STABLE_PREFIX = 2;
/** But for articles that are written together with it. */
const mayLoseBeginning = (term: string): boolean => /^\p{Script=Arabic}/u.test(term);
/** As much of a word as folds to its first two characters. */
const UNFOLDED_PREFIX = 4;
/** Two letters that fold to themselves; `ue` may be an umlaut. */
const PLAIN_BEGINNING = /^(?![aou]e)[a-z0-9]{2}/i;
const STOP_WORD_VALUE = 0.05;
const REPEAT_VALUE = 0.1;

export type Snippet = { text: string; highlights: [number, number][] };

/** The query as snippets look for it; made once per search. */
export type SnippetMatcher = {
  /** Stem (or pair of characters) to its worth. */
  values: Map<string, number>;
  /** What words may begin with, and characters that may stand anywhere in a spaceless run. */
  prefixes: string[];
  /** Terms that must follow each other; of the last its beginning may be enough. */
  phrases: { words: string[]; prefix: boolean }[];
  /** First characters of all of these; undefined where words may lose theirs. */
  beginnings: Set<string> | undefined;
  /** Whether any of it is the beginning of a word. */
  marksBeginnings: boolean;
};

type Match = { start: number; end: number; key: string; value: number };
/** A term of the text at its place among all of them, as the index counts. */
type PlacedTerm = { term: string; folded: string; gram: boolean; start: number; end: number };

export function createMatcher(terms: QueryTerm[]): SnippetMatcher {
  const telling = terms.some((term) => !term.stopWord);
  const shown = terms.flatMap(({ spellings, stopWord }) =>
    spellings.filter(isShown).map(({ words, prefix }) => ({ words, prefix, isFaint: telling && stopWord })),
  );
  const phrases = shown.filter(({ words }) => words.length > 1);
  const single = shown.filter(({ words }) => words.length === 1);
  const prefixes = single.filter(({ prefix }) => prefix).flatMap(({ words }) => words);
  const values = single
    .filter(({ prefix }) => !prefix)
    .flatMap(({ words, isFaint }) => words.map((word): [string, number] => [word, isFaint ? STOP_WORD_VALUE : 1]));
  const all = shown.flatMap(({ words }) => words);
  const beginnings = new Set(all.map((word) => word.slice(0, STABLE_PREFIX)));
  return {
    values: new Map(values),
    prefixes,
    phrases,
    beginnings: all.some(mayLoseBeginning) ? undefined : beginnings,
    marksBeginnings: shown.some(({ prefix }) => prefix),
  };
}

/** Whether it would be found in what snippets are made of. */
const isShown = ({ field, implied }: Spelling): boolean => !implied && (field === null || field === 'body');

type SnippetOptions = {
  /** What stands above all of the text. */
  header: string | null;
  /** That of the text's wording. */
  tokenizer: Tokenizer;
};

/**
 * The window of the text that says most of what was asked, cut at word boundaries and never inside a character; in front
 * of it, on a line of its own, what stands above all of the text.
 * @returns the window, and the matched words as [start, end) offsets into it.
 */
export function makeSnippet(text: string, matcher: SnippetMatcher, { header, tokenizer }: SnippetOptions): Snippet {
  const matches = findMatches(text, matcher, tokenizer);
  const shown = show(text, matches, cut(text, bestStart(matches)));
  if (header === null) return shown;
  const above = `${header.slice(0, wordEnd(header, MAX_HEADER_LENGTH))}\n`;
  const { highlights } = show(above, findMatches(above, matcher, tokenizer), [0, above.length]);
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

function findMatches(text: string, matcher: SnippetMatcher, tokenizer: Tokenizer): Match[] {
  const { values, prefixes, phrases } = matcher;
  if (values.size + prefixes.length + phrases.length === 0) return [];
  const pieces = splitPieces(text);
  const terms = pieces.flatMap((piece) => termsIn(piece, matcher, tokenizer));
  const placed = new Map(terms.flatMap((term, place) => (term === undefined ? [] : [[place, term] as const])));
  const words = [...placed.values()].flatMap(({ term, folded, gram, start, end }): Match[] => {
    const value = values.get(term);
    if (value !== undefined) return [{ start, end, key: term, value }];
    const begins = !gram && prefixes.some((prefix) => folded.startsWith(prefix));
    return begins ? [{ start, end, key: folded, value: 1 }] : [];
  });
  const characters = pieces.flatMap((piece) => (piece.spaceless ? charactersIn(piece, prefixes) : []));
  const together = phrases.flatMap((phrase) => occurrences(phrase, placed));
  return [...words, ...characters, ...together].sort((a, b) => a.start - b.start || a.end - b.end);
}

/** The terms of a piece as the index has them, one by one; undefined where it cannot be one of the query's. */
function termsIn(
  { raw, start, spaceless }: TextPiece,
  { beginnings, marksBeginnings }: SnippetMatcher,
  tokenizer: Tokenizer,
): (PlacedTerm | undefined)[] {
  if (!spaceless) {
    if (beginnings?.has(beginningOf(raw)) === false) return [undefined];
    const folded = marksBeginnings ? foldTerm(raw) : '';
    return [{ term: tokenizer.termOf(raw), folded, gram: false, start, end: start + raw.length }];
  }
  const grams = gramsOf(raw).map((gram) => ({
    term: gram.text,
    folded: gram.text,
    gram: true,
    start: start + gram.start,
    end: start + gram.end,
  }));
  const end = start + raw.length;
  const last = lastCharacterOf(raw);
  return last === raw ? grams : [...grams, { term: last, folded: last, gram: true, start: end - last.length, end }];
}

/** The first characters of a word's term. */
function beginningOf(raw: string): string {
  const plain = PLAIN_BEGINNING.test(raw);
  if (plain) return raw.slice(0, STABLE_PREFIX).toLowerCase();
  return foldTerm(raw.slice(0, UNFOLDED_PREFIX)).slice(0, STABLE_PREFIX);
}

/** Where the run has single characters of the query. */
function charactersIn({ raw, start }: TextPiece, prefixes: string[]): Match[] {
  const matches: Match[] = [];
  for (const prefix of prefixes)
    findAll(raw, prefix, (at) => {
      matches.push({ start: start + at, end: start + at + prefix.length, key: prefix, value: 1 });
    });
  return matches;
}

/** The words of the phrase, wherever all of them follow each other. */
function occurrences({ words, prefix }: SnippetMatcher['phrases'][number], placed: Map<number, PlacedTerm>): Match[] {
  const key = words.join(' ');
  const matches: Match[] = [];
  for (const first of placed.keys()) {
    const found = words.map((word, i) => {
      const here = placed.get(first + i);
      const isThere = here?.term === word || (prefix && i === words.length - 1 && here?.folded.startsWith(word));
      return isThere ? here : undefined;
    });
    for (const here of found.every((each) => each !== undefined) ? found : [])
      if (here !== undefined) matches.push({ start: here.start, end: here.end, key, value: 1 });
  }
  return matches;
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
