import { ALPHABETS, type Alphabet, COMMON_SIGNS, FREQUENT_SIGNS, SINGLE_BYTE } from './legacy-alphabets.ts';
import { DOUBLE_BYTE, likelihoodOfPairs } from './legacy-double-byte.ts';

/** So many bytes of lines with something beyond ASCII tell an encoding; more would only take longer. */
const EVIDENCE_BYTES = 3072;
const LINE_FEED = 0x0a;

/** Shares of the characters beyond ASCII in a text. */
const LETTERS_SHARE = 0.9;
const SIGNS_SHARE = 0.1;
const CAPITAL_FACTOR = 0.12;
/** A letter of the right script that the language does not write: in names. */
const FOREIGN_LETTER = 0.0004;
const UNLIKELY_SIGN = 0.00003;
const IMPOSSIBLE = 0.0000002;
/** What hardly occurs within a word: a capital after a small letter, a sign between letters. */
const BROKEN_WORD_FACTOR = 0.02;
/** Letters of another script beside ASCII letters. */
const MIXED_SCRIPTS_FACTOR = 0.002;
/** Words of one letter, in languages that write none of their letters in ASCII. */
const LONE_LETTER_FACTOR = 0.1;
/** Two accented letters in a row, in languages that write most of their letters in ASCII. */
const ADJACENT_ACCENTS_FACTOR = 0.1;

/** The encoding (a WHATWG label) in which bytes that are not Unicode are most likely text; windows-1252 where nothing tells. */
export function detectLegacyEncoding(bytes: Uint8Array): string {
  const sample = gatherEvidence(bytes);
  let best = { encoding: 'windows-1252', likelihood: Number.NEGATIVE_INFINITY };
  const offer = (encoding: string, likelihood: number | undefined) => {
    if (likelihood !== undefined && likelihood > best.likelihood) best = { encoding, likelihood };
  };
  for (const { encoding, languages, rarity = 0 } of SINGLE_BYTE) {
    const text = tryDecode(sample, encoding);
    if (text === undefined) continue;
    const seen = lookAt(text);
    for (const language of languages) offer(encoding, likelihoodOfText(seen, language) - rarity);
  }
  for (const candidate of DOUBLE_BYTE) offer(candidate.encoding, likelihoodOfPairs(sample, candidate));
  return best.encoding;
}

/** Lines that hold a byte beyond ASCII, from anywhere in the file: line feeds are no part of a character in any encoding here. */
function gatherEvidence(bytes: Uint8Array): Uint8Array {
  const evidence = new Uint8Array(EVIDENCE_BYTES);
  let length = 0;
  let at = nextBeyondAscii(bytes, 0);
  while (at < bytes.length && length < EVIDENCE_BYTES) {
    const start = bytes.lastIndexOf(LINE_FEED, at) + 1;
    const next = bytes.indexOf(LINE_FEED, at);
    const end = next === -1 ? bytes.length : next + 1;
    // A single long line may begin with pages of ASCII.
    const from = at - start > EVIDENCE_BYTES / 2 ? at : start;
    const line = bytes.subarray(from, Math.min(end, from + EVIDENCE_BYTES - length));
    evidence.set(line, length);
    length += line.length;
    at = nextBeyondAscii(bytes, end);
  }
  return evidence.subarray(0, length);
}

/** Where the next byte beyond ASCII stands, or the length where there is none. */
function nextBeyondAscii(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && (bytes[at] ?? 0) < 0x80) at++;
  return at;
}

/** Not every runtime knows all of the encodings. */
function tryDecode(sample: Uint8Array, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding).decode(sample);
  } catch {
    return undefined;
  }
}

type Model = { weights: Map<string, number>; isLatin: boolean };

const models = new Map(ALPHABETS.map((alphabet) => [alphabet.language, toModel(alphabet)]));

