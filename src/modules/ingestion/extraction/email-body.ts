import type { Email } from 'postal-mime';
import type { Block } from './extractor.ts';
import { readMarkup } from './html.ts';

type Body = { blocks: Block[]; links: string[] };

/** Formatted text that says less than half of what the plain text says is a remark that it is somewhere else. */
const MIN_SHARE_OF_PLAIN = 0.5;
const ADDRESS = /\bhttps?:\/\/\S+/g;

/** The body of a mail: the formatted text, because it is better structured, unless the plain text says more. */
export async function readBody({ html, text }: Email): Promise<Body> {
  const plain = text === undefined ? [] : plainBlocks(text);
  if (html === undefined) return { blocks: plain, links: [] };
  const formatted = await readMarkup(html);
  return lettersIn(formatted.blocks) >= MIN_SHARE_OF_PLAIN * lettersIn(plain)
    ? formatted
    : { blocks: plain, links: formatted.links };
}

const lettersIn = (blocks: Block[]): number =>
  blocks.reduce((sum, { text }) => sum + text.replace(ADDRESS, '').replace(/[\s>]+/g, '').length, 0);

/** Paragraphs between empty lines; lines that quote an earlier mail are quotes, without their marks. */
function plainBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  let lines: string[] = [];
  let isQuote = false;
  const flush = () => {
    if (lines.length > 0) blocks.push({ type: isQuote ? 'quote' : 'paragraph', text: lines.join('\n') });
    lines = [];
  };
  for (const line of text.split(/\r\n?|\n/)) {
    const mark = /^(?:>[ \t]?)+/.exec(line)?.[0] ?? '';
    const words = line.slice(mark.length);
    const isQuoted = mark !== '';
    if (words.trim() === '' || isQuoted !== isQuote) flush();
    isQuote = isQuoted;
    if (words.trim() !== '') lines.push(words);
  }
  flush();
  return blocks;
}
