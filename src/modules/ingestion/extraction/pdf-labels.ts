/** The labels that pages are printed with, as runs such as `1–12: i–xii`: shown beside the document, so that pages are found. */

const MAX_RUNS = 50;
const MAX_LABEL_CHARACTERS = 20;

/** Runs of labels that count on, or none where pages are simply numbered from 1. */
export function describePageLabels(labels: string[] | null): string[] {
  if (labels === null || labels.every((label, i) => label === String(i + 1))) return [];
  const runs: { first: number; last: number }[] = [];
  for (const [i, label] of labels.entries()) {
    const run = runs.at(-1);
    if (run !== undefined && follows(labels[i - 1] ?? '', label)) run.last = i;
    else runs.push({ first: i, last: i });
    if (runs.length > MAX_RUNS) return [];
  }
  const show = (i: number) => (labels[i] ?? '').slice(0, MAX_LABEL_CHARACTERS);
  return runs
    .filter(({ first }) => show(first) !== '')
    .map(({ first, last }) =>
      first === last ? `${first + 1}: ${show(first)}` : `${first + 1}–${last + 1}: ${show(first)}–${show(last)}`,
    );
}

/** Whether a label is the next after another: the same prefix, and a number, Roman or not, or letter that is one more. */
function follows(before: string, label: string): boolean {
  const [, prefix = '', number = ''] = /^(.*?)(\d*)$/.exec(before) ?? [];
  if (number !== '') return label === `${prefix}${Number(number) + 1}`;
  const roman = romanValue(before);
  return roman > 0 && romanValue(label) === roman + 1;
}

const ROMAN: Record<string, number> = { i: 1, v: 5, x: 10, l: 50, c: 100, d: 500, m: 1000 };

function romanValue(text: string): number {
  const digits = Array.from(text.slice(0, MAX_LABEL_CHARACTERS).toLowerCase(), (letter) => ROMAN[letter] ?? Number.NaN);
  return digits.reduce((sum, digit, i) => sum + ((digits[i + 1] ?? 0) > digit ? -digit : digit), 0);
}
