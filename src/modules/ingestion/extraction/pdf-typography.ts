import type { Row } from './pdf-lines.ts';
import { outlineKey, type Typography } from './pdf-paragraphs.ts';

/** An entry of the outline (bookmarks) as PDF.js gives it. */
export type OutlineEntry = { title: string; items: OutlineEntry[] };

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

/** Page numbers and lines that stand at the edge of most pages: every repetition goes, the first one stays. */
export function dropRunningLines(pages: Row[][]): Row[][] {
  if (pages.length < MIN_PAGES_FOR_RUNNING_LINES) return pages;
  const counts = new Map<string, number>();
  for (const rows of pages) {
    for (const key of new Set([...edgeRows(rows)].map(maskDigits))) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const isRunning = (key: string) => (counts.get(key) ?? 0) >= Math.max(3, MIN_RUNNING_SHARE * pages.length);
  const seen = new Set<string>();
  return pages.map((rows) => {
    const edges = edgeRows(rows);
    return rows.filter((row) => {
      const key = maskDigits(row);
      if (!edges.has(row) || !isRunning(key)) return true;
      const isFirst = !seen.has(key) && /\p{L}/u.test(key);
      seen.add(key);
      return isFirst;
    });
  });
}

const MIN_PAGES_FOR_RUNNING_LINES = 3;
const MIN_RUNNING_SHARE = 0.5;

function edgeRows(rows: Row[]): Set<Row> {
  const byHeight = [...rows].sort((a, b) => b.y - a.y);
  return new Set([...byHeight.slice(0, 2), ...byHeight.slice(-2)]);
}

function maskDigits(row: Row): string {
  return row.segments
    .map((segment) => segment.text)
    .join(' ')
    .replace(/\d+/g, '#')
    .replace(/\s+/g, ' ')
    .trim();
}
