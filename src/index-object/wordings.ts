import {
  createTokenizer,
  foldWord,
  gramsOf,
  hasSpacelessScript,
  lastCharacterOf,
  splitPieces,
  stemOf,
  type Tokenizer,
} from '../shared/words.ts';
import { INFLECTIONS, type Inflection, SCRIPTS } from './inflections.ts';

/**
 * How the words of a document become the terms that the index stores. A query does not say its language: it looks for
 * its words as each wording of the library spells them.
 */
export type Wording = {
  /** Kept with what was indexed by it. Changes when the wording does; what has an old name is worded anew. */
  name: string;
  tokenizer: Tokenizer;
};

/** Wordings before they had names. */
export const FORMER = 'former';
const GENERAL = 'general.2';

/** Letters that stand for others in searches, beyond diacritics; `foldWord` has taken those off. */
const LETTERS = new Map([
  ...Object.entries({ ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', đ: 'd', ð: 'd', þ: 'th', ł: 'l', ħ: 'h', ı: 'i', ς: 'σ' }),
  ...Object.entries({ أ: 'ا', إ: 'ا', آ: 'ا', ٱ: 'ا', ى: 'ي', ی: 'ي', ک: 'ك', ة: 'ه', ؤ: 'و', ئ: 'ي' }),
]);
const OTHER_LETTER = new RegExp(`[${[...LETTERS.keys()].join('')}]`, 'g');
/** Vowel signs of Arabic and Hebrew, and the stroke that only makes words longer. */
const UNWRITTEN_MARKS = /[\u0591-\u05c7\u064b-\u065f\u0670\u0640]/g;
const ASCII = /^[a-z0-9]*$/;
/** `ue` for `ü`; behind another vowel it is no umlaut (neue, Bauer). */
const SPELT_UMLAUT = /(?<![aeiouq])([aou])e/g;
const LETTER = /\p{L}/u;

/** Folded further than `foldWord` does, for the index alone: `Straße` is `strasse`, `Mueller` and `Müller` are `muller`. */
export function foldTerm(word: string): string {
  const folded = foldWord(word);
  const plain = ASCII.test(folded)
    ? folded
    : folded.replace(UNWRITTEN_MARKS, '').replace(OTHER_LETTER, (letter) => LETTERS.get(letter) ?? letter);
  return plain.replace(SPELT_UMLAUT, '$1') || folded;
}

/** Takes the ending off, and what is behind the beginning that stands for a word. */
function inflected(word: string, { before, endings, remainder, beginning }: Inflection): string {
  const bare = before === undefined ? word : shortened(word, before, remainder);
  return shortened(bare, endings, remainder).slice(0, beginning);
}

function shortened(word: string, part: RegExp, remainder: number): string {
  const short = word.replace(part, '');
  return short.length >= remainder ? short : word;
}

function generalTerm(word: string): string {
  const folded = foldTerm(word);
  if (ASCII.test(folded)) return stemOf(folded);
  const script = SCRIPTS.find(({ letters }) => letters.test(folded));
  return script === undefined ? stemOf(folded) : inflected(folded, script);
}

const former: Wording = { name: FORMER, tokenizer: createTokenizer() };
const general: Wording = { name: GENERAL, tokenizer: createTokenizer(generalTerm) };

/**
 * Terms of these languages end in a mark: what German makes of a word is not found where English says the same. Unmarked,
 * wordings of five languages in one library cost English questions 0.03 nDCG.
 */
const byLanguage = new Map(
  Object.entries(INFLECTIONS).map(([language, inflection]): [string, Wording] => {
    const term = (word: string): string => {
      const folded = foldTerm(word);
      if (!LETTER.test(folded)) return folded;
      return ASCII.test(folded) ? `${inflected(folded, inflection)}${inflection.mark}` : generalTerm(word);
    };
    return [language, { name: `${language}.${inflection.version}`, tokenizer: createTokenizer(term) }];
  }),
);
const byName = new Map([former, general, ...byLanguage.values()].map((wording) => [wording.name, wording]));

/** All that there are now, in one word. */
export const ALL_WORDINGS = [general, ...byLanguage.values()].map(({ name }) => name).join(' ');

/** The wording of documents in a language; null where it is unknown. */
export function wordingOf(language: string | null): Wording {
  return byLanguage.get(language ?? '') ?? general;
}

/** The wording that something was indexed by. */
export function wordingNamed(name: string): Wording {
  return byName.get(name) ?? general;
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
