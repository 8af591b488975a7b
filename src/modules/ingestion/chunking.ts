import { type ChunkingRule, PROFILE_CHUNKING, type Profile } from './chunk-profiles.ts';
import { type Span, splitBlock } from './chunk-units.ts';
import type { Block, TimeSpan } from './extraction/extractor.ts';

export { type ChunkingRule, PROFILE_CHUNKING, PROFILES, type Profile } from './chunk-profiles.ts';

/** A passage: `text.slice(start, end)` of the extracted text, in UTF-16 code units. */
export type Chunk = {
  /** 0, 1, 2 … in reading order. */
  ordinal: number;
  start: number;
  end: number;
  /** The page on which all of it stands, where the format has pages. */
  page: number | null;
  /** Headings above the passage and in it as far as they hold for all of it, outermost first. */
  headings: string[];
  /** When all of it is heard, where the format has a time. */
  time?: TimeSpan | undefined;
};

const BLOCK_SEPARATOR = '\n\n';
/** Sections shorter than this are joined with the next ones on their page: alone they mean too little to be found. */
const TINY_CHARACTERS = 200;
/** The share of the target from which on the end of a block or sentence is a good place to stop. */
const GOOD_BLOCK_END = 0.6;
const GOOD_SENTENCE_END = 0.75;
const MAX_HEADING_CHARACTERS = 120;

/** The canonical extracted text, blocks separated by an empty line, and where each block lies in it. */
export function layoutText(blocks: Block[]): { text: string; spans: Span[] } {
  const spans: Span[] = [];
  let start = 0;
  for (const block of blocks) {
    spans.push({ start, end: start + block.text.length });
    start += block.text.length + BLOCK_SEPARATOR.length;
  }
  return { text: blocks.map((block) => block.text).join(BLOCK_SEPARATOR), spans };
}

/**
 * Cuts a document into passages for search and citation. Chunks are in order, cover all of the text but white space, are
 * never longer than the profile's maximum, and begin anew on every page and at headings (unless the section is tiny).
 * Neighbours within a section overlap by whole sentences, never across pages.
 */
export function chunkDocument(blocks: Block[], profile: Profile): { text: string; chunks: Chunk[] } {
  const { text, spans } = layoutText(blocks);
  const rule = PROFILE_CHUNKING[profile];
  const paths = headingPaths(blocks);
  const chunks: Chunk[] = [];
  for (const group of groupBlocks(blocks, paths)) {
    const units = group.flatMap((index) => unitsOf(index, { text, spans, blocks, rule }));
    for (const { start, end, from, to } of pack(units, rule)) {
      const inside = group.filter((index) => index >= from && index <= to);
      const headings = commonPath(inside, { blocks, paths }).map((index) => headingText(blocks[index]));
      const place = { page: blocks[from]?.page ?? null, ...timeOf(blocks.slice(from, to + 1)) };
      const names = [...(blocks[from]?.path ?? []), ...headings];
      chunks.push({ ordinal: chunks.length, start, end, ...place, headings: names });
    }
  }
  return { text, chunks };
}

/** For each block the indexes of the headings it stands under, a heading standing under itself. */
function headingPaths(blocks: Block[]): number[][] {
  let path: number[] = [];
  return blocks.map((block, index) => {
    if (block.type === 'heading') {
      const level = block.level ?? 1;
      path = [...path.filter((above) => (blocks[above]?.level ?? 1) < level), index];
    }
    return path;
  });
}

/** Blocks that may share chunks: one section on one page, tiny sections joined with what follows under the same parent. */
function groupBlocks(blocks: Block[], paths: number[][]): number[][] {
  const groups: number[][] = [];
  let characters = 0;
  for (const [index, block] of blocks.entries()) {
    const previous = blocks[index - 1];
    const isNewPage = previous?.page !== block.page;
    const isNewSection = block.type === 'heading' && !isRelated(paths[index - 1] ?? [], paths[index] ?? []);
    const isElsewhere = previous?.path?.join('\n') !== block.path?.join('\n');
    const isFull = characters >= TINY_CHARACTERS && block.type === 'heading';
    if (previous === undefined || isNewPage || isElsewhere || isNewSection || isFull) {
      groups.push([]);
      characters = 0;
    }
    groups.at(-1)?.push(index);
    characters += block.text.length;
  }
  return groups;
}

function timeOf(blocks: Block[]): { time?: TimeSpan } {
  const times = blocks.flatMap(({ time }) => time ?? []);
  if (times.length === 0) return {};
  const startMs = Math.min(...times.map((time) => time.startMs));
  return { time: { startMs, endMs: Math.max(...times.map((time) => time.endMs)) } };
}

