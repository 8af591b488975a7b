import { looksLikeCode } from './code.ts';
import { isNamedCsv, looksLikeCsv } from './csv-dialect.ts';
import type { DocumentKind } from './extractor.ts';
import { beginsLikeJson, isWholeJson } from './json-text.ts';
import { looksLikeMarkdown } from './markdown-signs.ts';
import { looksLikeMhtml } from './mhtml.ts';
import { isNamedMail, sniffMail } from './sniff-mail.ts';
import { looksLikeSubtitles } from './subtitles.ts';

const MARKDOWN_NAME = /\.(md|markdown|mdown|mkd|mdx)$/i;
const MARKDOWN_TYPE = /^text\/(x-)?markdown\b/i;
const HTML_DOCUMENT = /^(<!doctype html\b|<html\b|<head\b|<body\b)/i;
const JSON_NAME = /\.(\w*json\w*|ipynb|webmanifest|har)$/i;
const JSON_TYPE = /^application\/(.+\+)?(json|x-ndjson)\b/i;
/** Longer texts are only looked at in part. */
const MAX_PARSED_SAMPLE = 60_000;
/** Programs that are written around pieces of HTML. */
const SCRIPT_IN_HTML_NAME = /\.(php|phtml|vue|svelte|astro)$/i;
/** What a notebook begins with; the first cell may be megabytes long. */
const NOTEBOOK =
  /^\s*\{\s*(?:"(?:cells|metadata|worksheets)"\s*:[\s\S]{0,60000}?"(?:cell_type|nbformat|worksheets)"\s*:|"nbformat(?:_minor)?"\s*:\s*\d+\s*,\s*"(?:cells|metadata|nbformat|nbformat_minor|worksheets)"\s*:)/;
const HTML_FRAGMENT =
  /^<(article|blockquote|div|dl|figure|footer|form|h[1-6]|header|link|main|meta|nav|ol|p|pre|script|section|span|style|table|title|ul)\b[^<]*>/i;

const SVG_DOCUMENT = /^(<!doctype svg\b|<(svg:)?svg[\s>])/i;

/** Whether a text is an SVG drawing, by its beginning. */
export const looksLikeSvg = (text: string): boolean => SVG_DOCUMENT.test(skipPreamble(text));

type Candidate = { text: string /** Without what may stand before an HTML page. */; start: string; hints: TextHints };
type TextHints = { filename: string; mediaType: string };

/** The first that fits counts: what only one format has, then what a name says and the content bears out, then signs. */
const TESTS: [kind: DocumentKind, fits: (candidate: Candidate) => boolean][] = [
  ['email', ({ text, hints }) => isNamedMail(hints) && sniffMail(text, hints) === 'email'],
  ['code', ({ text, hints }) => SCRIPT_IN_HTML_NAME.test(hints.filename) && looksLikeCode(text, hints.filename)],
  ['html', ({ text, start }) => HTML_DOCUMENT.test(start) || looksLikeMhtml(text)],
  ['email', ({ text, hints }) => sniffMail(text, hints) === 'email'],
  ['mailbox', ({ text, hints }) => sniffMail(text, hints) === 'mailbox'],
  ['image', ({ start }) => SVG_DOCUMENT.test(start)],
  ['subtitles', ({ text }) => looksLikeSubtitles(text)],
  ['markdown', ({ hints }) => MARKDOWN_NAME.test(hints.filename) || MARKDOWN_TYPE.test(hints.mediaType)],
  ['csv', ({ text, hints }) => isNamedCsv(hints) && looksLikeCsv(text, hints)],
  ['notebook', ({ text, hints }) => isJson(text, hints) && NOTEBOOK.test(text)],
  ['json', ({ text, hints }) => isJson(text, hints)],
  ['code', ({ text, hints }) => looksLikeCode(text, hints.filename)],
  ['html', ({ text, start }) => HTML_FRAGMENT.test(start) && /<\/[a-z][a-z0-9]*\s*>/i.test(text)],
  ['markdown', ({ text, hints }) => looksLikeMarkdown(text, hints.filename)],
  ['csv', ({ text, hints }) => looksLikeCsv(text, hints)],
];

/** What kind of text it is, by its beginning; name and declared type decide where the content leaves it open. */
export function sniffText(text: string, hints: TextHints): DocumentKind {
  const candidate = { text, start: skipPreamble(text), hints };
  return TESTS.find(([, fits]) => fits(candidate))?.[0] ?? 'text';
}

/** Data named so is data also when it is damaged; what only begins like it must be it. */
function isJson(text: string, { filename, mediaType }: TextHints): boolean {
  if (!beginsLikeJson(text)) return false;
  return JSON_NAME.test(filename) || JSON_TYPE.test(mediaType) || text.length > MAX_PARSED_SAMPLE || isWholeJson(text);
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
