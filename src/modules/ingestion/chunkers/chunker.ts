import type { ChunkingRule } from '../chunk-profiles.ts';
import type { Span } from '../chunk-units.ts';
import type { Block } from '../extraction/extractor.ts';

/** A document laid out as one text, with the place of each block in it. */
export type LaidOut = { text: string; blocks: Block[]; spans: Span[] };

/** Where a chunk lies, from the first to the last block that it has a part of, and what it stands under. */
export type Cut = Span & { from: number; to: number; headings: string[] };

/**
 * Cuts a document as a profile wants it. Pure. Cuts are in order, never empty, never over the rule's maximum, each on one
 * page, and leave out nothing but white space.
 */
export type Chunker = (document: LaidOut, rule: ChunkingRule) => Cut[];

const MAX_HEADING_CHARACTERS = 120;

/** A heading as it stands above a chunk: one line, shortened. */
export function headingName(text: string): string {
  const line = text
    .slice(0, MAX_HEADING_CHARACTERS * 2)
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > MAX_HEADING_CHARACTERS ? `${line.slice(0, MAX_HEADING_CHARACTERS - 1).toWellFormed()}…` : line;
}

/** Whether chunks may go on from one block to the next: the same page, the same sheet. */
export function isSamePlace(one: Block | undefined, other: Block | undefined): boolean {
  return one?.page === other?.page && one?.path?.join('\n') === other?.path?.join('\n');
}
