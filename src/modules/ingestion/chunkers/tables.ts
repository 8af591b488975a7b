import type { Block } from '../extraction/extractor.ts';
import type { Chunker } from './chunker.ts';
import { cutGroups, groupBlocks, headingPaths } from './general.ts';

/** Rows of one table share chunks, never those of two; what stands between tables belongs to the one below. */
export const cutTables: Chunker = (document, rule) => {
  const { blocks } = document;
  const paths = headingPaths(blocks);
  const groups = groupBlocks(blocks, paths).flatMap((group) => splitAfterTables(group, blocks));
  return cutGroups(groups, { document, paths, rule });
};

function splitAfterTables(group: number[], blocks: Block[]): number[][] {
  const groups: number[][] = [[]];
  for (const index of group) {
    const before = blocks[groups.at(-1)?.at(-1) ?? -1];
    if (before?.type === 'table') groups.push([]);
    groups.at(-1)?.push(index);
  }
  return groups;
}
