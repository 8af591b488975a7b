import {
  type BlockCollector,
  cleanTitle,
  collapseWhitespace,
  compactMetadata,
  createBlockCollector,
  titleFromHeadings,
  toIsoDate,
} from './blocks.ts';
import { decodeText } from './decode.ts';
import { parsePage } from './dom.ts';
import { addDomBlocks } from './dom-blocks.ts';
import { type BookPackage, readPackage, resolvePath, rootFileOf } from './epub-package.ts';
import {
  type Block,
  type ExtractedDocument,
  ExtractionError,
  type ExtractionInput,
  type Extractor,
} from './extractor.ts';
import { addFlatBlocks, dropInertParts, fitsTree } from './html-guard.ts';
import { createLinkCollector, type LinkCollector } from './links.ts';
import { closeEmptyElements } from './xhtml.ts';
import { attribute, elementsOf, parseXml, textIn, type XmlElement } from './xml-tree.ts';
import { readZipDirectory, readZipEntry } from './zip.ts';

/** EPUB books: chapters in the order of reading, named by the table of contents where they have no heading of their own. */
export const epubExtractor: Extractor = {
  kind: 'epub',
  version: 'epub/saxes-linkedom@1',
  extract: extractEpub,
};

/** A book has one or two megabytes of text; a chapter of more than this is no chapter. */
export const MAX_CHAPTER_BYTES = 16 * 1024 * 1024;
/** Fonts are obscured, not encrypted: the text is free. */
const FONT_ALGORITHM = /idpf\.org\/2008\/embedding|ns\.adobe\.com\/pdf\/enc#RC/i;
const MAX_LABEL_CHARACTERS = 200;

/** The parts of the archive by path, unpacked when asked for. */
type Parts = { has(path: string): boolean; read(path: string): Uint8Array | undefined; paths: string[] };
/** What a file of the book says, and what the table of contents calls it. */
type Chapter = { label: string | undefined; blocks: Block[] };
type Book = { parts: Parts; package: BookPackage };

async function extractEpub({ bytes }: ExtractionInput): Promise<ExtractedDocument> {
  const parts = openParts(bytes);
  const book = await openBook(parts);
  await refuseProtected(book);
  const labels = await readLabels(book);
  const links = createLinkCollector();
  const chapters: Chapter[] = [];
  for (const { path, isNavigation } of book.package.spine) {
    const content = isNavigation ? undefined : parts.read(path);
    if (content !== undefined) chapters.push({ label: labels.get(path), blocks: await readChapter(content, links) });
  }
  const collector = createBlockCollector();
  addChapters(chapters, collector);
  const title = cleanTitle(book.package.facts.get('title')?.[0]) ?? titleFromHeadings(collector.blocks);
  return {
    ...(title === undefined ? {} : { title }),
    metadata: compactMetadata({ ...describe(book.package.facts), chapters: chapters.length, links: links.urls() }),
    blocks: collector.blocks,
  };
}

function openParts(bytes: Uint8Array): Parts {
  const entries = new Map(readZipDirectory(bytes).map((entry) => [entry.name, entry]));
  const byLowerCase = new Map([...entries].map(([name, entry]) => [name.toLowerCase(), entry]));
  const find = (path: string) => entries.get(path) ?? byLowerCase.get(path.toLowerCase());
  return {
    paths: [...entries.keys()],
    has: (path) => find(path) !== undefined,
    read(path) {
      const entry = find(path);
      if (entry === undefined) return undefined;
      if (entry.uncompressedBytes > MAX_CHAPTER_BYTES) {
        throw new ExtractionError(
          'too_large',
          'A chapter of the book is too long to be read at once. Split the book and upload its parts.',
        );
      }
      return readZipEntry(bytes, entry);
    },
  };
}

async function openBook(parts: Parts): Promise<Book> {
  const container = parts.read('META-INF/container.xml');
  const named = container === undefined ? undefined : rootFileOf(await readXml(container));
  const at = named !== undefined && parts.has(named) ? named : parts.paths.find((path) => /\.opf$/i.test(path));
  const content = at === undefined ? undefined : parts.read(at);
  if (at === undefined || content === undefined) throw damaged('its list of contents is missing');
  const found = readPackage(await readXml(content), at);
  if (!found.spine.some((item) => parts.has(item.path))) throw damaged('none of its chapters is there');
  return { parts, package: found };
}

