import { type DocumentKind, ExtractionError } from './extractor.ts';

/** The formats in words for a person. */
export const KIND_NAMES: Record<DocumentKind, string> = {
  text: 'plain text',
  markdown: 'Markdown',
  html: 'an HTML page',
  pdf: 'a PDF',
  rtf: 'a Rich Text (RTF) document',
  epub: 'an EPUB book',
  docx: 'a Word document',
  pptx: 'a PowerPoint presentation',
  xlsx: 'an Excel workbook',
  odt: 'an OpenDocument text',
  odp: 'an OpenDocument presentation',
  ods: 'an OpenDocument spreadsheet',
  csv: 'a table of values (CSV)',
  email: 'an e-mail',
  mailbox: 'a mailbox',
  notebook: 'a Jupyter notebook',
  json: 'JSON data',
  code: 'source code',
  subtitles: 'subtitles',
  image: 'a picture',
  audio: 'a sound recording',
  video: 'a film',
  zip: 'a ZIP archive',
};

const READABLE =
  'PDF, Word (.docx), PowerPoint (.pptx), Excel (.xlsx), OpenDocument (.odt, .odp, .ods), CSV, Rich Text, EPUB, HTML, Markdown, Jupyter notebooks, JSON, source code, subtitles, plain text, e-mail (.eml, .msg, .mbox), pictures, sound and films, and ZIP archives of such files';

/** The refusal of a file in a format that is not read. */
export function unsupportedFormat(seemsToBe: string): ExtractionError {
  return new ExtractionError(
    'unsupported_format',
    `The file seems to be ${seemsToBe}, which cannot be read. Convert it to one of these and upload it again: ${READABLE}.`,
  );
}

/** The refusal of a format of the past that its own program turns into one that is read. */
export function outdatedFormat(name: string, saveAs: string): ExtractionError {
  return new ExtractionError(
    'unsupported_format',
    `The file is ${name}, which cannot be read. Open it in Office or LibreOffice, save it as .${saveAs} (File › Save As) and upload that.`,
  );
}

/** The refusal of what Apple's programs write, who can export it themselves. */
export function appleFormat(): ExtractionError {
  return new ExtractionError(
    'unsupported_format',
    'The file is a Pages, Numbers or Keynote document, which cannot be read. Open it there, export it as Word, Excel, PowerPoint or PDF (File › Export To) and upload that.',
  );
}

/** Endings of documents that are not read here, but by some models. */
const CONVERTIBLE = /\.(doc|xls|xlsb|ppt|pages|numbers|key|et|wps|wpd|odg)$/i;

/** Whether it is worth asking a model for what is in a file of a format that is not read here. */
export const toBeConverted = (filename: string): boolean => CONVERTIBLE.test(filename);
