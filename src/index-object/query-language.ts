import { hasSpacelessScript } from '../shared/words.ts';

/**
 * The small language of search boxes: words, "phrases", -not, OR, prefix*, title:word, tag:name, before:2026-03. Whatever
 * is no operator is text: every text is a query.
 */

/** Parts of a passage that a word can be asked for in. */
export type TextField = 'title' | 'heading' | 'body';
export type FilterName = 'tag' | 'kind' | 'profile' | 'language';

/** Text to look for: words one by one, words that stand together, or words whose last may go on. */
export type TextPart = { text: string; field: TextField | null; form: 'words' | 'phrase' | 'prefix' };

/** Any of the parts, or of the values, is enough. */
export type TextClause = { type: 'text'; excluded: boolean; any: TextPart[] };
export type FilterClause = { type: 'filter'; excluded: boolean; name: FilterName; any: string[] };
/** Milliseconds since the epoch: `after` is the first that counts, `before` the first that does not any more. */
export type DateClause = { type: 'after' | 'before'; time: number };

/** What a query asks: all of it together. */
export type Clause = TextClause | FilterClause | DateClause;

/** The query as people read it: what must all occur, of what any is enough, what must not occur, what it is filtered by. */
export type Understood = { all: string[]; any: string[][]; not: string[]; filters: string[] };

type Item = { clause: Clause; end: number };

