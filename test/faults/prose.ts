import { randomFrom } from '../../scripts/random.ts';

const SYLLABLES = ['ba', 'cor', 'del', 'fi', 'gan', 'hol', 'ju', 'kri', 'lom', 'mar', 'nep', 'os', 'pri', 'qua', 'ris'];
const WORDS_PER_PARAGRAPH = 60;

/** Text that means nothing; the same seed gives the same. */
export function createProse(seed: number) {
  const random = randomFrom(seed);
  const pick = () => SYLLABLES[Math.floor(random() * SYLLABLES.length)] ?? 'ba';
  const paragraph = () => `${Array.from({ length: WORDS_PER_PARAGRAPH }, () => pick() + pick()).join(' ')}.`;
  const below = (limit: number) => Math.floor(random() * limit);
  return {
    /** A whole number from 0. */
    below,
    /** Paragraphs, and among them a sentence with a word that stands nowhere else. */
    paragraphsWith(planted: string, many: number): string[] {
      const paragraphs = Array.from({ length: many }, paragraph);
      paragraphs.splice(below(many), 0, sentenceWith(planted));
      return paragraphs;
    },
  };
}

/** Longer than the overlap of neighbouring passages, which repeats whole sentences: it stands in one passage only. */
const sentenceWith = (planted: string) =>
  `Among all the words of this document there is one, and it is ${planted}, which stands in no other document of this ` +
  'library and which therefore must be found in exactly one passage of it, however often its reader was interrupted.';

/** No two of these share a stem, and none is made of the syllables above. */
export const plantedWord = (index: number): string =>
  `zyx${[...String(index)].map((digit) => 'tvwxzbcdfg'[Number(digit)]).join('u')}ok`;
