import type { BlockCollector } from './blocks.ts';
import { attributeOf, type DomNode, isTextNode, tagOf, walkDom } from './dom.ts';
import { isBlockTag, isSkipped, rawText, readTable } from './dom-text.ts';
import type { Block } from './extractor.ts';
import type { LinkCollector } from './links.ts';

/** Where the blocks and links of a page go. */
export type DomSink = { collector: BlockCollector; links: LinkCollector };

type List = { ordered: boolean; next: number };

/** What surrounds the text that is being gathered. */
type Context = {
  text: string;
  headingLevel: number;
  quotes: number;
  items: number;
  lists: List[];
  /** `3. ` of a list item whose text has not begun. */
  marker: string;
};

/** Adds what is below the node as blocks: headings, paragraphs, list items, data tables, quotes, preformatted text. */
export function addDomBlocks(root: DomNode, sink: DomSink): void {
  const context: Context = { text: '', headingLevel: 0, quotes: 0, items: 0, lists: [], marker: '' };
  walkDom(root, {
    enter(node) {
      if (isTextNode(node)) {
        context.text += (node.nodeValue ?? '').replace(/[ \t\n\r\f]+/g, ' ');
        return false;
      }
      const tag = tagOf(node);
      if (isSkipped(node, tag)) return false;
      return enterElement(node, { tag, context, sink });
    },
    leave(node) {
      const tag = tagOf(node);
      // A skipped element was never entered: closing it must not count.
      if (tag !== '' && !isSkipped(node, tag)) leaveElement(tag, { context, sink });
    },
  });
  flush(context, sink);
}

type Visit = { tag: string; context: Context; sink: DomSink };

function enterElement(node: DomNode, { tag, context, sink }: Visit): boolean {
  if (tag === 'BR') context.text += '\n';
  if (tag === 'A') sink.links.add(attributeOf(node, 'href'));
  if (!isBlockTag(tag)) return true;
  flush(context, sink);
  if (tag === 'PRE') sink.collector.add({ type: 'code', text: rawText(node) });
  const table = tag === 'TABLE' ? readTable(node) : undefined;
  if (table !== undefined) addTable(node, { table, context, sink });
  if (tag === 'PRE' || table !== undefined) return false;
  enterContainer(node, tag, context);
  return true;
}

function addTable(node: DomNode, { table, context, sink }: { table: string; context: Context; sink: DomSink }): void {
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (tagOf(child) === 'CAPTION')
      sink.collector.add({ type: 'paragraph', text: rawText(child).replace(/\s+/g, ' ') });
  }
  if (context.marker !== '') flushMarker(context, sink);
  sink.collector.add({ type: 'table', text: table });
}

function enterContainer(node: DomNode, tag: string, context: Context): void {
  const level = headingLevel(tag);
  if (level > 0) context.headingLevel = level;
  if (tag === 'BLOCKQUOTE') context.quotes++;
  if (tag === 'OL' || tag === 'UL') {
    const start = Number.parseInt(attributeOf(node, 'start'), 10);
    context.lists.push({ ordered: tag === 'OL', next: Number.isNaN(start) ? 1 : start });
  }
  if (tag === 'LI') {
    const list = context.lists.at(-1);
    context.items++;
    context.marker = list?.ordered === true ? `${list.next++}. ` : '';
  }
}

function leaveElement(tag: string, { context, sink }: Omit<Visit, 'tag'>): void {
  if (!isBlockTag(tag)) return;
  flush(context, sink);
  if (headingLevel(tag) > 0) context.headingLevel = 0;
  if (tag === 'BLOCKQUOTE') context.quotes--;
  if (tag === 'OL' || tag === 'UL') context.lists.pop();
  if (tag === 'LI') {
    context.items--;
    context.marker = '';
  }
}

function flush(context: Context, sink: DomSink): void {
  const text = context.text
    .replace(/ {2,}/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
  context.text = '';
  if (text === '') return;
  if (context.headingLevel > 0) {
    sink.collector.add({ type: 'heading', level: context.headingLevel, text: text.replace(/\s+/g, ' ') });
    return;
  }
  sink.collector.add({ type: proseType(context), text: context.marker + text });
  context.marker = '';
}

function flushMarker(context: Context, sink: DomSink): void {
  sink.collector.add({ type: 'list-item', text: context.marker });
  context.marker = '';
}

function proseType(context: Context): Block['type'] {
  if (context.items > 0) return 'list-item';
  return context.quotes > 0 ? 'quote' : 'paragraph';
}

function headingLevel(tag: string): number {
  return /^H[1-6]$/.test(tag) ? Number(tag[1]) : 0;
}
