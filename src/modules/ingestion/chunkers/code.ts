import { bySections } from './by-sections.ts';
import { type Chunker, headingName, type LaidOut } from './chunker.ts';
import type { Mark } from './sections.ts';

/** One symbol a chunk if it fits, else by lines under its signature; short neighbours under one parent share one. */
export const cutCode: Chunker = (document, rule) => {
  const marks = codeMarks(document);
  // Marks say the path of each block from here on.
  const blocks = document.blocks.map(({ path: _, ...block }) => block);
  const cut = bySections({ marksOf: () => marks, tinyCharacters: TINY_CHARACTERS, isCode: true });
  return cut({ ...document, blocks }, rule);
};

const TINY_CHARACTERS = 300;
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
  const signatures = new Map<string, string>();
  let open: string[] = [];
  for (const [index, block] of blocks.entries()) {
    const { start = 0, end = 0 } = spans[index] ?? {};
    if (block.type === 'heading') {
      marks.push({ start, nameEnd: end, level: block.level ?? 1, name: headingName(block.text), opens: true });
      open = [];
      continue;
    }
    const path = (block.path ?? []).slice(0, MAX_DEPTH);
    const key = path.join('\n');
    if (path.length > 0 && !signatures.has(key)) signatures.set(key, signatureOf(path.at(-1) ?? '', block.text));
    marks.push(...symbolMarks(path, { open, start, signatures }));
    open = path;
  }
  return marks;
}

type Place = { open: string[]; start: number; signatures: Map<string, string> };

function symbolMarks(path: string[], { open, start, signatures }: Place): Mark[] {
  if (path.length === open.length && path.every((name, depth) => name === open[depth])) return [];
  // What follows a method stands in its class again, what follows a class in nothing.
  if (path.length === 0) return [{ start, nameEnd: start, level: SYMBOL_LEVEL, name: '', opens: true }];
  const differs = path.findIndex((name, depth) => name !== open[depth]);
  const first = differs === -1 ? path.length - 1 : differs;
  return path.slice(first).map((name, i) => {
    const signature = signatures.get(path.slice(0, first + i + 1).join('\n')) ?? name;
    const level = SYMBOL_LEVEL + first + i;
    return { start, nameEnd: start, level, name: headingName(signature), opens: differs !== -1 };
  });
}

/** The line that declares a symbol; its name where no line of the block's beginning has it. */
function signatureOf(name: string, code: string): string {
  const lines = code
    .split('\n', SIGNATURE_LINES)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !ABOVE_SIGNATURE.test(line));
  return lines.find((line) => line.includes(name)) ?? name;
}
