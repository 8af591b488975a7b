import { isNamedCsv, looksLikeCsv } from './csv-dialect.ts';
import type { DocumentKind } from './extractor.ts';
import { looksLikeMarkdown } from './markdown-signs.ts';

const MARKDOWN_NAME = /\.(md|markdown|mdown|mkd|mdx)$/i;
const HTML_DOCUMENT = /^(<!doctype html\b|<html\b|<head\b|<body\b)/i;
const HTML_FRAGMENT =
  /^<(article|blockquote|div|dl|figure|footer|form|h[1-6]|header|link|main|meta|nav|ol|p|pre|script|section|span|style|table|title|ul)\b[^<]*>/i;

const SVG_DOCUMENT = /^(<!doctype svg\b|<(svg:)?svg[\s>])/i;

/** Whether a text is an SVG drawing, by its beginning. */
export const looksLikeSvg = (text: string): boolean => SVG_DOCUMENT.test(skipPreamble(text));

/** What kind of text it is, by its beginning; name and declared type decide where the content leaves it open. */
export function sniffText(text: string, hints: { filename: string; mediaType: string }): DocumentKind {
  const start = skipPreamble(text);
  if (HTML_DOCUMENT.test(start)) return 'html';
  if (SVG_DOCUMENT.test(start)) return 'image';
  const isNamedMarkdown = MARKDOWN_NAME.test(hints.filename) || /^text\/(x-)?markdown\b/i.test(hints.mediaType);
  if (isNamedMarkdown) return 'markdown';
  if (isNamedCsv(hints) && looksLikeCsv(text, hints)) return 'csv';
  if (HTML_FRAGMENT.test(start) && /<\/[a-z][a-z0-9]*\s*>/i.test(start)) return 'html';
  if (looksLikeMarkdown(text, hints.filename)) return 'markdown';
  return looksLikeCsv(text, hints) ? 'csv' : 'text';
}

/** The text after white space, XML declarations and comments, which may stand before `<!doctype html>`. */
function skipPreamble(text: string): string {
  let rest = text.trimStart();
  for (let skipped = true; skipped; ) {
    const close = rest.startsWith('<!--') ? '-->' : rest.startsWith('<?xml') ? '?>' : '';
    const end = close === '' ? -1 : rest.indexOf(close);
    skipped = end !== -1;
    if (skipped) rest = rest.slice(end + close.length).trimStart();
  }
  return rest.slice(0, 8192);
}
