/** Where a declaration ends: source code is indented by nearly everybody, whatever the language. */

/** Lines of a file with their indentation in columns. */
export type SourceLines = {
  lines: string[];
  indents: number[];
  /** What begins and ends a text of several lines, in which indentation means nothing. */
  longText: RegExp | undefined;
};

/** Declarations stand at the beginning of a line, before what makes it long. */
export const MAX_LOOKED_AT = 300;
const MAX_SCANNED = 20_000;
const TAB_WIDTH = 4;
const MAX_COMMENT_LINES = 200;

const CLOSING = /^(?:[}\])]|end\b|fi\b|done\b|esac\b|<\/)/;
/** A closing line after which the same thing goes on. */
const GOES_ON =
  /(?:[{([:,]|=>|->|\bthen|\bdo|=|\bwhere)\s*$|^\}?\s*(?:else|elsif|elif|catch|finally|rescue|ensure|except|while)\b/;
const OPENING = /^(?:\{|begin\b|where\b|:\s|throws\b|extends\b|implements\b|->|requires\b)/;
const LABEL_OR_DIRECTIVE =
  /^(?:#\s*(?:if|ifdef|ifndef|else|elif|endif|define|undef|pragma|region|endregion|error|warning|line)\b|(?!(?:try|else|finally|except)\b)\w+\s*:\s*$|case\b.*:\s*$|\w+\s+slots\s*:|rescue\b|ensure\b)/;
const COMMENT = /^(?:#|\/\/)/;
const COMMENT_OR_DECORATOR =
  /^(?:\/\/|\/\*|\*|#(?!\s*(?:include|define|if|endif|else|pragma)\b)|--|@|\[[A-Z][^\]]*\]\s*$|;;|%%|template\s*<)|\*\/$/;

export function readSource(lines: string[], longText: RegExp | undefined): SourceLines {
  return { lines, indents: lines.map(indentOf), longText };
}

/** A line without its indentation, as far as declarations go. */
export const lineAt = ({ lines }: SourceLines, at: number): string => (lines[at] ?? '').slice(0, MAX_LOOKED_AT).trim();

/** The line behind the declaration that begins at `start`: behind its body and what closes it. */
export function endOfDeclaration(source: SourceLines, start: number, limit: number): number {
  if (isUnindented(source, start, limit)) return endByBraces(source, start, limit);
  let inText = togglesText(source, start);
  let last = start;
  for (let i = start + 1; i < limit; i++) {
    const isInside = inText;
    inText = inText !== togglesText(source, i);
    const step = isInside ? 'takes' : stepAt(source, i, { start, last, limit });
    if (step === 'ends') break;
    if (step !== 'is empty') last = i;
    if (step === 'closes') break;
  }
  return last + 1;
}

/** Comments and decorators right above belong to what they stand above. */
export function startWithComments(source: SourceLines, at: number, floor: number): number {
  let start = at;
  while (start > floor && at - start < MAX_COMMENT_LINES && COMMENT_OR_DECORATOR.test(lineAt(source, start - 1)))
    start--;
  return start;
}

type Step = 'is empty' | 'takes' | 'closes' | 'ends';

function stepAt(
  source: SourceLines,
  at: number,
  { start, last, limit }: { start: number; last: number; limit: number },
): Step {
  const line = lineAt(source, at);
  if (line === '') return 'is empty';
  const depth = (source.indents[at] ?? 0) - (source.indents[start] ?? 0);
  if (depth > 0) return 'takes';
  if (depth < 0) return 'ends';
  if (CLOSING.test(line)) return GOES_ON.test(line) ? 'takes' : 'closes';
  // A line that is whole is not gone on with by the next one.
  const isOpen = last > start || !/[;}]\s*$/.test(source.lines[start] ?? '');
  return isOpen && isPartOf(source, at, limit) ? 'takes' : 'ends';
}

/** Lines at the declaration's own indentation: opening braces; labels, directives and comments above more of the body. */
function isPartOf(source: SourceLines, at: number, limit: number): boolean {
  const line = lineAt(source, at);
  if (OPENING.test(line)) return true;
  if (!LABEL_OR_DIRECTIVE.test(line) && !COMMENT.test(line)) return false;
  let next = at + 1;
  const end = Math.min(limit, at + MAX_COMMENT_LINES);
  while (next < end && (lineAt(source, next) === '' || COMMENT.test(lineAt(source, next)))) next++;
  return next < end && (source.indents[next] ?? 0) > (source.indents[at] ?? 0);
}

function togglesText({ lines, longText }: SourceLines, at: number): boolean {
  if (longText === undefined) return false;
  return ((lines[at] ?? '').slice(0, MAX_SCANNED).match(longText)?.length ?? 0) % 2 === 1;
}

/** Code that is not indented at all: the line after an opening brace stands no deeper. */
function isUnindented(source: SourceLines, start: number, limit: number): boolean {
  if (!/\{\s*$/.test(lineAt(source, start))) return false;
  let next = start + 1;
  while (next < limit && lineAt(source, next) === '') next++;
  return (
    next < limit && (source.indents[next] ?? 0) <= (source.indents[start] ?? 0) && !CLOSING.test(lineAt(source, next))
  );
}

function endByBraces({ lines }: SourceLines, start: number, limit: number): number {
  let depth = 0;
  for (let i = start; i < limit; i++) {
    const bare = (lines[i] ?? '').slice(0, MAX_SCANNED).replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\/\/.*$/g, '');
    for (const brace of bare.match(/[{}]/g) ?? []) depth += brace === '{' ? 1 : -1;
    if (depth <= 0) return i + 1;
  }
  return limit;
}

function indentOf(line: string): number {
  let width = 0;
  for (const character of line.slice(0, MAX_LOOKED_AT)) {
    if (character === ' ') width++;
    else if (character === '\t') width += TAB_WIDTH;
    else break;
  }
  return width;
}
