import type { Span } from './chunk-units.ts';
import type { Block } from './extraction/extractor.ts';

/** Rows that are looked at to see whether the first one names the columns. */
const ROWS_LOOKED_AT = 12;
const MAX_NAME_CHARACTERS = 60;
/** A header is put in front of every chunk: of a very wide table, the first columns must do. */
const MAX_HEADER_CHARACTERS = 300;
/** A name has none of these; amounts, dates, numbers of any kind, addresses and links have. */
const VALUE = /[\d@]/;
const YEAR = /^\s*(19|20)\d\d\s*$/;

/** For chunks that begin within a table: the names of its columns, which stand in an earlier chunk. */
export function createHeaders(blocks: Block[], spans: Span[]) {
  const known = new Map<number, string | undefined>();
  const headerOf = (index: number): string | undefined => {
    const block = blocks[index];
    if (block?.type !== 'table') return undefined;
    if (!known.has(index)) known.set(index, block.header ?? firstRowAsHeader(block.text));
    return known.get(index);
  };
  return {
    /** The line that belongs in front of what begins at `start` in that block; undefined where it stands there itself. */
    above(index: number, start: number): string | undefined {
      const header = headerOf(index);
      const block = blocks[index];
      if (header === undefined || block === undefined) return undefined;
      const before = block.text.slice(0, start - (spans[index]?.start ?? 0));
      const isThere = before.trim() === '' && block.text.startsWith(header);
      return isThere ? undefined : clip(header);
    },
  };
}

/** The first row of a table if it names columns: short texts that differ, over columns of which some hold values. */
export function firstRowAsHeader(table: string): string | undefined {
  const [first = '', ...below] = table.split('\n', ROWS_LOOKED_AT);
  const names = first.split('\t');
  const filled = names.filter((name) => name.trim() !== '');
  if (below.length === 0 || filled.length < 2 || new Set(filled).size < filled.length) return undefined;
  if (filled.some((name) => name.length > MAX_NAME_CHARACTERS || isValue(name))) return undefined;
  const rows = below.map((row) => row.split('\t'));
  const standsOverValues = names.some((name, column) => {
    // A year stands over anything but years.
    const isOver = (cell: string) => VALUE.test(cell) && !(YEAR.test(name) && YEAR.test(cell));
    return name !== '' && rows.filter((row) => isOver(row[column] ?? '')).length * 2 >= rows.length;
  });
  return standsOverValues ? first : undefined;
}

/** Whether a cell holds a value: more digits than letters, years aside, which stand at the top of columns. */
function isValue(cell: string): boolean {
  if (YEAR.test(cell) || !VALUE.test(cell)) return false;
  return cell.includes('@') || (cell.match(/\d/g)?.length ?? 0) >= (cell.match(/\p{L}/gu)?.length ?? 0);
}

function clip(header: string): string {
  if (header.length <= MAX_HEADER_CHARACTERS) return header;
  const cell = header.lastIndexOf('\t', MAX_HEADER_CHARACTERS);
  return `${header.slice(0, cell > 0 ? cell : MAX_HEADER_CHARACTERS).toWellFormed()}…`;
}
