import { attempt } from './byte-reader.ts';
import { COMPOUND_FILE, openCompoundFile } from './compound-file.ts';
import { decodeText, detectUtf16, detectUtf32 } from './decode.ts';
import { type DocumentKind, ExtractionError } from './extractor.ts';
import { outdatedFormat, unsupportedFormat } from './formats.ts';
import { holdsUtf16, recognise, startsWithAt } from './signatures.ts';
import { sniffText } from './sniff-text.ts';
import { sniffZip } from './sniff-zip.ts';
import { isIsoSoundOnly, isMatroskaSoundOnly } from './video-frame-size.ts';
import { BINARY_PROPERTY_LIST, openWebArchive } from './web-archive.ts';

/** What is looked at: the first 64 KiB or more of the file, and two hints. */
export type SniffInput = { bytes: Uint8Array; filename: string; mediaType: string };

const TEXT_SAMPLE_BYTES = 65_536;
const PDF_HEADER_BYTES = 1024;
/** Real text has stray control bytes at most; compressed data has a tenth. */
const MAX_CONTROL_SHARE = 0.01;
/** Outlook's messages have a list of short properties, and a stream for each long one. */
const MESSAGE_STREAMS = { list: '__properties_version1.0', long: '__substg1.0_' };

/** What the streams of compound files are, and the format of today that their programs can save them in. */
const COMPOUND_STREAMS: { stream: string; name: string; saveAs?: string }[] = [
  { stream: 'WordDocument', name: 'an old Word document (.doc)', saveAs: 'docx' },
  { stream: 'PowerPoint Document', name: 'an old PowerPoint presentation (.ppt)', saveAs: 'pptx' },
  { stream: 'Workbook', name: 'an old Excel workbook (.xls)', saveAs: 'xlsx' },
  { stream: 'Book', name: 'an old Excel workbook (.xls)', saveAs: 'xlsx' },
];

/**
 * What the bytes are, by content; the name and the declared type only decide between text and Markdown, and for
 * fragments between Markdown and HTML. Throws `unsupported_format` naming what the file seems to be, or `encrypted` for a
 * protected Office file.
 */
export function sniffKind({ bytes, filename, mediaType }: SniffInput): DocumentKind {
  if (isPdf(bytes)) return 'pdf';
  if (startsWithAt(bytes, 'PK\x03\x04', 0) || startsWithAt(bytes, 'PK\x05\x06', 0)) return sniffZip(bytes);
  if (startsWithAt(bytes, COMPOUND_FILE, 0)) {
    if (isOutlookMessage(bytes)) return 'email';
    throw refuseCompoundFile(bytes);
  }
  if (startsWithAt(bytes, BINARY_PROPERTY_LIST, 0)) return propertyListKind(bytes);
  const known = recognise(bytes);
  if (known !== undefined && 'kind' in known) return known.kind === 'video' ? soundOrFilm(bytes) : known.kind;
  if (known !== undefined) throw unsupportedFormat(known.name);
  const sample = bytes.subarray(0, TEXT_SAMPLE_BYTES);
  if (!isText(sample)) throw unsupportedFormat('binary data of an unknown format');
  return sniffText(decodeText(sample, { mediaType }).text, { filename, mediaType });
}

/** Containers of films are used for sound alone as well. */
const soundOrFilm = (bytes: Uint8Array): DocumentKind =>
  isMatroskaSoundOnly(bytes) || isIsoSoundOnly(bytes) ? 'audio' : 'video';

function isPdf(bytes: Uint8Array): boolean {
  const head = new TextDecoder('windows-1252').decode(bytes.subarray(0, PDF_HEADER_BYTES));
  const at = head.search(/%PDF-\d/);
  if (at === -1) return false;
  // Readers accept rubbish before the header; text that only speaks of PDF has no objects and no binary bytes.
  return (
    /^(ï»¿)?\s*$/.test(head.slice(0, at)) || /\d+ \d+ obj\b/.test(head) || !isText(bytes.subarray(0, TEXT_SAMPLE_BYTES))
  );
}

/** Safari saves pages as such lists; a damaged one is told by the name that stands at its beginning. */
function propertyListKind(bytes: Uint8Array): DocumentKind {
  const head = new TextDecoder('windows-1252').decode(bytes.subarray(0, PDF_HEADER_BYTES));
  if (attempt(() => openWebArchive(bytes)) !== undefined || head.includes('WebMainResource')) return 'html';
  throw unsupportedFormat('a property list of Apple');
}

/** By what lies at the top: attachments of a message may be old documents, and messages lie within documents. */
function isOutlookMessage(bytes: Uint8Array): boolean {
  const file = attempt(() => openCompoundFile(bytes));
  return file === undefined ? holdsUtf16(bytes, MESSAGE_STREAMS.long) : file.streams.has(MESSAGE_STREAMS.list);
}

function refuseCompoundFile(bytes: Uint8Array): ExtractionError {
  if (holdsUtf16(bytes, 'EncryptedPackage')) {
    return new ExtractionError(
      'encrypted',
      'The Office file is protected with a password. Remove the password (File › Info › Protect) and upload it again.',
    );
  }
  const known = COMPOUND_STREAMS.find(({ stream }) => holdsUtf16(bytes, stream));
  if (known?.saveAs !== undefined) return outdatedFormat(known.name, known.saveAs);
  if (known === undefined && attempt(() => openCompoundFile(bytes)) === undefined) {
    return new ExtractionError(
      'malformed',
      'The file is damaged or cut off: it begins like an old Office file or an Outlook message. Save it anew in the program that made it and upload it again.',
    );
  }
  return unsupportedFormat(known?.name ?? 'an old Office file');
}

function isText(sample: Uint8Array): boolean {
  const startsAsUtf16 = startsWithAt(sample, '\xff\xfe', 0) || startsWithAt(sample, '\xfe\xff', 0);
  if (startsAsUtf16 || detectUtf16(sample) !== undefined || detectUtf32(sample) !== undefined) return true;
  let controls = 0;
  for (const byte of sample) {
    // Tab to carriage return are white space, escape and backspace occur in terminal logs.
    if (byte < 0x20 && (byte < 0x08 || byte > 0x0d) && byte !== 0x1b) controls++;
  }
  return controls <= Math.max(1, sample.length * MAX_CONTROL_SHARE);
}
