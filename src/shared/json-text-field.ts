/** What is between two places that mean something in JSON. */
const PLAIN = /[^"\\{}[\],:]+/y;
const IN_STRING = /[^"\\]+/y;

const ESCAPES: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/**
 * One text field of a JSON object, piece by piece as it is read: for objects that are too large to be parsed at once. The
 * JSON must be valid. Yields nothing when the object has no such field.
 */
export async function* jsonTextField(body: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const scanner = createScanner(name);
  for await (const bytes of body) {
    const piece = scanner.read(decoder.decode(bytes, { stream: true }));
    if (piece !== '') yield piece;
    if (scanner.isDone()) return;
  }
}

/** Follows JSON from one piece to the next. */
function createScanner(name: string) {
  let depth = 0;
  let inString = false;
  /** Whether the next string at depth 1 is the name of a field. */
  let expectsName = false;
  let isWanted = false;
  let done = false;
  let field = '';
  /** An escape that has begun, or high half of a pair that waits for the other. */
  let pending = '';
  let held = '';

  /** Half a character at the end of a piece waits for the rest. */
  const whole = (text: string): string => {
    const joined = held + text;
    held = /[\ud800-\udbff]$/.exec(joined)?.[0] ?? '';
    return held === '' ? joined : joined.slice(0, -1);
  };

  const beginString = () => {
    inString = true;
    isWanted = depth === 1 && !expectsName && field === name;
    if (depth === 1 && expectsName) field = '';
  };

  const endString = () => {
    inString = false;
    if (isWanted) done = true;
  };

  const structure = (sign: string) => {
    if (sign === '"') beginString();
    else if (sign === '{' || sign === '[') depth += 1;
    else if (sign === '}' || sign === ']') depth -= 1;
    if (depth === 1 && (sign === '{' || sign === ',')) expectsName = true;
    if (depth === 1 && sign === ':') expectsName = false;
  };

  /** The text that an escape stands for, once it is complete. */
  const escaped = (sign: string): string => {
    pending += sign;
    const [, kind = '', digits = ''] = /^\\(.)?(.*)$/s.exec(pending) ?? [];
    if (kind === '' || (kind === 'u' && digits.length < 4)) return '';
    pending = '';
    return kind === 'u' ? String.fromCharCode(Number.parseInt(digits, 16)) : (ESCAPES[kind] ?? kind);
  };

  /** Takes what stands in a string, if somebody wants it. @returns what belongs to the field that is looked for. */
  const take = (text: string): string => {
    if (isWanted) return text;
    if (depth === 1 && expectsName) field += text;
    return '';
  };

  /** One sign that means something where it stands. @returns as above. */
  const follow = (sign: string): string => {
    if (inString && (pending !== '' || sign === '\\')) return take(escaped(sign));
    if (inString) endString();
    else structure(sign);
    return '';
  };

  /** As much as means nothing but itself; nothing inside an escape. */
  const plainRun = (piece: string, at: number): string => {
    const pattern = inString ? IN_STRING : PLAIN;
    pattern.lastIndex = at;
    return pending === '' ? (pattern.exec(piece)?.[0] ?? '') : '';
  };

  return {
    isDone: () => done,

    /** @returns what of the wanted text stands in this piece. */
    read(piece: string): string {
      let found = '';
      for (let at = 0; at < piece.length && !done; ) {
        const run = plainRun(piece, at);
        if (run === '') found += follow(piece.charAt(at));
        else if (inString) found += take(run);
        at += Math.max(1, run.length);
      }
      const text = whole(found);
      return done ? text + held : text;
    },
  };
}
