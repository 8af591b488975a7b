import type { Block } from './extractor.ts';
import type { LinkCollector } from './links.ts';
import { inlineText, noteMark, readInline } from './odf-text.ts';
import { childAt, childrenOf, descendantsOf, textIn, type XmlElement } from './office-xml.ts';
import type { OdfStyles } from './opendocument.ts';

/** Where blocks go, and what is known while they are read. */
export type OdfSink = {
  add(block: Block): void;
  styles: OdfStyles;
  links: LinkCollector;
  /** Takes foot- and endnotes as `1. text`, for the end of the document. */
  note(text: string): void;
  /** Takes the address of a chart, formula or document that is a part of its own. */
  object(href: string): void;
  /** The last number of lists that go on after a break, by style. */
  numbers: Map<string, number>;
};

/** What repeats the document, stands in it for programs only, or was deleted from it. */
const SKIPPED = new Set([
  'office:forms',
  'office:event-listeners',
  'presentation:notes',
  'svg:title',
  'svg:desc',
  'table:shapes',
  'text:sequence-decls',
  'text:table-of-content',
  'text:tracked-changes',
  'text:user-field-decls',
  'text:variable-decls',
]);
/** As in pages: cells longer than this hold running text, and the table only arranges it. */
const MAX_CELL_CHARACTERS = 2000;
/** In a table: what is written out for cells that stand for several. */
const MAX_REPEATED = 100;
const MAX_REPEATED_CHARACTERS = 100_000;
const MAX_INDENT = 8;

/** Adds an element of a text or slide as blocks. */
export function addOdfElement(element: XmlElement, sink: OdfSink): void {
  const { name, attributes } = element;
  if (SKIPPED.has(name)) return;
  if (name === 'text:h') {
    const level = Math.min(6, Math.max(1, Number(attributes['text:outline-level']) || 1));
    addParagraph(element, { type: 'heading', level }, sink);
  } else if (name === 'text:p') addParagraph(element, paragraphKind(attributes['text:style-name'], sink.styles), sink);
  else if (name === 'text:list') addList(element, sink);
  else if (name === 'table:table') addTable(element, sink);
  else if (name === 'office:annotation') addComment(element, sink);
  else {
    if (name === 'draw:object') sink.object(attributes['xlink:href'] ?? '');
    if (name.startsWith('draw:')) addDescription(element, sink);
    for (const child of childrenOf(element)) addOdfElement(child, sink);
  }
}

/** Adds all that stands below an element. */
export function addOdfChildren(element: XmlElement | undefined, sink: OdfSink): void {
  for (const child of childrenOf(element)) addOdfElement(child, sink);
}

type Kind = Pick<Block, 'type' | 'level'>;

function paragraphKind(style: string | undefined, styles: OdfStyles): Kind {
  if (styles.isA(style, 'Title')) return { type: 'heading', level: 1 };
  if (styles.isA(style, 'Quotations')) return { type: 'quote' };
  return { type: styles.isA(style, 'Preformatted_20_Text') ? 'code' : 'paragraph' };
}

function addParagraph(element: XmlElement, kind: Kind, sink: OdfSink): void {
  takeText(element, sink, (text) => {
    sink.add({ ...kind, text: kind.type === 'heading' ? text.replace(/\s+/g, ' ') : text });
  });
}

/** Hands over the text of a paragraph, then adds what hangs on it. */
function takeText(element: XmlElement, sink: OdfSink, take: (text: string) => void): void {
  const { text, notes, comments, frames, links } = readInline(element);
  take(text);
  for (const frame of frames) addOdfElement(frame, sink);
  for (const comment of comments) addComment(comment, sink);
  for (const link of links) sink.links.add(link);
  for (const note of notes) sink.note(noteLine(note));
}

function noteLine(note: XmlElement): string {
  const body = childAt(note, 'text:note-body');
  const text = flatText(body);
  const mark = noteMark(note);
  return mark === '' ? text : `${mark}. ${text}`;
}

/** All paragraphs below an element on one line. */
export function flatText(element: XmlElement | undefined): string {
  const paragraphs = [...descendantsOf(element, 'text:p'), ...descendantsOf(element, 'text:h')];
  return paragraphs
    .map((paragraph) => inlineText(paragraph))
    .filter((text) => text !== '')
    .join(' ')
    .replace(/\s+/g, ' ');
}

/** `Ada: text`. */
export function commentText(comment: XmlElement): string {
  const author = textIn(childAt(comment, 'dc:creator')).trim();
  const text = flatText(comment);
  return author === '' || text === '' ? text : `${author}: ${text}`;
}

