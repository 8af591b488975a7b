import {
  cleanText,
  cleanTitle,
  compactMetadata,
  createBlockCollector,
  titleFromHeadings,
  toIsoDate,
} from './blocks.ts';
import { attributeOf, type DomNode, type Page, parsePage, tagOf, walkDom } from './dom.ts';
import { addDomBlocks } from './dom-blocks.ts';
import { flatText } from './dom-text.ts';
import { stripTags } from './entities.ts';
import type { Block, ExtractedDocument, ExtractionInput, Extractor } from './extractor.ts';
import { addFlatBlocks, dropInertParts, fitsTree } from './html-guard.ts';
import { createLinkCollector } from './links.ts';
import { openSavedPage, type SavedPage } from './saved-page.ts';

/** HTML and saved pages: the readable part if a page clearly has one, else all of it without navigation and scripts. */
export const htmlExtractor: Extractor = {
  kind: 'html',
  version: 'html/linkedom-readability@2',
  extract: extractHtml,
};

/** Beyond these the search for the readable part takes too long or nests too deep; such pages are read whole. */
const MAX_READABILITY_ELEMENTS = 30_000;
const MAX_READABILITY_DEPTH = 200;
/** An article that is a smaller share of the page than this has lost something that was meant to be read. */
const MIN_ARTICLE_SHARE = 0.4;
const MIN_ARTICLE_CHARACTERS = 250;

type PageFacts = {
  elements: number;
  depth: number;
  title: string;
  language: string;
  canonical: string;
  meta: Map<string, string>;
};
type Reading = { blocks: Block[]; links: string[] };

/** All that a piece of HTML in another format says: nothing is taken for a page's surroundings, nothing is left out. */
export async function readMarkup(html: string): Promise<Reading> {
  const markup = dropInertParts(cleanText(html));
  if (fitsTree(markup)) return readBlocks((await parsePage(markup)).root);
  const collector = createBlockCollector();
  addFlatBlocks(markup, collector);
  return { blocks: collector.blocks, links: [] };
}

async function extractHtml(input: ExtractionInput): Promise<ExtractedDocument> {
  const saved = openSavedPage(input);
  const html = dropInertParts(saved.html);
  return fitsTree(html) ? readTree(html, saved) : readFlat(html, saved);
}

async function readTree(html: string, saved: SavedPage): Promise<ExtractedDocument> {
  const page = await parsePage(html);
  const facts = readFacts(page.root);
  const whole = readBlocks(page.root);
  const article = isReadable(facts) ? await readArticle(page) : undefined;
  const reading = article !== undefined && isEnough(article, whole) ? restoreHeadings(article, whole) : whole;
  const title = chooseTitle(facts, article?.title, reading.blocks);
  return {
    ...(title === undefined ? {} : { title }),
    metadata: compactMetadata({ ...noteOf(saved), ...describe(facts, saved), links: reading.links }),
    blocks: reading.blocks,
  };
}

/** What is known of how the page came. */
const noteOf = ({ encoding, url, savedAt }: SavedPage) => ({ encoding, canonicalUrl: url, savedAt });

function readFlat(html: string, saved: SavedPage): ExtractedDocument {
  const collector = createBlockCollector();
  addFlatBlocks(html, collector);
  const named = stripTags(/<title\b[^>]*>([^<]{1,1000})/i.exec(html)?.[1] ?? '');
  const title = cleanTitle(named) ?? titleFromHeadings(collector.blocks);
  return {
    ...(title === undefined ? {} : { title }),
    metadata: compactMetadata(noteOf(saved)),
    blocks: collector.blocks,
  };
}

/** Readability takes the main heading for the page's title and drops it, and makes other `h1` into `h2`. */
function restoreHeadings(article: Reading, whole: Reading): Reading {
  const highest = new Set(whole.blocks.filter((block) => block.level === 1).map((block) => block.text));
  const blocks = article.blocks.map((block) =>
    block.type === 'heading' && highest.has(block.text) ? { ...block, level: 1 } : block,
  );
  const main = whole.blocks.find((block) => block.level === 1);
  const isKept = main === undefined || blocks.some((block) => block.text === main.text);
  return { blocks: isKept ? blocks : [main, ...blocks], links: article.links };
}

