import { pack, TINY_CHARACTERS, type Unit } from '../chunk-packing.ts';
import type { ChunkingRule } from '../chunk-profiles.ts';
import { splitBlock } from '../chunk-units.ts';
import type { Block } from '../extraction/extractor.ts';
import { type Chunker, headingName, isSamePlace, type LaidOut } from './chunker.ts';

/**
 * Passages of running text: begin anew on every page and at headings (unless the section is tiny), end at paragraphs and
 * sentences near the target, and repeat whole sentences of the one before within their section.
 */
export const cutGeneral: Chunker = (document, rule) => {
  const paths = headingPaths(document.blocks);
  return cutGroups(groupBlocks(document.blocks, paths), { document, paths, rule });
};

type Outline = { document: LaidOut; paths: number[][]; rule: ChunkingRule };

/** Cuts each group of blocks for itself, by their sentences and lines. */
export function cutGroups(groups: number[][], { document, paths, rule }: Outline) {
  const { blocks } = document;
  return groups.flatMap((group) => {
    const units = group.flatMap((index) => unitsOf(document, index, rule));
    return pack(units, rule).map(({ first, last }) => {
      const from = units[first]?.from ?? 0;
      const to = units[last]?.to ?? from;
      const headings = headingsOf(from, to, { blocks, paths });
      return { start: units[first]?.start ?? 0, end: units[last]?.end ?? 0, from, to, headings };
    });
  });
}

/** For each block the indexes of the headings it stands under, a heading standing under itself. */
export function headingPaths(blocks: Block[]): number[][] {
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
export function groupBlocks(blocks: Block[], paths: number[][]): number[][] {
  const groups: number[][] = [];
  let characters = 0;
  for (const [index, block] of blocks.entries()) {
    const previous = blocks[index - 1];
    const isNewSection = block.type === 'heading' && !isRelated(paths[index - 1] ?? [], paths[index] ?? []);
    const isFull = characters >= TINY_CHARACTERS && block.type === 'heading';
    if (previous === undefined || !isSamePlace(previous, block) || isNewSection || isFull) {
      groups.push([]);
      characters = 0;
    }
    groups.at(-1)?.push(index);
    characters += block.text.length;
  }
  return groups;
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

/** A block as units of a chunk. */
export function unitsOf({ text, spans, blocks }: LaidOut, index: number, rule: ChunkingRule): Unit[] {
  const span = spans[index];
  const type = blocks[index]?.type;
  if (span === undefined || type === undefined) return [];
  return splitBlock(text, { span, type }, longestUnit(rule)).map((unit, i) => ({
    ...unit,
    from: index,
    to: index,
    startsPiece: i === 0,
    pieceEnd: span.end,
    section: 0,
  }));
}

/** Long sentences, as of laws, stay whole, with room left for a heading above them. */
export const longestUnit = (rule: ChunkingRule): number => Math.round((rule.targetCharacters + rule.maxCharacters) / 2);

/** What the blocks from one to another all stand under: names that are not in the text, then headings. */
export function headingsOf(from: number, to: number, { blocks, paths }: { blocks: Block[]; paths: number[][] }) {
  const headings = commonPath({ from, to }, { blocks, paths }).map((index) => headingName(blocks[index]?.text ?? ''));
  return [...(blocks[from]?.path ?? []), ...headings];
}

/** The headings that all running text among the blocks stands under; of headings alone, the last one's. */
function commonPath(
  { from, to }: { from: number; to: number },
  { blocks, paths }: { blocks: Block[]; paths: number[][] },
): number[] {
  const running = new Set<number[]>();
  for (let index = from; index <= to; index++) {
    if (blocks[index]?.type !== 'heading') running.add(paths[index] ?? []);
  }
  const [path = paths[to] ?? [], ...others] = running;
  const differs = path.findIndex((heading, i) => others.some((other) => other[i] !== heading));
  return differs === -1 ? path : path.slice(0, differs);
}
