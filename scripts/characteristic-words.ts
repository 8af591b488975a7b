import { STOP_WORDS } from '../src/shared/stop-words.ts';

const MIN_LETTERS = 5;

/**
 * A few neighbouring words that are typical of a text: from the sentence whose three rarest real words recur in the text
 * but not everywhere. What somebody who has read it might type.
 */
export function characteristicWords(passages: string[], wanted = 3): string {
  const inPassages = new Map<string, number>();
  for (const passage of passages) {
    for (const word of new Set(wordsOf(passage))) inPassages.set(word, (inPassages.get(word) ?? 0) + 1);
  }
  const weight = (word: string) => Math.log(1 + passages.length / (inPassages.get(word) ?? 1)) + word.length / 20;

  let best: { words: string[]; score: number } = { words: [], score: 0 };
  for (const sentence of passages.flatMap((passage) => passage.split(/[.!?\n]+/))) {
    const words = [...new Set(wordsOf(sentence))];
    const chosen = new Set([...words].sort((a, b) => weight(b) - weight(a)).slice(0, wanted));
    const score = [...chosen].reduce((sum, word) => sum + weight(word), 0);
    if (score > best.score) best = { words: words.filter((word) => chosen.has(word)), score };
  }
  return best.words.join(' ');
}

const wordsOf = (text: string): string[] =>
  (text.toLowerCase().match(/\p{L}+/gu) ?? []).filter((word) => word.length >= MIN_LETTERS && !STOP_WORDS.has(word));
