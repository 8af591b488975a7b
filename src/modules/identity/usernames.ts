import { CONFUSABLES } from './confusables.ts';

/** Characters that can be neither seen nor typed: fillers, joiners, variation selectors. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
/** Marks piled up until nobody can tell what stands below. */
const PILED_MARKS = /^\p{M}|\p{Mn}{4}/u;

/** In every script: digits, punctuation, and marks that several scripts share. */
const SHARED = '\\p{scx=Common}\\p{scx=Inherited}';
const only = (...scripts: string[]) =>
  new RegExp(`^[${SHARED}${scripts.map((name) => `\\p{scx=${name}}`).join('')}]*$`, 'u');

/**
 * Which alphabets one name may have (Unicode TR39, 5.2, highly restrictive): any one of those in common use, or those that
 * Chinese, Japanese and Korean are written in together, with Latin letters.
 */
const ALPHABETS: RegExp[] = [
  only('Latin'),
  only('Latin', 'Han', 'Hiragana', 'Katakana'),
  only('Latin', 'Han', 'Bopomofo'),
  only('Latin', 'Han', 'Hangul'),
  ...[
    ...['Arabic', 'Armenian', 'Bengali', 'Cyrillic', 'Devanagari', 'Ethiopic', 'Georgian', 'Greek', 'Gujarati'],
    ...['Gurmukhi', 'Hebrew', 'Kannada', 'Khmer', 'Lao', 'Malayalam', 'Myanmar', 'Oriya', 'Sinhala', 'Tamil', 'Telugu'],
    ...['Thaana', 'Thai', 'Tibetan'],
  ].map((name) => only(name)),
];

/** Whether every character of a name can be seen, and all of them belong to one alphabet. The name is in NFKC. */
export function isInOneAlphabet(name: string): boolean {
  if (name.search(INVISIBLE) !== -1 || PILED_MARKS.test(name)) return false;
  return ALPHABETS.some((alphabet) => alphabet.test(name));
}

/**
 * What a name looks like: two names with one skeleton cannot be told apart at a glance (after Unicode TR39, 4). Made from
 * the name as it is written, for a capital I looks like an l and a small i does not. Skeletons are for comparison only.
 */
export function usernameSkeleton(name: string): string {
  const plain = name
    .normalize('NFKC')
    .normalize('NFD')
    .replace(INVISIBLE, '')
    .replace(/i\u0307/gi, 'i');
  // Twice: what a capital looks like depends on it being one, and some small letters are only got by folding.
  const folded = lookAlikes(lookAlikes(plain).toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ'));
  return folded.normalize('NFC');
}

const lookAlikes = (text: string): string => Array.from(text, (letter) => CONFUSABLES.get(letter) ?? letter).join('');
