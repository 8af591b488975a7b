import { bySections } from './by-sections.ts';
import { headingName, type LaidOut } from './chunker.ts';
import { type Line, linesOf } from './lines.ts';
import type { Mark } from './sections.ts';

/** One question with its answer, one rated judgement, one side of it (pros, cons) a chunk. */
export const cutReview = bySections({ marksOf: reviewMarks, tinyCharacters: 60 });

/** Levels below those of headings, which have 1 to 6. */
const QUESTION_LEVEL = 10;
const RATING_LEVEL = 11;
const SIDE_LEVEL = 12;

export const QUESTION_SIGN =
  /^(q(uestion)?|frage|pregunta|pergunta|domanda|vraag|pytanie|вопрос|問|问|質問|问题)\s*\.?\s*\d{0,3}\s*[.:)：–—-]\s*\S/iu;
const NUMBERED = /^\d{1,3}\s*[.)]\s+\S/;
const ASKS = /[?？]["”’)\]]*$/;
const MAX_QUESTION_CHARACTERS = 200;
export const RATING =
  /^(?:(?:overall\s+|gesamt)?(?:rating|score|bewertung|note|puntuación|calificación|valutazione|voto|avaliação|beoordeling|ocena|оценка|评分|評価)\s*[:：=]?\s*[\d★☆⭐]|[★☆⭐]{1,10}|\d{1,2}(?:[.,]\d)?\s*(?:\/|out of|von|sur|de|su|из)\s*(?:5|10|100)\b|\d(?:[.,]\d)?\s*stars?\b)/iu;
/** “★★★★☆ Great service”: the head of one customer's judgement. */
const STARS_WITH_TITLE = /^[★☆⭐]{2,10}\s+\p{L}/u;
export const SIDE =
  /^(?<name>pros|cons|strengths|weaknesses|areas? (?:for|of) (?:improvement|development|growth)|improvements?|achievements|accomplishments|goals|comments|manager(?:’s|'s)? comments|employee(?:’s|'s)? comments|what went well|what could be better|vorteile|nachteile|stärken|schwächen|verbesserungspotenzial|ziele|kommentar|avantages|inconvénients|points forts|points faibles|axes d(?:’|')amélioration|ventajas|desventajas|fortalezas|debilidades|áreas de mejora|pregi|difetti|punti di forza|vantagens|desvantagens|优点|缺点|長所|短所)\s*(?<colon>[:：]|$)/iu;

/** Where questions, judgements and their sides begin. An answer stays with its question, a rating with what it rates. */
export function reviewMarks(document: LaidOut): Mark[] {
  const marks: Mark[] = [];
  /** Levels of the marks that the present line stands under. */
  let open: number[] = [];
  for (const line of linesOf(document)) {
    const mark = headingMark(line) ?? questionMark(line) ?? ratingMark(line, open) ?? sideMark(line);
    if (mark === undefined) continue;
    open = [...open.filter((level) => level < mark.level), mark.level];
    marks.push(mark);
  }
  return marks;
}

function headingMark({ start, end, text, block, isFirstOfBlock }: Line): Mark | undefined {
  if (block.type !== 'heading' || !isFirstOfBlock) return undefined;
  return { start, nameEnd: end, level: block.level ?? 1, name: headingName(text), opens: true };
}

/** A question by its sign, its number or its question mark. It is no answer that ends in a question. */
function questionMark({ start, end, text, isShort, isFirstOfBlock }: Line): Mark | undefined {
  const asks = isFirstOfBlock && isShort && text.length <= MAX_QUESTION_CHARACTERS && ASKS.test(text);
  const isAnswer = /^(a(nswer)?|antwort|réponse|respuesta|risposta|答)\s*\d{0,3}\s*[.:)：]/iu.test(text);
  const isNumbered = NUMBERED.test(text) && (isFirstOfBlock || ASKS.test(text));
  if (isAnswer || !(QUESTION_SIGN.test(text) || isNumbered || asks)) return undefined;
  // Of a numbered line without a question mark, how much is its name is not known.
  const nameEnd = isShort && (ASKS.test(text) || text.length <= MAX_QUESTION_CHARACTERS / 2) ? end : start;
  return { start, nameEnd, level: QUESTION_LEVEL, name: headingName(text), opens: true };
}

/** A rating begins a judgement unless it belongs to a question. */
function ratingMark({ start, end, text, isFirstOfBlock, isShort }: Line, open: number[]): Mark | undefined {
  if (!isFirstOfBlock || !RATING.test(text)) return undefined;
  if (open.includes(QUESTION_LEVEL) && !STARS_WITH_TITLE.test(text)) return undefined;
  const nameEnd = isShort && text.length <= MAX_QUESTION_CHARACTERS / 2 ? end : start;
  const level = STARS_WITH_TITLE.test(text) ? QUESTION_LEVEL : RATING_LEVEL;
  return { start, nameEnd, level, name: headingName(text), opens: true };
}

function sideMark({ start, text }: Line): Mark | undefined {
  const { name, colon } = SIDE.exec(text)?.groups ?? {};
  if (name === undefined || (colon === '' && text.length > name.length)) return undefined;
  return { start, nameEnd: start + name.length + 1, level: SIDE_LEVEL, name: headingName(name), opens: true };
}
