import { cleanTitle } from '../../ingestion/extraction/blocks.ts';
import { decodeText } from '../../ingestion/extraction/decode.ts';
import { stripTags } from '../../ingestion/extraction/entities.ts';
import { normaliseUrl } from '../resource-url.ts';
import { readJsonFeed } from './json-feed.ts';
import { readXmlFeed } from './xml-feed.ts';

/** A feed as its site writes it: any of its texts may be anything. */
export type RawFeed = { title?: string | undefined; link?: string | undefined; entries: RawEntry[] };
export type RawEntry = {
  link?: string | undefined;
  title?: string | undefined;
  author?: string | undefined;
  summary?: string | undefined;
  date?: string | undefined;
};

export type Feed = { title: string | undefined; siteUrl: string | undefined; entries: FeedEntry[] };

/** What a feed names, by the address at which it is. */
export type FeedEntry = {
  url: string;
  title: string | undefined;
  author: string | undefined;
  summary: string | undefined;
  publishedAt: number | undefined;
};

/** It is no feed, or none that can be read. */
export class FeedError extends Error {
  override readonly name = 'FeedError';
}

export const MAX_FEED_BYTES = 5 * 1024 * 1024;
export const MAX_ENTRIES = 500;
const MAX_TEXT_CHARACTERS = 500;
/** A document is sniffed by this much of its beginning. */
export const HEAD_BYTES = 4096;

/** Whether what begins like this is a feed: declared types are often wrong. */
export function looksLikeFeed(head: Uint8Array): boolean {
  const text = decodeText(head.subarray(0, HEAD_BYTES))
    .text.replace(/<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!DOCTYPE[^>[]*(\[[\s\S]*?\])?\s*>/g, '')
    .trimStart();
  if (/^<(rss|feed|[\w-]{1,20}:feed|rdf:RDF|[\w-]{1,20}:RDF)[\s>]/.test(text)) {
    return /<rss[\s>]|http:\/\/www\.w3\.org\/2005\/Atom|http:\/\/purl\.org\/(rss\/1\.0|atom)|http:\/\/my\.netscape\.com\/rdf/.test(
      text,
    );
  }
  return /^\{[\s\S]*"version"\s*:\s*"https?:(\\?\/){2}(www\.)?jsonfeed\.org(\\?\/)version/.test(text);
}

/**
 * Reads RSS (0.9 to 2.0), Atom and JSON Feed. Nothing in it is loaded or expanded; what is too long is cut.
 * @param from.url where it was found, which relative addresses refer to.
 * @throws FeedError
 */
export async function readFeed(bytes: Uint8Array, from: { url: string; mediaType: string }): Promise<Feed> {
  if (bytes.byteLength > MAX_FEED_BYTES) throw new FeedError(`A feed may have at most ${MAX_FEED_BYTES} bytes.`);
  const text = decode(bytes, from.mediaType);
  const raw = text.trimStart().startsWith('{') ? readJsonFeed(text) : await readXmlFeed(text);
  const entries = new Map<string, FeedEntry>();
  for (const entry of raw.entries.slice(0, MAX_ENTRIES)) {
    const url = entry.link === undefined ? undefined : normaliseUrl(entry.link, from.url);
    if (url === undefined || entries.has(url)) continue;
    entries.set(url, {
      url,
      title: tidy(entry.title),
      author: tidy(entry.author),
      summary: tidy(entry.summary),
      publishedAt: timeOf(entry.date),
    });
  }
  const newestFirst = [...entries.values()].sort((a, b) => (b.publishedAt ?? 0) - (a.publishedAt ?? 0));
  const siteUrl = raw.link === undefined ? undefined : normaliseUrl(raw.link, from.url);
  return { title: tidy(raw.title), siteUrl, entries: newestFirst };
}

/** XML names its encoding in itself. */
function decode(bytes: Uint8Array, mediaType: string): string {
  const start = new TextDecoder('windows-1252').decode(bytes.subarray(0, 200));
  const named = /^\s*<\?xml[^>]{0,150}\bencoding\s*=\s*["']([\w.:-]{1,40})["']/i.exec(start)?.[1];
  const isDeclared = /charset\s*=/i.test(mediaType);
  return decodeText(bytes, { mediaType: named && !isDeclared ? `text/xml; charset=${named}` : mediaType }).text;
}

/** One line of text; titles may hold HTML. */
function tidy(text: string | undefined): string | undefined {
  const line = cleanTitle(stripTags(text ?? ''));
  return line?.slice(0, MAX_TEXT_CHARACTERS).toWellFormed();
}

const EARLIEST = Date.UTC(1970, 0, 2);
const LATEST = Date.UTC(2200, 0, 1);

function timeOf(text: string | undefined): number | undefined {
  const time = Date.parse(text?.trim() ?? '');
  return time >= EARLIEST && time <= LATEST ? time : undefined;
}
