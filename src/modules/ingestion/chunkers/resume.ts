import { bySections } from './by-sections.ts';
import { headingName, type LaidOut } from './chunker.ts';
import { type Line, linesOf } from './lines.ts';
import { resumeSectionOf } from './section-names.ts';
import type { Mark } from './sections.ts';

/** Sections of a CV, and in them one post or degree a chunk, under its first line. */
export const cutResume = bySections({ marksOf: resumeMarks, tinyCharacters: 150 });

/** Levels of a section and of an entry; other headings are above all sections, from 1 to 6, or between the two. */
const SECTION_LEVEL = 10;
const ENTRY_LEVEL = 20;

/** Sections made of entries that have a date. */
const DATED = new Set(['experience', 'education', 'projects', 'certificates', 'volunteering', 'honours']);
const MONTH = String.raw`(?:\p{L}{3,10}\.?\s+|\d{1,2}\s*[./]\s*){0,2}`;
const YEAR = String.raw`(?:19|20)\d\d`;
const OPEN_END =
  'present|now|today|current|ongoing|heute|aktuell|jetzt|présent|aujourd|actuel|actualidad|presente|actual|oggi|attuale|hoje|atual|heden|obecnie|nu|настоящее|至今|現在';
/** 2019 – 2022, Jan 2019 – present, 03/2019 to 04/2022; since 2019. */
export const DATE_RANGE = new RegExp(
  String.raw`${YEAR}\s*(?:年\s*\d{0,2}\s*月?)?\s*(?:[-–—−~/]|to\b|bis\b|au\b|à|a\b|al\b|до)\s*${MONTH}(?:${YEAR}|${OPEN_END})|\b(?:since|seit|depuis|desde|dal|ab)\s+${MONTH}${YEAR}`,
  'iu',
);
const YEAR_AT_AN_END = new RegExp(String.raw`^\(?${YEAR}\)?\b|\b${YEAR}\)?$`, 'u');
const BULLET = /^[-–—•·*▪◦●○‣➢✓]\s*/u;
/** A post, its employer, its dates. */
const LINES_TO_DATES = 2;
const BULLET_WITH_DATES = new RegExp(String.raw`^[^\p{L}\d]{0,4}${MONTH}${YEAR}\s*[-–—−~]`, 'u');
const MAX_TITLE_CHARACTERS = 80;
const MAX_ENTRY_CHARACTERS = 160;
/** “Skills: TypeScript, SQL” */
const RUN_IN = /^(?<name>[^:：]{3,40})[:：]\s+\S/u;

/** Where the sections of a CV begin, and the posts and degrees in them. */
export function resumeMarks(document: LaidOut): Mark[] {
  const lines = linesOf(document);
  const markOf = createReader(levelOfSections(lines));
  return lines.flatMap((line, index) => markOf(line, lines.slice(index + 1, index + 1 + LINES_TO_DATES)) ?? []);
}

/** Reads line after line, knowing what section and entry it is in. */
function createReader(sectionLevel: number | undefined): (line: Line, next: Line[]) => Mark | undefined {
  let section: string | undefined;
  /** In how many of the next lines the entry that began last may still say when it was. */
  let awaited = 0;
  const begin = (line: Line, mark: Mark) => {
    awaited = mark.level > SECTION_LEVEL && !hasDates(line) ? LINES_TO_DATES : 0;
    return mark;
  };
  return (line, next) => {
    const named = sectionMark(line) ?? headingMark(line, { sectionLevel, isInSection: section !== undefined });
    if (named !== undefined) {
      if (named.level <= SECTION_LEVEL) section = resumeSectionOf(named.name) ?? 'other';
      return begin(line, named);
    }
    if (awaited > 0) {
      awaited = hasDates(line) ? 0 : awaited - 1;
      return undefined;
    }
    if (section === undefined || !DATED.has(section) || !isEntry(line, next)) return undefined;
    const { start, text } = line;
    return begin(line, { start, nameEnd: start, level: ENTRY_LEVEL, name: headingName(text), opens: true });
  };
}

/** The level of the headings that name known sections; undefined where such names are no headings. */
function levelOfSections(lines: Line[]): number | undefined {
  const levels = lines.flatMap(({ block, text }) =>
    block.type === 'heading' && resumeSectionOf(text) !== undefined ? [block.level ?? 1] : [],
  );
  return levels.length === 0 ? undefined : levels.reduce((least, level) => Math.min(least, level));
}

function sectionMark({ start, end, text, isShort, block }: Line): Mark | undefined {
  if (isShort && resumeSectionOf(text) !== undefined) {
    return { start, nameEnd: end, level: SECTION_LEVEL, name: headingName(text), opens: true };
  }
  const name = block.type === 'heading' ? undefined : RUN_IN.exec(text)?.groups?.['name'];
  if (name === undefined || BULLET.test(text) || resumeSectionOf(name) === undefined) return undefined;
  return { start, nameEnd: start + name.length + 1, level: SECTION_LEVEL, name: headingName(name), opens: true };
}

type Outline = { sectionLevel: number | undefined; isInSection: boolean };

/** A heading that names no known section: above all of them, a section by another name, or an entry of one. */
function headingMark(line: Line, { sectionLevel, isInSection }: Outline): Mark | undefined {
  const { start, end, text, block, isFirstOfBlock } = line;
  if (block.type !== 'heading' || !isFirstOfBlock) return undefined;
  const own = block.level ?? 1;
  const isAbove = sectionLevel === undefined ? !isInSection : own < sectionLevel;
  const below = own === sectionLevel ? SECTION_LEVEL : SECTION_LEVEL + own;
  return { start, nameEnd: end, level: isAbove ? own : below, name: headingName(text), opens: true };
}

/** Whether a post or degree begins on the line: it has the dates, or is a title above them. */
function isEntry(line: Line, next: Line[]): boolean {
  if (isBullet(line)) return BULLET_WITH_DATES.test(line.text);
  if (hasDates(line)) return true;
  const [first, second] = next;
  if (!isTitle(line) || first === undefined || isBullet(first)) return false;
  if (isDateLine(first)) return true;
  const followsText = line.before !== undefined && !BULLET.test(line.before);
  return !followsText && isTitle(first) && second !== undefined && !isBullet(second) && isDateLine(second);
}

const isBullet = ({ block, text }: Line): boolean => block.type === 'list-item' || BULLET.test(text);

const isTitle = ({ text, isShort }: Line): boolean =>
  isShort && text.length <= MAX_TITLE_CHARACTERS && !/[.;,]$/.test(text);

const hasDates = ({ text, isFirstOfBlock }: Line): boolean =>
  DATE_RANGE.test(text.slice(0, MAX_ENTRY_CHARACTERS)) ||
  (isFirstOfBlock && text.length <= MAX_ENTRY_CHARACTERS && YEAR_AT_AN_END.test(text));

const isDateLine = ({ text }: Line): boolean => text.length <= MAX_TITLE_CHARACTERS && DATE_RANGE.test(text);
