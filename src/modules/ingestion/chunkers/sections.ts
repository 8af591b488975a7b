import { type Span, trimSpan } from '../chunk-units.ts';
import { isSamePlace, type LaidOut } from './chunker.ts';

/** Where a section of a document begins, with or without a line of its own for its name. */
export type Mark = {
  /** Offset into the document's text. */
  start: number;
  /** Where its name or number ends, and what it says begins. */
  nameEnd: number;
  /** A section stands under the last one before it that has a smaller level. */
  level: number;
  /** What chunks in it are said to stand under; '' for nothing. */
  name: string;
  /** Whether a chunk begins here, whatever there is room for in the one before. */
  opens: boolean;
};

/** What stands from one mark, or page, to the next. */
export type Section = Span & {
  /** Indexes of the marks that it stands under, its own last. */
  path: number[];
  mark: Mark | undefined;
  /** Whether it is nothing but the name of what follows. */
  isBare: boolean;
  /** Indexes of its first and its last block. */
  from: number;
  to: number;
};

/** Divides all of a document's text at the marks and where pages begin. */
export function sectionsOf({ text, blocks, spans }: LaidOut, marks: Mark[]): Section[] {
  const sections: Section[] = [];
  let path: number[] = [];
  let next = 0;
  const add = (part: Span, block: number) => {
    const span = trimSpan(text, part);
    if (span === undefined) return;
    const last = sections.at(-1);
    if (last?.path === path && isSamePlace(blocks[last.to], blocks[block])) {
      last.end = span.end;
      last.to = block;
    } else sections.push({ ...span, path, mark: marks[path.at(-1) ?? -1], isBare: false, from: block, to: block });
  };
  for (const [index, span] of spans.entries()) {
    let start = span.start;
    for (let mark = marks[next]; mark !== undefined && mark.start < span.end; mark = marks[++next]) {
      add({ start, end: mark.start }, index);
      start = mark.start;
      path = [...path.filter((above) => (marks[above]?.level ?? 0) < (mark?.level ?? 0)), next];
    }
    add({ start, end: span.end }, index);
  }
  for (const [index, section] of sections.entries()) {
    const own = section.path.at(-1) ?? -1;
    section.isBare = section.end <= (section.mark?.nameEnd ?? 0) && sections[index + 1]?.path.includes(own) === true;
  }
  return sections;
}

/** Runs of sections that may share chunks. */
export type Group = { first: number; last: number };

/**
 * Sections in runs that end where one opens a chunk, or a page does. Names alone go with what follows them; sections of
 * one parent that are shorter than `tinyCharacters`, all together, do not open any.
 */
export function groupSections(
  sections: Section[],
  { document: { blocks }, tinyCharacters }: { document: LaidOut; tinyCharacters: number },
): Group[] {
  const groups: Group[] = [];
  let isOnlyNames = true;
  for (const [index, section] of sections.entries()) {
    const group = groups.at(-1);
    const before = sections[index - 1];
    const start = sections[group?.first ?? index]?.start ?? 0;
    const isTiny = !section.isBare && isSibling(before, section) && section.end - start < tinyCharacters;
    const opens = section.mark?.opens === true && !isOnlyNames && !isTiny;
    if (group === undefined || before === undefined || opens || !isSamePlace(blocks[before.to], blocks[section.from])) {
      groups.push({ first: index, last: index });
      isOnlyNames = true;
    } else group.last = index;
    isOnlyNames &&= section.isBare;
  }
  return groups;
}

const isSibling = (before: Section | undefined, { mark, path }: Section): boolean =>
  before?.mark?.level === mark?.level && before?.path.at(-2) === path.at(-2);
