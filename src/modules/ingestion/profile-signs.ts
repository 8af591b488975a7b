import type { LaidOut } from './chunkers/chunker.ts';
import { contractMarks } from './chunkers/contract.ts';
import { CLAUSE_LEVELS } from './chunkers/contract-numbering.ts';
import { type Line, linesOf } from './chunkers/lines.ts';
import { DATE_RANGE } from './chunkers/resume.ts';
import { QUESTION_SIGN, RATING, SIDE } from './chunkers/review.ts';
import { resumeSectionOf } from './chunkers/section-names.ts';
import * as words from './profile-words.ts';

/** Something about a document that speaks for a profile: how strongly, from 0 to 1, and in words. */
export type Sign = { weight: number; reason: string };

/** What signs are looked for in. */
export type Evidence = {
  document: LaidOut;
  lines: Line[];
  /** The file's name without its ending, words separated by spaces. */
  filename: string;
  /** What the document calls itself: its title and first lines. */
  heading: string;
  /** Where it says who it is about or between whom. */
  opening: string;
  /** Whether that is all of it. */
  isWhole: boolean;
};

const HEADING_LINES = 3;
const HEADING_CHARACTERS = 300;
const OPENING_CHARACTERS = 3000;
const CONTACT_CHARACTERS = 700;
const MAX_RESUME_CHARACTERS = 40_000;
const NAMES_SHOWN = 4;

export function gatherEvidence(
  document: LaidOut,
  { filename, title = '', isWhole }: { filename: string; title?: string | undefined; isWhole: boolean },
): Evidence {
  const lines = linesOf(document);
  const first = lines.slice(0, HEADING_LINES).map(({ text }) => text);
  return {
    document,
    lines,
    filename: filename.replace(/\.\w{1,8}$/, '').replace(/[_\-.+()[\]]+/g, ' '),
    heading: `${title}\n${first.join('\n').slice(0, HEADING_CHARACTERS)}`,
    opening: document.text.slice(0, OPENING_CHARACTERS),
    isWhole,
  };
}

/** A CV: sections that only CVs have all of, and dates of posts; a job advertisement has the sections, too. */
export function resumeSigns(evidence: Evidence): Sign[] {
  const { lines, document, isWhole } = evidence;
  if (!isWhole || document.text.length > MAX_RESUME_CHARACTERS) return [];
  const found = new Map<string, string>();
  for (const { text, isShort } of lines) {
    const section = isShort ? resumeSectionOf(text) : undefined;
    if (section !== undefined && !found.has(section)) found.set(section, text);
  }
  if (!found.has('experience') && !found.has('education')) return [];
  const name = nameSign(evidence, words.RESUME_NAMES, 0.5);
  const dates = lines.filter(({ text }) => DATE_RANGE.test(text)).length;
  if (name.length === 0 && dates < 2) return [];
  const contact = words.CONTACT.test(document.text.slice(0, CONTACT_CHARACTERS));
  return [
    ...name,
    ...some(
      found.size,
      [
        [4, 0.75],
        [3, 0.6],
        [2, 0.3],
      ],
      `It has sections of a CV: ${quoted([...found.values()])}.`,
    ),
    ...some(dates, [[2, 0.35]], 'It says from when to when things were done.'),
    ...(contact ? [{ weight: 0.3, reason: 'It begins with an address to reach somebody by.' }] : []),
  ];
}

/** A contract: it says so or names its parties, and it has clauses or speaks as contracts do. */
export function contractSigns(evidence: Evidence): Sign[] {
  const { document, opening } = evidence;
  const clauses = contractMarks(document).filter(({ level, nameEnd, start }) => {
    return level >= CLAUSE_LEVELS.article && level < CLAUSE_LEVELS.numberInParentheses && nameEnd > start;
  });
  const phrases = distinct(document.text, words.CONTRACT_PHRASES);
  const hasParties = words.PARTIES.test(opening);
  const whose = [
    ...nameSign(evidence, words.CONTRACT_NAMES, 0.45),
    ...(hasParties ? [{ weight: 0.5, reason: 'It names its parties.' }] : []),
  ];
  const how = [
    ...some(clauses.length, [[4, 0.35]], 'It has numbered clauses.'),
    ...some(
      phrases.length,
      [
        // Texts about contracts speak so, too.
        [6, hasParties ? 0.55 : 0.4],
        [3, 0.4],
      ],
      `It speaks as contracts do: ${quoted(phrases)}.`,
    ),
  ];
  return whose.length === 0 || how.length === 0 ? [] : [...whose, ...how];
}

