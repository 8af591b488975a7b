import { gramsOf, hasSpacelessScript, lastCharacterOf, splitPieces, type Tokenizer } from '../shared/words.ts';
import { createRanker, type RankOptions, type TermPosting } from './bm25.ts';
import type { WordMatch } from './index.types.ts';
import { createPostings, type Posting } from './postings.ts';
import { expressionOf, type QueryTerm, tellingTerms } from './query-words.ts';
import type { ResidentMemory } from './resident-memory.ts';
import type { Slots } from './slots.ts';
import type { ScoredSlot } from './top-slots.ts';

/** A word that the query repeats counts as often as it is said, up to this. */
const MAX_REPEATS = 4;

/** What the keyword index knows of one chunk. */
export type KeywordEntry = { slot: number; title: string; headings: string; body: string; header: string | null };

export type KeywordSearch = {
  match: WordMatch;
  /** By generation: 1 when its chunks may be found. */
  allowed: Uint8Array;
  /** With fewer chunks that have all words, `auto` adds those with any. */
  enough: number;
  wanted: number;
  /** Told of every chunk with all of the words, or some, however many are wanted. */
  onMatch?: RankOptions['onMatch'];
};

export type KeywordResult = {
  /** Best first, at most `wanted`; scores are bm25. */
  found: ScoredSlot[];
  /** Whether `auto` had to add chunks with only some of the words. */
  widened: boolean;
  rowsRead: number;
};

export type Keyword = {
  add(entry: KeywordEntry): void;
  /** Drops the entries of these slots. */
  remove(first: number, last: number): void;
  search(terms: QueryTerm[], options: KeywordSearch): KeywordResult;
  /** Merges the index into one segment: dropped text leaves the file. */
  compact(): void;
  memoryBytes(): number;
  /** Forgets what is held in memory. */
  reset(): void;
};

type Parts = { slots: Slots; tokenizer: Tokenizer; memory: ResidentMemory };

export function createKeyword(sql: SqlStorage, { slots, tokenizer, memory }: Parts): Keyword {
  const postings = createPostings(sql, memory);
  const rank = createRanker();

  function postingOf(term: QueryTerm): Posting {
    const [only] = term.words;
    const plain = term.words.length === 1 && !term.prefix && only !== undefined;
    return plain ? postings.ofTerm(only) : postings.ofExpression(expressionOf(term));
  }

  return {
    add({ slot, title, headings, body, header }) {
      const whole = header === null ? body : `${header}\n${body}`;
      const columns = [title, headings, whole].map((text) => termsOf(text, tokenizer));
      sql.exec(
        'INSERT INTO chunks_fts (rowid, title, headings, body) VALUES (?, ?, ?, ?)',
        slot,
        ...columns.map((terms) => terms.join(' ')),
      );
      slots.setWords(
        slot,
        columns.reduce((sum, terms) => sum + terms.length, 0),
      );
      postings.changed();
    },

    remove(first, last) {
      sql.exec(
        'DELETE FROM chunks_fts WHERE rowid IN (SELECT slot FROM chunks WHERE slot BETWEEN ? AND ?)',
        first,
        last,
      );
      postings.changed();
    },

    search(terms, { match, allowed, enough, wanted, onMatch }) {
      const used: TermPosting[] = tellingTerms(terms).map((term) => ({
        posting: postingOf(term),
        times: Math.min(term.times, MAX_REPEATS),
        required: term.quoted,
      }));
      const { complete, partial } = rank(used, { table: slots.table(), allowed, wanted, onMatch });
      const rowsRead = postings.takeRowsRead();
      if (match === 'all') return { found: complete, widened: false, rowsRead };
      if (match === 'any') return { found: best([...complete, ...partial], wanted), widened: false, rowsRead };
      if (complete.length >= enough || partial.length === 0) return { found: complete, widened: false, rowsRead };
      return { found: [...complete, ...partial].slice(0, wanted), widened: true, rowsRead };
    },

    compact() {
      sql.exec("INSERT INTO chunks_fts (chunks_fts) VALUES ('optimize')");
    },

    memoryBytes: postings.memoryBytes,
    reset: postings.changed,
  };
}

function best(found: ScoredSlot[], wanted: number): ScoredSlot[] {
  return found.sort((a, b) => b.score - a.score || a.slot - b.slot).slice(0, wanted);
}

/**
 * The terms of a text as the index stores them: stems of words, overlapping pairs of spaceless runs, and the last
 * character of each run on its own, so that a one-character query (a prefix of pairs) finds every place.
 */
export function termsOf(text: string, tokenizer: Tokenizer): string[] {
  const normal = text.normalize('NFKC');
  if (!hasSpacelessScript(normal)) return tokenizer.tokenize(normal).map((token) => token.term);
  return splitPieces(normal).flatMap(({ raw, spaceless }) => {
    if (!spaceless) return [tokenizer.termOf(raw)];
    const grams = gramsOf(raw).map((gram) => gram.text);
    return grams.length === 1 && grams[0] === raw ? grams : [...grams, lastCharacterOf(raw)];
  });
}
