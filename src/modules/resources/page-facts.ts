import { cleanTitle, toIsoDate } from '../ingestion/extraction/blocks.ts';
import { decodeText } from '../ingestion/extraction/decode.ts';
import {
  attributeOf,
  type DomNode,
  isTextNode,
  type Page,
  parsePage,
  tagOf,
  walkDom,
} from '../ingestion/extraction/dom.ts';
import { flatText, isSkipped } from '../ingestion/extraction/dom-text.ts';
import { isReadable } from '../ingestion/extraction/html.ts';
import { dropInertParts, fitsTree } from '../ingestion/extraction/html-guard.ts';
import { type LinkedData, readLinkedData } from './json-ld.ts';
import { licenceOf } from './licences.ts';
import { normaliseUrl } from './resource-url.ts';

/** What a page says about itself, for people and for judging it. */
export type PageFacts = {
  title?: string;
  canonicalUrl?: string;
  author?: string;
  siteName?: string;
  description?: string;
  publishedAt?: string;
  modifiedAt?: string;
  language?: string;
  /** A known one by its name, else the address of its text. */
  licence?: string;
  /** Feeds that the page names. */
  feeds?: string[];
};

/** What a page consists of, in characters of text. */
export type PageMeasures = {
  /** All that can be read. */
  wholeCharacters: number;
  /** Of that, what a reader would call the text. */
  articleCharacters: number;
  /** Of the text, what leads elsewhere. */
  linkCharacters: number;
  words: number;
  hasPaywall: boolean;
};

const MAX_FACT_CHARACTERS = 500;
const MAX_FEEDS = 10;
const MAX_HEAD_CHARACTERS = 200_000;
const MAX_HEAD_TAGS = 500;
const HEAD_TAG = /<(?:meta|link|html)\b[^<>]{0,2000}>|<title\b[^<>]{0,200}>[^<]{0,1000}<\/title>/gi;
const FEED_TYPE = /^application\/(rss\+xml|atom\+xml|feed\+json)\b/i;
const PAYWALL_WORDS =
  /\b(subscribe (now )?to (continue|keep) reading|this (article|content|story) is (for|only for|available to) subscribers|already a subscriber\?|subscribers? only|register to continue reading)/i;
const PAYWALL_PARTS = /\b(paywall|regwall|piano-(inline|modal)|tp-container-inner|subscriber-only|meteredContent)\b/i;

type Marks = {
  meta: Map<string, string>;
  links: { rel: string; href: string; type: string }[];
  title: string;
  language: string;
};
type Shape = { elements: number; depth: number };

/**
 * Reads what a page tells about itself: its head, its JSON-LD, its links to a licence, and how much of it is text.
 * @param from.url where the page was found, which relative addresses in it refer to.
 */
export async function readPage(
  bytes: Uint8Array,
  from: { url: string; mediaType: string },
): Promise<{ facts: PageFacts; measures: PageMeasures }> {
  const { text } = decodeText(bytes, { mediaType: from.mediaType, html: true });
  const linked = readLinkedData(text);
  const html = dropInertParts(text);
  const isWhole = fitsTree(html);
  // Of a page that is too large for a tree, the head still says most of it.
  const page = await parsePage(isWhole ? html : headOf(html));
  const { shape, ...marks } = readMarks(page.root);
  const facts = toFacts(marks, { linked, url: from.url });
  const hasPaywall =
    linked.isFree === false || marks.meta.get('article:content_tier') === 'locked' || PAYWALL_PARTS.test(html);
  const measures = isWhole ? await measure(page, shape) : measureFlat(html);
  return { facts, measures: { ...measures, hasPaywall: hasPaywall || measures.hasPaywall } };
}

/** Those tags of its beginning that say something about the page, one beside the other: nothing nests. */
const headOf = (html: string) =>
  (html.slice(0, MAX_HEAD_CHARACTERS).match(HEAD_TAG) ?? []).slice(0, MAX_HEAD_TAGS).join('');

function readMarks(root: DomNode): Marks & { shape: Shape } {
  const marks: Marks = { meta: new Map(), links: [], title: '', language: '' };
  const shape: Shape = { elements: 0, depth: 0 };
  walkDom(root, {
    enter(node, depth) {
      const tag = tagOf(node);
      shape.elements++;
      shape.depth = Math.max(shape.depth, depth);
      if (tag === 'HTML') marks.language = attributeOf(node, 'lang');
      else if (tag === 'TITLE') marks.title ||= flatText(node);
      else if (tag === 'META') noteMeta(node, marks);
      else if (tag === 'LINK' || tag === 'A') noteLink(node, marks);
    },
  });
  return { ...marks, shape };
}

function noteMeta(node: DomNode, { meta }: Marks): void {
  const name = (
    attributeOf(node, 'name') ||
    attributeOf(node, 'property') ||
    attributeOf(node, 'itemprop')
  ).toLowerCase();
  const content = attributeOf(node, 'content').trim();
  if (name !== '' && content !== '' && !meta.has(name)) meta.set(name, content);
}

function noteLink(node: DomNode, { links }: Marks): void {
  const href = attributeOf(node, 'href').trim();
  const rel = attributeOf(node, 'rel').toLowerCase();
  if (href === '' || (rel === '' && licenceOf(href) === undefined)) return;
  links.push({ rel, href, type: attributeOf(node, 'type') });
}