/** Reviews, appraisals and surveys: questions and answers, ratings, sides. */
export function reviewSigns(evidence: Evidence): Sign[] {
  const { lines } = evidence;
  const ratings = lines.filter(({ text, isFirstOfBlock }) => isFirstOfBlock && RATING.test(text)).length;
  const questions = lines.filter(({ text }) => QUESTION_SIGN.test(text)).length;
  const asked = lines.filter(({ text, isShort }) => isShort && /^\d{1,3}\s*[.)]\s.*[?？]$/.test(text)).length;
  const sides = new Set(lines.flatMap(({ text }) => SIDE.exec(text)?.groups?.['name']?.toLowerCase() ?? []));
  const how = [
    ...some(
      ratings,
      [
        [4, 0.65],
        [2, 0.5],
      ],
      'It gives ratings.',
    ),
    ...some(questions, [[3, 0.6]], 'It has questions and answers.'),
    ...some(asked, [[4, 0.5]], 'It has numbered questions.'),
    ...some(sides.size, [[2, 0.45]], `It weighs sides: ${quoted([...sides])}.`),
  ];
  return how.length === 0 ? [] : [...nameSign(evidence, words.REVIEW_NAMES, 0.45), ...how];
}

/** A policy: it says so, has the sections that policies have, and says what must and must not be done. */
export function policySigns(evidence: Evidence): Sign[] {
  const { lines, document } = evidence;
  const sections = new Set(
    lines.flatMap(({ text, isShort }) => (isShort ? (words.POLICY_SECTIONS.exec(text)?.groups?.['name'] ?? []) : [])),
  );
  const phrases = distinct(document.text, words.POLICY_PHRASES);
  const name = nameSign(evidence, words.POLICY_NAMES, 0.45);
  if (name.length === 0) return [];
  return [
    ...name,
    ...some(
      sections.size,
      [
        [5, 0.75],
        [3, 0.65],
        [2, 0.4],
      ],
      `It has sections of a policy: ${quoted([...sections])}.`,
    ),
    ...some(
      phrases.length,
      [
        [4, 0.55],
        [2, 0.4],
      ],
      `It speaks as policies do: ${quoted(phrases)}.`,
    ),
  ];
}

/** A personnel record: fields that are kept of employees. */
export function employeeSigns(evidence: Evidence): Sign[] {
  const fields = new Map<string, string>();
  for (const line of evidence.document.text.split('\n')) {
    const field = words.EMPLOYEE_FIELDS.exec(line)?.groups?.['name'];
    if (field !== undefined) fields.set(field.toLowerCase(), field);
  }
  if (![...fields.keys()].some((field) => words.EMPLOYEES_ONLY.test(field))) return [];
  return [
    ...nameSign(evidence, words.EMPLOYEE_NAMES, 0.4),
    ...some(
      fields.size,
      [
        [6, 0.75],
        [4, 0.6],
      ],
      `It has fields of a personnel record: ${quoted([...fields.values()])}.`,
    ),
  ];
}

function nameSign({ filename, heading }: Evidence, names: RegExp, weight: number): Sign[] {
  const byHeading = names.exec(heading)?.[0];
  if (byHeading !== undefined) return [{ weight, reason: `It is called “${byHeading.trim()}”.` }];
  const byFilename = names.exec(filename)?.[0];
  return byFilename === undefined ? [] : [{ weight, reason: `Its file is called “${byFilename.trim()}”.` }];
}

/** The sign with the weight of the first threshold that the count reaches, if it reaches any. */
function some(count: number, thresholds: [number, number][], reason: string): Sign[] {
  const reached = thresholds.find(([least]) => count >= least);
  return reached === undefined ? [] : [{ weight: reached[1], reason }];
}

const distinct = (text: string, phrases: RegExp): string[] => [
  ...new Set([...text.matchAll(phrases)].map(([phrase]) => phrase.toLowerCase().replace(/\s+/g, ' '))),
];

const quoted = (names: string[]): string =>
  names
    .slice(0, NAMES_SHOWN)
    .map((name) => `“${name.slice(0, 40).toWellFormed()}”`)
    .join(', ');
