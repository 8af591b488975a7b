import type { Email } from 'postal-mime';
import { decodeAs, decodeText, detectEncoding } from './decode.ts';
import { ExtractionError } from './extractor.ts';

/** Real mails nest a handful of levels; each costs a pass over every line. */
export const MAX_PART_DEPTH = 50;
/** Each part and each line of a message costs the parser far more than its bytes, of the 128 MB that a Worker has. */
const MAX_PARTS = 5_000;
const MAX_LINES = 60_000;
/** Parsing holds the message four times over at its peak. */
export const MAX_MESSAGE_BYTES = 20 * 1024 * 1024;
/** So many lines of nothing but Base64 in a row are an attachment, and become one line of so many bytes each. */
const MIN_ENCODED_LINES = 500;
const MAX_JOINED_BYTES = 64 * 1024;
const PIECE_BYTES = 1024 * 1024;
/** Where a header is looked for. */
const MAX_HEAD_BYTES = 256 * 1024;

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const DASH = 0x2d;

/** Parses a message, with mails in it as attachments. @throws ExtractionError for what is too much to parse. */
export async function parseMessage(bytes: Uint8Array): Promise<Email> {
  const { default: PostalMime } = await import('postal-mime');
  const message = readableMessage(bytes);
  // A view of a larger buffer would be copied.
  const isWhole = message.byteLength === message.buffer.byteLength;
  return PostalMime.parse(isWhole ? message.buffer : message, {
    forceRfc822Attachments: true,
    maxNestingDepth: MAX_PART_DEPTH,
  });
}

/**
 * A message as the parser reads it right: from its first field on, in UTF-8 where it names no other encoding. Bytes of no
 * named encoding are common in the header of old mails.
 */
function readableMessage(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.length > MAX_MESSAGE_BYTES) throw tooMuch(`${MAX_MESSAGE_BYTES / 1024 / 1024} MB`);
  const message = joinEncodedLines(skipPreamble(withoutZeros(bytes)));
  guardAgainstFragments(message);
  return inUtf8(message);
}

