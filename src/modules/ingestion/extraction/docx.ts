import { cleanTitle, compactMetadata, createBlockCollector, titleFromHeadings, toIsoDate } from './blocks.ts';
import { PART_AROUND, readPartAround } from './docx-around.ts';
import { slimWordXml } from './docx-slim.ts';
import { headingStyles } from './docx-styles.ts';
import { parsePage } from './dom.ts';
import { addDomBlocks } from './dom-blocks.ts';
import { decodeEntities } from './entities.ts';
import {
  type Block,
  type ExtractedDocument,
  ExtractionError,
  type ExtractionInput,
  type Extractor,
} from './extractor.ts';
import { createLinkCollector } from './links.ts';
import { readZipDirectory, readZipEntry, type ZipEntry } from './zip.ts';

/** Word documents: text by mammoth, then charts, diagrams and comments, page headers and footers. Pictures are passed over. */
export const docxExtractor: Extractor = {
  kind: 'docx',
  version: 'docx/mammoth@2',
  extract: extractDocx,
};

/** What is unpacked: held once as bytes and once as text. */
export const MAX_XML_BYTES = 16 * 1024 * 1024;
/** What is parsed, without formatting: it takes some forty times its size in memory, and a Worker has 128 MB. */
export const MAX_PARSED_XML_BYTES = 2.5 * 1024 * 1024;
const MAX_PARTS_AROUND = 200;

const CORE_PROPERTIES = 'docProps/core.xml';
/** What mammoth reads; themes, fonts, glossaries and custom data hold no text of the document. */
const NEEDED_PART =
  /^(\[Content_Types\]\.xml|_rels\/\.rels|docProps\/core\.xml|word\/(_rels\/)?(document|styles|numbering|footnotes|endnotes|header|footer)\d*\.xml(\.rels)?)$/i;

const STYLES = [
  "p[style-name='Title'] => h1:fresh",
  "p[style-name='Subtitle'] => p:fresh",
  "p[style-name='heading 7'] => h6:fresh",
  "p[style-name='heading 8'] => h6:fresh",
  "p[style-name='heading 9'] => h6:fresh",
  "p[style-name='Quote'] => blockquote > p:fresh",
  "p[style-name='Intense Quote'] => blockquote > p:fresh",
  "p[style-name='HTML Preformatted'] => pre:separator('\\n')",
];

async function extractDocx({ bytes }: ExtractionInput): Promise<ExtractedDocument> {
  const entries = readZipDirectory(bytes);
  const parts = readParts(bytes, entries);
  const html = await convertToHtml(parts);
  const collector = createBlockCollector();
  const links = createLinkCollector();
  addDomBlocks((await parsePage(html)).root, { collector, links });
  for (const block of await readAround(bytes, entries)) collector.add(block);
  for (const line of runningLines(parts)) collector.add({ type: 'paragraph', text: line });
  const core = textOf(parts.get(CORE_PROPERTIES));
  const title = cleanTitle(property(core, 'dc:title')) ?? titleFromHeadings(collector.blocks);
  return {
    ...(title === undefined ? {} : { title }),
    metadata: compactMetadata({ ...readCore(core), links: links.urls() }),
    blocks: collector.blocks,
  };
}

/** The parts that hold text, unpacked and verified. Pictures, most of a large file, stay packed. */
function readParts(bytes: Uint8Array, entries: ZipEntry[]): Map<string, Uint8Array> {
  const needed = entries.filter((entry) => NEEDED_PART.test(entry.name));
  if (needed.reduce((sum, entry) => sum + entry.uncompressedBytes, 0) > MAX_XML_BYTES) throw tooMuchXml();
  const parts = new Map(needed.map((entry) => [entry.name, readPart(bytes, entry)]));
  if ([...parts.values()].reduce((sum, part) => sum + part.length, 0) > MAX_PARSED_XML_BYTES) throw tooMuchXml();
  return parts;
}

/** Charts, diagrams and comments in the order of their names; one that is damaged is no reason to do without the text. */
async function readAround(bytes: Uint8Array, entries: ZipEntry[]): Promise<Block[]> {
  const around = entries
    .filter(({ name, uncompressedBytes }) => PART_AROUND.test(name) && uncompressedBytes <= MAX_PARSED_XML_BYTES)
    .slice(0, MAX_PARTS_AROUND);
  const blocks: Block[] = [];
  for (const entry of around) {
    blocks.push(...(await readPartAround(entry.name, readZipEntry(bytes, entry)).catch(() => [])));
  }
  return blocks;
}

function tooMuchXml(): ExtractionError {
  return new ExtractionError(
    'too_large',
    'The Word document is too long to be read at once. Split it into parts, or save it as PDF, and upload that.',
  );
}

function readPart(bytes: Uint8Array, entry: ZipEntry): Uint8Array {
  const part = readZipEntry(bytes, entry);
  return /^word\/(document|footnotes|endnotes)\d*\.xml$/i.test(entry.name) ? slimWordXml(part) : part;
}

/** mammoth gets an archive of those parts only, stored: it never unpacks a byte that was not counted. */
async function convertToHtml(parts: Map<string, Uint8Array>): Promise<string> {
  const [{ zipSync }, { default: mammoth }] = await Promise.all([import('fflate'), import('mammoth')]);
  const archive = zipSync(Object.fromEntries(parts), { level: 0 });
  const noPictures = mammoth.images.imgElement(async () => ({ src: '' }));
  // Node's build takes the buffer, the browser's build, which Workers get, the array buffer.
  const input = { buffer: Buffer.from(archive.buffer), arrayBuffer: archive.buffer };
  const { value } = await mammoth.convertToHtml(input, {
    styleMap: [...STYLES, ...headingStyles(textOf(parts.get('word/styles.xml')))],
    convertImage: noPictures,
    externalFileAccess: false,
  });
  return value.replace(/<a href="#(?:footnote|endnote)-ref-[^"]*">↑<\/a>/g, '');
}

/** Lines of page headers and footers, each once, without page numbers. */
function runningLines(parts: Map<string, Uint8Array>): string[] {
  const lines = new Set<string>();
  for (const [name, content] of parts) {
    if (!/^word\/(header|footer)\d*\.xml$/i.test(name)) continue;
    for (const paragraph of textOf(content).split('</w:p>')) {
      const runs = paragraph.matchAll(/<w:t(?:\s[^<>]*)?>([^<]*)<\/w:t>|<w:(?:tab|br)\/>/g);
      const line = Array.from(runs, (run) => decodeEntities(run[1] ?? ' '))
        .join('')
        .trim();
      if (/\p{L}/u.test(line)) lines.add(line);
    }
  }
  return [...lines];
}

function readCore(core: string): Parameters<typeof compactMetadata>[0] {
  return {
    author: property(core, 'dc:creator'),
    description: property(core, 'dc:description') ?? property(core, 'dc:subject'),
    language: property(core, 'dc:language'),
    tags: (property(core, 'cp:keywords') ?? '')
      .split(/[,;]/)
      .map((word) => word.trim())
      .filter((word) => word !== '')
      .slice(0, 50),
    createdAt: toIsoDate(property(core, 'dcterms:created')),
    modifiedAt: toIsoDate(property(core, 'dcterms:modified')),
  };
}

function property(xml: string, name: string): string | undefined {
  const value = new RegExp(`<${name}(?:\\s[^<>]*)?>([^<]*)</${name}>`).exec(xml)?.[1];
  return value === undefined || value.trim() === '' ? undefined : decodeEntities(value);
}

function textOf(part: Uint8Array | undefined): string {
  return part === undefined ? '' : new TextDecoder().decode(part);
}
