import { cleanTitle, compactMetadata, createBlockCollector } from './blocks.ts';
import { readShapes } from './drawing-shapes.ts';
import {
  type Block,
  type ExtractedDocument,
  ExtractionError,
  type ExtractionInput,
  type Extractor,
} from './extractor.ts';
import { unsupportedFormat } from './formats.ts';
import { createLinkCollector } from './links.ts';
import {
  findMainPart,
  missingPart,
  type OfficePackage,
  openPackage,
  type Relationship,
  readProperties,
  relationshipId,
} from './office-package.ts';
import { childAt, childrenOf, textIn, type XmlElement } from './office-xml.ts';
import { createTableReader } from './tables.ts';
import { readFormats, readSharedStrings, type Workbook } from './xlsx-cells.ts';
import { readComments } from './xlsx-comments.ts';
import { readRows } from './xlsx-rows.ts';

/** Excel workbooks: sheets in their order as tables, then their charts, shapes and comments. */
export const xlsxExtractor: Extractor = {
  kind: 'xlsx',
  version: 'xlsx/saxes@1',
  extract: extractXlsx,
};

export const MAX_SHEETS = 2000;
const MAX_NAMES = 100;
const MAX_NAME_CHARACTERS = 200;

async function extractXlsx({ bytes }: ExtractionInput): Promise<ExtractedDocument> {
  const file = openPackage(bytes);
  if (file.has('xl/workbook.bin')) throw unsupportedFormat('a binary Excel workbook (.xlsb)');
  const { root, sheets, workbook, people } = await openWorkbook(file);
  const collector = createBlockCollector();
  const reader = createTableReader(collector);
  const links = createLinkCollector();
  for (const [index, sheet] of sheets.entries()) {
    const writer = reader.sheet({ page: index + 1, name: sheet.name });
    const relationships = await file.relationships(sheet.part);
    writer.end({ rowsInAll: await readRows(writer, { file, part: sheet.part, workbook }) });
    for (const block of await readAround(file, { relationships, people })) writer.add(block);
    for (const { type, target } of relationships.values()) if (type === 'hyperlink') links.add(target);
  }
  const { title, metadata } = await readProperties(file);
  const stated = cleanTitle(title);
  return {
    ...(stated === undefined ? {} : { title: stated }),
    metadata: compactMetadata({
      ...metadata,
      hiddenSheets: sheets.flatMap(({ isHidden, name }) => (isHidden ? [name] : [])).slice(0, MAX_NAMES),
      definedNames: definedNames(root),
      links: links.urls(),
      ...reader.facts(),
    }),
    pageCount: sheets.length,
    blocks: collector.blocks,
    measurements: reader.measurements(),
  };
}

type Sheet = { part: string; name: string; isHidden: boolean };

async function openWorkbook(file: OfficePackage) {
  const main = await findMainPart(file, 'xl/workbook.xml');
  const root = await file.tree(main);
  const targets = await file.relationships(main);
  const partOf = (type: string) => [...targets.values()].find((target) => target.type === type)?.target;
  const date1904 = childAt(root, 'workbookPr')?.attributes['date1904'] ?? '';
  const workbook: Workbook = {
    strings: await readSharedStrings(file, partOf('sharedStrings')),
    formats: await readFormats(file, partOf('styles')),
    is1904: /^(1|true|on)$/.test(date1904),
  };
  return { root, sheets: listSheets(file, { root, targets }), workbook, people: partOf('person') };
}

function listSheets(
  file: OfficePackage,
  { root, targets }: { root: XmlElement | undefined; targets: Map<string, Relationship> },
): Sheet[] {
  const listed = childrenOf(childAt(root, 'sheets'), 'sheet');
  if (listed.length > MAX_SHEETS) throw tooManySheets();
  const sheets = listed.map((element, index) => ({
    part: targets.get(relationshipId(element) ?? '')?.target ?? '',
    name: cleanTitle(element.attributes['name']) ?? String(index + 1),
    isHidden: /hidden/i.test(element.attributes['state'] ?? ''),
  }));
  if (!sheets.some(({ part }) => file.has(part))) throw missingPart('xl/worksheets/sheet1.xml');
  return sheets;
}

/** What a sheet has beside its cells: charts, shapes, comments. */
async function readAround(
  file: OfficePackage,
  around: { relationships: Map<string, Relationship>; people: string | undefined },
): Promise<Block[]> {
  const blocks: Block[] = [];
  for (const { type, target } of around.relationships.values()) {
    if (type === 'drawing') blocks.push(...(await drawingOf(file, target)));
  }
  for (const text of await readComments(file, around)) blocks.push({ type: 'quote', text });
  return blocks;
}

/** Charts and shapes that lie over the cells, or fill a sheet of their own. */
async function drawingOf(file: OfficePackage, part: string): Promise<Block[]> {
  const relationships = await file.relationships(part);
  const shapes = await readShapes(await file.tree(part), { file, relationships });
  return shapes.flatMap(({ blocks }) => blocks);
}

/** `Rate = Prices!$B$2`; those that programs make for themselves, or that point to nothing, are left out. */
function definedNames(root: XmlElement | undefined): string[] {
  const names = childrenOf(childAt(root, 'definedNames'), 'definedName')
    .filter(({ attributes }) => attributes['hidden'] !== '1' && !/^_xl/i.test(attributes['name'] ?? ''))
    .map((element) => `${element.attributes['name'] ?? ''} = ${textIn(element).trim()}`)
    .filter((name) => !name.includes('#REF!'))
    .flatMap((name) => cleanTitle(name.slice(0, MAX_NAME_CHARACTERS)) ?? []);
  return [...new Set(names)].slice(0, MAX_NAMES);
}

function tooManySheets(): ExtractionError {
  return new ExtractionError(
    'too_large',
    `The workbook has more than ${MAX_SHEETS} sheets. Split it into parts and upload them one by one.`,
  );
}
