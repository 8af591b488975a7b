import { cleanTitle } from './blocks.ts';
import type { Block } from './extractor.ts';
import { outlineKey } from './pdf-paragraphs.ts';
import type { OutlineEntry } from './pdf-typography.ts';

/** What is asked of a PDF.js document to find where its outline leads. */
export type OutlineSource = {
  getDestination(name: string): Promise<unknown[] | null>;
  getPageIndex(reference: { num: number; gen: number }): Promise<number>;
  getPage(number: number): Promise<{ view: number[] }>;
  numPages: number;
};

/** An entry of the outline with the titles above it and the page that it leads to. */
export type OutlinePlace = {
  titles: string[];
  page: number;
  /** Whether it leads to the top of the page: what stands on it is then all below the entry. */
  startsPage: boolean;
};

/** A long manual has a few thousand entries; names of sections of sections help nobody to find a passage. */
const MAX_ENTRIES = 2000;
const MAX_DEPTH = 4;
const MAX_LISTED = 100;
/** Destinations in the upper part of the page are its beginning, header and margin included. */
const TOP_SHARE = 0.7;

/** Resolves the outline's entries in document order. Those that lead nowhere are left out. */
export async function resolveOutline(source: OutlineSource, outline: OutlineEntry[]): Promise<OutlinePlace[]> {
  const places: OutlinePlace[] = [];
  for (const { titles, entry } of flatten(outline)) {
    const place = await findPlace(source, entry.dest).catch(() => undefined);
    if (place !== undefined) places.push({ titles, ...place });
  }
  return places;
}

/** Puts the outline's names on the blocks below them, unless most of them stand in the text as headings. */
export function nameByOutline(blocks: Block[], places: OutlinePlace[]): Block[] {
  const headings = new Set(blocks.flatMap(({ type, text }) => (type === 'heading' ? [outlineKey(text)] : [])));
  const isHeading = (title: string) => headings.has(outlineKey(title));
  if (places.filter(({ titles }) => isHeading(titles.at(-1) ?? '')).length >= places.length / 2) return blocks;
  const paths = new Map<number, string[]>();
  const pathOf = (page: number): string[] => {
    const known = paths.get(page);
    if (known !== undefined) return known;
    const last = places.findLast((place) => place.page < page || (place.page === page && place.startsPage));
    const path = (last?.titles ?? []).filter((title) => !isHeading(title));
    paths.set(page, path);
    return path;
  };
  return blocks.map((block) => {
    const path = block.page === undefined ? [] : pathOf(block.page);
    return path.length === 0 ? block : { ...block, path };
  });
}

/** The outline in words, to be shown beside the document. */
export function listOutline(places: OutlinePlace[]): string[] {
  return places.slice(0, MAX_LISTED).map(({ titles, page }) => `${titles.at(-1) ?? ''} … ${page}`);
}

type Flat = { titles: string[]; entry: OutlineEntry };

function flatten(outline: OutlineEntry[]): Flat[] {
  const flat: Flat[] = [];
  const add = (entries: OutlineEntry[], above: string[]) => {
    for (const entry of entries) {
      const title = cleanTitle(entry.title);
      if (flat.length >= MAX_ENTRIES) return;
      const titles = title === undefined ? above : [...above, title];
      if (title !== undefined) flat.push({ titles, entry });
      if (titles.length < MAX_DEPTH) add(entry.items, titles);
    }
  };
  add(outline, []);
  return flat;
}

async function findPlace(
  source: OutlineSource,
  destination: unknown,
): Promise<Omit<OutlinePlace, 'titles'> | undefined> {
  const target = typeof destination === 'string' ? await source.getDestination(destination) : destination;
  if (!Array.isArray(target)) return undefined;
  const [reference, , , top]: unknown[] = target;
  const index = isReference(reference) ? await source.getPageIndex(reference) : Number(reference);
  if (!Number.isInteger(index) || index < 0 || index >= source.numPages) return undefined;
  if (typeof top !== 'number') return { page: index + 1, startsPage: true };
  const [, bottom = 0, , edge = 0] = (await source.getPage(index + 1)).view;
  return { page: index + 1, startsPage: top >= bottom + TOP_SHARE * (edge - bottom) };
}

const isReference = (value: unknown): value is { num: number; gen: number } =>
  value instanceof Object &&
  'num' in value &&
  'gen' in value &&
  typeof value.num === 'number' &&
  typeof value.gen === 'number';
