import type { MarkedToken, Token, Tokens } from 'marked';
import { type BlockCollector, cleanTitle, compactMetadata, createBlockCollector, titleFromHeadings } from './blocks.ts';
import { decodeText } from './decode.ts';
import { decodeEntities, stripTags } from './entities.ts';
import type { Block, ExtractedDocument, ExtractionInput, Extractor } from './extractor.ts';
import { readFrontMatter } from './front-matter.ts';
import { createLinkCollector, type LinkCollector } from './links.ts';

/** Markdown (GFM): blocks by its own structure, inline markup taken off, front matter to metadata. */
export const markdownExtractor: Extractor = {
  kind: 'markdown',
  version: 'markdown/marked@1',
  extract: extractMarkdown,
};

/**
 * What a person writes stays far below these. Beyond them the parser takes quadratic time or worse (emphasis that never
 * closes, deep lists, tables of thousands of columns), so the text is taken as it stands.
 */
export const MAX_LEXED_CHARACTERS = 4_000_000;
export const MAX_NESTING = 50;
const MAX_INDENTATION = 60;
const MAX_TABLE_COLUMNS = 200;
const MAX_DELIMITERS_IN_PARAGRAPH = 400;
const MAX_PARAGRAPH_CHARACTERS = 100_000;

const TOKEN_TYPES = new Set<string>(
  'blockquote br checkbox code codespan def del em escape heading hr html image link list list_item paragraph space strong table text'.split(
    ' ',
  ),
);

/** Only extensions, of which none is used, make other tokens. */
function isMarkedToken(token: Token): token is MarkedToken {
  return TOKEN_TYPES.has(token.type);
}

/** Where the blocks and links of Markdown go. */
export type MarkdownSink = { collector: BlockCollector; links: LinkCollector };

async function extractMarkdown({ bytes, mediaType }: ExtractionInput): Promise<ExtractedDocument> {
  const { text, encoding } = decodeText(bytes, { mediaType });
  const front = readFrontMatter(text);
  const sink: MarkdownSink = { collector: createBlockCollector(), links: createLinkCollector() };
  sink.collector.add({ type: 'paragraph', text: front.others });
  await addMarkdown(front.body, sink);
  const { blocks } = sink.collector;
  const title = cleanTitle(front.title) ?? titleFromHeadings(blocks);
  return {
    ...(title === undefined ? {} : { title }),
    metadata: compactMetadata({ encoding, ...front.metadata, links: sink.links.urls() }),
    blocks,
  };
}

/** Adds the blocks of Markdown without front matter. */
export async function addMarkdown(markdown: string, sink: MarkdownSink): Promise<void> {
  if (isSafeToLex(markdown)) {
    for (const token of await lexMarkdown(markdown)) addToken(token, sink, 'paragraph');
  } else {
    for (const paragraph of markdown.split(/\n[^\S\n]*\n/)) {
      sink.collector.add({ type: 'paragraph', text: paragraph });
    }
  }
}

function isSafeToLex(markdown: string): boolean {
  return markdown.length <= MAX_LEXED_CHARACTERS && !markdown.split('\n').some(isHostileLine);
}

function isHostileLine(line: string): boolean {
  // Thematic breaks and the delimiter rows of tables; only the latter have bars.
  if (/^[-*_|: \t]*$/.test(line)) return line.split('|').length > MAX_TABLE_COLUMNS;
  const marks = /^[>*+\-\d.) \t]*/.exec(line)?.[0] ?? '';
  return (marks.match(/>|[*+.)-](?=[ \t])/g)?.length ?? 0) > MAX_NESTING;
}

/** As `marked.lexer` does, but paragraphs full of delimiters are spared the inline parser. */
async function lexMarkdown(markdown: string): Promise<Token[]> {
  const { Lexer } = await import('marked');
  const lexer = new Lexer();
  const deep = new RegExp(`^[ \\t]{${MAX_INDENTATION},}`, 'gm');
  const tokens = lexer.blockTokens(markdown.replace(deep, ' '.repeat(MAX_INDENTATION)), lexer.tokens);
  for (const { src, tokens: inline } of lexer.inlineQueue) {
    if (isSafeInline(src)) lexer.inlineTokens(src, inline);
    else inline.push({ type: 'text', raw: src, text: src });
  }
  return tokens;
}