/** Books from shops are encrypted piece by piece. @throws ExtractionError `encrypted` when chapters are. */
async function refuseProtected({ parts, package: { spine } }: Book): Promise<void> {
  const list = parts.read('META-INF/encryption.xml');
  if (list === undefined) return;
  const chapters = new Set(spine.map((item) => item.path));
  const encrypted = elementsOf(await readXml(list), 'encrypteddata').filter((node) => {
    const [method] = elementsOf(node, 'encryptionmethod');
    return method === undefined || !FONT_ALGORITHM.test(attribute(method, 'Algorithm'));
  });
  const references = encrypted.flatMap((node) => elementsOf(node, 'cipherreference'));
  const paths = references.map((node) => resolvePath('', attribute(node, 'URI')));
  if (!paths.some((path) => chapters.has(path))) return;
  throw new ExtractionError(
    'encrypted',
    'The book is copy-protected (DRM), so that only the programs of its shop can open it. Upload a copy without the protection.',
  );
}

/** Names of chapters by path, from the table of contents: of EPUB 3, else of EPUB 2. */
async function readLabels({ parts, package: { navigation, ncx } }: Book): Promise<Map<string, string>> {
  const labels = new Map<string, string>();
  const add = (from: string, reference: string, text: string) => {
    const path = resolvePath(from, reference);
    const label = collapseWhitespace(text).slice(0, MAX_LABEL_CHARACTERS).toWellFormed();
    if (label !== '' && !labels.has(path)) labels.set(path, label);
  };
  for (const [at, read] of [
    [navigation, labelsOfNavigation],
    [ncx, labelsOfNcx],
  ] as const) {
    const contents = at === undefined || labels.size > 0 ? undefined : await readLeniently(parts.read(at));
    for (const [reference, text] of contents === undefined ? [] : read(contents)) add(at ?? '', reference, text);
  }
  return labels;
}

const readXml = (content: Uint8Array) => parseXml(decodeText(content, { html: true }).text);

/** A book without a table of contents can be read. */
async function readLeniently(content: Uint8Array | undefined): Promise<XmlElement | undefined> {
  try {
    return content === undefined ? undefined : await readXml(content);
  } catch {
    return undefined;
  }
}

type Label = [reference: string, text: string];

function labelsOfNavigation(root: XmlElement): Label[] {
  const contents = elementsOf(root, 'nav').filter((node) => /\btoc\b/.test(attribute(node, 'epub:type') || 'toc'));
  const links = contents.flatMap((node) => elementsOf(node, 'a'));
  return links.map((node) => [attribute(node, 'href'), textIn(node)]);
}

function labelsOfNcx(root: XmlElement): Label[] {
  return elementsOf(root, 'navpoint').map((node) => {
    const [label] = elementsOf(node, 'navlabel');
    const [content] = elementsOf(node, 'content');
    return [attribute(content, 'src'), label === undefined ? '' : textIn(label)];
  });
}

async function readChapter(content: Uint8Array, links: LinkCollector): Promise<Block[]> {
  const html = dropInertParts(closeEmptyElements(decodeText(content, { html: true }).text));
  const collector = createBlockCollector();
  if (fitsTree(html)) addDomBlocks((await parsePage(html)).root, { collector, links });
  else addFlatBlocks(html, collector);
  return collector.blocks;
}

/** A chapter without a heading gets that of the table of contents, at the level at which the others have theirs. */
function addChapters(chapters: Chapter[], collector: BlockCollector): void {
  let level = 6;
  for (const { blocks } of chapters) for (const block of blocks) level = Math.min(level, block.level ?? level);
  const isNamed = chapters.some(({ blocks }) => blocks.some(({ type }) => type === 'heading'));
  for (const { label, blocks } of chapters) {
    const isBare = blocks.length > 0 && !blocks.some(({ type }) => type === 'heading');
    if (label !== undefined && isBare) collector.add({ type: 'heading', level: isNamed ? level : 1, text: label });
    for (const block of blocks) collector.add(block);
  }
}

function describe(facts: BookPackage['facts']): Parameters<typeof compactMetadata>[0] {
  const first = (name: string) => facts.get(name)?.[0];
  return {
    author: (facts.get('creator') ?? []).slice(0, 20).join(', '),
    publisher: first('publisher'),
    description: first('description')?.replace(/<[^<>]*>/g, ' '),
    language: first('language'),
    identifier: first('identifier'),
    createdAt: toIsoDate(first('date')),
    modifiedAt: toIsoDate(first('dcterms:modified')),
    tags: (facts.get('subject') ?? []).map(collapseWhitespace).slice(0, 50),
  };
}

function damaged(what: string): ExtractionError {
  return new ExtractionError(
    'malformed',
    `The book is damaged: ${what}. Save it anew in the program that made it, or download it again, and upload it.`,
  );
}
