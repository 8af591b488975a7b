import { createTokenizer, foldWord, splitPieces } from '../../shared/words.ts';

const SPACES = /\s+/gu;

/** A question as others are compared with it: `  Notice  PERIOD` and `notice period` are one. */
export const textKeyOf = (text: string): string =>
  text.toWellFormed().normalize('NFKC').toLowerCase().replace(SPACES, ' ').trim();

/** A question by its words, in whatever order and form they stand. */
export type WordsOfQuery = {
  /** Distinct stems, sorted. */ stems: string[] /** Folded words, for likeness. */;
  words: string[];
};

const tokenizer = createTokenizer();

export function wordsOf(text: string): WordsOfQuery {
  const stems = [...new Set(tokenizer.tokenize(text).map(({ term }) => term))].sort();
  return { stems, words: [...new Set(splitPieces(text).map(({ raw }) => foldWord(raw)))] };
}

/** Shorter words that differ by a letter are other words: `cat` and `car`, `2023` and `2024`. */
const NEAR_FROM_LETTERS = 5;
const HAS_DIGIT = /\p{N}/u;

/** Whether one word may be a slip of the other: a letter more, less, other, or two exchanged. Never numbers. */
export function areNear(a: string, b: string): boolean {
  if (a === b) return true;
  if (Math.min(a.length, b.length) < NEAR_FROM_LETTERS || Math.abs(a.length - b.length) > 1) return false;
  if (HAS_DIGIT.test(a) || HAS_DIGIT.test(b)) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (left.length <= 1 && right.length <= 1) return true;
  return left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0];
}

/** Whether two questions are the same but for forms, order and slips of their words. */
export function areAlike(a: WordsOfQuery, b: WordsOfQuery): boolean {
  if (a.stems.length !== b.stems.length) return false;
  if (a.stems.every((stem, at) => stem === b.stems[at])) return true;
  // What is left when equal stems are taken away must be slips of each other, one by one.
  const onlyA = a.stems.filter((stem) => !b.stems.includes(stem));
  const onlyB = new Set(b.stems.filter((stem) => !a.stems.includes(stem)));
  return onlyA.every((stem) => {
    const twin = [...onlyB].find(
      (other) => areNear(stem, other) || areNearWords({ stem, of: a }, { stem: other, of: b }),
    );
    return twin !== undefined && onlyB.delete(twin);
  });
}

type Stem = { stem: string; of: WordsOfQuery };

/** Stems can be cut short at different places; then the words themselves tell. */
const areNearWords = (a: Stem, b: Stem): boolean =>
  a.of.words
    .filter((word) => tokenizer.termOf(word) === a.stem)
    .some((word) =>
      b.of.words.filter((other) => tokenizer.termOf(other) === b.stem).some((other) => areNear(word, other)),
    );
