import { pack, type Unit } from '../chunk-packing.ts';
import type { ChunkingRule } from '../chunk-profiles.ts';
import { splitBlock } from '../chunk-units.ts';
import type { Chunker, Cut, LaidOut } from './chunker.ts';
import { longestUnit } from './general.ts';
import { type Group, groupSections, type Mark, type Section, sectionsOf } from './sections.ts';

export type Sectioning = {
  /** In order of their places, and of their levels where they share one. */
  marksOf: (document: LaidOut) => Mark[];
  /** So short sections of one parent share a chunk. */
  tinyCharacters?: number;
  /** Keeps lines whole instead of sentences. */
  isCode?: boolean;
};

type Outline = { document: LaidOut; rule: ChunkingRule; marks: Mark[]; sections: Section[]; isCode: boolean };

/**
 * A chunker for documents that are made of sections: one that opens a chunk is whole in it, with all that is below it, if
 * it fits; else it is divided between the sections below, each of which stays whole if it fits. Only within a section
 * that had to be cut is anything repeated.
 */
export function bySections({ marksOf, tinyCharacters = 0, isCode = false }: Sectioning): Chunker {
  return (document, rule) => {
    const marks = marksOf(document);
    const sections = sectionsOf(document, marks);
    const outline = { document, rule, marks, sections, isCode };
    return groupSections(sections, { document, tinyCharacters }).flatMap((group) => cutGroup(group, outline));
  };
}

function cutGroup(group: Group, outline: Outline): Cut[] {
  const units = unitsOf(group, outline);
  const length = (units.at(-1)?.end ?? 0) - (units[0]?.start ?? 0);
  const isWhole = length <= outline.rule.maxCharacters;
  const packed = isWhole ? [{ first: 0, fresh: 0, last: units.length - 1 }] : pack(units, outline.rule);
  return packed.flatMap(({ first, fresh, last }) => {
    const head = units[first];
    const tail = units[last];
    if (head === undefined || tail === undefined) return [];
    const headings = namesOf({ first: units[fresh]?.section ?? group.first, last: tail.section }, outline);
    return { start: head.start, end: tail.end, from: head.from, to: tail.to, headings };
  });
}

/** Sections as units: each in one piece if it fits, together with the names alone that stand before it. */
function unitsOf({ first, last }: Group, outline: Outline): Unit[] {
  const { sections, rule } = outline;
  const units: Unit[] = [];
  let lead = first;
  for (let index = first; index <= last; index++) {
    const head = sections[lead];
    const section = sections[index];
    if (head === undefined || section === undefined || (section.isBare && index < last)) continue;
    const whole = { start: head.start, end: section.end, from: head.from, to: section.to };
    if (whole.end - whole.start <= rule.maxCharacters)
      units.push({ ...whole, startsPiece: true, pieceEnd: whole.end, section: index });
    // One by one: a section may have more parts than a call may have arguments.
    else for (const part of glueNames(partsOf({ first: lead, last: index }, outline), outline)) units.push(part);
    lead = index + 1;
  }
  return units;
}

/** Sections cut into sentences or lines. */
function partsOf({ first, last }: Group, { document, rule, sections, isCode }: Outline): Unit[] {
  const { text, blocks, spans } = document;
  const limit = longestUnit(rule);
  const units: Unit[] = [];
  for (let index = first; index <= last; index++) {
    const section = sections[index];
    for (let block = section?.from ?? 0; section !== undefined && block <= section.to; block++) {
      const { start = 0, end = 0 } = spans[block] ?? {};
      const span = { start: Math.max(start, section.start), end: Math.min(end, section.end) };
      const type = isCode ? 'code' : (blocks[block]?.type ?? 'paragraph');
      const place = { from: block, to: block, pieceEnd: span.end, section: index };
      for (const [i, unit] of splitBlock(text, { span, type }, limit).entries())
        units.push({ ...unit, ...place, startsPiece: i === 0 });
    }
  }
  return units;
}

/** Joins names with the first words of what they name, so that no chunk ends with a name. */
function glueNames(parts: Unit[], { sections, rule }: Outline): Unit[] {
  const glued: Unit[] = [];
  for (const part of parts) {
    const before = glued.at(-1);
    const isName = before !== undefined && before.end <= (sections[before.section]?.mark?.nameEnd ?? 0);
    if (isName && part.end - before.start <= rule.maxCharacters) {
      glued[glued.length - 1] = { ...part, start: before.start, from: before.from, startsPiece: true };
    } else glued.push(part);
  }
  return glued;
}

/** What all that is said in the sections stands under; of names alone, the last one. */
function namesOf({ first, last }: Group, { sections, marks, document }: Outline): string[] {
  let common: number[] | undefined;
  for (let index = first; index <= last; index++) {
    const section = sections[index];
    if (section === undefined || section.isBare) continue;
    const { path } = section;
    const differs = (common ?? path).findIndex((mark, i) => !isSameName(marks[path[i] ?? -1], marks[mark]));
    common = (common ?? path).slice(0, differs === -1 ? undefined : differs);
  }
  const path = common ?? sections[last]?.path ?? [];
  const names = path.map((mark) => marks[mark]?.name ?? '').filter((name) => name !== '');
  return [...(document.blocks[sections[first]?.from ?? 0]?.path ?? []), ...names];
}

/** A class that goes on below a method has a second mark of the same name. */
const isSameName = (one: Mark | undefined, other: Mark | undefined): boolean =>
  one?.name === other?.name && one?.level === other?.level;
