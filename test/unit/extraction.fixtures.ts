import { strToU8, type Zippable, zipSync } from 'fflate';
import { expect } from 'vitest';
import { type Extraction, extractDocument } from '../../src/modules/ingestion/extraction/extract.ts';
import { ExtractionError } from '../../src/modules/ingestion/extraction/extractor.ts';

/** Small files made on the spot, whole and broken. */

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Compatible forms made one, white space collapsed: how phrases are looked for. */
export const normalise = (text: string) => text.normalize('NFKC').replace(/\s+/g, ' ');

/** All text of a document on one line. */
export const textOf = ({ document }: Extraction) => normalise(document.blocks.map((block) => block.text).join('\n'));

export const extract = (bytes: Uint8Array, filename = 'file', mediaType = '') =>
  extractDocument({ bytes, filename, mediaType });

/** The reason of the ExtractionError that the extraction must end in; its message must be a sentence. */
export async function reasonOf(extraction: Promise<Extraction>): Promise<string> {
  const error = await extraction.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ExtractionError)) throw new Error(`Expected an ExtractionError, got ${String(error)}`);
  expect(error.message).toMatch(/^[A-Z].*\.$/);
  return error.reason;
}

/** Text in UTF-16 without a byte order mark. */
export function utf16(text: string, order: 'le' | 'be'): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i), order === 'le');
  return bytes;
}

type PdfOptions = {
  xref?: 'right' | 'damaged';
  /** Whether it holds a picture, as scans do. */
  picture?: boolean;
  /** Further entries of the catalogue and of the information dictionary. */
  catalog?: string;
  /** Further entries of the first page. */
  page?: string;
  info?: string;
  /** Further objects by number, from 50. The first page is object 4, the next is 6, and so on. */
  objects?: Record<number, string>;
};

/** A PDF of one page per text, lines of 12 points from the top; its xref table is right unless told otherwise. */
export function pdf(pages: string[], options: PdfOptions = {}): Uint8Array {
  const kids = pages.map((_, i) => `${4 + 2 * i} 0 R`).join(' ');
  const objects = [
    `<</Type/Catalog/Pages 2 0 R ${options.catalog ?? ''}>>`,
    `<</Type/Pages/Kids[${kids}]/Count ${pages.length}>>`,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
    ...pages.flatMap((page, i) => [
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F1 3 0 R>>>>/Contents ${5 + 2 * i} 0 R ${i === 0 ? (options.page ?? '') : ''}>>`,
      stream(page),
    ]),
    ...(options.picture ? [PICTURE] : []),
  ];
  let file = '%PDF-1.4\n';
  const offsets: number[] = [];
  for (const [i, object] of objects.entries()) {
    offsets.push(file.length);
    file += `${i + 1} 0 obj\n${object}\nendobj\n`;
  }
  const further = Object.entries({ ...options.objects, 99: `<<${options.info ?? ''}>>` });
  let appendix = '';
  for (const [number, object] of further) {
    appendix += `${number} 1\n${String(file.length).padStart(10, '0')} 00000 n \n`;
    file += `${number} 0 obj\n${object}\nendobj\n`;
  }
  const shift = options.xref === 'damaged' ? 777 : 0;
  const rows = offsets.map((offset) => `${String(offset + shift).padStart(10, '0')} 00000 n \n`).join('');
  const start = file.length + shift;
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}${appendix}`;
  return bytesOf(`${file}trailer\n<</Size 100/Root 1 0 R/Info 99 0 R>>\nstartxref\n${start}\n%%EOF\n`);
}

const PICTURE =
  '<</Type/XObject/Subtype /Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>\nstream\n0\nendstream';

function stream(page: string): string {
  const lines = page.split('\n').map((line) => `(${line.replace(/[()\\]/g, '\\$&')}) Tj T*`);
  const content = page === '' ? '0 0 m 10 10 l S' : `BT /F1 12 Tf 14 TL 50 750 Td ${lines.join('\n')} ET`;
  return `<</Length ${content.length}>>\nstream\n${content}\nendstream`;
}

const CONTENT_TYPES =
  '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>';
const RELATIONSHIPS =
  '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>';
const WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"';

/** A Word document with this body (WordprocessingML) and further parts. */
export function docx(body: string, parts: Record<string, string> = {}): Uint8Array {
  const files: Zippable = {
    '[Content_Types].xml': strToU8(CONTENT_TYPES),
    '_rels/.rels': strToU8(RELATIONSHIPS),
    'word/document.xml': strToU8(`<?xml version="1.0"?><w:document ${WORD}><w:body>${body}</w:body></w:document>`),
  };
  for (const [name, content] of Object.entries(parts)) files[name] = strToU8(content.replace('WORD', WORD));
  return zipSync(files);
}

export const paragraph = (text: string, style = ''): string =>
  `<w:p>${style === '' ? '' : `<w:pPr><w:pStyle w:val="${style}"/></w:pPr>`}<w:r><w:t>${text}</w:t></w:r></w:p>`;

/** A number generator that always gives the same numbers (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A copy with some bytes changed, a piece cut out or doubled, or the end missing. */
export function mutate(original: Uint8Array, random: () => number): Uint8Array {
  const at = () => Math.floor(random() * original.length);
  const kind = Math.floor(random() * 4);
  if (kind === 0) return original.slice(0, at());
  const [from, to] = [at(), at()].sort((a, b) => a - b);
  if (kind === 1) return new Uint8Array([...original.subarray(0, from), ...original.subarray(to)]);
  if (kind === 2) return new Uint8Array([...original.subarray(0, to), ...original.subarray(from)]);
  const changed = original.slice();
  for (let i = 0; i < 1 + random() * 20; i++) changed[at()] = Math.floor(random() * 256);
  return changed;
}