/** Whether a section may be joined with the one before it: its parent, or its sibling. */
function isRelated(before: number[], after: number[]): boolean {
  const parent = after.slice(0, -1);
  return (
    before.length >= parent.length &&
    parent.every((heading, i) => before[i] === heading) &&
    before.length <= after.length
  );
}

type Unit = Span & { block: number; startsBlock: boolean; blockEnd: number };
type Packed = Span & { from: number; to: number };

function unitsOf(
  index: number,
  { text, spans, blocks, rule }: { text: string; spans: Span[]; blocks: Block[]; rule: ChunkingRule },
): Unit[] {
  const span = spans[index];
  const type = blocks[index]?.type;
  if (span === undefined || type === undefined) return [];
  // Long sentences, as of laws, stay whole, with room left for a heading above them.
  const limit = Math.round((rule.targetCharacters + rule.maxCharacters) / 2);
  return splitBlock(text, { span, type }, limit).map((unit, i) => ({
    ...unit,
    block: index,
    startsBlock: i === 0,
    blockEnd: span.end,
  }));
}

/** Fills chunks with units: closes one at the best place near the target, repeats its last sentences in the next. */
function pack(units: Unit[], rule: ChunkingRule): Packed[] {
  const packed: Packed[] = [];
  let first = 0;
  /** The first unit that no earlier chunk holds. */
  let fresh = 0;
  for (let next = 1; next <= units.length; next++) {
    if (next < units.length && !isEnd(units, { first, next }, rule)) continue;
    packed.push(toPacked(units, first, next - 1));
    if (next === units.length) break;
    first = overlapStart(units, { fresh, next }, rule);
    fresh = next;
  }
  return units.length === 0 ? [] : mergeTail(packed, units[fresh]?.start ?? 0, rule);
}

function toPacked(units: Unit[], first: number, last: number): Packed {
  const head = units[first];
  const tail = units[last];
  return { start: head?.start ?? 0, end: tail?.end ?? 0, from: head?.block ?? 0, to: tail?.block ?? 0 };
}

function isEnd(units: Unit[], { first, next }: { first: number; next: number }, rule: ChunkingRule): boolean {
  const start = units[first]?.start ?? 0;
  const length = (units[next - 1]?.end ?? start) - start;
  const unit = units[next];
  if (unit === undefined) return true;
  const { targetCharacters: target, maxCharacters: max } = rule;
  if (length >= target || unit.end - start > max) return true;
  if (unit.startsBlock && length >= GOOD_BLOCK_END * target) return unit.blockEnd - start > target;
  return length >= GOOD_SENTENCE_END * target && unit.end - start > target;
}

/** The unit with which the next chunk begins: whole units back from `next`, as many as the overlap allows. */
function overlapStart(units: Unit[], { fresh, next }: { fresh: number; next: number }, rule: ChunkingRule): number {
  const end = units[next - 1]?.end ?? 0;
  const nextEnd = units[next]?.end ?? 0;
  let first = next;
  for (let back = next - 1; back > fresh; back--) {
    const start = units[back]?.start ?? 0;
    if (end - start > rule.overlapCharacters || nextEnd - start > rule.maxCharacters) break;
    first = back;
  }
  return first;
}

/** A last chunk with hardly anything new is better off in the one before, if there is room. */
function mergeTail(packed: Packed[], freshStart: number, rule: ChunkingRule): Packed[] {
  const last = packed.at(-1);
  const before = packed.at(-2);
  if (last === undefined || before === undefined) return packed;
  const isTiny = last.end - freshStart < TINY_CHARACTERS && last.end - before.start <= rule.maxCharacters;
  return isTiny ? [...packed.slice(0, -2), { ...before, end: last.end, to: last.to }] : packed;
}

/** The headings that all running text among the blocks stands under; of headings alone, the last one's. */
function commonPath(indexes: number[], { blocks, paths }: { blocks: Block[]; paths: number[][] }): number[] {
  const texts = indexes.filter((index) => blocks[index]?.type !== 'heading');
  const relevant = texts.length > 0 ? texts : indexes.slice(-1);
  const [path = [], ...others] = [...new Set(relevant.map((index) => paths[index] ?? []))];
  const differs = path.findIndex((heading, i) => others.some((other) => other[i] !== heading));
  return differs === -1 ? path : path.slice(0, differs);
}

function headingText(block: Block | undefined): string {
  const line = (block?.text ?? '')
    .slice(0, MAX_HEADING_CHARACTERS + 1)
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > MAX_HEADING_CHARACTERS ? `${line.slice(0, MAX_HEADING_CHARACTERS - 1).toWellFormed()}…` : line;
}
