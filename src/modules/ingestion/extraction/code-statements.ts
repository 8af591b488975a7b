import type { CodePart } from './code-symbols.ts';

/** Rules and statements shorter than this are kept together: alone they mean too little to be found. */
const MIN_PART_CHARACTERS = 400;
const MAX_NAMED_PARTS = 3000;
const MAX_NAME_CHARACTERS = 120;

type Piece = { from: number; to: number; characters: number; name: string | undefined };

/** SQL by statement: what makes a table, view or routine is named by it; other statements are kept together. */
export function splitStatements(lines: string[]): CodePart[] {
  const pieces: Piece[] = [];
  let delimiter = ';';
  let from = 0;
  let isQuoted = false;
  let depth = 0;
  const close = (to: number) => {
    const text = lines.slice(from, to).join('\n');
    pieces.push({ from, to, characters: text.length, name: nameOfStatement(text) });
    [from, isQuoted, depth] = [to, false, 0];
  };
  for (const [i, line] of lines.entries()) {
    const bare = line.replace(/--.*$/, '').trim();
    const change = /^delimiter\s+(\S+)$/i.exec(bare)?.[1];
    if (change !== undefined) {
      delimiter = change;
      close(i + 1);
      continue;
    }
    if ((bare.slice(0, 20_000).match(/\$\w*\$/g)?.length ?? 0) % 2 === 1) isQuoted = !isQuoted;
    depth = delimiter === ';' && !isQuoted ? Math.max(0, depth + nestingOf(bare)) : 0;
    const isEnd = /^(?:go|\/)$/i.test(bare) || (bare.endsWith(delimiter) && !isQuoted && depth === 0);
    if (isEnd) close(i + 1);
  }
  if (from < lines.length) close(lines.length);
  return joinSmall(pieces);
}

/** `BEGIN … END` of routines and `CASE … END` within lines; a transaction's `BEGIN;` opens nothing. */
function nestingOf(line: string): number {
  const opened = line.match(/\b(?:begin(?!\s*(?:;|transaction|work))|case|loop|then)\b/gi) ?? [];
  const closed = line.match(/\bend(?:\s+(?:if|loop|case|while))?\b/gi) ?? [];
  return opened.filter((word) => !/then/i.test(word)).length - closed.filter((word) => !/if/i.test(word)).length;
}

function nameOfStatement(text: string): string | undefined {
  const bare = text.slice(0, 10_000).replace(/^(?:\s|--[^\n]*\n?|\/\*[^*]*\*\/)+/, '');
  const made =
    /^(?:create|alter)\s+(?:or\s+replace\s+)?(?:(?:global|local|temp|temporary|unlogged|materialized|virtual|recursive|definer\s*=\s*\S+|force|editionable)\s+)*(?:table|view|function|procedure|proc|trigger|type|package(?:\s+body)?|schema|domain)\s+(?:if\s+(?:not\s+)?exists\s+)?([^\s(;]+)/i.exec(
      bare,
    )?.[1];
  return made?.replace(/["`[\]]/g, '').slice(0, MAX_NAME_CHARACTERS);
}

/** Style sheets by rule: long rules and at-rules are named by their selector; others are kept together. */
export function splitRules(lines: string[]): CodePart[] {
  const pieces: Piece[] = [];
  let from = 0;
  let depth = 0;
  for (const [i, line] of lines.entries()) {
    const bare = line.slice(0, 100_000).replace(/\/\*.*?\*\/|"[^"]*"|'[^']*'/g, '');
    for (const brace of bare.match(/[{}]/g) ?? []) depth = Math.max(0, depth + (brace === '{' ? 1 : -1));
    if (depth > 0 || !/[};]\s*$/.test(bare)) continue;
    const text = lines.slice(from, i + 1).join('\n');
    pieces.push({ from, to: i + 1, characters: text.length, name: nameOfRule(text) });
    from = i + 1;
  }
  if (from < lines.length) pieces.push({ from, to: lines.length, characters: 0, name: undefined });
  return joinSmall(pieces);
}

function nameOfRule(text: string): string | undefined {
  if (text.length < MIN_PART_CHARACTERS && !/^\s*@(?:media|keyframes|mixin|layer|container|supports)/m.test(text))
    return undefined;
  const bare = text.slice(0, 2000).replace(/\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\//g, '');
  const selector = bare
    .slice(0, Math.max(0, bare.indexOf('{')))
    .replace(/\s+/g, ' ')
    .trim();
  return selector === '' || selector.length > MAX_NAME_CHARACTERS ? undefined : selector;
}

function joinSmall(pieces: Piece[]): CodePart[] {
  const parts: CodePart[] = [];
  let characters = 0;
  let named = 0;
  for (const piece of pieces) {
    const last = parts.at(-1);
    if (piece.name !== undefined && named < MAX_NAMED_PARTS) {
      parts.push({ from: piece.from, to: piece.to, path: [piece.name] });
      named++;
    } else if (last === undefined || last.path.length > 0 || characters >= MIN_PART_CHARACTERS) {
      parts.push({ from: piece.from, to: piece.to, path: [] });
      characters = piece.characters;
    } else {
      last.to = piece.to;
      characters += piece.characters;
    }
  }
  return parts;
}
