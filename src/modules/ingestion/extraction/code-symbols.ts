import { endOfDeclaration, lineAt, readSource, type SourceLines, startWithComments } from './code-extent.ts';
import type { CodeLanguage, DeclarationRule } from './code-languages.ts';

/** Lines `from` up to, not including, `to`, and the names that they belong to, outermost first. */
export type CodePart = { from: number; to: number; path: string[] };

/** A declaration found at line `head`. */
type Declaration = { head: number; to: number; holdsMembers: boolean; path: string[] };

/** More than any file that people write; each symbol begins a passage of its own. */
export const MAX_SYMBOLS = 3000;
const MAX_NESTING = 6;
/** Looking for ends goes over a line a few times, unless the file is made to waste time. */
const LOOKS_PER_LINE = 30;
const MAX_HEAD_LINES = 30;
const MAX_HEAD_CHARACTERS = 4000;

/** Words that begin statements, and are nobody's name. */
const KEYWORDS = new Set(
  'if for while switch catch return new await else do try throw typeof super this import unless sizeof assert elif function'.split(
    ' ',
  ),
);
/** Words that begin statements unless a parenthesis follows at once: `delete(id) {` is a method. */
const STATEMENT =
  /^(?:(?:if|for|while|switch|catch|return|new|await|else|do|try|throw|typeof|super|this|import|unless|sizeof|assert|elif)\b|(?:delete|select|match|print|using|with|yield|when|until|defer|go)\s+[^\s(])/;

type Range = { from: number; to: number; path: string[]; depth: number };

/** Cuts source code into its symbols and what lies between them: all lines, in order. */
export function splitSymbols(lines: string[], language: CodeLanguage): CodePart[] {
  const source = readSource(lines, language.longText);
  const parts: CodePart[] = [];
  let symbols = 0;
  let looks = LOOKS_PER_LINE * (lines.length + 100);

  const find = (at: number, range: Range): Declaration | undefined => {
    if (symbols >= MAX_SYMBOLS || looks <= 0 || lineAt(source, at) === '') return undefined;
    const matches = language.rules.flatMap((rule) => matchRule(rule, lineAt(source, at), range) ?? []);
    if (matches.length === 0) return undefined;
    const to = endOfDeclaration(source, at, range.to);
    looks -= to - at;
    const match = matches.find(({ rule }) => isWhole(source, rule, { at, to }));
    if (match === undefined) return undefined;
    const holdsMembers = match.rule.holdsMembers === true && range.depth < MAX_NESTING && to - at > 2;
    return { head: at, to, holdsMembers, path: [...range.path, ...match.names] };
  };

  const add = (part: CodePart) => {
    if (part.from < part.to) parts.push(part);
  };

  const split = (range: Range) => {
    let gap = range.from;
    for (let at = range.from; at < range.to; at++) {
      const found = find(at, range);
      if (found === undefined) continue;
      symbols++;
      const from = startWithComments(source, at, gap);
      add({ from: gap, to: from, path: range.path });
      const { head, to, path, holdsMembers } = found;
      add({ from, to: holdsMembers ? head + 1 : to, path });
      if (holdsMembers) split({ from: head + 1, to, path, depth: range.depth + 1 });
      gap = to;
      at = to - 1;
    }
    add({ from: gap, to: range.to, path: range.path });
  };

  split({ from: 0, to: lines.length, path: [], depth: 0 });
  return parts;
}

function matchRule(
  rule: DeclarationRule,
  line: string,
  { depth }: Range,
): { rule: DeclarationRule; names: string[] } | undefined {
  if ((rule.isMember === true && depth === 0) || STATEMENT.test(line)) return undefined;
  const groups = rule.pattern.exec(line)?.groups;
  const name = groups?.['name']?.replaceAll('"', '');
  if (name === undefined || KEYWORDS.has(name)) return undefined;
  const owners = (groups?.['owner'] ?? '').split('::').filter((owner) => owner !== '');
  return { rule, names: [...owners, name] };
}

/** Whether something is declared, with a body or lines enough: prototypes and calls are none. */
function isWhole(source: SourceLines, rule: DeclarationRule, { at, to }: { at: number; to: number }): boolean {
  if (rule.needsLines === true) return to - at > 1;
  const head = source.lines
    .slice(at, Math.min(to, at + MAX_HEAD_LINES))
    .join('\n')
    .slice(0, MAX_HEAD_CHARACTERS);
  if (rule.holdsMembers === true) return to - at > 1 || head.includes('{');
  const isCall = /^[^{=]*;\s*$/.test(head) && head.includes('(');
  return !isCall && (to - at > 1 || /[{=:]|\bend\b/.test(head));
}