function isSafeInline(source: string): boolean {
  if (source.length > MAX_PARAGRAPH_CHARACTERS) return false;
  return (source.match(/[*_~]/g)?.length ?? 0) <= MAX_DELIMITERS_IN_PARAGRAPH;
}

function addToken(token: Token, sink: MarkdownSink, type: Block['type']): void {
  if (!isMarkedToken(token)) return;
  if (token.type === 'blockquote') {
    for (const child of token.tokens) addToken(child, sink, 'quote');
  } else if (token.type === 'list') addList(token, sink);
  else if (token.type === 'html') addHtml(token.text, sink);
  else {
    const block = toBlock(token, sink, type);
    if (block !== undefined) sink.collector.add(block);
  }
}

function toBlock(token: MarkedToken, sink: MarkdownSink, type: Block['type']): Block | undefined {
  switch (token.type) {
    case 'heading':
      return { type: 'heading', level: token.depth, text: inlineText(token.tokens, sink) };
    case 'paragraph':
    case 'text':
      return { type, text: inlineText(token.tokens ?? [token], sink) };
    case 'code':
      return { type: 'code', text: token.text };
    case 'table':
      return { type: 'table', text: tableText(token, sink) };
    default:
      return undefined;
  }
}

function addHtml(html: string, sink: MarkdownSink): void {
  for (const match of html.matchAll(/\b(?:href|src)\s*=\s*["']([^"'>]+)["']/gi)) sink.links.add(match[1]);
  for (const paragraph of stripTags(html).split(/\n\s*\n/)) sink.collector.add({ type: 'paragraph', text: paragraph });
}

function addList(list: Tokens.List, sink: MarkdownSink): void {
  const start = typeof list.start === 'number' ? list.start : 1;
  for (const [index, item] of list.items.entries()) {
    addItem(item, { sink, marker: list.ordered ? `${start + index}. ` : '' });
  }
}

function addItem(item: Tokens.ListItem, { sink, marker }: { sink: MarkdownSink; marker: string }): void {
  const box = item.checked ? '[x] ' : '[ ] ';
  let prefix = item.task ? marker + box : marker;
  for (const child of item.tokens) {
    if (child.type === 'text' || child.type === 'paragraph') {
      sink.collector.add({ type: 'list-item', text: prefix + inlineText(child.tokens ?? [child], sink) });
      prefix = '';
    } else addToken(child, sink, 'list-item');
  }
}

function tableText(table: Tokens.Table, sink: MarkdownSink): string {
  const rowText = (cells: Tokens.TableCell[]) =>
    cells.map((cell) => inlineText(cell.tokens, sink).replace(/\s+/g, ' ')).join('\t');
  return [table.header, ...table.rows].map(rowText).join('\n');
}

function inlineText(tokens: Token[], sink: MarkdownSink): string {
  return tokens.map((token) => oneInline(token, sink)).join('');
}

function oneInline(token: Token, sink: MarkdownSink): string {
  if (!isMarkedToken(token)) return decodeEntities(token.raw);
  switch (token.type) {
    case 'br':
      return '\n';
    case 'codespan':
      return token.text;
    case 'checkbox':
      return '';
    case 'html':
      return stripTags(token.text);
    case 'image':
      return decodeEntities(token.text);
    case 'link': {
      sink.links.add(token.href);
      const text = inlineText(token.tokens, sink);
      return text.trim() === '' ? token.href : text;
    }
    case 'text':
      return token.tokens === undefined ? decodeEntities(token.text) : inlineText(token.tokens, sink);
    default:
      return 'tokens' in token && token.tokens !== undefined
        ? inlineText(token.tokens, sink)
        : decodeEntities('text' in token ? token.text : '');
  }
}
