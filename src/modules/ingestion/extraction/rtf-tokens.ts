/** What an RTF file is made of: groups, control words (`\pard`, `\u8211`), control symbols (`\~`, `\'e4`) and bytes of text. */
export type RtfToken =
  | { type: 'open' }
  | { type: 'close' }
  | { type: 'control'; name: string; value: number | undefined }
  /** One byte of text in the code page of the font. */
  | { type: 'byte'; byte: number };

const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const SPACE = 0x20;
const MINUS = 0x2d;
/** The longest control words have some thirty letters, the largest numbers ten digits. */
const MAX_NAME_CHARACTERS = 40;
const MAX_DIGITS = 10;

const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;
const hexDigit = (byte: number): number => {
  if (isDigit(byte)) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN;
};
const nestingOf = (byte: number) => (byte === OPEN ? 1 : byte === CLOSE ? -1 : 0);
const isLetter = (byte: number) => (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a);

export type RtfTokenizer = {
  /** Undefined at the end of the file. */
  next(): RtfToken | undefined;
  /** Passes over the rest of the group that was opened last, its end included: pictures are megabytes of digits. */
  skipGroup(): void;
  /** Whether the file ended within a group that was passed over. */
  isCut(): boolean;
};

/** Takes the file apart. Bytes of `\bin` are passed over. */
export function createRtfTokenizer(bytes: Uint8Array): RtfTokenizer {
  let at = 0;
  let isCut = false;
  const byteAt = (index: number) => bytes[index] ?? 0;

  const readNumber = (): number | undefined => {
    const start = at;
    if (byteAt(at) === MINUS && isDigit(byteAt(at + 1))) at++;
    const first = at;
    while (isDigit(byteAt(at)) && at - first < MAX_DIGITS) at++;
    if (at === first) {
      at = start;
      return undefined;
    }
    return Number(String.fromCharCode(...bytes.subarray(start, at)));
  };

  const readControl = (): RtfToken => {
    const start = at;
    while (isLetter(byteAt(at)) && at - start < MAX_NAME_CHARACTERS) at++;
    const name = String.fromCharCode(...bytes.subarray(start, at));
    const value = readNumber();
    if (byteAt(at) === SPACE) at++;
    if (name === 'bin') at = Math.min(bytes.length, at + Math.max(0, value ?? 0));
    return { type: 'control', name, value };
  };

  const skipControl = () => {
    if (isLetter(byteAt(at))) readControl();
    else at++;
  };

  const readSymbol = (): RtfToken => {
    const symbol = byteAt(at);
    at++;
    if (symbol !== 0x27) return { type: 'control', name: String.fromCharCode(symbol), value: undefined };
    const byte = 16 * hexDigit(byteAt(at)) + hexDigit(byteAt(at + 1));
    if (Number.isNaN(byte)) return { type: 'control', name: "'", value: undefined };
    at += 2;
    return { type: 'byte', byte };
  };

  return {
    skipGroup() {
      let depth = 1;
      while (depth > 0 && at < bytes.length) {
        const byte = byteAt(at++);
        if (byte === BACKSLASH) skipControl();
        else depth += nestingOf(byte);
      }
      isCut ||= depth > 0;
    },
    isCut: () => isCut,
    next() {
      // Line ends only arrange the file.
      while (byteAt(at) === 0x0d || byteAt(at) === 0x0a || (byteAt(at) === 0 && at < bytes.length)) at++;
      if (at >= bytes.length) return undefined;
      const byte = byteAt(at);
      at++;
      if (byte === OPEN) return { type: 'open' };
      if (byte === CLOSE) return { type: 'close' };
      if (byte !== BACKSLASH) return { type: 'byte', byte };
      return isLetter(byteAt(at)) ? readControl() : readSymbol();
    },
  };
}
