import type { Block } from '../extraction/extractor.ts';
import { bySections } from './by-sections.ts';
import { headingName, type LaidOut } from './chunker.ts';
import type { Mark } from './sections.ts';

/** One symbol a chunk if it fits, else by lines under its signature; short neighbours under one parent share one. */
export const cutCode = bySections({ marksOf: codeMarks, tinyCharacters: 300, isCode: true });

/** Levels below those of headings, which have 1 to 6: a class, a method of it, and so on. */
const SYMBOL_LEVEL = 10;
/** Deeper ones are not told apart. */
const MAX_DEPTH = 8;
const SIGNATURE_LINES = 40;
/** Comments, decorators and attributes above a symbol. */
const ABOVE_SIGNATURE = /^(\/\/|\/\*|\*|#(?!define)|--|"""|'''|;|%|@|\[\w)/;

/** Where symbols begin, by the paths of their blocks, and headings, as notebooks have them. */
export function codeMarks({ blocks, spans }: LaidOut): Mark[] {
  const marks: Mark[] = [];
  let open: string[] = [];
  for (const [index, block] of blocks.entries()) {
    const { start = 0, end = 0 } = spans[index] ?? {};
    if (block.type === 'heading') {
      marks.push({ start, nameEnd: end, level: block.level ?? 1, name: headingName(block.text), opens: true });
      open = [];
      continue;
    }
    const path = (block.path ?? []).slice(0, MAX_DEPTH);
    marks.push(...symbolMarks(path, { open, start, block }));
    open = path;
  }
  return marks;
}

function symbolMarks(path: string[], { open, start, block }: { open: string[]; start: number; block: Block }): Mark[] {
  if (path.length === open.length && path.every((name, depth) => name === open[depth])) return [];
  // What follows a method stands in its class again, what follows a class in nothing.
  if (path.length === 0) return [{ start, nameEnd: start, level: SYMBOL_LEVEL, name: '', opens: true }];
  const differs = path.findIndex((name, depth) => name !== open[depth]);
  const first = differs === -1 ? path.length - 1 : differs;
  return path.slice(first).map((name, i) => ({
    start,
    nameEnd: start,
    level: SYMBOL_LEVEL + first + i,
    name: first + i === path.length - 1 ? headingName(signatureOf(name, block.text)) : headingName(name),
    opens: true,
  }));
}

/** The line that declares a symbol; its name where no line of the block's beginning has it. */
function signatureOf(name: string, code: string): string {
  const lines = code
    .split('\n', SIGNATURE_LINES)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !ABOVE_SIGNATURE.test(line));
  return lines.find((line) => line.includes(name)) ?? name;
}