/** The main heading if the page's title only adds the site's name to it, else the title. */
function chooseTitle(facts: PageFacts, articleTitle: string | undefined, blocks: Block[]): string | undefined {
  const title = cleanTitle(facts.title);
  const heading = titleFromHeadings(blocks.filter((block) => block.level === 1));
  if (heading !== undefined && title?.includes(heading)) return heading;
  return cleanTitle(articleTitle) ?? title ?? titleFromHeadings(blocks);
}

function readBlocks(root: DomNode): Reading {
  const collector = createBlockCollector();
  const links = createLinkCollector();
  addDomBlocks(root, { collector, links });
  return { blocks: collector.blocks, links: links.urls() };
}

async function readArticle(page: Page): Promise<(Reading & { title: string | undefined }) | undefined> {
  try {
    const article = await page.takeArticle();
    return article === undefined ? undefined : { ...readBlocks(article.content), title: article.title };
  } catch {
    // It expects a browser's DOM in good order; a page that is not in order is read whole.
    return undefined;
  }
}

/** Whether the search for the readable part of such a page comes to an end in good time. */
export function isReadable(facts: Pick<PageFacts, 'elements' | 'depth'>): boolean {
  return facts.elements <= MAX_READABILITY_ELEMENTS && facts.depth <= MAX_READABILITY_DEPTH;
}

function isEnough(article: Reading, whole: Reading): boolean {
  const length = (reading: Reading) => reading.blocks.reduce((sum, block) => sum + block.text.length, 0);
  return length(article) >= Math.max(MIN_ARTICLE_CHARACTERS, MIN_ARTICLE_SHARE * length(whole));
}

function readFacts(page: DomNode): PageFacts {
  const facts: PageFacts = { elements: 0, depth: 0, title: '', language: '', canonical: '', meta: new Map() };
  walkDom(page, {
    enter(node, depth) {
      facts.elements++;
      facts.depth = Math.max(facts.depth, depth);
      readFact(node, facts);
    },
  });
  return facts;
}

function readFact(node: DomNode, facts: PageFacts): void {
  const tag = tagOf(node);
  if (tag === 'HTML') facts.language = attributeOf(node, 'lang');
  // Pictures in SVG have titles too, but later.
  if (tag === 'TITLE' && facts.title === '') facts.title = flatText(node);
  if (tag === 'LINK' && attributeOf(node, 'rel').toLowerCase() === 'canonical')
    facts.canonical = attributeOf(node, 'href');
  if (tag !== 'META') return;
  const name = (attributeOf(node, 'name') || attributeOf(node, 'property')).toLowerCase();
  if (name !== '' && !facts.meta.has(name)) facts.meta.set(name, attributeOf(node, 'content'));
}

function describe(facts: PageFacts, saved: SavedPage): Parameters<typeof compactMetadata>[0] {
  const first = (...names: string[]) => names.map((name) => facts.meta.get(name)).find((value) => (value ?? '') !== '');
  const published = first('article:published_time', 'date', 'dc.date', 'dcterms.date', 'dcterms.created', 'pubdate');
  return {
    author: first('author', 'dc.creator', 'dcterms.creator'),
    description: first('description', 'og:description', 'dc.description'),
    createdAt: toIsoDate(published),
    modifiedAt: toIsoDate(first('article:modified_time', 'last-modified', 'dcterms.modified')),
    language: facts.language || first('language', 'dc.language'),
    siteName: first('og:site_name', 'application-name'),
    canonicalUrl: facts.canonical || first('og:url') || saved.url,
    tags: (first('keywords', 'news_keywords') ?? '')
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== '')
      .slice(0, 50),
  };
}
