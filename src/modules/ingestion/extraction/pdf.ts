import {
  type BlockCollector,
  compactMetadata,
  createBlockCollector,
  MAX_EXTRACTED_CHARACTERS,
  titleFromHeadings,
  tooMuchText,
} from './blocks.ts';
import {
  type ExtractedDocument,
  ExtractionError,
  type ExtractionInput,
  type Extractor,
  type OnPage,
} from './extractor.ts';
import { createLinkCollector, type LinkCollector } from './links.ts';
import { type PageNotes, readPageNotes } from './pdf-annotations.ts';
import { inReadingOrder } from './pdf-columns.ts';
import { readPdfInfo } from './pdf-info.ts';
import { describePageLabels } from './pdf-labels.ts';
import { type PaintedItem, type Row, toRows, toRuns, toSegments } from './pdf-lines.ts';
import { listOutline, nameByOutline, resolveOutline } from './pdf-outline.ts';
import { toBlocks } from './pdf-paragraphs.ts';
import { dropRunningLines, measureTypography, type OutlineEntry } from './pdf-typography.ts';
import { startsWithAt } from './signatures.ts';

/** PDF: text by page in reading order; paragraphs, headings, lists and tables by where and how large it is set; notes; outline. */
export const pdfExtractor: Extractor = {
  kind: 'pdf',
  version: 'pdf/unpdf@3',
  extract: extractPdf,
};

export const MAX_PAGES = 5000;

const SLASH = 0x2f;

/** The part of a PDF.js document that is used. */
type Pdf = Awaited<ReturnType<typeof openPdf>>;

async function extractPdf({ bytes, onPage }: ExtractionInput): Promise<ExtractedDocument> {
  const pdf = await openPdf(bytes);
  try {
    return await readPdf(pdf, { bytes, onPage });
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

async function readPdf(
  pdf: Pdf,
  { bytes, onPage }: Pick<ExtractionInput, 'bytes' | 'onPage'>,
): Promise<ExtractedDocument> {
  if (pdf.numPages > MAX_PAGES) {
    throw new ExtractionError(
      'too_large',
      `The PDF has more than ${MAX_PAGES} pages. Split it into parts and upload them one by one.`,
    );
  }
  const { pages, notes, unreadable } = await readPages(pdf, onPage);
  const outline = await readOutline(pdf);
  const typography = measureTypography(pages, outline);
  const collector = createBlockCollector();
  const links = createLinkCollector();
  for (const [i, rows] of dropRunningLines(pages).entries()) {
    for (const block of toBlocks(rows, i + 1, typography)) collector.add(block);
    addNotes(notes[i], { collector, links });
  }
  const unwritten = holdsPictures(bytes) ? pagesWithoutText(pages) : [];
  const scanned = Math.max(0, unwritten.length - unreadable);
  if (collector.blocks.length === 0) {
    if (scanned === 0) throw nothingFound(pdf.numPages, unreadable);
    // Without any words, not even its title would be found.
    collector.add({ type: 'paragraph', text: `Scanned PDF, ${pdf.numPages} ${pdf.numPages === 1 ? 'page' : 'pages'}` });
  }
  const { title: ownTitle, ...facts } = await readPdfInfo(pdf);
  const title = ownTitle ?? titleFromHeadings(collector.blocks);
  const places = await resolveOutline(pdf, outline);
  return {
    ...(title === undefined ? {} : { title }),
    metadata: compactMetadata({
      ...facts,
      outline: listOutline(places),
      pageLabels: await readPageLabels(pdf),
      ...(unreadable > 0 ? { unreadablePages: unreadable } : {}),
      ...(scanned > 0 ? { pagesWithoutText: scanned } : {}),
      links: links.urls(),
    }),
    pageCount: pdf.numPages,
    blocks: nameByOutline(collector.blocks, places),
    ...(scanned > 0 && { wanted: ['ocr' as const], measurements: { scan: { pages: unwritten } } }),
  };
}

function addNotes(notes: PageNotes | undefined, sink: { collector: BlockCollector; links: LinkCollector }): void {
  for (const block of notes?.blocks ?? []) sink.collector.add(block);
  for (const link of notes?.links ?? []) sink.links.add(link);
}

/** Whether there are pictures in it: their descriptions are never packed, so that nothing must be decoded to see them. */
function holdsPictures(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(SLASH); at !== -1; at = bytes.indexOf(SLASH, at + 1)) {
    if (!startsWithAt(bytes, '/Subtype', at)) continue;
    const value = String.fromCharCode(...bytes.subarray(at + 8, at + 24));
    if (/^\s*\/Image(?![A-Za-z])/.test(value)) return true;
  }
  return false;
}

type ReadPages = { pages: Row[][]; notes: PageNotes[]; unreadable: number };

/** One list of rows per page. A page that cannot be read is empty: the others are worth having. */
async function readPages(pdf: Pdf, onPage?: OnPage): Promise<ReadPages> {
  const read: ReadPages = { pages: [], notes: [], unreadable: 0 };
  let characters = 0;
  for (let number = 1; number <= pdf.numPages; number++) {
    const page = await readPage(pdf, number);
    if (page === undefined) read.unreadable++;
    const { items, notes } = page ?? { items: [], notes: { blocks: [], links: [] } };
    const segments = inReadingOrder(toSegments(toRuns(items)));
    for (const { text } of [...segments, ...notes.blocks]) characters += text.length;
    if (characters > MAX_EXTRACTED_CHARACTERS) throw tooMuchText();
    read.pages.push(toRows(segments));
    read.notes.push(notes);
    await onPage?.(number, pdf.numPages);
  }
  return read;
}

async function readPage(pdf: Pdf, number: number): Promise<{ items: PaintedItem[]; notes: PageNotes } | undefined> {
  try {
    const page = await pdf.getPage(number);
    const { items } = await page.getTextContent();
    // Notes that are damaged are no reason to do without the text.
    const annotations: unknown[] = await page.getAnnotations().catch(() => []);
    page.cleanup();
    return { items: items.flatMap((item) => ('str' in item ? [item] : [])), notes: readPageNotes(annotations, number) };
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

async function readPageLabels(pdf: Pdf): Promise<string[]> {
  try {
    return describePageLabels(await pdf.getPageLabels());
  } catch {
    return [];
  }
}

/** Numbers of the pages on which nothing is written: empty, unreadable, or pictures of text. */
const pagesWithoutText = (pages: Row[][]): number[] => pages.flatMap((rows, i) => (rows.length === 0 ? [i + 1] : []));

function nothingFound(pages: number, unreadable: number): ExtractionError {
  if (unreadable === pages) {
    return new ExtractionError(
      'malformed',
      'None of the pages of the PDF can be read: the file is damaged. Save or download it anew and upload it again.',
    );
  }
  return new ExtractionError(
    'no_text',
    'The PDF holds neither text nor pictures that could be read. Check that it is the right one.',
  );
}
