import { foldWord, gramsOf, splitPieces } from '../../../shared/words.ts';

/** Tokens in a row that make one shingle. */
export const SHINGLE_TOKENS = 3;

/** Texts with fewer different shingles say too little to be told apart. */
export const MIN_SHINGLES = 8;

const WINDOW_CHARACTERS = 100_000;

/**
 * The different runs of three words (or of pairs of characters, in scripts without spaces) of a text, each as a hash of
 * 32 bits. Case, accents, punctuation and line breaks make no difference.
 */
export function shinglesOf(text: string): Set<number> {
  const shingles = new Set<number>();
  let before = 0;
  let last = 0;
  let seen = 0;
  for (const token of tokenHashes(text)) {
    seen += 1;
    if (seen >= SHINGLE_TOKENS) shingles.add(mix(Math.imul(before, 0x9e3779b1) ^ Math.imul(last, 0x85ebca77) ^ token));
    before = last;
    last = token;
  }
  return shingles;
}

/** Window by window: the pieces of a whole book need not be in memory at once. */
function* tokenHashes(text: string): Generator<number> {
  for (let start = 0; start < text.length; ) {
    const end = wordEnd(text, start + WINDOW_CHARACTERS);
    for (const { raw, spaceless } of splitPieces(text.slice(start, end))) {
      if (!spaceless) yield hashOf(foldWord(raw));
      else for (const gram of gramsOf(raw)) yield hashOf(gram.text);
    }
    start = end;
  }
}

/** The next white space, so that no word is cut in two; a text without any is cut where it must be. */
function wordEnd(text: string, from: number): number {
  for (let at = from; at < Math.min(text.length, from + 200); at++) if (/\s/.test(text[at] ?? '')) return at;
  return Math.min(text.length, from);
}

/** FNV-1a, 32 bits (Fowler, Noll and Vo). */
function hashOf(token: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < token.length; i++) hash = Math.imul(hash ^ token.charCodeAt(i), 0x01000193);
  return mix(hash);
}

/** The finaliser of MurmurHash3 (Appleby): every bit of the input moves every bit of the output. */
export function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
