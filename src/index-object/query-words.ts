import { STOP_WORDS } from '../shared/stop-words.ts';
import { foldWord, gramsOf, splitPieces } from '../shared/words.ts';
import { parseQuery, type TextClause, type TextField, type TextPart } from './query-language.ts';
import { foldTerm, termsOf, type Wording } from './wordings.ts';

/** Words of a query beyond this many are dropped: each costs a walk through its list of chunks. */
export const MAX_QUERY_WORDS = 64;

const MAX_ALTERNATIVES = 16;
const MAX_PREFIXES = 16;

/** One way in which the index may spell something: a word, a pair of characters, or words that stand together. */
export type Spelling = {
  /** Terms as the index spells them, in order; more than one for a phrase. */
  words: string[];
  /** The last word stands for every longer one that begins so. */
  prefix: boolean;
  /** Only there; null for anywhere, tags too. */
  field: TextField | null;
  /** Found for the sake of a prefix that the stem cuts short: marked only where the text itself begins so. */
  implied: boolean;
};

/** One thing to look for. */
export type QueryTerm = {
  /** Any of them is enough: the alternatives of OR, and what the wordings of the library make of a word. */
  spellings: Spelling[];
  /** The user said by an operator that it must occur. */
  required: boolean;
  stopWord: boolean;
  /** How often the query says it. */
  times: number;
};

/** What a query looks for, and what must not occur. */
export type QueryWords = { wanted: QueryTerm[]; unwanted: QueryTerm[] };

/** What a word may go on with where its stem is shorter than what it begins with: `runn*` means running, stem `run`. */
const STEM_HIDING_ENDINGS = ['', 's', 'e', 'ed', 'er', 'ing', 'en', 'ation'];

/** Reads the words of a query; anything is allowed. Its filters are the caller's business. */
export function readQuery(text: string, wordings: readonly Wording[]): QueryWords {
  const clauses = repeatedOf(parseQuery(text).filter((clause) => clause.type === 'text'));
  return {
    wanted: distinct(clauses, (clause) => (clause.excluded ? [] : wantedBy(clause, wordings))),
    unwanted: distinct(clauses, (clause) => (clause.excluded ? together(clause, wordings) : [])),
  };
}

/** The terms without stop words, as long as something else remains. */
export function tellingTerms(terms: QueryTerm[]): QueryTerm[] {
  const telling = terms.filter((term) => !term.stopWord);
  return telling.length > 0 ? telling : terms;
}

/**
 * A spelling as an FTS5 expression. Words hold letters, digits and marks only; the quotes keep AND, OR, NOT and NEAR from
 * being operators.
 */
export function expressionOf({ words, prefix }: Spelling): string {
  return `"${words.join(' ')}"${prefix ? ' *' : ''}`;
}

function wantedBy(clause: TextClause, wordings: readonly Wording[]): QueryTerm[] {
  const [part, ...others] = clause.any;
  const isPlain = part?.form === 'words' && part.field === null && others.length === 0;
  return isPlain ? eachWord(part.text, wordings) : together(clause, wordings);
}

/** Each word for itself: the more of them, the better. */
function eachWord(text: string, wordings: readonly Wording[]): QueryTerm[] {
  return splitPieces(text).flatMap(({ raw, spaceless }) => {
    if (!spaceless) {
      const words = new Set(wordings.map(({ tokenizer }) => tokenizer.termOf(raw)));
      const spellings = [...words].map((word) => ({ words: [word], prefix: false, field: null, implied: false }));
      return [{ spellings, required: false, stopWord: STOP_WORDS.has(foldWord(raw)), times: 1 }];
    }
    return gramsOf(raw).map(({ text: gram }) => ({
      // A single character of a script that is indexed in pairs: look for the pairs that begin with it.
      spellings: [{ words: [gram], prefix: isSingle(gram), field: null, implied: false }],
      required: false,
      stopWord: false,
      times: 1,
    }));
  });
}

/** One term of a clause with operators: words that stand together, or any of several. */
function together({ any }: TextClause, wordings: readonly Wording[]): QueryTerm[] {
  const all = any.slice(0, MAX_ALTERNATIVES).flatMap((part) => spellingsOf(part, wordings));
  const spellings = [...new Map(all.map((spelling) => [JSON.stringify(spelling), spelling])).values()];
  if (spellings.length === 0) return [];
  const isOperator = any.length > 1 || any.some(({ form, field }) => form === 'phrase' || field !== null);
  return [{ spellings, required: isOperator, stopWord: false, times: 1 }];
}

function spellingsOf(part: TextPart, wordings: readonly Wording[]): Spelling[] {
  const { text, field, form } = part;
  const pieces = splitPieces(text);
  const last = pieces.at(-1);
  if (last === undefined) return [];
  const until = pieces.length > MAX_QUERY_WORDS ? (pieces[MAX_QUERY_WORDS]?.start ?? 0) : last.start;
  return wordings.flatMap(({ tokenizer }): Spelling[] => {
    const before = termsOf(text.slice(0, until), tokenizer);
    const ending = (words: string[], prefix: boolean, implied = false): Spelling => ({
      words: [...before, ...words],
      prefix,
      field,
      implied,
    });
    if (pieces.length > MAX_QUERY_WORDS) return [ending([], false)];
    if (last.spaceless) {
      const grams = gramsOf(last.raw).map((gram) => gram.text);
      return [ending(grams, form === 'prefix' || (grams.length === 1 && isSingle(grams[0] ?? '')))];
    }
    if (form !== 'prefix') return [ending([tokenizer.termOf(last.raw)], false)];
    const hidden = STEM_HIDING_ENDINGS.map((suffix) => ending([tokenizer.termOf(last.raw + suffix)], false, true));
    return [ending([foldTerm(last.raw)], true), ...hidden];
  });
}

const isSingle = (gram: string): boolean => [...gram].length === 1;

type Repeated = { clause: TextClause; times: number };

/** Each clause once. Of many beginnings only the first count: each is a walk through a part of the vocabulary. */
function repeatedOf(clauses: TextClause[]): Repeated[] {
  const known = new Map<string, Repeated>();
  let prefixes = 0;
  for (const clause of clauses) {
    const key = JSON.stringify(clause);
    const same = known.get(key);
    if (same !== undefined) same.times++;
    const own = same === undefined ? clause.any.filter(({ form }) => form === 'prefix').length : 0;
    prefixes += own;
    if (same === undefined && (own === 0 || prefixes <= MAX_PREFIXES)) known.set(key, { clause, times: 1 });
  }
  return [...known.values()];
}

/** The terms of the clauses, each once, with how often it was said. */
function distinct(clauses: Repeated[], termsOfClause: (clause: TextClause) => QueryTerm[]): QueryTerm[] {
  const known = new Map<string, QueryTerm>();
  for (const { clause, times } of clauses) {
    for (const term of known.size < MAX_QUERY_WORDS ? termsOfClause(clause) : []) {
      const key = JSON.stringify([term.spellings, term.required]);
      const same = known.get(key);
      if (same !== undefined) same.times += times;
      else if (known.size < MAX_QUERY_WORDS) known.set(key, { ...term, times });
    }
  }
  return [...known.values()];
}