const QUOTES = '"\u201c\u201d\u201e\u00ab\u00bb';
/** These open a quotation wherever they stand; the others only where no word is before them, as inches are. */
const OPENING_QUOTES = '\u201c\u201e\u00ab';
const QUOTE = new RegExp(`[${QUOTES}]`, 'g');
const WORD_CHARACTER = /[\p{L}\p{N}\p{Co}]/u;
const ENDS_IN_WORD = /[\p{L}\p{N}\p{M}\p{Co}]$/u;
const FIELD = /(title|heading|body|tag|kind|profile|language|after|before):/iy;
const PREFIX = /^(.*[\p{L}\p{N}\p{M}\p{Co}])\*$/u;
/** What is shorter begins half of all words. */
const MIN_PREFIX_CHARACTERS = 2;
const DATE = /^([1-9]\d{3})(?:-(\d\d)(?:-(\d\d))?)?$/;
const OR = 'OR';
const JOIN = /^(?:OR\s+)+(?!OR$)(?=\S)/;
const MINUS = /^[-\u2212][\p{L}\p{N}\p{Co}"\u201c\u201d\u201e\u00ab\u00bb]/u;

/** Reads what somebody typed. Takes any text, and never fails. */
export function parseQuery(query: string): Clause[] {
  const text = query.normalize('NFKC');
  const clauses: Clause[] = [];
  let joins = false;
  for (let at = skipSpace(text, 0); at < text.length; ) {
    const { clause, end } = itemAt(text, at);
    const last = clauses.at(-1);
    const joined = joins && last !== undefined ? joinedWith(last, clause) : undefined;
    if (joined !== undefined) clauses[clauses.length - 1] = joined;
    else clauses.push(...(joins ? [plain(OR)] : []), clause);
    at = skipSpace(text, end);
    const operator = isApart(text, at) ? (JOIN.exec(text.slice(at))?.[0] ?? '') : '';
    joins = operator !== '';
    at += operator.length;
  }
  return clauses.filter((clause) => clause.type !== 'text' || clause.any.some(saysSomething));
}

/** The text that is asked for, without operators: what the meaning of a query is taken from. */
export function wordsOf(clauses: Clause[]): string {
  return clauses.flatMap((clause) => (isWanted(clause) ? clause.any.map(({ text }) => text) : [])).join(' ');
}

/** Says how a query was read, in its own language. */
export function describeQuery(clauses: Clause[]): Understood {
  const texts = clauses.filter(isWanted).map(({ any }) => any.map(describePart));
  return {
    all: texts.flatMap((parts) => (parts.length === 1 ? parts : [])),
    any: texts.filter((parts) => parts.length > 1),
    not: clauses.flatMap((clause) => (clause.type === 'text' && clause.excluded ? clause.any.map(describePart) : [])),
    filters: clauses.flatMap((clause) => (clause.type === 'text' ? [] : [describeFilter(clause)])),
  };
}

function describePart({ text, field, form }: TextPart): string {
  const inForm = { words: text, phrase: `"${text}"`, prefix: `${text}*` }[form];
  return field === null ? inForm : `${field}:${inForm}`;
}

function describeFilter(clause: FilterClause | DateClause): string {
  if (clause.type !== 'filter') return `${clause.type}:${new Date(clause.time).toISOString().slice(0, 10)}`;
  const value = (text: string) => (/\s/.test(text) ? `"${text}"` : text);
  return `${clause.excluded ? '-' : ''}${clause.any.map((each) => `${clause.name}:${value(each)}`).join(` ${OR} `)}`;
}

function isWanted(clause: Clause): clause is TextClause {
  return clause.type === 'text' && !clause.excluded;
}

/** One clause of both, when OR between them means something. */
function joinedWith(left: Clause, right: Clause): Clause | undefined {
  if (isWanted(left) && isWanted(right)) return { ...left, any: [...left.any, ...right.any] };
  if (left.type !== 'filter' || right.type !== 'filter' || left.name !== right.name) return undefined;
  return left.excluded || right.excluded ? undefined : { ...left, any: [...left.any, ...right.any] };
}

/** What begins here, up to where it ends. */
function itemAt(text: string, at: number): Item {
  const excluded = isApart(text, at) && MINUS.test(text.slice(at));
  const filed = isApart(text, at) ? fieldAt(text, { at: excluded ? at + 1 : at, excluded }) : undefined;
  if (filed !== undefined) return filed;
  const { part, end } = operandAt(text, excluded ? at + 1 : at, null);
  // What only looked like a quotation is text, and so is the minus before it.
  const isText = excluded && !saysSomething(part);
  return { clause: { type: 'text', excluded: excluded && !isText, any: [part] }, end };
}

function fieldAt(text: string, { at, excluded }: { at: number; excluded: boolean }): Item | undefined {
  FIELD.lastIndex = at;
  const name = FIELD.exec(text)?.[1]?.toLowerCase();
  if (name === undefined) return undefined;
  const from = at + name.length + 1;
  if (name === 'title' || name === 'heading' || name === 'body') {
    const { part, end } = operandAt(text, from, name);
    return saysSomething(part) ? { clause: { type: 'text', excluded, any: [part] }, end } : undefined;
  }
  const { value, end } = valueAt(text, from);
  const clause = filterOf(name, { value, excluded });
  return clause && { clause, end };
}

function filterOf(name: string, { value, excluded }: { value: string; excluded: boolean }): Clause | undefined {
  if (!WORD_CHARACTER.test(value)) return undefined;
  if (name === 'tag') return { type: 'filter', excluded, name, any: [value] };
  if (name === 'kind' || name === 'profile' || name === 'language')
    return { type: 'filter', excluded, name, any: [value.toLowerCase()] };
  const time = startOf(value);
  if (time === undefined) return undefined;
  return { type: (name === 'before') === excluded ? 'after' : 'before', time };
}

/** When a year, a month or a day begins (UTC); undefined for what is none. */
function startOf(date: string): number | undefined {
  const parts = DATE.exec(date);
  if (parts === null) return undefined;
  const [year, month, day] = [Number(parts[1]), Number(parts[2] ?? 1), Number(parts[3] ?? 1)];
  const start = new Date(Date.UTC(year, month - 1, day));
  return start.getUTCMonth() === month - 1 && start.getUTCDate() === day ? start.getTime() : undefined;
}

function valueAt(text: string, at: number): { value: string; end: number } {
  const quoted = quotationAt(text, at);
  if (quoted !== undefined) return { value: quoted.content.trim(), end: quoted.end };
  const end = skipNonSpace(text, at);
  return { value: text.slice(at, end), end };
}

function operandAt(text: string, at: number, field: TextField | null): { part: TextPart; end: number } {
  const quoted = quotationAt(text, at);
  if (quoted !== undefined) return { part: { text: quoted.content.trim(), field, form: 'phrase' }, end: quoted.end };
  let end = at;
  while (end < text.length && !isSpace(text, end) && (end === at || quotationAt(text, end) === undefined)) end++;
  const raw = text.slice(at, end);
  const beginning = PREFIX.exec(raw)?.[1];
  if (beginning === undefined || [...beginning].length < MIN_PREFIX_CHARACTERS)
    return { part: { text: raw, field, form: 'words' }, end };
  return { part: { text: beginning, field, form: 'prefix' }, end };
}

/** The quotation that opens here, if one does, is closed again, and holds a word. */
function quotationAt(text: string, at: number): { content: string; end: number } | undefined {
  const mark = text[at];
  if (mark === undefined || !QUOTES.includes(mark)) return undefined;
  const before = text.slice(Math.max(0, at - 2), at);
  const insideWord = ENDS_IN_WORD.test(before) && !hasSpacelessScript(before.slice(-1));
  if (insideWord && !OPENING_QUOTES.includes(mark)) return undefined;
  QUOTE.lastIndex = at + 1;
  const close = QUOTE.exec(text)?.index;
  if (close === undefined) return undefined;
  const content = text.slice(at + 1, close);
  return WORD_CHARACTER.test(content) ? { content, end: close + 1 } : undefined;
}

const plain = (text: string): TextClause => ({
  type: 'text',
  excluded: false,
  any: [{ text, field: null, form: 'words' }],
});

const saysSomething = ({ text }: TextPart): boolean => WORD_CHARACTER.test(text);

const isSpace = (text: string, at: number): boolean => /\s/.test(text.charAt(at));

/** Whether nothing stands right before. */
const isApart = (text: string, at: number): boolean => at === 0 || isSpace(text, at - 1);

function skipSpace(text: string, at: number): number {
  let end = at;
  while (end < text.length && isSpace(text, end)) end++;
  return end;
}

function skipNonSpace(text: string, at: number): number {
  let end = at;
  while (end < text.length && !isSpace(text, end)) end++;
  return end;
}
