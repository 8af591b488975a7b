import type { BlockCollector } from './blocks.ts';
import { stripTags } from './entities.ts';

/**
 * The parser takes up to a kilobyte of memory for an element, of the 128 MB that a Worker has, and quadratic time in
 * depth. What people write stays below these; larger pages are read without a tree.
 */
export const MAX_TREE_CHARACTERS = 4_000_000;
export const MAX_TREE_TAGS = 100_000;
const MAX_TREE_ATTRIBUTES = 150_000;
const MAX_TREE_DEPTH = 1000;

/** Elements without content, and elements that the next of their kind closes. */
const NEVER_NEST = new Set(
  'area base br col embed hr img input link meta param source track wbr p li td th tr dt dd option thead tbody tfoot'.split(
    ' ',
  ),
);

/** In one pass: what looks like a comment in a script is none, nor is a script in a comment one. Only drawings end in `/>`. */
const INERT =
  /<!--(?:-?>|[\s\S]*?(?:--!?>|$))|<svg(?:\s[^>]*)?\/>|<(script|style|noscript|template|svg)(?=[\s/>])[^>]*>[\s\S]*?(?:<\/\1(?=[\s/>])[^>]*>|$)/gi;

/** The page without its doctype, scripts, styles and comments: nothing of them is read, and they are often most of it. */
export function dropInertParts(html: string): string {
  return html.replace(INERT, (_, tag?: string) => (tag === undefined ? '' : ' ')).replace(/<!doctype[^>]*>/i, '');
}

/** Whether the page is small and flat enough to be parsed into a tree. */
export function fitsTree(html: string): boolean {
  return (
    html.length <= MAX_TREE_CHARACTERS &&
    countOf(html, '<') <= MAX_TREE_TAGS &&
    countOf(html, '=') <= MAX_TREE_ATTRIBUTES &&
    depthOf(html) <= MAX_TREE_DEPTH
  );
}

/** Adds the page's headings and lines without building a tree: less structure, but any size. */
export function addFlatBlocks(html: string, collector: BlockCollector): void {
  const body = html.replace(/<(head|nav|select)\b[^>]*>[\s\S]*?<\/\1\s*>/gi, '');
  const parts = body.split(/<h([1-6])\b[^>]*>([\s\S]{0,2000}?)<\/h\1\s*>/i);
  for (let i = 0; i < parts.length; i += 3) {
    for (const line of stripTags(parts[i] ?? '').split('\n')) collector.add({ type: 'paragraph', text: line });
    const heading = stripTags(parts[i + 2] ?? '').replace(/\s+/g, ' ');
    collector.add({ type: 'heading', level: Number(parts[i + 1] ?? 1), text: heading });
  }
}

function countOf(text: string, character: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1)) count++;
  return count;
}

function depthOf(html: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [, slash, name = ''] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)/gi)) {
    if (NEVER_NEST.has(name.toLowerCase())) continue;
    depth = Math.max(0, depth + (slash === '/' ? -1 : 1));
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}
