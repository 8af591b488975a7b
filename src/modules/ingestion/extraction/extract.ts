import { audioExtractor } from './audio.ts';
import { codeExtractor } from './code.ts';
import { csvExtractor } from './csv.ts';
import { docxExtractor } from './docx.ts';
import { emailExtractor } from './email.ts';
import { epubExtractor } from './epub.ts';
import {
  type DocumentKind,
  type ExtractedDocument,
  ExtractionError,
  type ExtractionInput,
  type Extractor,
} from './extractor.ts';
import { KIND_NAMES, unsupportedFormat } from './formats.ts';
import { htmlExtractor } from './html.ts';
import { imageExtractor } from './image.ts';
import { jsonExtractor } from './json.ts';
import { mailboxExtractor } from './mailbox.ts';
import { markdownExtractor } from './markdown.ts';
import { notebookExtractor } from './notebook.ts';
import { odpExtractor } from './odp.ts';
import { odsExtractor } from './ods.ts';
import { odtExtractor } from './odt.ts';
import { pdfExtractor } from './pdf.ts';
import { pptxExtractor } from './pptx.ts';
import { rtfExtractor } from './rtf.ts';
import { sniffKind } from './sniff.ts';
import { subtitlesExtractor } from './subtitles.ts';
import { textExtractor } from './text.ts';
import { videoExtractor } from './video.ts';
import { xlsxExtractor } from './xlsx.ts';
import { archiveExtractor } from './zip-archive.ts';

export { MAX_EXTRACTED_CHARACTERS } from './blocks.ts';

/** A Worker has 128 MB, and reading takes a multiple of the file's size. */
export const MAX_EXTRACTABLE_BYTES = 32 * 1024 * 1024;

export const MAX_EXTRACTABLE = `${MAX_EXTRACTABLE_BYTES / 1024 / 1024} MB`;

/** A document with what it was read as and by. */
export type Extraction = {
  kind: DocumentKind;
  /** Name and version of the reader, e.g. `pdf/unpdf@1`. */
  extractor: string;
  document: ExtractedDocument;
};

export const EXTRACTORS: Partial<Record<DocumentKind, Extractor>> = {
  text: textExtractor,
  markdown: markdownExtractor,
  html: htmlExtractor,
  pdf: pdfExtractor,
  docx: docxExtractor,
  pptx: pptxExtractor,
  xlsx: xlsxExtractor,
  odt: odtExtractor,
  odp: odpExtractor,
  ods: odsExtractor,
  csv: csvExtractor,
  image: imageExtractor,
  audio: audioExtractor,
  video: videoExtractor,
  rtf: rtfExtractor,
  epub: epubExtractor,
  notebook: notebookExtractor,
  json: jsonExtractor,
  code: codeExtractor,
  subtitles: subtitlesExtractor,
  email: emailExtractor,
  mailbox: mailboxExtractor,
  zip: archiveExtractor,
};

/**
 * Reads any file that can be read: finds out what it is, reads it, checks the result. Fails with an
 * {@link ExtractionError} only, whose message tells the person who uploaded it what is wrong and what to do.
 */
export async function extractDocument(input: ExtractionInput): Promise<Extraction> {
  checkSize(input.bytes.length);
  try {
    const kind = sniffKind(input);
    const extractor = EXTRACTORS[kind];
    if (extractor === undefined) throw unsupportedFormat(KIND_NAMES[kind]);
    const document = await extractor.extract(input);
    if (isEmpty(document)) throw noText();
    return { kind: extractor.kind, extractor: extractor.version, document };
  } catch (error) {
    throw asExtractionError(error);
  }
}

/** The reason why a file cannot be read, whatever went wrong within a reader. */
export const asExtractionError = (error: unknown): ExtractionError =>
  error instanceof ExtractionError ? error : unreadable(error);

/** Whether a file of this size can be read at all: known before any of it is in memory. @throws ExtractionError */
export function checkSize(bytes: number): void {
  if (bytes === 0) {
    throw new ExtractionError('empty', 'The file is empty. Check the original and upload it again.');
  }
  if (bytes > MAX_EXTRACTABLE_BYTES) {
    throw new ExtractionError(
      'too_large',
      `The file is larger than ${MAX_EXTRACTABLE}. Split it into parts and upload them one by one.`,
    );
  }
}

const isEmpty = ({ blocks, wanted = [], children = [] }: ExtractedDocument): boolean =>
  blocks.length + wanted.length + children.length === 0;

function noText(): ExtractionError {
  return new ExtractionError('no_text', 'The file holds no text that can be read. Check that it is the right one.');
}

function unreadable(cause: unknown): ExtractionError {
  return new ExtractionError(
    'malformed',
    'The file is damaged or not quite of the format that it claims to be, and cannot be read. Save it anew in the program that made it and upload it again.',
    { cause },
  );
}
