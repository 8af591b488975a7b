/** What a page says about itself in JSON-LD, by the words of schema.org. */
export type LinkedData = {
  type?: string | undefined;
  title?: string | undefined;
  author?: string | undefined;
  siteName?: string | undefined;
  publishedAt?: string | undefined;
  modifiedAt?: string | undefined;
  licence?: string | undefined;
  language?: string | undefined;
  /** False for what is behind a paywall. */
  isFree?: boolean | undefined;
};

const MAX_SCRIPTS = 20;
const MAX_SCRIPT_CHARACTERS = 200_000;
const MAX_THINGS = 200;
const MAX_DEPTH = 4;
const MAX_NAMES = 10;
const LINKED_DATA = /<script\b[^>]{0,1000}?\btype\s*=\s*["']?application\/ld\+json\b[^>]{0,1000}>/gi;
const WORKS =
  /(Article|Posting|WebPage|Book|Report|Thesis|Recipe|Chapter|Course|Dataset|CreativeWork|MediaObject|VideoObject)$/;

type Thing = Record<string, unknown>;

/** Reads a page's JSON-LD; what is no JSON, or nothing that is written, is passed over. */
export function readLinkedData(html: string): LinkedData {
  const things: Thing[] = [];
  for (const text of scriptsIn(html)) gather(parse(text), { things, depth: 0 });
  const works = things.filter((thing) => WORKS.test(typeOf(thing)));
  // A page may list others: what is an article says more about it than what is any page.
  const work = works.find((thing) => !/WebPage$/.test(typeOf(thing))) ?? works[0];
  if (!work) return {};
  const { headline, name, author, creator, publisher, datePublished, dateModified, license, inLanguage } = work;
  return {
    type: typeOf(work),
    title: textOf(headline) ?? textOf(name),
    author: namesOf(author) ?? namesOf(creator),
    siteName: namesOf(publisher),
    publishedAt: textOf(datePublished),
    modifiedAt: textOf(dateModified),
    licence: linkOf(license),
    language: textOf(inLanguage) ?? (isThing(inLanguage) ? textOf(inLanguage['alternateName']) : undefined),
    isFree: flagOf(work['isAccessibleForFree']),
  };
}

/** The texts of its JSON-LD scripts that end somewhere near. */
function* scriptsIn(html: string): Generator<string> {
  let scripts = 0;
  for (const match of html.matchAll(LINKED_DATA)) {
    const start = match.index + match[0].length;
    const close = html.slice(start, start + MAX_SCRIPT_CHARACTERS).search(/<\/script/i);
    if (++scripts > MAX_SCRIPTS) return;
    if (close !== -1) yield html.slice(start, start + close);
  }
}

function gather(value: unknown, { things, depth }: { things: Thing[]; depth: number }): void {
  if (depth > MAX_DEPTH || things.length >= MAX_THINGS) return;
  if (Array.isArray(value)) {
    for (const entry of value.slice(0, MAX_THINGS)) gather(entry, { things, depth: depth + 1 });
  } else if (isThing(value)) {
    things.push(value);
    gather(value['@graph'], { things, depth: depth + 1 });
    gather(value['mainEntity'], { things, depth: depth + 1 });
  }
}

const isThing = (value: unknown): value is Thing =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const typeOf = (thing: Thing): string => String([thing['@type']].flat()[0] ?? '');

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;

/** Names of people and organisations, however they are given. */
function namesOf(value: unknown): string | undefined {
  const names = [value]
    .flat()
    .slice(0, MAX_NAMES)
    .flatMap((entry) => textOf(isThing(entry) ? [entry['name']].flat()[0] : entry) ?? []);
  return names.length === 0 ? undefined : [...new Set(names)].join(', ');
}

const linkOf = (value: unknown): string | undefined => {
  const [first] = [value].flat();
  return textOf(isThing(first) ? (first['url'] ?? first['@id']) : first);
};

const flagOf = (value: unknown): boolean | undefined =>
  value === undefined ? undefined : !/^false$/i.test(String(value));

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
