import { type BlockCollector, collapseWhitespace } from './blocks.ts';
import type { Block } from './extractor.ts';

/** Cells longer than this hold running text: the table only arranges the page. */
const MAX_CELL_CHARACTERS = 2000;

/** Puts the text of a Rich Text document together to paragraphs, list items, headings and tables. */
export type RtfStory = {
  text(text: string): void;
  /** The number or bullet that stands before the paragraph. */
  mark(text: string): void;
  endParagraph(place: { inTable: boolean; outline: number | undefined }): void;
  beginRow(): void;
  endCell(): void;
  endRow(): void;
  /** Ends whatever is open. */
  end(): void;
};

/** Outline levels count from 0, and 9 is running text. */
const MAX_OUTLINE_LEVEL = 8;

/** A story whose blocks go to the collector. */
export function createRtfStory(collector: BlockCollector): RtfStory {
  let paragraph: string[] = [];
  let mark = '';
  let cell: string[] = [];
  let row: string[] = [];
  let rows: string[][] = [];
  let isRowOpen = false;

  const takeParagraph = (): string => {
    const text = paragraph.join('').trim();
    const numbered = /[\p{L}\p{N}]/u.test(mark) ? `${collapseWhitespace(mark)} ${text}` : text;
    paragraph = [];
    return text === '' ? '' : numbered;
  };

  const endTable = () => {
    if (cell.length > 0) endCell();
    if (row.length > 0) rows.push(row);
    for (const block of tableBlocks(rows)) collector.add(block);
    [cell, row, rows, isRowOpen] = [[], [], [], false];
  };

  const endCell = () => {
    cell.push(takeParagraph());
    mark = '';
    row.push(collapseWhitespace(cell.join('\n')));
    cell = [];
  };

  return {
    text: (text) => paragraph.push(text),
    mark(text) {
      mark += text;
    },
    endParagraph({ inTable, outline }) {
      const isItem = mark.trim() !== '';
      const text = takeParagraph();
      mark = '';
      if (inTable || isRowOpen) {
        if (text !== '') cell.push(text);
        return;
      }
      endTable();
      collector.add(toBlock(text, { isItem, outline }));
    },
    beginRow() {
      isRowOpen = true;
    },
    endCell,
    endRow() {
      if (cell.length > 0) endCell();
      if (row.length > 0) rows.push(row);
      row = [];
      isRowOpen = false;
    },
    end() {
      const text = takeParagraph();
      endTable();
      collector.add({ type: 'paragraph', text });
    },
  };
}

function toBlock(text: string, { isItem, outline }: { isItem: boolean; outline: number | undefined }): Block {
  if (outline !== undefined && outline <= MAX_OUTLINE_LEVEL) {
    return { type: 'heading', level: Math.min(6, outline + 1), text: collapseWhitespace(text) };
  }
  return { type: isItem ? 'list-item' : 'paragraph', text };
}

function tableBlocks(rows: string[][]): Block[] {
  const widest = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const arranges = widest < 2 || rows.some((row) => row.some((cell) => cell.length > MAX_CELL_CHARACTERS));
  if (arranges) return rows.flat().map((text) => ({ type: 'paragraph', text }));
  return [
    {
      type: 'table',
      text: rows
        .map((row) => row.join('\t').trimEnd())
        .filter((row) => row !== '')
        .join('\n'),
    },
  ];
}
