import { decodeText, detectUtf16, detectUtf32 } from './decode.ts';
import { type DocumentKind, ExtractionError } from './extractor.ts';
import { outdatedFormat, unsupportedFormat } from './formats.ts';
import { holdsUtf16, recognise, startsWithAt } from './signatures.ts';
import { sniffText } from './sniff-text.ts';
import { sniffZip } from './sniff-zip.ts';
import { isIsoSoundOnly, isMatroskaSoundOnly } from './video-frame-size.ts';

/** What is looked at: the first 64 KiB or more of the file, and two hints. */
export type SniffInput = { bytes: Uint8Array; filename: string; mediaType: string };

const TEXT_SAMPLE_BYTES = 65_536;
const PDF_HEADER_BYTES = 1024;
/** Real text has stray control bytes at most; compressed data has a tenth. */
const MAX_CONTROL_SHARE = 0.01;
const COMPOUND_FILE = '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1';

/** What the streams of compound files are, and the format of today that their programs can save them in. */
const COMPOUND_STREAMS: { stream: string; name: string; saveAs?: string }[] = [
  { stream: '__substg1.0_', name: 'an Outlook message (.msg)' },
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
  if (startsWithAt(bytes, COMPOUND_FILE, 0)) throw refuseCompoundFile(bytes);
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

function refuseCompoundFile(bytes: Uint8Array): ExtractionError {
  if (holdsUtf16(bytes, 'EncryptedPackage')) {
    return new ExtractionError(
      'encrypted',
      'The Office file is protected with a password. Remove the password (File › Info › Protect) and upload it again.',
    );
  }
  const known = COMPOUND_STREAMS.find(({ stream }) => holdsUtf16(bytes, stream));
  if (known?.saveAs !== undefined) return outdatedFormat(known.name, known.saveAs);
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
