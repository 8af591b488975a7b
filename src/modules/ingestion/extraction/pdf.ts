import {
  cleanTitle,
  compactMetadata,
  createBlockCollector,
  MAX_EXTRACTED_CHARACTERS,
  titleFromHeadings,
  toIsoDate,
  tooMuchText,
} from './blocks.ts';
import {
  type ExtractedDocument,
  ExtractionError,
  type ExtractionInput,
  type Extractor,
  type OnPage,
} from './extractor.ts';
import { inReadingOrder } from './pdf-columns.ts';
import { type PaintedItem, type Row, toRows, toRuns, toSegments } from './pdf-lines.ts';
import { toBlocks } from './pdf-paragraphs.ts';
import { dropRunningLines, measureTypography, type OutlineEntry } from './pdf-typography.ts';

/** PDF: text by page in reading order; paragraphs, headings, lists and tables by where and how large the text is set. */
export const pdfExtractor: Extractor = {
  kind: 'pdf',
  version: 'pdf/unpdf@1',
  extract: extractPdf,
};

export const MAX_PAGES = 5000;

/** The part of a PDF.js document that is used. */
type Pdf = Awaited<ReturnType<typeof openPdf>>;

async function extractPdf({ bytes, onPage }: ExtractionInput): Promise<ExtractedDocument> {
  const pdf = await openPdf(bytes);
  try {
    return await readPdf(pdf, onPage);
  } finally {
    await pdf.loadingTask.destroy();
  }
}

async function openPdf(bytes: Uint8Array) {
  const { getDocumentProxy } = await import('unpdf');
  try {
    // It takes the buffer away from its owner, so it gets one of its own.
    return await getDocumentProxy(bytes.slice(), {
      verbosity: 0,
      enableXfa: false,
      stopAtErrors: false,
      disableFontFace: true,
    });
  } catch (error) {
    throw openingFailure(error);
  }
}

function openingFailure(error: unknown): ExtractionError {
  if (error instanceof Error && error.name === 'PasswordException') {
    return new ExtractionError(
      'encrypted',
      'The PDF is protected with a password. Save a copy without the password and upload that.',
      { cause: error },
    );
  }
  return new ExtractionError(
    'malformed',
    'The PDF is damaged or incomplete and cannot be opened. Save or download it anew and upload it again.',
    { cause: error },
  );
}

async function readPdf(pdf: Pdf, onPage?: OnPage): Promise<ExtractedDocument> {
  if (pdf.numPages > MAX_PAGES) {
    throw new ExtractionError(
      'too_large',
      `The PDF has more than ${MAX_PAGES} pages. Split it into parts and upload them one by one.`,
    );
  }
  const { pages, unreadable } = await readPages(pdf, onPage);
  const typography = measureTypography(pages, await readOutline(pdf));
  const collector = createBlockCollector();
  for (const [i, rows] of dropRunningLines(pages).entries()) {
    for (const block of toBlocks(rows, i + 1, typography)) collector.add(block);
  }
  if (collector.blocks.length === 0) throw nothingFound(pdf.numPages, unreadable);
  const { title: ownTitle, ...facts } = await readInfo(pdf);
  const title = usefulTitle(ownTitle) ?? titleFromHeadings(collector.blocks);
  return {
    ...(title === undefined ? {} : { title }),
    metadata: compactMetadata({ ...facts, ...(unreadable > 0 ? { unreadablePages: unreadable } : {}) }),
    pageCount: pdf.numPages,
    blocks: collector.blocks,
  };
}

/** One list of rows per page. A page that cannot be read is empty: the others are worth having. */
async function readPages(pdf: Pdf, onPage?: OnPage): Promise<{ pages: Row[][]; unreadable: number }> {
  const pages: Row[][] = [];
  let unreadable = 0;
  let characters = 0;
  for (let number = 1; number <= pdf.numPages; number++) {
    const items = await readItems(pdf, number);
    if (items === undefined) unreadable++;
    const segments = inReadingOrder(toSegments(toRuns(items ?? [])));
    characters += segments.reduce((sum, segment) => sum + segment.text.length, 0);
    if (characters > MAX_EXTRACTED_CHARACTERS) throw tooMuchText();
    pages.push(toRows(segments));
    await onPage?.(number, pdf.numPages);
  }
  return { pages, unreadable };
}

async function readItems(pdf: Pdf, number: number): Promise<PaintedItem[] | undefined> {
  try {
    const page = await pdf.getPage(number);
    const { items } = await page.getTextContent();
    page.cleanup();
    return items.flatMap((item) => ('str' in item ? [item] : []));
  } catch {
    return undefined;
  }
}

async function readOutline(pdf: Pdf): Promise<OutlineEntry[]> {
  try {
    return (await pdf.getOutline()) ?? [];
  } catch {
    return [];
  }
}

function nothingFound(pages: number, unreadable: number): ExtractionError {
  if (unreadable === pages) {
    return new ExtractionError(
      'malformed',
      'None of the pages of the PDF can be read: the file is damaged. Save or download it anew and upload it again.',
    );
  }
  return new ExtractionError(
    'no_text',
    'The PDF holds no text: it looks scanned. Run text recognition (OCR) on it and upload the result.',
  );
}

async function readInfo(pdf: Pdf): Promise<Record<string, string | undefined> & { title?: string | undefined }> {
  const info: Record<string, unknown> = await pdf.getMetadata().then(
    (metadata) => ({ ...metadata.info }),
    () => ({}),
  );
  const text = (name: string) => {
    const value = info[name];
    return typeof value === 'string' && value.trim() !== '' ? value : undefined;
  };
  return {
    title: text('Title'),
    author: text('Author'),
    description: text('Subject'),
    keywords: text('Keywords'),
    language: text('Language'),
    generator: text('Creator') ?? text('Producer'),
    createdAt: pdfDate(text('CreationDate')),
    modifiedAt: pdfDate(text('ModDate')),
  };
}

/** `D:20240103093826+01'00'` as ISO 8601 in UTC; what is left out is the first of its kind (PDF 32000-1, 7.9.4). */
export function pdfDate(text: string | undefined): string | undefined {
  const match = /^(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:Z|([+-])(\d\d)'?(\d\d)?'?)?/.exec(text ?? '');
  if (match === null) return undefined;
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', sign, zoneHour, zoneMinute] =
    match;
  const zone = sign === undefined ? 'Z' : `${sign}${zoneHour}:${zoneMinute ?? '00'}`;
  return toIsoDate(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`);
}

/** Programs put file names and placeholders where the title belongs. */
function usefulTitle(title: string | undefined): string | undefined {
  const clean = cleanTitle(title?.replace(/^Microsoft (Word|PowerPoint|Excel) - /, ''));
  const isName =
    clean === undefined || /^(untitled|document\d*|title|slide \d+)$/i.test(clean) || /\.\w{2,5}$/.test(clean);
  return isName ? undefined : clean;
}