function addComment(comment: XmlElement, sink: OdfSink): void {
  const text = commentText(comment);
  if (text !== '') sink.add({ type: 'quote', text });
}

/** What is said of a picture or shape for those who cannot see it. */
function addDescription(element: XmlElement, sink: OdfSink): void {
  const texts = [childAt(element, 'svg:title'), childAt(element, 'svg:desc')].map((part) => textIn(part).trim());
  for (const text of new Set(texts)) if (text !== '') sink.add({ type: 'paragraph', text });
}

/** An item of the first level begins a block; deeper ones stand indented below it, in the same block. */
function addList(list: XmlElement, sink: OdfSink): void {
  let block: { type: 'list-item'; text: string } | undefined;
  const later: XmlElement[] = [];
  const end = () => {
    if (block !== undefined) sink.add(block);
    block = undefined;
    for (const element of later.splice(0)) addOdfElement(element, sink);
  };
  walkList(list, {
    depth: 0,
    style: list.attributes['text:style-name'],
    sink,
    line(text, depth) {
      if (depth === 0 || block === undefined) {
        end();
        block = { type: 'list-item', text };
      } else block.text += `\n${'  '.repeat(Math.min(depth, MAX_INDENT))}${text.replaceAll('\n', ' ')}`;
    },
    other(element) {
      later.push(element);
    },
  });
  end();
}

type ListWalk = {
  depth: number;
  style: string | undefined;
  sink: OdfSink;
  line(text: string, depth: number): void;
  /** What stands in an item and is neither text nor list: a heading, a table. */
  other(element: XmlElement): void;
};

function walkList(list: XmlElement, walk: ListWalk): void {
  const { depth, sink } = walk;
  const style = list.attributes['text:style-name'] ?? walk.style;
  const key = `${style ?? ''} ${depth}`;
  const continues = list.attributes['text:continue-numbering'] === 'true' || 'text:continue-list' in list.attributes;
  let number = continues ? (sink.numbers.get(key) ?? 0) : 0;
  for (const item of childrenOf(list)) {
    if (item.name !== 'text:list-item' && item.name !== 'text:list-header') continue;
    const isNumbered = item.name === 'text:list-item' && sink.styles.isNumbered(style, depth + 1);
    walkItem(item, { ...walk, style, mark: isNumbered ? `${++number}. ` : '' });
  }
  sink.numbers.set(key, number);
}

/** The first paragraph of an item is its line; further ones and deeper lists stand below it. */
function walkItem(item: XmlElement, walk: ListWalk & { mark: string }): void {
  const { depth, sink, mark, line } = walk;
  let below = 0;
  for (const child of childrenOf(item)) {
    if (child.name === 'text:list') walkList(child, { ...walk, depth: depth + 1 });
    else if (child.name !== 'text:p') walk.other(child);
    else {
      const around = { ...sink, add: ({ text }: Block) => line(text, depth + 1) };
      takeText(child, around, (text) => {
        if (text !== '') line(below === 0 ? mark + text : text, depth + below);
      });
      below = 1;
    }
  }
}

function addTable(table: XmlElement, sink: OdfSink): void {
  const rows = readRows(table);
  const isWide = rows.some((row) => row.length > 1);
  const arranges = descendantsOf(table, 'table:table').length > 0;
  const longest = rows.reduce((most, row) => row.reduce((max, cell) => Math.max(max, cell.length), most), 0);
  if (!isWide || arranges || longest > MAX_CELL_CHARACTERS) {
    for (const cell of descendantsOf(table, 'table:table-cell')) addOdfChildren(cell, sink);
    return;
  }
  const text = rows
    .map((row) => row.join('\t').trimEnd())
    .filter((row) => row !== '')
    .join('\n');
  sink.add({ type: 'table', text });
  for (const comment of descendantsOf(table, 'office:annotation')) addComment(comment, sink);
  for (const note of descendantsOf(table, 'text:note')) sink.note(noteLine(note));
}

function readRows(table: XmlElement): string[][] {
  let room = MAX_REPEATED_CHARACTERS;
  return descendantsOf(table, 'table:table-row').map((row) =>
    childrenOf(row).flatMap((cell) => {
      if (cell.name !== 'table:table-cell' && cell.name !== 'table:covered-table-cell') return [];
      const text = flatText(cell);
      const count = Number.parseInt(cell.attributes['table:number-columns-repeated'] ?? '1', 10) || 1;
      const times = Math.min(MAX_REPEATED, Math.max(1, count), 1 + Math.floor(room / (text.length + 1)));
      room -= (times - 1) * (text.length + 1);
      return Array.from({ length: times }, () => text);
    }),
  );
}
