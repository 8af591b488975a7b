import type { Row } from './pdf-lines.ts';
import { outlineKey, type Typography } from './pdf-paragraphs.ts';

/** An entry of the outline (bookmarks) as PDF.js gives it. */
export type OutlineEntry = { title: string; items: OutlineEntry[]; dest?: unknown };

/** Headings are set larger than the text by at least this factor. */
const MIN_HEADING_FACTOR = 1.15;
const MAX_HEADING_SIZES = 6;
/** What is set larger in a quarter of the text is text. */
const MAX_HEADING_SHARE = 0.2;
const MIN_HEADING_CHARACTERS = 60;
const MAX_OUTLINE_ENTRIES = 5000;

/** Looks over all rows of a document: the size of its running text, the sizes of its headings, its words. */
export function measureTypography(pages: Row[][], outline: OutlineEntry[]): Typography {
  const charactersBySize = new Map<number, number>();
  const words = new Set<string>();
  for (const row of pages.flat()) {
    for (const segment of row.segments) {
      const size = Math.round(segment.size * 2) / 2;
      charactersBySize.set(size, (charactersBySize.get(size) ?? 0) + segment.text.length);
      for (const word of segment.text.matchAll(/\p{L}+(?:-\p{L}+)*(?=[^\p{L}-])/gu)) words.add(word[0].toLowerCase());
    }
  }
  const byFrequency = [...charactersBySize].sort((a, b) => b[1] - a[1]);
  const bodySize = byFrequency[0]?.[0] ?? 10;
  return {
    bodySize,
    headingSizes: findHeadingSizes(charactersBySize, bodySize),
    outline: outlineLevels(outline),
    words,
  };
}

/** Sizes clearly larger than the text's, the largest first, as long as all of them together stay rare. */
function findHeadingSizes(charactersBySize: Map<number, number>, bodySize: number): number[] {
  const total = [...charactersBySize.values()].reduce((sum, characters) => sum + characters, 0);
  const larger = [...charactersBySize]
    .filter(([size]) => size >= MIN_HEADING_FACTOR * bodySize)
    .sort((a, b) => b[0] - a[0]);
  let characters = 0;
  const rare = larger.filter(([, count]) => {
    characters += count;
    return characters <= Math.max(MAX_HEADING_SHARE * total, MIN_HEADING_CHARACTERS);
  });
  return rare.map(([size]) => size).slice(0, MAX_HEADING_SIZES);
}

function outlineLevels(outline: OutlineEntry[]): Map<string, number> {
  const levels = new Map<string, number>();
  let entries = outline;
  for (let level = 1; entries.length > 0 && levels.size < MAX_OUTLINE_ENTRIES; level++) {
    for (const entry of entries) {
      const key = outlineKey(entry.title);
      if (key !== '' && !levels.has(key)) levels.set(key, Math.min(6, level));
    }
    entries = entries.flatMap((entry) => entry.items);
  }
  return levels;
}

/**
 * Leaves out page numbers, and lines that stand unchanged at the same edge of most pages: the first one stays. A header too
 * many does no harm, a line of text too few does: in doubt a line stays, and no page loses all of its lines.
 */
export function dropRunningLines(pages: Row[][]): Row[][] {
  if (pages.length < MIN_PAGES_FOR_RUNNING_LINES) return pages;
  const edges = pages.map(edgesOf);
  const isRunning = countRunning(edges);
  const seen = new Set<string>();
  return pages.map((rows, i) => {
    const dropped = new Set((edges[i] ?? []).flatMap((edge) => repeatedRows(edge, isRunning, seen)));
    const kept = rows.filter((row) => !dropped.has(row));
    return kept.length === 0 ? rows : kept;
  });
}

/** From the edge inwards up to the first line of the text's own: behind it there is only text. */
function repeatedRows(edge: EdgeRow[], isRunning: (key: string) => boolean, seen: Set<string>): Row[] {
  const repeated: Row[] = [];
  for (const { row, number, line } of edge) {
    const isNumber = isRunning(number);
    if (!isNumber && !isRunning(line)) break;
    if (isNumber || seen.has(line)) repeated.push(row);
    else seen.add(line);
  }
  return repeated;
}

const MIN_PAGES_FOR_RUNNING_LINES = 3;
/** More than this share of the pages. */
const MIN_RUNNING_SHARE = 0.5;
const EDGE_ROWS = 2;
/** On a page with fewer rows each one stands at an edge, which tells headers from text no longer. */
const MIN_ROWS_FOR_RUNNING_LINES = 2 * EDGE_ROWS + 1;
const MAX_PAGE_NUMBER_CHARACTERS = 24;
const PAGE_NUMBER =
  /^[-–—|•·([ ]*(?:(?:p ?a ?g ?e|seite|página|pagina|pág|pag|pg|p|s)\b[.: |]*)?(\d{1,4})(?: ?(?:\/|\||of|von|de|di|sur|van) ?(\d{1,4}))?[-–—|•·)\]. ]*(?:p ?a ?g ?e|seite)?$/iu;

/** A row at the top or bottom of a page, and what it shares with those of other pages; empty when it can share nothing. */
type EdgeRow = { row: Row; number: string; line: string };

/** The outermost rows at the top and at the bottom of a page, from the edge inwards. */
function edgesOf(rows: Row[], pageIndex: number): EdgeRow[][] {
  const downwards = [...rows].sort((a, b) => b.y - a.y);
  const hasText = rows.length >= MIN_ROWS_FOR_RUNNING_LINES;
  const toEdge = (name: string, inwards: Row[]) =>
    inwards.slice(0, EDGE_ROWS).map((row) => {
      const text = lineText(row);
      const number = pageNumberKey(text, pageIndex);
      return {
        row,
        number: number === undefined ? '' : `${name} number ${number}`,
        line: hasText ? `${name} line ${text}` : '',
      };
    });
  return [toEdge('top', downwards), toEdge('bottom', downwards.toReversed())];
}

/** Tells what is found on most pages. */
function countRunning(edges: EdgeRow[][][]): (key: string) => boolean {
  const counts = new Map<string, number>();
  for (const page of edges) {
    const keys = new Set(page.flat().flatMap(({ number, line }) => [number, line]));
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return (key) => {
    const count = key === '' ? 0 : (counts.get(key) ?? 0);
    return count >= MIN_PAGES_FOR_RUNNING_LINES && count > MIN_RUNNING_SHARE * edges.length;
  };
}

/** The same for all numbers that follow the pages: how far they are from the page's own, and of how many they are. */
function pageNumberKey(text: string, pageIndex: number): string | undefined {
  if (text.length > MAX_PAGE_NUMBER_CHARACTERS) return undefined;
  const [, number, total = ''] = PAGE_NUMBER.exec(text) ?? [];
  return number === undefined ? undefined : `${Number(number) - pageIndex} of ${total}`;
}

function lineText(row: Row): string {
  return row.segments
    .map((segment) => segment.text)
    .join(' ')
    .replace(/\s+/g, ' ')
    .trim();
}
