/** Text that reads like a library to an index: words by Zipf's law, sentences, paragraphs. The seed decides all of it. */

export const VOCABULARY_WORDS = 30_000;
export const WORDS_PER_PARAGRAPH = 120;
export const PARAGRAPHS_PER_DOCUMENT = 50;

const ONSETS = [
  'b',
  'br',
  'c',
  'cl',
  'd',
  'f',
  'fl',
  'g',
  'gr',
  'h',
  'j',
  'k',
  'l',
  'm',
  'n',
  'p',
  'pr',
  'r',
  's',
  'st',
  't',
  'tr',
  'v',
  'w',
  'z',
];
const VOWELS = ['a', 'e', 'i', 'o', 'u', 'ai', 'ou', 'ea'];
const CODAS = ['', '', 'l', 'm', 'n', 'r', 's', 't', 'nd', 'rt', 'x'];
/** The commonest words stand for those that nobody searches by. */
const FIRST_SELECTIVE_RANK = 100;
const ZIPF_EXPONENT = 1;

export type Corpus = {
  paragraph(): string;
  document(paragraphs?: number): string;
  /** `many` different words that stand in this paragraph and are selective, in its order. */
  queryFrom(paragraph: string, many: number): string;
  /** `many` selective words that need not stand together anywhere. */
  looseQuery(many: number): string;
};

export function createCorpus(random: () => number): Corpus {
  const vocabulary = makeVocabulary(random);
  const rankOf = new Map(vocabulary.map((word, rank) => [word, rank]));
  const cumulative = zipf(vocabulary.length);
  const word = () => vocabulary[lowerBound(cumulative, random())] ?? '';

  const sentence = (words: number) => {
    const text = Array.from({ length: words }, word).join(' ');
    return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
  };
  const paragraph = () => Array.from({ length: WORDS_PER_PARAGRAPH / 12 }, () => sentence(12)).join(' ');
  const isSelective = (candidate: string) => (rankOf.get(candidate) ?? 0) >= FIRST_SELECTIVE_RANK;

  return {
    paragraph,
    document: (paragraphs = PARAGRAPHS_PER_DOCUMENT) => Array.from({ length: paragraphs }, paragraph).join('\n\n'),
    queryFrom(text, many) {
      const words = [...new Set(text.toLowerCase().match(/[a-z]+/g) ?? [])].filter(isSelective);
      const first = Math.floor(random() * Math.max(1, words.length - many));
      return words.slice(first, first + many).join(' ');
    },
    looseQuery(many) {
      const words = new Set<string>();
      while (words.size < many) {
        const candidate = word();
        if (isSelective(candidate)) words.add(candidate);
      }
      return [...words].join(' ');
    },
  };
}

function makeVocabulary(random: () => number): string[] {
  const pick = (from: string[]) => from[Math.floor(random() * from.length)] ?? '';
  const syllable = () => pick(ONSETS) + pick(VOWELS) + pick(CODAS);
  const words = new Set<string>();
  while (words.size < VOCABULARY_WORDS) {
    // As in languages, frequent words are short.
    const syllables = words.size < 200 ? 1 : words.size < 5_000 ? 2 : 3;
    words.add(Array.from({ length: syllables }, syllable).join(''));
  }
  return [...words];
}

/** Probability that a word's rank is at most the index. */
function zipf(many: number): Float64Array {
  const cumulative = new Float64Array(many);
  let total = 0;
  for (let rank = 0; rank < many; rank += 1) {
    total += 1 / (rank + 1) ** ZIPF_EXPONENT;
    cumulative[rank] = total;
  }
  return cumulative.map((value) => value / total);
}

function lowerBound(sorted: Float64Array, wanted: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
