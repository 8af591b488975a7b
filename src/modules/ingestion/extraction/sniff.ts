import { decodeText, detectUtf16 } from './decode.ts';
import { type DocumentKind, ExtractionError } from './extractor.ts';
import { looksLikeMarkdown } from './markdown-signs.ts';
import { holdsUtf16, nameOfForeignFormat, startsWithAt } from './signatures.ts';
import { peekZipNames } from './zip.ts';

/** What is looked at: the first 64 KiB or more of the file, and two hints. */
export type SniffInput = { bytes: Uint8Array; filename: string; mediaType: string };

const TEXT_SAMPLE_BYTES = 65_536;
const PDF_HEADER_BYTES = 1024;
/** Real text has stray control bytes at most; compressed data has a tenth. */
const MAX_CONTROL_SHARE = 0.01;
const COMPOUND_FILE = '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1';
const READABLE = 'PDF, Word (.docx), HTML, Markdown and plain text';

const COMPOUND_STREAMS: [stream: string, name: string][] = [
  ['WordDocument', 'an old Word document (.doc)'],
  ['Workbook', 'an old Excel workbook (.xls)'],
  ['PowerPoint Document', 'an old PowerPoint presentation (.ppt)'],
  ['__substg1.0_', 'an Outlook message (.msg)'],
];

/**
 * What the bytes are, by content; the name and the declared type only decide between text and Markdown, and for
 * fragments between Markdown and HTML. Throws `unsupported_format` naming what the file seems to be, or `encrypted` for a
 * protected Office file.
 */
export function sniffKind({ bytes, filename, mediaType }: SniffInput): DocumentKind {
  if (isPdf(bytes)) return 'pdf';
  if (startsWithAt(bytes, 'PK\x03\x04', 0) || startsWithAt(bytes, 'PK\x05\x06', 0)) return sniffZip(bytes);
  if (startsWithAt(bytes, COMPOUND_FILE, 0)) throw refuseCompoundFile(bytes);
  const foreign = nameOfForeignFormat(bytes);
  if (foreign !== undefined) throw unsupported(foreign);
  const sample = bytes.subarray(0, TEXT_SAMPLE_BYTES);
  if (!isText(sample)) throw unsupported('binary data of an unknown format');
  return sniffText(decodeText(sample, { mediaType }).text, { filename, mediaType });
}

function isPdf(bytes: Uint8Array): boolean {
  const head = new TextDecoder('windows-1252').decode(bytes.subarray(0, PDF_HEADER_BYTES));
  const at = head.search(/%PDF-\d/);
  if (at === -1) return false;
  // Readers accept rubbish before the header; text that only speaks of PDF has no objects and no binary bytes.
  return (
    /^(ï»¿)?\s*$/.test(head.slice(0, at)) || /\d+ \d+ obj\b/.test(head) || !isText(bytes.subarray(0, TEXT_SAMPLE_BYTES))
  );
}

function sniffZip(bytes: Uint8Array): DocumentKind {
  const names = peekZipNames(bytes);
  const has = (prefix: string) => names.some((name) => name.startsWith(prefix));
  const isOffice = names.includes('[Content_Types].xml');
  if (isOffice && has('word/')) return 'docx';
  if (isOffice && has('ppt/')) throw unsupported('a PowerPoint presentation');
  if (isOffice && has('xl/')) throw unsupported('an Excel workbook');
  const isOpenDocument = startsWithAt(bytes, 'mimetypeapplication/vnd.oasis.opendocument', 30);
  if (isOpenDocument) throw unsupported('an OpenDocument file');
  if (startsWithAt(bytes, 'mimetypeapplication/epub', 30)) throw unsupported('an EPUB book');
  throw unsupported('a ZIP archive');
}

function refuseCompoundFile(bytes: Uint8Array): ExtractionError {
  if (holdsUtf16(bytes, 'EncryptedPackage')) {
    return new ExtractionError(
      'encrypted',
      'The Office file is protected with a password. Remove the password (File › Info › Protect) and upload it again.',
    );
  }
  const known = COMPOUND_STREAMS.find(([stream]) => holdsUtf16(bytes, stream));
  return unsupported(known?.[1] ?? 'an old Office file');
}

function unsupported(seemsToBe: string): ExtractionError {
  return new ExtractionError(
    'unsupported_format',
    `The file seems to be ${seemsToBe}, which cannot be read. Convert it to one of these and upload it again: ${READABLE}.`,
  );
}

function isText(sample: Uint8Array): boolean {
  const startsAsUtf16 = startsWithAt(sample, '\xff\xfe', 0) || startsWithAt(sample, '\xfe\xff', 0);
  if (startsAsUtf16 || detectUtf16(sample) !== undefined) return true;
  let controls = 0;
  for (const byte of sample) {
    // Tab to carriage return are white space, escape and backspace occur in terminal logs.
    if (byte < 0x20 && (byte < 0x08 || byte > 0x0d) && byte !== 0x1b) controls++;
  }
  return controls <= Math.max(1, sample.length * MAX_CONTROL_SHARE);
}

const MARKDOWN_NAME = /\.(md|markdown|mdown|mkd|mdx)$/i;
const HTML_DOCUMENT = /^(<!doctype html\b|<html\b|<head\b|<body\b)/i;
const HTML_FRAGMENT =
  /^<(article|blockquote|div|dl|figure|footer|form|h[1-6]|header|link|main|meta|nav|ol|p|pre|script|section|span|style|table|title|ul)\b[^<]*>/i;

function sniffText(text: string, hints: { filename: string; mediaType: string }): DocumentKind {
  const start = skipPreamble(text);
  if (HTML_DOCUMENT.test(start)) return 'html';
  const isNamedMarkdown = MARKDOWN_NAME.test(hints.filename) || /^text\/(x-)?markdown\b/i.test(hints.mediaType);
  if (isNamedMarkdown) return 'markdown';
  if (HTML_FRAGMENT.test(start) && /<\/[a-z][a-z0-9]*\s*>/i.test(start)) return 'html';
  return looksLikeMarkdown(text, hints.filename) ? 'markdown' : 'text';
}

/** The text after white space, XML declarations and comments, which may stand before `<!doctype html>`. */
function skipPreamble(text: string): string {
  let rest = text.trimStart();
  for (let skipped = true; skipped; ) {
    const close = rest.startsWith('<!--') ? '-->' : rest.startsWith('<?xml') ? '?>' : '';
    const end = close === '' ? -1 : rest.indexOf(close);
    skipped = end !== -1;
    if (skipped) rest = rest.slice(end + close.length).trimStart();
  }
  return rest.slice(0, 8192);
}
