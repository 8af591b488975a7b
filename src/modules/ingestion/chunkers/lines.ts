import type { Block } from '../extraction/extractor.ts';
import type { LaidOut } from './chunker.ts';

/** A line of a block that has text in it. */
export type Line = {
  /** Offset of its first character that is no white space. */
  start: number;
  /** Offset of its end. */
  end: number;
  /** The beginning of it, without white space at the ends. */
  text: string;
  /** Whether that is all of it. */
  isShort: boolean;
  block: Block;
  isFirstOfBlock: boolean;
  isLastOfBlock: boolean;
  /** The line before it in its block. */
  before: string | undefined;
};

/** As much of a line as is looked at: names and numbers stand at its beginning. */
const LOOKED_AT_CHARACTERS = 240;

/** The lines of everything but tables and code, which have no titles in them. */
export function linesOf({ text, blocks, spans }: LaidOut): Line[] {
  return blocks.flatMap((block, index) => {
    const span = spans[index];
    if (span === undefined || block.type === 'table' || block.type === 'code') return [];
    return linesOfBlock(text.slice(span.start, span.end), span.start, block);
  });
}

function linesOfBlock(text: string, offset: number, block: Block): Line[] {
  const lines: Line[] = [];
  for (let from = 0; from <= text.length; ) {
    const at = text.indexOf('\n', from);
    const to = at === -1 ? text.length : at;
    const full = text.slice(from, to);
    const lead = full.length - full.trimStart().length;
    const shown = full.slice(lead, lead + LOOKED_AT_CHARACTERS).trimEnd();
    if (shown !== '') {
      lines.push({
        start: offset + from + lead,
        end: offset + from + full.trimEnd().length,
        text: shown,
        isShort: full.trim().length === shown.length,
        block,
        isFirstOfBlock: lines.length === 0,
        isLastOfBlock: false,
        before: lines.at(-1)?.text,
      });
    }
    from = to + 1;
  }
  const last = lines.at(-1);
  if (last !== undefined) last.isLastOfBlock = true;
  return lines;
}
