import { STOP_WORDS } from '../../../shared/stop-words.ts';
import { createTokenizer } from '../../../shared/words.ts';
import { type Span, splitBlock } from '../../ingestion/chunk-units.ts';
import type { Analyser } from './analyser.ts';
import { placeAt, sampleText } from './sampling.ts';

const SAMPLE = { characters: 240_000, stretches: 60 };
/** Shorter ones are headings, captions and cries; longer ones no summary. Spaceless scripts say in a third of it as much. */
const SENTENCE_CHARACTERS = { least: 40, leastSpaceless: 12, most: 420 };
const MIN_SENTENCES = 3;
const MAX_SENTENCES = 1_500;
/** One sentence of the summary for so many of the text, within bounds. */
const SENTENCES_PER_SENTENCE = 12;
const SUMMARY_SENTENCES = { least: 2, most: 6 };
/** How much a sentence gains by standing at the very beginning, and how soon that fades. */
const LEAD_BONUS = 0.35;
const LEAD_SENTENCES = 12;
/** What a sentence loses by resembling one that is in the summary already (maximal marginal relevance). */
const REDUNDANCY = 0.6;

type Sentence = { start: number; end: number; text: string; terms: Map<string, number>; norm: number; score: number };

/**
 * The sentences that say most of what the others say: nearest to the centre of all by their words (centroid summaries,
 * Radev et al. 2004), early ones favoured, repetitions left out; in the order of the text, each with its place.
 */
export const summaryAnalyser: Analyser<'summary'> = {
  type: 'summary',
  version: 'summary/centroid@1',
  analyse(reading) {
    const sentences = sentencesOf(reading.text);
    if (sentences.length < MIN_SENTENCES) return undefined;
    weigh(sentences);
    const wanted = Math.round(sentences.length / SENTENCES_PER_SENTENCE);
    const chosen = choose(sentences, Math.min(SUMMARY_SENTENCES.most, Math.max(SUMMARY_SENTENCES.least, wanted)));
    return {
      sentences: chosen
        .sort((a, b) => a.start - b.start)
        .map(({ start, end, text }) => ({ text: text.replace(/\s+/g, ' '), ...placeAt(reading, start, end) })),
    };
  },
};

/** Sentences of running text: no headings, rows of tables or lines of lists without an end. */
function sentencesOf(text: string): Sentence[] {
  const { tokenize } = createTokenizer();
  const termsOf = (sentence: string) => {
    const terms = new Map<string, number>();
    for (const { term } of tokenize(sentence)) if (!STOP_WORDS.has(term)) terms.set(term, (terms.get(term) ?? 0) + 1);
    return terms;
  };
  const sentences = sampleText(text, SAMPLE).flatMap((stretch) =>
    spansOf(stretch.text).map(({ start, end }): Sentence => {
      const sentence = stretch.text.slice(start, end);
      const place = { start: stretch.start + start, end: stretch.start + end };
      return { ...place, text: sentence, terms: termsOf(sentence), norm: 1, score: 0 };
    }),
  );
  const step = Math.ceil(sentences.length / MAX_SENTENCES);
  return step > 1 ? sentences.filter((_, i) => i % step === 0) : sentences;
}

const spansOf = (text: string): Span[] =>
  [...paragraphs(text)]
    .flatMap((span) => splitBlock(text, { span, type: 'paragraph' }, SENTENCE_CHARACTERS.most * 2))
    .filter(({ start, end }) => isTelling(text.slice(start, end)));

function* paragraphs(text: string): Generator<Span> {
  for (let start = 0; start < text.length; ) {
    const separator = text.indexOf('\n\n', start);
    const end = separator === -1 ? text.length : separator;
    yield { start, end };
    start = end + 2;
  }
}

const SPACELESS_END = /[。！？｡]/;

function isTelling(sentence: string): boolean {
  const isSpaceless = SPACELESS_END.test(sentence);
  const least = isSpaceless ? SENTENCE_CHARACTERS.leastSpaceless : SENTENCE_CHARACTERS.least;
  if (sentence.length < least || sentence.length > SENTENCE_CHARACTERS.most || sentence.includes('\t')) return false;
  if (!/[.!?…。！？｡]["'”’»」』)\]]*(?:\[\d{1,4}\])*$/.test(sentence)) return false;
  const letters = sentence.match(/\p{L}/gu)?.length ?? 0;
  return letters >= sentence.length * 0.6;
}

/** Scores every sentence by its nearness to the centre of all, in the space of words that few sentences share. */
function weigh(sentences: Sentence[]): void {
  const inSentences = new Map<string, number>();
  const count = (term: string) => inSentences.set(term, (inSentences.get(term) ?? 0) + 1);
  for (const { terms } of sentences) for (const term of terms.keys()) count(term);
  for (const sentence of sentences) {
    for (const [term, times] of sentence.terms) {
      const rarity = Math.log(1 + sentences.length / (inSentences.get(term) ?? 1));
      sentence.terms.set(term, (1 + Math.log(times)) * rarity);
    }
    sentence.norm = lengthOf(sentence.terms);
  }
  const centre = centreOf(sentences);
  // A word of one sentence only says nothing of the others.
  for (const [term, times] of inSentences) if (times === 1) centre.delete(term);
  const length = lengthOf(centre);
  for (const [i, sentence] of sentences.entries()) {
    const nearness = dot(sentence.terms, centre) / (sentence.norm * length);
    sentence.score = nearness * (1 + LEAD_BONUS * Math.exp(-i / LEAD_SENTENCES));
  }
}

function centreOf(sentences: Sentence[]): Map<string, number> {
  const centre = new Map<string, number>();
  for (const { terms, norm } of sentences) {
    for (const [term, weight] of terms) centre.set(term, (centre.get(term) ?? 0) + weight / norm);
  }
  return centre;
}

function lengthOf(terms: Map<string, number>): number {
  let squares = 0;
  for (const weight of terms.values()) squares += weight * weight;
  return Math.sqrt(squares) || 1;
}

function choose(sentences: Sentence[], wanted: number): Sentence[] {
  const chosen: Sentence[] = [];
  const left = new Set(sentences);
  while (chosen.length < wanted && left.size > 0) {
    let best: { sentence: Sentence; value: number } | undefined;
    for (const sentence of left) {
      const likest = Math.max(0, ...chosen.map((other) => cosine(sentence, other)));
      const value = sentence.score - REDUNDANCY * likest * sentence.score;
      if (likest > 0.8) continue;
      if (best === undefined || value > best.value) best = { sentence, value };
    }
    if (best === undefined) break;
    left.delete(best.sentence);
    chosen.push(best.sentence);
  }
  return chosen;
}

const cosine = (a: Sentence, b: Sentence) => dot(a.terms, b.terms) / (a.norm * b.norm);

function dot(a: Map<string, number>, b: Map<string, number>): number {
  let sum = 0;
  for (const [term, weight] of a) sum += weight * (b.get(term) ?? 0);
  return sum;
}
