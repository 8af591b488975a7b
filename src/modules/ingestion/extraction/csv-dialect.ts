import { splitRows } from './csv-rows.ts';

/** Telling tables of values from prose, and how their values are set apart. */

export type Delimiter = ',' | ';' | '\t' | '|';

/** What is known of a text beside its content. */
type TextHints = { filename: string; mediaType: string };

/** `sep=;` on the first line, as Excel writes and obeys it. */
const DECLARED = /^sep=(.)\n/i;
const DELIMITERS: Delimiter[] = ['\t', ';', '|', ','];
const VALUES_NAME = /\.(csv|tsv|tab|psv|ssv)$/i;
const VALUES_TYPE = /^text\/(csv|tab-separated-values|x-csv|comma-separated-values)\b/i;
/** A name that says nothing of the kind of text; many programs name tables `.xls` so that Excel opens them. */
const PLAIN_NAME = /(^[^.]*|\.(txt|text|dat|asc|out|export|xlsx?))$/i;

const MAX_SAMPLE_CHARACTERS = 65_536;
const MAX_SAMPLE_ROWS = 200;
const MAX_SAMPLE_VALUES = 10_000;
/** Rows that end early, and remarks below the table, are common in files that people made. */
const NAMED_SHARE = 0.6;
const MIN_ROWS_UNNAMED = 3;
/** Sentences are longer than values. */
const MAX_MEAN_VALUE_CHARACTERS = 40;
const MAX_LIST_LINE_CHARACTERS = 200;

/** The delimiter that Excel was told on the first line, and the text below that line. */
export function readDeclaredDelimiter(text: string): { delimiter: string | undefined; body: string } {
  const declared = DECLARED.exec(text.slice(0, 10));
  return { delimiter: declared?.[1], body: declared === null ? text : text.slice(declared[0].length) };
}

/** Whether name or declared type say that it is a table of values. */
export function isNamedCsv({ filename, mediaType }: TextHints): boolean {
  return VALUES_NAME.test(filename) || VALUES_TYPE.test(mediaType);
}

/** Whether the text is a table of values: by its form alone if all rows agree, else only where its name says so too. */
export function looksLikeCsv(text: string, hints: TextHints): boolean {
  const { delimiter, body } = readDeclaredDelimiter(text);
  if (delimiter !== undefined) return true;
  const best = bestShape(body);
  if (isNamedCsv(hints)) {
    return best === undefined ? isList(body) : best.share >= NAMED_SHARE;
  }
  return PLAIN_NAME.test(hints.filename) && best !== undefined && isUnmistakable(best);
}

/** What most likely sets the values apart, `,` when nothing does. */
export function detectDelimiter(text: string, filename: string): Delimiter {
  const best = bestShape(text);
  if (best !== undefined) return best.delimiter;
  return /\.(tsv|tab)$/i.test(filename) ? '\t' : ',';
}

/** How the text looks when cut at one delimiter. */
type Shape = {
  delimiter: Delimiter;
  rows: number;
  /** Number of values in most rows, and the share of rows that have so many. */
  width: number;
  share: number;
  meanCharacters: number;
  /** Share of delimiters with a space after them, as punctuation has. */
  spacedShare: number;
};

function bestShape(text: string): Shape | undefined {
  const sample = text.slice(0, MAX_SAMPLE_CHARACTERS);
  const whole = sample.length === text.length && text.length < MAX_SAMPLE_CHARACTERS / 2;
  const shapes = DELIMITERS.flatMap((delimiter) => shapeOf(sample, { delimiter, whole }) ?? []);
  return shapes.reduce<Shape | undefined>(
    (best, shape) => (best === undefined || score(shape) > score(best) ? shape : best),
    undefined,
  );
}

/** Agreement counts first; rows of many values agree less often by chance. */
function score({ share, width }: Shape): number {
  return share + Math.min(width, 10) / 100;
}

function shapeOf(sample: string, { delimiter, whole }: { delimiter: Delimiter; whole: boolean }): Shape | undefined {
  const rows = sampleRows(sample, delimiter);
  // The last row of a sample may be cut off.
  if (!whole && rows.length > 1) rows.pop();
  const widths = new Map<number, number>();
  for (const { length } of rows) widths.set(length, (widths.get(length) ?? 0) + 1);
  widths.delete(1);
  const [width, count] = [...widths].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0] ?? [1, 0];
  if (width < 2) return undefined;
  const values = rows.flat();
  const after = rows.flatMap((row) => row.slice(1));
  return {
    delimiter,
    rows: rows.length,
    width,
    share: count / rows.length,
    meanCharacters: values.reduce((sum, value) => sum + value.length, 0) / values.length,
    spacedShare: after.filter((value) => value.startsWith(' ')).length / after.length,
  };
}

function sampleRows(sample: string, delimiter: Delimiter): string[][] {
  const rows: string[][] = [];
  for (const row of splitRows(sample, { delimiter, maxValues: MAX_SAMPLE_VALUES })) {
    rows.push(row);
    if (rows.length >= MAX_SAMPLE_ROWS) break;
  }
  return rows;
}

/** Every row alike, values short, no punctuation: this is no prose and no listing that happens to have commas. */
function isUnmistakable({ delimiter, rows, width, share, meanCharacters, spacedShare }: Shape): boolean {
  if (rows < MIN_ROWS_UNNAMED || share < 1 || meanCharacters > MAX_MEAN_VALUE_CHARACTERS) return false;
  return delimiter === '\t' || (width > 2 && spacedShare < 0.5);
}

/** One value in each line: a table of one column, where the name says that it is a table. */
function isList(text: string): boolean {
  const lines = text.slice(0, MAX_SAMPLE_CHARACTERS).trimEnd().split('\n');
  return lines.length > 1 && lines.every((line) => line.trim() !== '' && line.length <= MAX_LIST_LINE_CHARACTERS);
}
