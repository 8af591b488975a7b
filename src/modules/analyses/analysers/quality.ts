import type { AnalysisResult } from '../analysis-types.ts';
import type { Analyser } from './analyser.ts';
import { sampleText } from './sampling.ts';

const SAMPLE = { characters: 200_000, stretches: 40 };
/** Of these, words and sentences are not to be expected. */
const NO_PROSE = new Set(['code', 'json', 'csv', 'xlsx', 'ods', 'notebook']);

/** Pictures and recordings have no text but a line that says what they are, unless a model has read in them. */
const MEDIA = new Set(['image', 'audio', 'video']);
const LEAST_LETTERS = 200;

type Reason = AnalysisResult<'quality'>['reasons'][number];
type Facts = ReturnType<typeof measure>;
type Check = { code: string; message: string; penalty: (facts: Facts) => number; isOfProse?: boolean };

/** What is taken off for a share: nothing below the first bound, everything above the second. */
const graded = (share: number, { from, to, most }: { from: number; to: number; most: number }) =>
  Math.round(Math.max(0, Math.min(1, (share - from) / (to - from))) * most);

/**
 * Bounds by the real files of the test set and by damaged versions of them: good ones lose 12 at most, the same texts with
 * every tenth letter wrong, as bad OCR reads them, 30 and more.
 */
const CHECKS: Check[] = [
  {
    code: 'very_short',
    message: 'There is hardly any text.',
    penalty: ({ letters }) => (letters < 40 ? 60 : letters < 200 ? 25 : letters < 500 ? 5 : 0),
  },
  {
    code: 'garbled_words',
    message: 'Many words are none, as when a bad scan was read by a machine.',
    penalty: ({ garbled }) => graded(garbled, { from: 0.02, to: 0.16, most: 70 }),
    isOfProse: true,
  },
  {
    code: 'broken_words',
    message: 'Many words are torn into single letters.',
    penalty: ({ singles }) => graded(singles, { from: 0.2, to: 0.5, most: 60 }),
    isOfProse: true,
  },
  {
    code: 'lost_characters',
    message: 'Characters were lost or mistaken for others, as when a file is read in the wrong encoding.',
    penalty: ({ lost }) => graded(lost, { from: 0.0005, to: 0.02, most: 60 }),
  },
  {
    code: 'few_letters',
    message: 'It consists of signs and numbers rather than of words.',
    penalty: ({ letterShare }) => graded(1 - letterShare, { from: 0.5, to: 0.8, most: 40 }),
    isOfProse: true,
  },
  {
    code: 'repetitive',
    message: 'The same lines come again and again, as in menus, footers and forms.',
    penalty: ({ repeated }) => graded(repeated, { from: 0.25, to: 0.8, most: 45 }),
  },
];

/** How good a text is to read and to search, from 0 to 100, with what was taken off and why. */
export const qualityAnalyser: Analyser<'quality'> = {
  type: 'quality',
  version: 'quality/checks@1',
  analyse({ text, kind }) {
    if (text.trim() === '') return undefined;
    const facts = measure(text);
    if (MEDIA.has(kind) && facts.letters < LEAST_LETTERS) return undefined;
    const reasons = CHECKS.filter(({ isOfProse }) => !isOfProse || !NO_PROSE.has(kind))
      .map(({ code, message, penalty }): Reason => ({ code, message, penalty: penalty(facts) }))
      .filter(({ penalty }) => penalty > 0)
      .sort((a, b) => b.penalty - a.penalty);
    const taken = reasons.reduce((sum, { penalty }) => sum + penalty, 0);
    return { score: Math.max(0, 100 - taken), reasons };
  },
};

function measure(text: string) {
  const stretches = sampleText(text, SAMPLE).map((stretch) => stretch.text);
  const sample = stretches.join('\n');
  const visible = sample.match(/\S/g)?.length ?? 0;
  const letters = sample.match(/\p{L}/gu)?.length ?? 0;
  return {
    letters,
    letterShare: visible === 0 ? 0 : letters / visible,
    lost: (sample.match(LOST)?.length ?? 0) / Math.max(1, visible),
    ...measureWords(sample),
    repeated: repeatedShare(sample),
  };
}

/** Replacement characters, private use, and UTF-8 that was read as Windows-1252: `Ã¤`, `â€™`. */
const LOST = /\ufffd|\p{Co}|Ã[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹Œ‘’“”•–—˜™š›œ]|â€[\u0080-\u00bf™œ“”˜¦]/gu;

const TOKEN = /\S+/g;
const OUTER = /^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu;
const ADDRESS = /:\/\/|^www\.|@|^[\w-]+\.\w{2,4}$|[/\\]/;

function measureWords(sample: string): { garbled: number; singles: number } {
  let [words, garbled, singles] = [0, 0, 0];
  for (const [token] of sample.matchAll(TOKEN)) {
    const word = token.replace(OUTER, '');
    if (!/\p{L}/u.test(word) || ADDRESS.test(token)) {
      // Signs alone within running text, as specks on paper are read.
      if (/^[^\p{L}\p{N}\s]{2,}$/u.test(token) && !ORNAMENT.test(token)) garbled++;
      words++;
      continue;
    }
    words++;
    if (word.length === 1 && /\p{Script=Latin}/u.test(word)) singles++;
    if (isGarbled(word)) garbled++;
  }
  return { garbled: garbled / Math.max(1, words), singles: singles / Math.max(1, words) };
}

/** Dashes, dots and rules that people draw. */
const ORNAMENT = /^(.)\1*$|^[-–—.…=*#_>|+~"'“”()]+$/u;

/** A word that no language written in Latin letters has; of others this cannot be told. */
function isGarbled(word: string): boolean {
  if (!/^\p{Script=Latin}/u.test(word)) return false;
  const plain = word.replace(/['’.&_-]/g, '');
  if (word.length > 45) return true;
  // Letters and signs in one; digits may end or begin a name, and stand alone in it once.
  if (/[^\p{L}\p{N}\p{M}'’.&:,;()[\]+*%§°#=-]/u.test(word)) return true;
  if (/\p{L}\p{N}+\p{Ll}/u.test(plain) && !/^\p{Lu}/u.test(plain)) return true;
  if (
    /\p{Ll}\p{Lu}+\p{Ll}+\p{Lu}\p{Ll}/u.test(plain) === false &&
    /\p{Ll}\p{Lu}{1,2}$/u.test(plain) &&
    plain.length > 3
  )
    return true;
  const isWord = /^\p{L}+$/u.test(plain);
  if (
    isWord &&
    plain.length >= 4 &&
    /^\p{Ll}+$/u.test(plain) &&
    !/[aeiouyàâäáãåæèéêëìíîïòóôöõøùúûüýœıąęůěőűāēīūwrl]/iu.test(plain)
  )
    return true;
  return isWord && /(\p{L})\1{3,}/iu.test(plain);
}

/** The share of the text in lines and sentences that stand there three times or more. */
function repeatedShare(sample: string): number {
  const lines = new Map<string, number>();
  let total = 0;
  for (const line of sample.split(/\n|(?<=[.!?。！？])\s/)) {
    const plain = line.replace(/\p{N}+/gu, '0').trim();
    if (plain.length < 3) continue;
    total += plain.length;
    lines.set(plain, (lines.get(plain) ?? 0) + 1);
  }
  let repeated = 0;
  for (const [line, times] of lines) if (times >= 3) repeated += line.length * (times - 1);
  return total === 0 ? 0 : repeated / total;
}
