import { cleanTitle, compactMetadata, createBlockCollector, createTextList, type TextList } from './blocks.ts';
import type { ExtractedDocument, ExtractionInput, Extractor } from './extractor.ts';
import { createLinkCollector } from './links.ts';
import { addOdfElement, commentText } from './odf-blocks.ts';
import { readOdsRow } from './ods-cells.ts';
import { childrenOf, descendantsOf, type OpenElement, type XmlElement } from './office-xml.ts';
import { createStyles, openDocument, readMeta, STYLE_ELEMENTS } from './opendocument.ts';
import { columnLetters } from './table-columns.ts';
import { createTableReader, type SheetWriter } from './tables.ts';

/** OpenDocument spreadsheets: sheets as tables, then their shapes and comments. */
export const odsExtractor: Extractor = {
  kind: 'ods',
  version: 'ods/saxes@1',
  extract: extractOds,
};

/** Programs fill a sheet up to its last row with one row that is repeated. */
export const MAX_ROWS = 1_048_576;
const MAX_SHEETS = 2000;
const MAX_NAMES = 100;

/** The sheet that is being read. */
type Sheet = { writer: SheetWriter; shapes: XmlElement | undefined; row: number; isFull: boolean; comments: TextList };

async function extractOds({ bytes }: ExtractionInput): Promise<ExtractedDocument> {
  const file = await openDocument(bytes);
  const collector = createBlockCollector();
  const reader = createTableReader(collector);
  const links = createLinkCollector();
  const styles = createStyles();
  const hidden: string[] = [];
  let sheet: Sheet | undefined;
  let sheets = 0;
  const isSheet = ({ name }: OpenElement, above: readonly OpenElement[]) =>
    name === 'table:table' && above.at(-1)?.name === 'office:spreadsheet';
  await file.content({
    isWanted: ({ name }) => STYLE_ELEMENTS.has(name) || name === 'table:table-row' || name === 'table:shapes',
    enter(element, above) {
      if (!isSheet(element, above) || sheets >= MAX_SHEETS) return;
      sheets++;
      const name = cleanTitle(element.attributes['table:name']) ?? String(sheets);
      if (styles.isHidden(element.attributes['table:style-name'])) hidden.push(name);
      const writer = reader.sheet({ page: sheets, name });
      sheet = { writer, shapes: undefined, row: 0, isFull: false, comments: createTextList() };
    },
    take(element) {
      if (STYLE_ELEMENTS.has(element.name)) styles.add(element);
      else if (sheet !== undefined && element.name === 'table:shapes') sheet.shapes = element;
      else if (sheet !== undefined) takeRow(sheet, element);
      for (const link of descendantsOf(element, 'text:a')) links.add(link.attributes['xlink:href']);
    },
    leave({ name }) {
      if (name !== 'table:table' || sheet === undefined) return;
      const { writer, shapes, comments } = sheet;
      sheet = undefined;
      writer.end();
      const sink = {
        add: writer.add,
        styles,
        links,
        note: () => {},
        object: () => {},
        numbers: new Map<string, number>(),
      };
      for (const shape of childrenOf(shapes)) addOdfElement(shape, sink);
      for (const text of comments.texts) writer.add({ type: 'quote', text });
    },
  });
  const { title, metadata } = await readMeta(file);
  const stated = cleanTitle(title);
  return {
    ...(stated === undefined ? {} : { title: stated }),
    metadata: compactMetadata({
      ...metadata,
      hiddenSheets: hidden.slice(0, MAX_NAMES),
      links: links.urls(),
      ...reader.facts(),
    }),
    pageCount: sheets,
    blocks: collector.blocks,
    measurements: reader.measurements(),
  };
}

function takeRow(sheet: Sheet, element: XmlElement): void {
  if (sheet.isFull) return;
  const { cells, comments } = readOdsRow(element);
  for (const { column, comment } of comments) {
    const text = commentText(comment);
    if (text !== '') sheet.comments.add(signComment(text, `${columnLetters(column)}${sheet.row + 1}`));
  }
  const count = Number.parseInt(element.attributes['table:number-rows-repeated'] ?? '1', 10) || 1;
  // Empty rows are one gap, however many they are.
  const times = cells.length === 0 ? 1 : Math.min(count, MAX_ROWS - sheet.row);
  for (let i = 0; i < times && !sheet.isFull; i++) sheet.isFull = !sheet.writer.row([...cells]);
  sheet.row += count;
}

/** `Ada (B2): text`, as in Excel's workbooks. */
function signComment(text: string, cell: string): string {
  const author = /^([^:\n]{1,80}): /.exec(text)?.[1];
  return author === undefined ? `(${cell}): ${text}` : `${author} (${cell})${text.slice(author.length)}`;
}
