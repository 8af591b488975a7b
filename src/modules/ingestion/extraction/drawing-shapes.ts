import { chartBlocks } from './chart-text.ts';
import { diagramBlocks } from './diagram-text.ts';
import { drawingBlocks, drawingLines, drawingTable } from './drawing-text.ts';
import type { Block } from './extractor.ts';
import { type OfficePackage, type Relationship, relationshipId } from './office-package.ts';
import { childAt, childrenOf, type XmlElement } from './office-xml.ts';

/** What lies around shapes: the file that charts and diagrams are read from, and what it points to. */
export type Surroundings = { file: OfficePackage; relationships: Map<string, Relationship> };

/** Blocks of one shape, with the place in the layout that it fills (`title`, `body`, `ftr` …), if any. */
export type ShapeBlocks = { placeholder: string | undefined; blocks: Block[] };

/** Text that programs write as a description by themselves. */
const AUTOMATIC_DESCRIPTION = /Description automatically generated|AI-generated content may be incorrect/i;

/** The name of the picture's file, or of its kind. */
const NO_DESCRIPTION =
  /^\s*(\S{1,200}\.(png|jpe?g|gif|bmp|tiff?|emf|wmf|svg|webp)|(picture|image|graphic|chart)( \d+)?)\s*$/i;

/**
 * The text of shapes in the order in which they stand, groups, tables, charts, diagrams and descriptions of pictures
 * included.
 */
export async function readShapes(container: XmlElement | undefined, around: Surroundings): Promise<ShapeBlocks[]> {
  const shapes: ShapeBlocks[] = [];
  for (const element of childrenOf(container)) {
    if (element.name === 'AlternateContent') shapes.push(...(await readAlternative(element, around)));
    else if (element.name === 'grpSp' || element.name.endsWith('Anchor')) {
      shapes.push(...describe(element), ...(await readShapes(element, around)));
    } else if (element.name === 'graphicFrame') shapes.push(...(await readFrame(element, around)));
    else if (element.name === 'sp') shapes.push(readText(element));
    else if (element.name === 'pic' || element.name === 'cxnSp') shapes.push(...describe(element));
  }
  return shapes.filter(({ blocks }) => blocks.length > 0);
}

/** The feature if it has text, else what older programs show in its place. */
async function readAlternative(element: XmlElement, around: Surroundings): Promise<ShapeBlocks[]> {
  for (const child of childrenOf(element)) {
    const shapes = await readShapes(child, around);
    if (shapes.length > 0) return shapes;
  }
  return [];
}

function readText(element: XmlElement): ShapeBlocks {
  const place = childAt(element, 'nvSpPr', 'nvPr', 'ph');
  const placeholder = place === undefined ? undefined : (place.attributes['type'] ?? 'obj');
  const body = childAt(element, 'txBody');
  if (placeholder === 'title' || placeholder === 'ctrTitle') {
    const text = drawingLines(body).join(' ').replace(/\s+/g, ' ');
    const level = placeholder === 'ctrTitle' ? 1 : 2;
    return { placeholder, blocks: text === '' ? [] : [{ type: 'heading', level, text }] };
  }
  const isBulleted = placeholder === 'body' || placeholder === 'obj';
  const blocks = drawingBlocks(body, { isBulleted });
  return { placeholder, blocks: blocks.length > 0 ? blocks : describe(element).flatMap((shape) => shape.blocks) };
}

async function readFrame(element: XmlElement, around: Surroundings): Promise<ShapeBlocks[]> {
  const data = childAt(element, 'graphic', 'graphicData');
  const blocks: Block[] = [];
  for (const child of childrenOf(data)) {
    if (child.name === 'tbl') blocks.push(...tableBlocks(child));
    if (child.name === 'chart') blocks.push(...chartBlocks(await readPart(child, { attribute: 'id', around })));
    if (child.name === 'relIds') blocks.push(...diagramBlocks(await readPart(child, { attribute: 'dm', around })));
    if (child.name === 'AlternateContent') {
      const shapes = await readAlternative(child, around);
      blocks.push(...shapes.flatMap((shape) => shape.blocks));
    }
  }
  return [...describe(element), { placeholder: undefined, blocks }];
}

function tableBlocks(table: XmlElement): Block[] {
  const text = drawingTable(table);
  return text === undefined ? [] : [{ type: 'table', text }];
}

async function readPart(
  element: XmlElement,
  { attribute, around }: { attribute: string; around: Surroundings },
): Promise<XmlElement | undefined> {
  const target = around.relationships.get(relationshipId(element, attribute) ?? '');
  return target === undefined || target.isExternal ? undefined : await around.file.tree(target.target);
}

/** What is said of a picture, chart or group for those who cannot see it. */
function describe(element: XmlElement): ShapeBlocks[] {
  const own = childrenOf(element).find(({ name }) => /^nv\w+Pr$/.test(name));
  const [description = ''] = (childAt(own, 'cNvPr')?.attributes['descr'] ?? '').split(AUTOMATIC_DESCRIPTION, 1);
  if (description.trim() === '' || NO_DESCRIPTION.test(description)) return [];
  return [{ placeholder: undefined, blocks: [{ type: 'paragraph', text: description.trim() }] }];
}
