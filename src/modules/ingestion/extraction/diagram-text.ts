import { drawingLines } from './drawing-text.ts';
import type { Block } from './extractor.ts';
import { childAt, childrenOf, type XmlElement } from './office-xml.ts';

/** The texts of a diagram (SmartArt) as list items, each with those below it indented under it. */
export function diagramBlocks(root: XmlElement | undefined): Block[] {
  const points = childrenOf(childAt(root, 'ptLst'), 'pt');
  const texts = new Map(points.map((point) => [point.attributes['modelId'] ?? '', pointText(point)]));
  const below = new Map<string, string[]>();
  for (const { attributes } of childrenOf(childAt(root, 'cxnLst'), 'cxn')) {
    const { type = 'parOf', srcId = '', destId = '' } = attributes;
    if (type !== 'parOf') continue;
    const siblings = below.get(srcId);
    if (siblings === undefined) below.set(srcId, [destId]);
    else siblings.push(destId);
  }
  const seen = new Set<string>();
  const document = points.find((point) => point.attributes['type'] === 'doc')?.attributes['modelId'] ?? '';
  // What hangs on nothing comes last.
  const roots = [...(below.get(document) ?? []), ...texts.keys()];
  return roots.flatMap((id) => {
    const text = outline(id, { texts, below, seen }).join('\n');
    return text === '' ? [] : [{ type: 'list-item' as const, text }];
  });
}

type Points = { texts: Map<string, string>; below: Map<string, string[]>; seen: Set<string> };

/** A point and those below it as indented lines; each point once, so that circles end. */
function outline(root: string, { texts, below, seen }: Points): string[] {
  const lines: string[] = [];
  const waiting = [{ id: root, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { id, depth } = next;
    if (seen.has(id)) continue;
    seen.add(id);
    const text = texts.get(id) ?? '';
    if (text !== '') lines.push(`${'  '.repeat(Math.min(depth, 8))}${text}`);
    const children = below.get(id) ?? [];
    for (const child of children.toReversed()) waiting.push({ id: child, depth: text === '' ? depth : depth + 1 });
  }
  return lines;
}

/** Points of the layout itself repeat no text of their own. */
function pointText(point: XmlElement): string {
  return drawingLines(childAt(point, 't')).join(' ').replace(/\s+/g, ' ');
}
