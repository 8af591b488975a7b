import { STOP_WORDS } from '../../../shared/stop-words.ts';
import { foldWord, splitPieces, stemOf, type TextPiece } from '../../../shared/words.ts';
import { type Stretch, sampleText } from './sampling.ts';

/** A word as it stands in the text, by its stem. */
export type Word = {
  stem: string;
  raw: string;
  start: number;
  end: number;
  /** Says what the text is about, as far as one can tell by the word alone. */
  isContent: boolean;
  /** Capitalised where a sentence does not demand it. */
  isName: boolean;
};

/** Words that follow each other with nothing but a space or hyphen between them. */
export type Run = { words: Word[]; sentence: number };

/** What a tab, a line or punctuation separates is no phrase; hard-wrapped lines and hyphens are no separation. */
const JOINT = /^(?:[ \u00a0]+|[ \u00a0]?\n[ \u00a0]*|[-‐’'])$/;
const SENTENCE_BREAK = /[.!?…。！？]["'”’»)\]]*\s|[。！？]|\n\s*\n/;
/** Not among the stop words, by which searches go, but said of anything. */
const COMMON_WORDS = new Set(
  `also ask asked came come does done example find found gave get gets give given go goes going gone got however know known
  like look looked looking made make makes making many may much need now number one ones people put said say saying says
  see seem seemed seen several shall take taken thing things think thought time times told took two three use used using
  want way ways well went without work would year years etc ie eg`.split(/\s+/),
);
const MIN_WORD_CHARACTERS = 3;
const MAX_WORD_CHARACTERS = 40;

type Reader = { runs: Run[]; sentence: number; segmenter: Intl.Segmenter };

/** The words of a text (of stretches of a long one) in runs, with the number of the sentence that each run stands in. */
export function runsOf(
  text: string,
  sample: { characters: number; stretches: number },
): { runs: Run[]; sentences: number } {
  const reader: Reader = { runs: [], sentence: 0, segmenter: new Intl.Segmenter(undefined, { granularity: 'word' }) };
  for (const stretch of sampleText(text, sample)) readStretch(reader, stretch);
  return { runs: reader.runs, sentences: reader.sentence };
}

function readStretch(reader: Reader, { start, text }: Stretch): void {
  let end: number | undefined;
  for (const piece of splitPieces(text)) {
    const gap = end === undefined ? undefined : text.slice(end, piece.start);
    const isFirst = gap === undefined || SENTENCE_BREAK.test(gap);
    if (isFirst) reader.sentence++;
    if (isFirst || !JOINT.test(gap)) reader.runs.push({ words: [], sentence: reader.sentence });
    const words = piece.spaceless ? segmented(piece, reader.segmenter) : [wordOf(piece, isFirst)];
    for (const word of words) {
      reader.runs.at(-1)?.words.push({ ...word, start: start + word.start, end: start + word.end });
    }
    end = piece.end;
  }
}

/** Words of a script that is written without spaces, as far as the runtime's dictionary knows them. */
function segmented(piece: TextPiece, segmenter: Intl.Segmenter): Word[] {
  return [...segmenter.segment(piece.raw)].map(({ segment, index }) => ({
    stem: foldWord(segment),
    raw: segment,
    start: piece.start + index,
    end: piece.start + index + segment.length,
    // One character alone is a particle more often than a word.
    isContent: segment.length > 1 && !/^\p{Script=Hiragana}+$/u.test(segment),
    isName: false,
  }));
}

function wordOf({ raw, start, end }: TextPiece, isFirst: boolean): Word {
  const folded = foldWord(raw);
  const isContent =
    raw.length >= MIN_WORD_CHARACTERS &&
    raw.length <= MAX_WORD_CHARACTERS &&
    /\p{L}{2}/u.test(raw) &&
    !STOP_WORDS.has(folded) &&
    !COMMON_WORDS.has(folded);
  const isName = !isFirst && /^\p{Lu}/u.test(raw);
  return { stem: stemOf(folded), raw, start, end, isContent, isName };
}
