import type { Analyser } from './analyser.ts';
import { type Run, runsOf, type Word } from './words-in-context.ts';

const SAMPLE = { characters: 400_000, stretches: 80 };
const MIN_WORDS = 12;
const MAX_PHRASES = 15;
const MAX_PHRASE_WORDS = 3;
/** From this many words on, what is said once is said by the way. */
const SHORT_TEXT_WORDS = 300;
/** How many mentions of a single word one of two or three words is worth. */
const LENGTH_WORTH = [1, 2.2, 3];
/** From this share of a word's mentions on, the phrase stands for it. */
const PART_SHARE = 0.4;
/** Among these the different ones are looked for. */
const CANDIDATES_RANKED = 400;

type WordStatistics = {
  times: number;
  names: number;
  sentences: Set<number>;
  left: Set<string>;
  right: Set<string>;
  /** The sentences of its occurrences. */
  inOrder: number[];
};
type Candidate = { key: string; stems: string[]; times: number; forms: Map<string, number> };
type Ranked = Candidate & { /** Lower is better. */ cost: number };

/**
 * What a text is about, in its own words: YAKE (Campos et al., Information Sciences 2020), which judges words by how often,
 * how early, in how many sentences, with how many different neighbours and how capitalised they are, and needs neither
 * training nor a corpus; with stop words where the language's are known.
 */
export const keyphrasesAnalyser: Analyser<'keyphrases'> = {
  type: 'keyphrases',
  version: 'keyphrases/yake@1',
  analyse({ text }) {
    const { runs, sentences } = runsOf(text, SAMPLE);
    const words = runs.reduce((sum, run) => sum + run.words.length, 0);
    if (words < MIN_WORDS) return undefined;
    const costs = wordCosts(runs, sentences);
    const leastTimes = words < SHORT_TEXT_WORDS ? 1 : 2;
    const candidates = withoutParts(candidatesOf(runs)).filter(({ times }) => times >= leastTimes);
    const ranked = candidates.map((candidate) => ({ ...candidate, cost: phraseCost(candidate, costs) }));
    const best = distinct(ranked.sort((a, b) => a.cost - b.cost).slice(0, CANDIDATES_RANKED));
    const least = best[0]?.cost ?? 0;
    if (best.length === 0) return undefined;
    return {
      phrases: best.map((phrase) => ({
        text: commonForm(phrase),
        score: Math.round((least / phrase.cost) ** 0.5 * 1000) / 1000,
        count: phrase.times,
      })),
    };
  },
};

function wordCosts(runs: Run[], sentences: number): Map<string, number> {
  const statistics = countWords(runs);
  const content = [...statistics.values()];
  const mean = content.reduce((sum, { times }) => sum + times, 0) / Math.max(1, content.length);
  const variance = content.reduce((sum, { times }) => sum + (times - mean) ** 2, 0) / Math.max(1, content.length);
  const most = Math.max(1, ...content.map(({ times }) => times));
  const usual = mean + Math.sqrt(variance);
  return new Map([...statistics].map(([stem, word]) => [stem, costOf(word, { usual, most, sentences })]));
}

/** The paper's S(t), equation 6. */
function costOf(
  word: WordStatistics,
  { usual, most, sentences }: { usual: number; most: number; sentences: number },
): number {
  const { times, names, left, right, inOrder } = word;
  const position = Math.log(3 + (inOrder[inOrder.length >> 1] ?? 0));
  const related = 1 + ((left.size + right.size) / (2 * times)) * (times / most);
  const capitalised = names / (1 + Math.log(times));
  const frequency = times / usual;
  const spread = word.sentences.size / Math.max(1, sentences);
  return (related * Math.log(position + 1)) / (capitalised + frequency / related + spread / related);
}

function countWords(runs: Run[]): Map<string, WordStatistics> {
  const statistics = new Map<string, WordStatistics>();
  for (const { words, sentence } of runs) {
    for (const [i, word] of words.entries()) {
      if (!word.isContent) continue;
      const known = statistics.get(word.stem) ?? emptyStatistics();
      statistics.set(word.stem, known);
      countOne(known, { word, sentence, before: words[i - 1], after: words[i + 1] });
    }
  }
  return statistics;
}

