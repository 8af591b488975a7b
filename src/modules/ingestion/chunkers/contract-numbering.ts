/** Levels below those of headings, which have 1 to 6. */
export const CLAUSE_LEVELS = {
  schedule: 10,
  part: 15,
  article: 20,
  sectionOfArticle: 21,
  /** 1.1; a level more for each further number. */
  subNumber: 22,
  numberInParentheses: 30,
  /** “1.” below a paragraph (1) of an article. */
  numberInArticle: 31,
  letter: 32,
  roman: 33,
  capital: 34,
  definition: 40,
};

/** What a line says that a clause begins with. */
export type Numbering = {
  level: number;
  /** The number itself: `4.1`, `a`. */
  sign: string;
  /** How much of the line it takes, with the word before it. */
  length: number;
  /** Whether the number follows a word for it, or a sign: Article 4, § 4. */
  isNamed: boolean;
};

/** A clause that is still open where the next one begins. */
export type OpenClause = Pick<Numbering, 'level' | 'sign' | 'isNamed'>;

const SCHEDULE =
  /^(?:(?:schedule|annex(?:e|ure)?|appendix|exhibit|addendum|anlage|anhang|anexo|allegato|załącznik|приложение)(?:\s+(?:no\.?\s*)?(?:\d{1,3}|[A-Z]{1,2}|[IVXL]{1,6})(?!\p{L}))?|附件|附录|別紙)(?!\p{L}|[-’'])/iu;
const PART =
  /^(?:part|teil|kapitel|chapter|chapitre|capítulo|capitolo|title|titel|titre|título)\s+(?:\d{1,3}|[IVXL]{1,6}|[A-Z])(?!\p{L})/iu;
const NAMED =
  /^(?<word>article|artikel|artículo|articulo|articolo|artigo|art\.?|artykuł|статья|clause|klausel|cláusula|clausola|section|sektion|abschnitt|sección|sezione|ziffer|§)\s*(?<sign>\d{1,3}(?:\.\d{1,3}){0,4}\p{Ll}?|[IVXLC]{1,7})(?!\p{L})/iu;
/** Nothing that goes on as a sentence does: “Section 4 of this Agreement”. */
const NOT_A_SENTENCE = /^(?:\s*[:.–—)-]|\s*$|\s+[^\p{Ll}\s])/u;
const WORD_FOR_SECTION = /^(section|clause|sektion|abschnitt|sección|sezione|ziffer)/i;
const CHINESE = /^第\s*(?<sign>[\d一二三四五六七八九十百零〇]{1,6})\s*[条條]/u;
const NUMBER = /^(?<sign>\d{1,2}(\.\d{1,2}){0,4})(?<end>[.)])?(?=\s+\S|\s*$)/u;
/** “2.5 million”: what is counted and not what counts. */
const QUANTITY = /^\s+(%|per\b|million|billion|mio|mrd|days|weeks|months|years|hours|km|kg|m|eur|usd|euro|dollars)\b/i;
const PARENTHESES = /^\(?(?<sign>\p{Ll}|([a-z])\2|[ivxl]{2,6}|[A-Z]|\d{1,2})\)(?=\s+\S|\s*$)/u;
const DEFINITION =
  /^(\([a-z]{1,2}\)\s*)?["“”„«»「](?<sign>[^"“”„«»」\n]{1,80})["“”«»」]\s*,?\s+(\([^)]{1,60}\)\s+)?(means?|shall mean|shall have|has the|have the|refers? to|is defined|includes?|bedeutet|bezeichnet|meint|ist|sind|désigne|signifie|significa|se entiende|indica)\b/iu;

/** The numbering that a line begins with, given the clauses that are open there; undefined for running text. */
export function numberingOf(line: string, open: OpenClause[]): Numbering | undefined {
  const definition = DEFINITION.exec(line)?.groups?.['sign'];
  if (definition !== undefined) return plain('definition', definition);
  if (isTitle(SCHEDULE, line)) return plain('schedule', line);
  if (isTitle(PART, line)) return plain('part', line);
  const isInArticle = open.some(({ isNamed }) => isNamed);
  return namedOf(line, open) ?? numberOf(line, isInArticle) ?? parenthesesOf(line, open);
}

function isTitle(pattern: RegExp, line: string): boolean {
  const found = pattern.exec(line)?.[0];
  return found !== undefined && NOT_A_SENTENCE.test(line.slice(found.length));
}

const plain = (kind: keyof typeof CLAUSE_LEVELS, sign: string): Numbering => ({
  level: CLAUSE_LEVELS[kind],
  sign,
  length: 0,
  isNamed: false,
});

function namedOf(line: string, open: OpenClause[]): Numbering | undefined {
  const found = NAMED.exec(line) ?? CHINESE.exec(line);
  const sign = found?.groups?.['sign'];
  if (!found || sign === undefined || !NOT_A_SENTENCE.test(line.slice(found[0].length))) return undefined;
  const isBelow =
    WORD_FOR_SECTION.test(line) && open.some(({ level, isNamed }) => isNamed && level === CLAUSE_LEVELS.article);
  const level = isBelow ? CLAUSE_LEVELS.sectionOfArticle : CLAUSE_LEVELS.article;
  return { level: levelByDots(sign, level), sign, length: found[0].length, isNamed: true };
}

function numberOf(line: string, isInArticle: boolean): Numbering | undefined {
  const found = NUMBER.exec(line);
  const sign = found?.groups?.['sign'];
  if (!found || sign === undefined) return undefined;
  const isEnded = found.groups?.['end'] !== undefined;
  if (!isEnded && (!sign.includes('.') || QUANTITY.test(line.slice(sign.length)))) return undefined;
  const level = isInArticle ? CLAUSE_LEVELS.numberInArticle : CLAUSE_LEVELS.article;
  return { level: levelByDots(sign, level), sign, length: found[0].length, isNamed: false };
}

function levelByDots(sign: string, level: number): number {
  const dots = sign.split('.').length - 1;
  return dots === 0 ? level : CLAUSE_LEVELS.subNumber + dots - 1;
}

function parenthesesOf(line: string, open: OpenClause[]): Numbering | undefined {
  const found = PARENTHESES.exec(line);
  const sign = found?.groups?.['sign'];
  if (!found || sign === undefined) return undefined;
  return { level: CLAUSE_LEVELS[styleOf(sign, open)], sign, length: found[0].length, isNamed: false };
}

function styleOf(sign: string, open: OpenClause[]): 'numberInParentheses' | 'letter' | 'roman' | 'capital' {
  if (/^\d/.test(sign)) return 'numberInParentheses';
  if (/^[A-Z]/.test(sign)) return 'capital';
  if (sign.length > 1) return 'roman';
  // (i) follows (h) as a letter, and stands below anything else as a number.
  const letter = open.find(({ level }) => level === CLAUSE_LEVELS.letter)?.sign ?? '';
  const isNextLetter = sign.charCodeAt(0) === letter.charCodeAt(0) + 1;
  return /^[ivx]$/.test(sign) && !isNextLetter ? 'roman' : 'letter';
}
