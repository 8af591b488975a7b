import type { Block } from './extractor.ts';
import { childAt, childrenOf, isElement, type XmlElement } from './office-xml.ts';

/** Text of DrawingML, the language of slides, shapes and charts in Office files. */

/** Format of paragraphs and runs, and what is shown instead where a feature is unknown. */
const WITHOUT_TEXT = new Set(['pPr', 'rPr', 'endParaRPr', 'Fallback', 'oMathParaPr']);
/** Office numbers nine levels. */
const MAX_LEVEL = 8;

/** The text below an element: runs, fields, formulas, line breaks; page numbers left out. */
export function drawingText(element: XmlElement | undefined): string {
  if (element === undefined || WITHOUT_TEXT.has(element.name)) return '';
  if (element.name === 'br') return '\n';
  if (element.name === 'fld' && element.attributes['type'] === 'slidenum') return '';
  const isText = element.name === 't';
  return element.children.map((child) => (isElement(child) ? drawingText(child) : isText ? child : '')).join('');
}

/** The paragraphs of a text body as lines, empty ones left out. */
export function drawingLines(body: XmlElement | undefined): string[] {
  return childrenOf(body, 'p')
    .map((paragraph) => drawingText(paragraph).trim())
    .filter((line) => line !== '');
}

/**
 * The paragraphs of a text body as blocks. A bullet of the first level begins a list item; deeper ones stand indented
 * below it, in the same block. `isBulleted`: paragraphs that do not say otherwise are bullets, as in a slide's body.
 */
export function drawingBlocks(body: XmlElement | undefined, { isBulleted }: { isBulleted: boolean }): Block[] {
  const paragraphs = readParagraphs(body);
  const items = paragraphs.map((paragraph) => isItem(paragraph, isBulleted && paragraphs.length > 1));
  const base = Math.min(...paragraphs.filter((_, i) => items[i]).map(({ level }) => level));
  const blocks: Block[] = [];
  const numbers: number[] = [];
  for (const [i, paragraph] of paragraphs.entries()) {
    if (items[i] !== true) {
      numbers.length = 0;
      blocks.push({ type: 'paragraph', text: paragraph.text });
      continue;
    }
    const level = paragraph.level - base;
    numbers.length = level + 1;
    if (paragraph.firstNumber === undefined) numbers[level] = 0;
    else numbers[level] = numbers[level] ? numbers[level] + 1 : paragraph.firstNumber;
    const line = (numbers[level] ? `${numbers[level]}. ` : '') + paragraph.text;
    const above = items[i - 1] === true && level > 0 ? blocks.at(-1) : undefined;
    if (above === undefined) blocks.push({ type: 'list-item', text: line });
    else above.text += `\n${'  '.repeat(level)}${line.replaceAll('\n', ' ')}`;
  }
  return blocks;
}

/** The rows of a table as lines of tab-separated cells, or undefined when it is empty. */
export function drawingTable(table: XmlElement): string | undefined {
  const rows = childrenOf(table, 'tr').map((row) =>
    childrenOf(row, 'tc')
      .map((cell) => drawingLines(childAt(cell, 'txBody')).join(' ').replace(/\s+/g, ' '))
      .join('\t')
      .trimEnd(),
  );
  const filled = rows.filter((row) => row !== '');
  return filled.length === 0 ? undefined : filled.join('\n');
}

type Paragraph = { text: string; level: number; bullet: 'yes' | 'no' | 'inherited'; firstNumber: number | undefined };

function readParagraphs(body: XmlElement | undefined): Paragraph[] {
  return childrenOf(body, 'p').flatMap((element) => {
    const text = drawingText(element).trim();
    if (text === '') return [];
    const format = childAt(element, 'pPr');
    const numbered = childAt(format, 'buAutoNum');
    const hasBullet =
      numbered !== undefined || childAt(format, 'buChar') !== undefined || childAt(format, 'buBlip') !== undefined;
    const bullet = hasBullet ? 'yes' : childAt(format, 'buNone') === undefined ? 'inherited' : 'no';
    const level = Math.min(MAX_LEVEL, Math.max(0, Number.parseInt(format?.attributes['lvl'] ?? '0', 10) || 0));
    const firstNumber = numbered === undefined ? undefined : Number.parseInt(numbered.attributes['startAt'] ?? '1', 10);
    return [{ text, level, bullet, firstNumber: firstNumber || (numbered && 1) }];
  });
}

function isItem({ bullet, level }: Paragraph, isBulleted: boolean): boolean {
  if (bullet !== 'inherited') return bullet === 'yes';
  return isBulleted || level > 0;
}