type Occurrence = { word: Word; sentence: number; before: Word | undefined; after: Word | undefined };

function countOne(known: WordStatistics, { word, sentence, before, after }: Occurrence): void {
  known.times++;
  if (word.isName) known.names++;
  known.sentences.add(sentence);
  known.inOrder.push(sentence);
  if (before) known.left.add(before.stem);
  if (after) known.right.add(after.stem);
}

const emptyStatistics = (): WordStatistics => ({
  times: 0,
  names: 0,
  sentences: new Set(),
  left: new Set(),
  right: new Set(),
  inOrder: [],
});

/** One to three words in a row that all say something. */
function candidatesOf(runs: Run[]): Map<string, Candidate> {
  const candidates = new Map<string, Candidate>();
  for (const { words } of runs) {
    for (let first = 0; first < words.length; first++) {
      for (let length = 1; length <= MAX_PHRASE_WORDS && words[first + length - 1]?.isContent; length++) {
        note(candidates, words.slice(first, first + length));
      }
    }
  }
  return candidates;
}

/** A word that is mostly said as part of a phrase is not listed beside it: `trustee` where `standing trustee` is meant. */
function withoutParts(candidates: Map<string, Candidate>): Candidate[] {
  const parts = new Set<string>();
  for (const { stems, times } of candidates.values()) {
    for (const part of partsOf(stems)) {
      if (times > 1 && times >= PART_SHARE * (candidates.get(part)?.times ?? 0)) parts.add(part);
    }
  }
  return [...candidates.values()].filter(({ key }) => !parts.has(key));
}

/** What is left of a phrase without its first or last word, and each word. */
function partsOf(stems: string[]): string[] {
  if (stems.length < 2) return [];
  return [...stems, stems.slice(1).join(' '), stems.slice(0, -1).join(' ')];
}

function note(candidates: Map<string, Candidate>, words: Word[]): void {
  const stems = words.map(({ stem }) => stem);
  if (new Set(stems).size < stems.length) return;
  const key = stems.join(' ');
  const form = formOf(words);
  const known = candidates.get(key);
  if (known === undefined) candidates.set(key, { key, stems, times: 1, forms: new Map([[form, 1]]) });
  else {
    known.times++;
    known.forms.set(form, (known.forms.get(form) ?? 0) + 1);
  }
}

/** As it is written, spaces and line ends aside; words of spaceless scripts are not joined by one. */
function formOf(words: Word[]): string {
  return words.map(({ raw, start }, i) => (i > 0 && start > (words[i - 1]?.end ?? 0) ? ` ${raw}` : raw)).join('');
}

/**
 * Instead of the paper's S(kw), whose product favours single words where names are rare: a phrase is worth its words, and
 * more for being one. `neural network` wins over `network` when it is meant every other time.
 */
function phraseCost({ stems, times }: Candidate, costs: Map<string, number>): number {
  const sum = stems.reduce((total, stem) => total + (costs.get(stem) ?? 1), 0);
  return sum / stems.length / (times * (LENGTH_WORTH[stems.length - 1] ?? 1));
}

/** Of phrases that say the same, the better one: a part of a better phrase, and what only adds to it, is none. */
function distinct(ranked: Ranked[]): Ranked[] {
  const chosen: Ranked[] = [];
  for (const phrase of ranked) {
    if (chosen.length === MAX_PHRASES) break;
    const isKnown = chosen.some(({ stems }) => overlaps(stems, phrase.stems));
    if (!isKnown) chosen.push(phrase);
  }
  return chosen;
}

function overlaps(a: string[], b: string[]): boolean {
  const shared = a.filter((stem) => b.includes(stem)).length;
  return shared === Math.min(a.length, b.length);
}

/** The most frequent spelling; in doubt the one without capitals. */
function commonForm({ forms }: Candidate): string {
  const ranked = [...forms].sort(([a, timesA], [b, timesB]) => timesB - timesA || capitals(a) - capitals(b));
  return ranked[0]?.[0] ?? '';
}

const capitals = (form: string) => form.match(/\p{Lu}/gu)?.length ?? 0;