/** A mail that somebody saved as UTF-16, which no mail is sent as: what it says of its encoding holds no longer. */
function withoutZeros(bytes: Uint8Array): Uint8Array {
  const encoding = detectEncoding(bytes.subarray(0, PIECE_BYTES));
  if (!encoding.startsWith('utf-16') && !encoding.startsWith('utf-32')) return bytes;
  const text = decodeAs(bytes, encoding).replace(/(charset\s*=\s*["']?)[\w.:-]+/gi, '$1utf-8');
  return new TextEncoder().encode(text);
}

/** Without the byte order mark, empty lines, line of a mailbox or number of bytes that programs put above the header. */
function skipPreamble(bytes: Uint8Array): Uint8Array {
  const head = latin1(bytes.subarray(0, 2000));
  const skipped = /^(\xef\xbb\xbf)?\s*(From [^\n]*\n|(\d+)[ \t]*\r?\n)?/.exec(head);
  const start = skipped?.[0].length ?? 0;
  const count = Number(skipped?.[3] ?? Number.POSITIVE_INFINITY);
  // What Apple Mail writes behind the message is none of it.
  return bytes.subarray(start, Math.min(bytes.length, start + count));
}

/** The message with long runs of Base64 on few lines: the parser needs more memory for a line than for what is on it. */
function joinEncodedLines(message: Uint8Array): Uint8Array {
  const runs = encodedRuns(message);
  if (runs.length === 0) return message;
  const joined = new Uint8Array(message.length);
  let written = 0;
  const copy = (from: number, to: number) => {
    joined.set(message.subarray(from, to), written);
    written += to - from;
  };
  let at = 0;
  for (const { start, end } of runs) {
    copy(at, start);
    let lineStart = written;
    for (let from = start; from < end; ) {
      const lineEnd = endOfLine(message, from);
      copy(from, message[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd);
      from = lineEnd + 1;
      if (written - lineStart < MAX_JOINED_BYTES && from < end) continue;
      joined[written++] = NEWLINE;
      lineStart = written;
    }
    at = end;
  }
  copy(at, message.length);
  return joined.subarray(0, written);
}

/** Where there are many full lines of Base64 in a row. */
function encodedRuns(message: Uint8Array): { start: number; end: number }[] {
  const runs: { start: number; end: number }[] = [];
  let start = 0;
  let lines = 0;
  for (let at = 0; at < message.length; ) {
    const next = endOfLine(message, at) + 1;
    const isEncoded = next <= message.length && isFullEncodedLine(message.subarray(at, next - 1));
    if (isEncoded && lines === 0) start = at;
    lines = isEncoded ? lines + 1 : 0;
    if (lines === MIN_ENCODED_LINES) runs.push({ start, end: next });
    const run = runs.at(-1);
    if (run && lines > MIN_ENCODED_LINES) run.end = next;
    at = next;
  }
  return runs;
}

function endOfLine(message: Uint8Array, at: number): number {
  const end = message.indexOf(NEWLINE, at);
  return end === -1 ? message.length : end;
}

/** A line as encoders fill it: 57 bytes or so of the alphabet of Base64 and nothing else. */
function isFullEncodedLine(line: Uint8Array): boolean {
  const length = line.at(-1) === RETURN ? line.length - 1 : line.length;
  if (length < 48 || length > 998) return false;
  for (let i = 0; i < length; i++) if (!IN_BASE64[line[i] ?? 0]) return false;
  return true;
}

const IN_BASE64 = Array.from({ length: 256 }, (_, byte) => /[A-Za-z\d+/]/.test(String.fromCharCode(byte)));

function guardAgainstFragments(message: Uint8Array): void {
  let lines = 0;
  let dashed = 0;
  for (let at = message.indexOf(NEWLINE); at !== -1; at = message.indexOf(NEWLINE, at + 1)) {
    lines++;
    if (message[at + 1] === DASH && message[at + 2] === DASH) dashed++;
  }
  if (lines > MAX_LINES) throw tooMuch(`${MAX_LINES} lines`);
  if (dashed > MAX_PARTS && countBoundaries(message) > MAX_PARTS) throw tooMuch(`${MAX_PARTS} parts`);
}

/** Lines that begin with a boundary that the message names: text may be full of dashes too. */
function countBoundaries(message: Uint8Array): number {
  const text = latin1(message);
  const names = [...text.matchAll(/boundary\s*=\s*(?:"([^"\n]{1,200})"|([^\s;"]{1,200}))/gi)].slice(0, MAX_PARTS);
  const boundaries = new Set(names.map(([, quoted, bare]) => quoted ?? bare ?? ''));
  const lengths = [...new Set([...boundaries].map(({ length }) => length))];
  let count = 0;
  for (let at = text.indexOf('\n--'); at !== -1; at = text.indexOf('\n--', at + 1)) {
    if (lengths.some((length) => boundaries.has(text.slice(at + 3, at + 3 + length)))) count++;
  }
  return count;
}

function inUtf8(message: Uint8Array): Uint8Array<ArrayBuffer> {
  if (isUtf8(message)) return owned(message);
  const text = latin1(message.subarray(0, MAX_HEAD_BYTES));
  const end = /\r?\n\r?\n/.exec(text)?.index ?? text.length;
  const namesEncoding = /\bcharset\s*=|content-transfer-encoding:\s*binary/i.test(latin1(message));
  const cut = namesEncoding ? end : message.length;
  const head = message.subarray(0, cut);
  if (isUtf8(head) && namesEncoding) return owned(message);
  const decoded = new TextEncoder().encode(decodeText(head).text);
  const joined = new Uint8Array(decoded.length + message.length - cut);
  joined.set(decoded);
  joined.set(message.subarray(cut), decoded.length);
  return joined;
}

/** Without making text of the whole, which may be large. */
function isUtf8(bytes: Uint8Array): boolean {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  try {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      decoder.decode(bytes.subarray(at, at + PIECE_BYTES), { stream: true });
    }
    return true;
  } catch {
    return false;
  }
}

const latin1 = (bytes: Uint8Array): string => new TextDecoder('windows-1252').decode(bytes);

/** The same bytes, as of memory that is nobody else's. */
const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : bytes.slice();

function tooMuch(what: string): ExtractionError {
  return new ExtractionError(
    'too_large',
    `The message has more than ${what}, which is too much to read safely. Save the parts that you need one by one and upload those.`,
  );
}
