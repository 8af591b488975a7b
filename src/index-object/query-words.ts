import { STOP_WORDS } from '../shared/stop-words.ts';
import { foldWord, type Tokenizer } from '../shared/words.ts';

/** Words of a query beyond this many are dropped: each costs a walk through its list of chunks. */
export const MAX_QUERY_WORDS = 64;

/** One thing to look for: a word, a pair of characters of a spaceless script, or the words of a quoted phrase. */
export type QueryTerm = {
  /** Terms as the index spells them, in order; more than one for a phrase. */
  words: string[];
  /** Matches every longer term that begins so. */
  prefix: boolean;
  /** The user put it in double quotes: it must occur. */
  quoted: boolean;
  stopWord: boolean;
  /** How often the query says it. */
  times: number;
};

const QUOTED =
  /["\u201c\u201d\u201e\u00ab\u00bb]([^"\u201c\u201d\u201e\u00ab\u00bb]*)["\u201c\u201d\u201e\u00ab\u00bb]/g;

/** Reads the user's text; anything is allowed, and what is no word is passed over. */
export function readQuery(text: string, tokenizer: Tokenizer): QueryTerm[] {
  const normal = text.normalize('NFKC');
  const terms = new Map<string, QueryTerm>();
  const add = (term: Omit<QueryTerm, 'times'>): void => {
    const key = JSON.stringify([term.words, term.quoted]);
    const known = terms.get(key);
    if (known !== undefined) known.times++;
    else if (terms.size < MAX_QUERY_WORDS) terms.set(key, { ...term, times: 1 });
  };
  const unquoted = normal.replace(QUOTED, (_, phrase: string) => {
    const words = tokenizer.tokenize(phrase).map((token) => token.term);
    const limited = words.slice(0, MAX_QUERY_WORDS);
    if (limited.length > 0) add({ words: limited, prefix: false, quoted: true, stopWord: false });
    return ' ';
  });
  for (const { term, start, end, gram } of tokenizer.tokenize(unquoted)) {
    // A single character of a script that is indexed in pairs: look for the pairs that begin with it.
    const prefix = gram && [...term].length === 1;
    add({ words: [term], prefix, quoted: false, stopWord: STOP_WORDS.has(foldWord(unquoted.slice(start, end))) });
  }
  return [...terms.values()];
}

/** The terms without stop words, as long as something else remains. */
export function tellingTerms(terms: QueryTerm[]): QueryTerm[] {
  const telling = terms.filter((term) => !term.stopWord);
  return telling.length > 0 ? telling : terms;
}

/**
 * The term as an FTS5 expression. Words hold letters, digits and marks only; the quotes keep AND, OR, NOT and NEAR from
 * being operators.
 */
export function expressionOf(term: QueryTerm): string {
  return `"${term.words.join(' ')}"${term.prefix ? ' *' : ''}`;
}
