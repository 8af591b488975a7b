import type { AnalysedReading } from './analyser.ts';

/** A stretch of a text and where it begins, in UTF-16 code units. */
export type Stretch = { start: number; text: string };

/** How far a stretch's ends are moved at most, so as not to cut a word. */
const WORD_WINDOW_CHARACTERS = 80;

/**
 * A text in stretches: whole where it is short enough, else so many of equal length, evenly spread from its beginning to
 * its end, so that what a long book is about does not depend on its preface.
 */
export function sampleText(
  text: string,
  { characters, stretches }: { characters: number; stretches: number },
): Stretch[] {
  if (text.length <= characters) return text === '' ? [] : [{ start: 0, text }];
  const length = Math.floor(characters / stretches);
  const step = (text.length - length) / Math.max(1, stretches - 1);
  return Array.from({ length: stretches }, (_, i) => {
    const start = i === 0 ? 0 : afterSpace(text, Math.floor(i * step));
    const end = Math.min(text.length, afterSpace(text, Math.floor(i * step) + length));
    return { start, text: text.slice(start, Math.max(start, end)) };
  });
}

/** The first place after white space from here on; here, where none is near and no character is cut. */
function afterSpace(text: string, from: number): number {
  const space = text.slice(from, from + WORD_WINDOW_CHARACTERS).search(/\s/);
  if (space >= 0) return from + space + 1;
  return /[\udc00-\udfff]/.test(text.charAt(from)) ? from + 1 : from;
}

/** Where a place in the text is found: on which page, at what time. */
export function placeAt({ chunks }: Pick<AnalysedReading, 'chunks'>, start: number, end: number) {
  let low = 0;
  let high = chunks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((chunks[middle]?.start ?? 0) <= start) low = middle + 1;
    else high = middle;
  }
  const chunk = chunks[low - 1];
  return { start, end, page: chunk?.page ?? null, ...(chunk?.time && { time: chunk.time }) };
}
