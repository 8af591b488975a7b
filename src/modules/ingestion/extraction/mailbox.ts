import { compactMetadata } from './blocks.ts';
import {
  type ChildFile,
  type ExtractedDocument,
  ExtractionError,
  type ExtractionInput,
  type Extractor,
  MAX_CHILDREN,
} from './extractor.ts';

/** A mailbox (mbox, in any of its dialects): each message is a document of its own. It has no text beside them. */
export const mailboxExtractor: Extractor = {
  kind: 'mailbox',
  version: 'mailbox/mbox@1',
  extract: async (input) => extractMailbox(input),
};

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const FROM = [0x46, 0x72, 0x6f, 0x6d, 0x20];
const QUOTE = 0x3e;
const MAX_LINE_BYTES = 1000;

/** The time that programs write into the line between messages; sentences that begin with “From” have none. */
const HAS_TIME = /\b\d{1,2}:\d{2}(:\d{2})?\b/;
const HAS_YEAR = /\b(19|20)\d\d\b/;
/** Above a message that has no header: sender, day, month, time. */
const IS_FULL = /^From \S{1,300} +[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]?\d \d\d:\d\d/;
const FIELD = /^>?[!-9;-~]{1,80}:/;

function extractMailbox({ bytes }: ExtractionInput): ExtractedDocument {
  const starts = messageStarts(bytes);
  if (starts.length > MAX_CHILDREN) throw tooMany();
  const children = starts.flatMap((start, i) => toChild(bytes.subarray(start, starts[i + 1] ?? bytes.length), i + 1));
  return { metadata: compactMetadata({ messages: children.length }), blocks: [], children };
}

/** Where the lines between messages begin, the one above the first message included. */
function messageStarts(bytes: Uint8Array): number[] {
  const starts: number[] = [];
  for (let at = 0; at !== -1 && at < bytes.length; at = nextLine(bytes, at)) {
    const isFrom = FROM.every((byte, i) => bytes[at + i] === byte);
    if (isFrom && (starts.length === 0 || isSeparator(bytes, at))) starts.push(at);
    if (starts.length > MAX_CHILDREN) break;
  }
  return starts;
}

function nextLine(bytes: Uint8Array, at: number): number {
  const end = bytes.indexOf(NEWLINE, at);
  return end === -1 ? -1 : end + 1;
}

/** A line of this kind with a time and a year, and the first field of a header under it. */
function isSeparator(bytes: Uint8Array, at: number): boolean {
  const [line = '', next = ''] = latin1(bytes.subarray(at, at + 2 * MAX_LINE_BYTES)).split(/\r?\n/, 2);
  if (line.length > MAX_LINE_BYTES || !HAS_TIME.test(line) || !HAS_YEAR.test(line)) return false;
  return FIELD.test(next) || (next === '' && IS_FULL.test(line));
}

function toChild(message: Uint8Array, ordinal: number): ChildFile[] {
  const start = nextLine(message, 0);
  const content = start === -1 ? message.subarray(0, 0) : trimEnd(message.subarray(start));
  if (content.length === 0) return [];
  return [
    {
      filename: `message-${String(ordinal).padStart(4, '0')}.eml`,
      mediaType: 'message/rfc822',
      size: content.length,
      read: () => unescapeFrom(content),
    },
  ];
}

/** The line end that separates it from the next message is no part of it. */
function trimEnd(message: Uint8Array): Uint8Array {
  let end = message.length;
  while (end > 0 && (message[end - 1] === NEWLINE || message[end - 1] === RETURN)) end--;
  return message.subarray(0, end);
}

/** Takes back the mark that keeps a line of the message from being taken for the beginning of the next: `>From `. */
function unescapeFrom(message: Uint8Array): Uint8Array {
  const marks: number[] = [];
  for (let at = 0; at !== -1 && at < message.length; at = nextLine(message, at)) {
    let from = at;
    while (message[from] === QUOTE) from++;
    if (from > at && FROM.every((byte, i) => message[from + i] === byte)) marks.push(at);
  }
  if (marks.length === 0) return message;
  const plain = new Uint8Array(message.length - marks.length);
  let written = 0;
  for (const [i, mark] of [...marks, message.length].entries()) {
    const piece = message.subarray(i === 0 ? 0 : (marks[i - 1] ?? 0) + 1, mark);
    plain.set(piece, written);
    written += piece.length;
  }
  return plain;
}

const latin1 = (bytes: Uint8Array): string => new TextDecoder('windows-1252').decode(bytes);

function tooMany(): ExtractionError {
  return new ExtractionError(
    'too_large',
    `The mailbox holds more than ${MAX_CHILDREN} messages. Export it in parts, by folder or by year, and upload them one by one.`,
  );
}
