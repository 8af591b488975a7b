import { bySections } from './by-sections.ts';
import { headingName, type LaidOut } from './chunker.ts';
import { CLAUSE_LEVELS, type Numbering, numberingOf, type OpenClause } from './contract-numbering.ts';
import { type Line, linesOf } from './lines.ts';
import type { Mark } from './sections.ts';

/** Within a paragraph a line begins a clause only after the end of another: other numbers begin lines by chance. */
const CLAUSE_END = /[.;:!?。；：]["”’)\]]*$|(\s|^)(and|or|und|oder|et|ou|y|o|e)$/i;
const WRAPPED_CHARACTERS = 60;
const MAX_TITLE_CHARACTERS = 90;
const MAX_WORDS_WITH_FULL_STOP = 5;
/** “Notices. All notices …”: a title that runs into its text. */
const RUN_IN_TITLE = /^\s*[:.–—-]?\s*(?<title>[\p{Lu}“"][^.:;–—\n]{2,60})(\.|:|\s[–—-])\s+\S/u;
const MAX_RUN_IN_WORDS = 8;

/** Clauses with their sub-clauses, each under the numbers of its parents; definitions are kept whole. */
export const cutContract = bySections({ marksOf: contractMarks, tinyCharacters: 150 });

/** Where schedules, articles, clauses, sub-clauses and definitions begin. */
export function contractMarks(document: LaidOut): Mark[] {
  const marks: Mark[] = [];
  let open: OpenClause[] = [];
  for (const line of linesOf(document)) {
    const isHeading = line.block.type === 'heading';
    if (!line.isFirstOfBlock && (isHeading || !mayBegin(line))) continue;
    const numbering = numberingOf(line.text, open);
    const mark = isHeading ? headingMark(line, numbering) : numbering && clauseMark(line, numbering);
    if (mark === undefined) continue;
    const { sign = '', isNamed = false } = numbering ?? {};
    open = [...open.filter(({ level }) => level < mark.level), { level: mark.level, sign, isNamed }];
    marks.push(mark);
  }
  return marks;
}

const mayBegin = ({ before = '' }: Line): boolean => before.length < WRAPPED_CHARACTERS || CLAUSE_END.test(before);

/** Whatever stands below it, a schedule, an article or a clause of its own begins a chunk. */
const opens = (level: number): boolean => level <= CLAUSE_LEVELS.sectionOfArticle;

function headingMark({ start, block, text }: Line, numbering: Numbering | undefined): Mark {
  const level = numbering?.level ?? block.level ?? 1;
  return { start, nameEnd: start + block.text.length, level, name: headingName(text), opens: opens(level) };
}

function clauseMark(line: Line, numbering: Numbering): Mark | undefined {
  const { start, end, text } = line;
  const { level, sign, length } = numbering;
  if (level === CLAUSE_LEVELS.definition) return { start, nameEnd: start, level, name: sign, opens: false };
  if (line.isShort && level < CLAUSE_LEVELS.numberInParentheses && isTitle(text, length))
    return { start, nameEnd: end, level, name: headingName(text.replace(/\.$/, '')), opens: opens(level) };
  // Schedules and parts have no text on their line.
  if (length === 0) return undefined;
  const title = RUN_IN_TITLE.exec(text.slice(length))?.groups?.['title'];
  const isName = title !== undefined && title.split(/\s+/).length <= MAX_RUN_IN_WORDS;
  const name = isName ? `${text.slice(0, length)} ${title}` : text.slice(0, length);
  return { start, nameEnd: start + length, level, name: headingName(name), opens: opens(level) };
}

/** A line that says nothing but what the clause is called: “2.2 Notice”, “Section 4.1 Definitions.” */
function isTitle(text: string, numberLength: number): boolean {
  const words = text.slice(numberLength).trim();
  if (words.endsWith('.')) return /^\p{Lu}/u.test(words) && words.split(/\s+/).length <= MAX_WORDS_WITH_FULL_STOP;
  return text.length <= MAX_TITLE_CHARACTERS && !/[;:,]$/.test(words);
}
