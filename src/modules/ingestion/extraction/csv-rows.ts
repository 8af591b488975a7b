/** A value as long as this began with a quote that never ends. */
const MAX_QUOTED_CHARACTERS = 100_000;

/**
 * The rows of a table as lists of values, without empty rows, at most so many values each. A value in quotes may hold
 * delimiters, line ends and doubled quotes; quotes in the middle of a value are characters. After a quote that never
 * ends, all further ones are characters too: the rest of the file is not swallowed, and no place is read twice.
 *
 * Written here because the usual parser keeps a note of every stray quote: a few megabytes of them filled the memory.
 */
export function* splitRows(
  text: string,
  { delimiter, maxValues }: { delimiter: string; maxValues: number },
): Generator<string[]> {
  let hasQuotes = true;
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf('\n', at);
    const lineEnd = newline === -1 ? text.length : newline;
    const line = text.slice(at, lineEnd);
    let values: string[];
    if (hasQuotes && line.includes('"')) {
      const row = splitQuoted(text, at, { delimiter, maxValues });
      hasQuotes = row.hasQuotes;
      values = row.values;
      at = row.end + 1;
    } else {
      values = line.split(delimiter, maxValues);
      at = lineEnd + 1;
    }
    if (values.some((value) => value.trim() !== '')) yield values;
  }
}

type Quoted = { value: string; end: number };
type Row = { values: string[]; end: number; hasQuotes: boolean };

/** One row that has quotes in it, up to the line end outside of them. */
function splitQuoted(text: string, start: number, dialect: { delimiter: string; maxValues: number }): Row {
  const { delimiter, maxValues } = dialect;
  const values: string[] = [];
  let hasQuotes = true;
  let at = start;
  for (;;) {
    const quoted: Quoted | undefined = hasQuotes && text[at] === '"' ? readQuoted(text, at, delimiter) : undefined;
    if (text[at] === '"' && quoted === undefined) hasQuotes = false;
    const end = quoted?.end ?? endOfValue(text, at, delimiter);
    if (values.length < maxValues) values.push(quoted?.value ?? text.slice(at, end));
    if (end >= text.length || text[end] === '\n') return { values, end, hasQuotes };
    at = end + 1;
  }
}

/** A value in quotes and where the delimiter or line end after it stands; undefined when its quote never ends. */
function readQuoted(text: string, start: number, delimiter: string): Quoted | undefined {
  const limit = Math.min(text.length, start + MAX_QUOTED_CHARACTERS);
  for (let at = start + 1; at < limit; at++) {
    if (text[at] !== '"') continue;
    if (text[at + 1] === '"') {
      at++;
      continue;
    }
    let end = at + 1;
    while (text[end] === ' ' && delimiter !== ' ') end++;
    if (end < text.length && text[end] !== delimiter && text[end] !== '\n') continue;
    return { value: text.slice(start + 1, at).replaceAll('""', '"'), end };
  }
  return undefined;
}

function endOfValue(text: string, start: number, delimiter: string): number {
  let end = start;
  while (end < text.length && text[end] !== delimiter && text[end] !== '\n') end++;
  return end;
}