/** Letters by Zipf's law, capitals after them, then signs. */
function toModel({ letters, script, mostlySigns = false }: Alphabet): Model {
  const weights = new Map<string, number>();
  const lowerCase = [...letters];
  const total = lowerCase.reduce((sum, _, rank) => sum + 1 / (rank + 4), 0);
  for (const [rank, letter] of lowerCase.entries()) {
    const weight = (mostlySigns ? SIGNS_SHARE : LETTERS_SHARE) / (rank + 4) / total;
    if (!weights.has(letter)) weights.set(letter, weight);
    const capital = letter.toUpperCase();
    if (capital.length === 1 && !weights.has(capital)) weights.set(capital, weight * CAPITAL_FACTOR);
  }
  if (lowerCase.includes('ı')) weights.set('İ', 0.01);
  for (const sign of COMMON_SIGNS) weights.set(sign, SIGNS_SHARE / COMMON_SIGNS.length);
  if (mostlySigns) for (const sign of FREQUENT_SIGNS) weights.set(sign, LETTERS_SHARE / FREQUENT_SIGNS.length);
  return { weights, isLatin: script === 'latin' };
}

/** A character beyond ASCII, and what makes it unlikely where it stands, whatever the language. */
type Seen = Place & { character: string; rest: number; factor: number };
type Place = { afterAccent: boolean; amongAscii: boolean; isAlone: boolean };

/** Looks once at what each language then weighs. */
function lookAt(text: string): Seen[] {
  const seen: Seen[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) < 0x80) continue;
    const [before, character, after] = [text.charAt(i - 1), text.charAt(i), text.charAt(i + 1)];
    const isLetter = classOf(character) > 0;
    seen.push({
      character,
      rest: restOf(character),
      afterAccent: isLetter && before >= '\u0080' && classOf(before) > 0,
      amongAscii: isLetter && (ASCII_LETTER.test(before) || ASCII_LETTER.test(after)),
      isAlone: isLetter && classOf(before) === OTHER && classOf(after) === OTHER,
      factor: isOutOfPlace(character, { before, after }) ? BROKEN_WORD_FACTOR : 1,
    });
  }
  return seen;
}

const ASCII_LETTER = /[A-Za-z]/;

/** The natural logarithm of how likely the characters beyond ASCII are as text in that language. */
function likelihoodOfText(seen: Seen[], language: string): number {
  const model = models.get(language);
  if (model === undefined) return Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (const { character, rest, factor, ...place } of seen) {
    sum += Math.log((model.weights.get(character) ?? rest) * factor * placeFactor(place, model));
  }
  return sum;
}

/** Latin text has single accented letters among others; text in another script has whole words. */
function placeFactor({ afterAccent, amongAscii, isAlone }: Place, { isLatin }: Model): number {
  if (isLatin) return afterAccent ? ADJACENT_ACCENTS_FACTOR : 1;
  if (amongAscii) return MIXED_SCRIPTS_FACTOR;
  return isAlone ? LONE_LETTER_FACTOR : 1;
}

/** The share of what a language does not write. */
function restOf(character: string): number {
  if (classOf(character) > 0) return FOREIGN_LETTER;
  return /[\p{Cc}\p{Cn}\p{Co}\ufffd]/u.test(character) ? IMPOSSIBLE : UNLIKELY_SIGN;
}

/** A capital after a small letter or the other way round in front, a letter beside a digit, a sign between letters. */
function isOutOfPlace(character: string, { before, after }: { before: string; after: string }): boolean {
  const kind = classOf(character);
  if (kind === OTHER) return classOf(before) > 0 && classOf(after) > 0 && !/[’·‘´]/.test(character);
  if (/\d/.test(before) || /\d/.test(after)) return true;
  return (kind === CAPITAL && classOf(before) === SMALL) || (kind === SMALL && classOf(after) === CAPITAL);
}

const OTHER = 0;
const LETTER = 1;
const SMALL = 2;
const CAPITAL = 3;
const classes = new Map<string, number>();

/** Whether it is a letter or mark, and of which case. */
function classOf(character: string): number {
  const known = classes.get(character);
  if (known !== undefined) return known;
  const found = /\p{Lu}/u.test(character)
    ? CAPITAL
    : /\p{Ll}/u.test(character)
      ? SMALL
      : /[\p{L}\p{M}]/u.test(character)
        ? LETTER
        : OTHER;
  if (classes.size < 65_536) classes.set(character, found);
  return found;
}
