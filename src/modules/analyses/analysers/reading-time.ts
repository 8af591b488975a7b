import { hasSpacelessScript, splitPieces } from '../../../shared/words.ts';
import type { Analyser } from './analyser.ts';
import { sampleText } from './sampling.ts';

/** Silent reading of non-fiction (Brysbaert 2019, a review of 190 studies). */
const WORDS_PER_MINUTE = 238;
/** Of scripts without spaces; Chinese: 255 to 260 words, of about 1.5 characters (the same review, and Trauzettel-Klosinski 2012). */
const CHARACTERS_PER_MINUTE = 390;
/** In these, words are counted; the rest has as many, in proportion. */
const SAMPLE = { characters: 400_000, stretches: 40 };

/** How many words a text has, and how long it takes to read. Characters of spaceless scripts count by themselves. */
export const readingTimeAnalyser: Analyser<'reading_time'> = {
  type: 'reading_time',
  version: 'reading-time/words@1',
  analyse({ text }) {
    if (text === '') return undefined;
    let [words, spaceless, seen] = [0, 0, 0];
    for (const stretch of sampleText(text, SAMPLE)) {
      seen += stretch.text.length;
      const counted = countWords(stretch.text);
      words += counted.words;
      spaceless += counted.spaceless;
    }
    const whole = text.length / Math.max(1, seen);
    const minutes = (words / WORDS_PER_MINUTE + spaceless / CHARACTERS_PER_MINUTE) * whole;
    return {
      words: Math.round((words + spaceless) * whole),
      characters: text.length,
      minutes: Math.round(minutes * 10) / 10,
    };
  },
};

function countWords(text: string): { words: number; spaceless: number } {
  if (!hasSpacelessScript(text))
    return { words: text.match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}'’-]*/gu)?.length ?? 0, spaceless: 0 };
  let [words, spaceless] = [0, 0];
  for (const piece of splitPieces(text)) {
    if (piece.spaceless) spaceless += piece.raw.length;
    else words++;
  }
  return { words, spaceless };
}
