import { bySections } from './by-sections.ts';
import { headingName, type LaidOut } from './chunker.ts';
import { type Line, linesOf } from './lines.ts';
import type { Mark } from './sections.ts';

/** One section a chunk, under the whole path of its headings. */
export const cutPolicy = bySections({ marksOf: policyMarks });

/** Levels below those of headings, which have 1 to 6; a numbered line has one more for each further number. */
const CAPITALS_LEVEL = 8;
const NUMBERED_LEVEL = 10;
const NUMBERED =
  /^(?:(?:section|article|abschnitt|artikel|kapitel|chapter|sección|artículo|§)\s*)?(?<number>\d{1,2}(?:\.\d{1,2}){0,4})[.):]?\s+[\p{Lu}\p{Lo}“"]/u;
const CAPITALS = /^(?=(?:.*\p{Lu}){3})[\p{Lu}\d\s&/,()’'–—:-]+$/u;
const MAX_TITLE_CHARACTERS = 90;
const NAMES =
  /^(purpose|scope|policy|policy statement|background|introduction|overview|definitions|responsibilities|roles and responsibilities|procedures?|guidelines|principles|applicability|compliance|enforcement|exceptions|violations|sanctions|related (?:policies|documents)|references|revision history|document history|review|contact|zweck|ziel|geltungsbereich|anwendungsbereich|begriffe|begriffsbestimmungen|grundsätze|verantwortlichkeiten|zuständigkeiten|verstöße|inkrafttreten|objet|champ d(?:’|')application|objectif|définitions|responsabilités|sanctions|objeto|alcance|ámbito de aplicación|objetivo|definiciones|responsabilidades|scopo|ambito di applicazione|responsabilità|目的|适用范围|適用範囲|定义|定義|职责|責任)\s*:?$/iu;

/** Headings, and lines that are headings in all but their form: numbered titles, capitals, names that policies have. */
export function policyMarks(document: LaidOut): Mark[] {
  return linesOf(document).flatMap((line) => headingMark(line) ?? titleMark(line) ?? []);
}

function headingMark({ start, end, text, block, isFirstOfBlock }: Line): Mark | undefined {
  if (block.type !== 'heading' || !isFirstOfBlock) return undefined;
  return { start, nameEnd: end, level: block.level ?? 1, name: headingName(text), opens: true };
}

function titleMark({ start, end, text, isShort, isFirstOfBlock, block }: Line): Mark | undefined {
  if (!isFirstOfBlock || !isShort || text.length > MAX_TITLE_CHARACTERS || block.type === 'list-item') return undefined;
  const level = titleLevel(text);
  return level === undefined ? undefined : { start, nameEnd: end, level, name: headingName(text), opens: true };
}

function titleLevel(text: string): number | undefined {
  if (/[.;,!?]$/.test(text)) return undefined;
  const number = NUMBERED.exec(text)?.groups?.['number'];
  if (number !== undefined) return NUMBERED_LEVEL + number.split('.').length - 1;
  if (NAMES.test(text)) return NUMBERED_LEVEL;
  return CAPITALS.test(text) ? CAPITALS_LEVEL : undefined;
}