function toFacts(marks: Marks, { linked, url }: { linked: LinkedData; url: string }): PageFacts {
  const meta = (...names: string[]) => names.map((name) => marks.meta.get(name)).find((value) => value !== undefined);
  const related = (rel: string) => marks.links.filter((link) => link.rel.split(/\s+/).includes(rel));
  const canonical = related('canonical')[0]?.href ?? meta('og:url');
  const feeds = related('alternate')
    .filter(({ type }) => FEED_TYPE.test(type))
    .flatMap(({ href }) => normaliseUrl(href, url) ?? [])
    .slice(0, MAX_FEEDS);
  return present({
    title: cleanTitle(meta('og:title', 'citation_title', 'dc.title') ?? linked.title ?? marks.title),
    canonicalUrl: canonical === undefined ? undefined : normaliseUrl(canonical, url),
    author: fact(meta('author', 'article:author', 'citation_author', 'dc.creator', 'parsely-author'), linked.author),
    siteName: fact(meta('og:site_name', 'application-name'), linked.siteName),
    description: fact(meta('description', 'og:description', 'twitter:description', 'dc.description')),
    publishedAt: date(
      meta(
        'article:published_time',
        'citation_publication_date',
        'dc.date',
        'dcterms.date',
        'date',
        'pubdate',
        'datepublished',
      ),
      linked.publishedAt,
    ),
    modifiedAt: date(
      meta('article:modified_time', 'og:updated_time', 'last-modified', 'datemodified'),
      linked.modifiedAt,
    ),
    language: languageTag(marks.language || (meta('og:locale', 'language', 'dc.language') ?? linked.language ?? '')),
    licence: licence(
      [...related('license').map(({ href }) => href), meta('dcterms.license', 'dc.rights'), linked.licence],
      {
        links: marks.links.map(({ href }) => href),
        url,
      },
    ),
    feeds: feeds.length === 0 ? undefined : [...new Set(feeds)],
  });
}

/** What says that it is the licence, else any link to a known one. */
function licence(stated: (string | undefined)[], { links, url }: { links: string[]; url: string }): string | undefined {
  const addresses = stated.flatMap((text) => (text === undefined ? [] : (normaliseUrl(text, url) ?? [])));
  const known = [...addresses, ...links].map(licenceOf).find((name) => name !== undefined);
  return known ?? addresses[0]?.slice(0, MAX_FACT_CHARACTERS);
}

/** An address for an author says nothing to a reader. */
const fact = (...values: (string | undefined)[]): string | undefined =>
  values
    .map((value) => cleanTitle(value?.slice(0, MAX_FACT_CHARACTERS)))
    .find((value) => value && !/^https?:/.test(value));

const date = (...values: (string | undefined)[]): string | undefined =>
  values.map((value) => toIsoDate(value)).find((value) => value !== undefined);

/** `de_DE` and `de-DE` as `de-DE`. */
function languageTag(text: string): string | undefined {
  const tag = text.trim().replace(/_/g, '-');
  return /^[a-z]{2,3}(-[a-z\d]{1,8}){0,3}$/i.test(tag) ? tag : undefined;
}

async function measure(page: Page, shape: Shape): Promise<PageMeasures> {
  const whole = textOf(page.root);
  // Looking for the article takes the tree apart.
  const article = isReadable(shape) ? await page.takeArticle().catch(() => undefined) : undefined;
  const read = article === undefined ? { text: '', inLinks: 0 } : textOf(article.content);
  return {
    wholeCharacters: whole.text.length,
    articleCharacters: Math.min(read.text.length, whole.text.length),
    linkCharacters: article === undefined ? whole.inLinks : read.inLinks,
    words: countWords(read.text || whole.text),
    hasPaywall: PAYWALL_WORDS.test(whole.text),
  };
}

function measureFlat(html: string): PageMeasures {
  const text = html.replace(/<[^<>]*>/g, ' ').replace(/\s+/g, ' ');
  const { length } = text;
  const words = countWords(text);
  return { wholeCharacters: length, articleCharacters: length, linkCharacters: 0, words, hasPaywall: false };
}

function textOf(root: DomNode): { text: string; inLinks: number } {
  let text = '';
  let inLinks = 0;
  let links = 0;
  walkDom(root, {
    enter(node) {
      const tag = tagOf(node);
      if (isSkipped(node, tag) && tag !== 'NAV') return false;
      if (tag === 'A') links++;
      if (!isTextNode(node)) return true;
      const piece = (node.nodeValue ?? '').replace(/\s+/g, ' ');
      text += piece;
      if (links > 0) inLinks += piece.trim().length;
      return true;
    },
    leave(node) {
      const tag = tagOf(node);
      if (tag === 'A') links--;
      if (tag !== '') text += ' ';
    },
  });
  return { text: text.replace(/\s+/g, ' ').trim(), inLinks };
}

const SPACED_WORD = /(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}])[\p{L}\p{M}\p{N}])+/gu;
const UNSPACED_LETTER = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu;

/** Roughly: what is written without spaces has some two letters a word. */
const countWords = (text: string): number =>
  (text.match(SPACED_WORD)?.length ?? 0) + Math.round((text.match(UNSPACED_LETTER)?.length ?? 0) / 2);

const present = (facts: { [K in keyof PageFacts]: PageFacts[K] | undefined }): PageFacts =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
