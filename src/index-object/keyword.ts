import { hasSpacelessScript } from '../shared/words.ts';
import { createRanker, type RankOptions, type TermPosting } from './bm25.ts';
import type { WordMatch } from './index.types.ts';
import { createPostings, type Posting, unite } from './postings.ts';
import { expressionOf, type QueryTerm, type Spelling, tellingTerms } from './query-words.ts';
import type { ResidentMemory } from './resident-memory.ts';
import type { Slots } from './slots.ts';
import type { ScoredSlot } from './top-slots.ts';
import { termsOf, type Wording } from './wordings.ts';

/** A word that the query repeats counts as often as it is said, up to this. */
const MAX_REPEATS = 4;

/** What the keyword index knows of one chunk. */
export type KeywordEntry = { slot: number; title: string; headings: string; body: string; header: string | null };

export type KeywordSearch = {
  match: WordMatch;
  /** By generation: 1 when its chunks may be found. */
  allowed: Uint8Array;
  /** By slot: 1 where nothing may be found; undefined when nothing is excluded. */
  excluded?: Uint8Array | undefined;
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
  add(entry: KeywordEntry, wording: Wording): void;
  /** Drops the entries of these slots. */
  remove(first: number, last: number): void;
  search(terms: QueryTerm[], options: KeywordSearch): KeywordResult;
  /** By slot: 1 where one of the terms occurs; undefined when there are none. */
  having(terms: QueryTerm[]): { slots: Uint8Array | undefined; rowsRead: number };
  /** Merges the index into one segment: dropped text leaves the file. */
  compact(): void;
  memoryBytes(): number;
  /** Forgets what is held in memory. */
  reset(): void;
};

type Parts = { slots: Slots; memory: ResidentMemory };

export function createKeyword(sql: SqlStorage, { slots, memory }: Parts): Keyword {
  const postings = createPostings(sql, memory);
  const rank = createRanker();

  function inText({ words, prefix, field }: Spelling, expression: string): Posting {
    const [only] = words;
    if (words.length > 1 || prefix || field !== null || only === undefined)
      return postings.ofExpression(expression, field);
    const posting = postings.ofTerm(only);
    return hasSpacelessScript(only) ? { ...posting, places: null } : posting;
  }

  function postingOf({ spellings }: QueryTerm): Posting {
    return unite(
      spellings.flatMap((spelling) => {
        const expression = expressionOf(spelling);
        const text = inText(spelling, expression);
        return spelling.field === null ? [text, postings.ofFiled(expression)] : [text];
      }),
    );
  }

  return {
    add({ slot, title, headings, body, header }, { tokenizer }) {
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

    search(terms, { match, allowed, excluded, enough, wanted, onMatch }) {
      const used: TermPosting[] = tellingTerms(terms).map((term) => ({
        posting: postingOf(term),
        times: Math.min(term.times, MAX_REPEATS),
        required: term.required,
      }));
      const { complete, partial } = rank(used, { table: slots.table(), allowed, excluded, wanted, onMatch });
      const rowsRead = postings.takeRowsRead();
      if (match === 'all') return { found: complete, widened: false, rowsRead };
      if (match === 'any') return { found: best([...complete, ...partial], wanted), widened: false, rowsRead };
      if (complete.length >= enough || partial.length === 0) return { found: complete, widened: false, rowsRead };
      return { found: [...complete, ...partial].slice(0, wanted), widened: true, rowsRead };
    },

    having(terms) {
      if (terms.length === 0) return { slots: undefined, rowsRead: 0 };
      const having = new Uint8Array(slots.table().generations.length);
      for (const term of terms) for (const slot of postingOf(term).slots) having[slot] = 1;
      return { slots: having, rowsRead: postings.takeRowsRead() };
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
