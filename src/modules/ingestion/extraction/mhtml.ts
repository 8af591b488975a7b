import { decodeText } from './decode.ts';

/** A page saved with its pictures in one file: a mail that nobody sent (RFC 2557). */
export type WebArchive = {
  /** The page, then the frames in it if it is made of frames. */
  html: string;
  encoding: string;
  /** The archive's own headers by name in lower case. */
  headers: Map<string, string>;
};

const HEADER_CHARACTERS = 16_384;
/** A page has its pictures, style sheets and frames; nested alternatives are two deep. */
const MAX_PARTS = 5000;
const MAX_DEPTH = 5;

/** Whether a text is a web archive by its headers. Mails are built alike, but somebody got them. */
export function looksLikeMhtml(text: string): boolean {
  const headers = readHeaders(text.trimStart());
  if (!headers.has('mime-version') || !/^multipart\/related\b/i.test(headers.get('content-type') ?? '')) return false;
  const isPlaced = headers.has('snapshot-content-location') || headers.has('content-location');
  return (
    isPlaced || !['to', 'cc', 'received', 'message-id', 'return-path', 'delivered-to'].some((name) => headers.has(name))
  );
}

/** Takes the page out of an archive; undefined where there is none. */
export function openMhtml(bytes: Uint8Array): WebArchive | undefined {
  const archive = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').trimStart();
  const pages = pagesIn(archive, { depth: 0, budget: { parts: MAX_PARTS } });
  const [page] = pages;
  if (page === undefined) return undefined;
  const isFramed = /<frameset\b/i.test(page.text);
  const html = isFramed ? pages.map(({ text }) => text).join('\n') : page.text;
  return { html, encoding: page.encoding, headers: readHeaders(archive) };
}

type Page = { text: string; encoding: string };
type Reading = { depth: number; budget: { parts: number } };

/** The pages in a part, whose bytes are given as characters, in order. */
function pagesIn(part: string, { depth, budget }: Reading): Page[] {
  const headers = readHeaders(part);
  const type = headers.get('content-type') ?? '';
  const boundary = /\bboundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(type)?.slice(1).find(Boolean);
  if (/^multipart\//i.test(type) && boundary !== undefined) {
    if (depth >= MAX_DEPTH) return [];
    return splitParts(part, boundary, budget).flatMap((inner) => pagesIn(inner, { depth: depth + 1, budget }));
  }
  if (!/^(?:text\/html|application\/xhtml\+xml)\b/i.test(type)) return [];
  const body = part.slice(endOfHeaders(part));
  const bytes = decodeTransfer(body, headers.get('content-transfer-encoding') ?? '');
  return [decodeText(bytes, { mediaType: type, html: true })];
}

function splitParts(text: string, boundary: string, budget: { parts: number }): string[] {
  const mark = `--${boundary}`;
  const parts: string[] = [];
  let start = text.indexOf(`\n${mark}`);
  while (start !== -1 && budget.parts > 0) {
    const from = text.indexOf('\n', start + 1 + mark.length);
    const next = text.indexOf(`\n${mark}`, start + 1 + mark.length);
    if (from !== -1 && (next === -1 || from <= next))
      parts.push(text.slice(from + 1, next === -1 ? text.length : next));
    budget.parts--;
    start = next;
  }
  return parts;
}

/** Headers above the first empty line, folded lines joined; none where the text does not begin with one. */
function readHeaders(text: string): Map<string, string> {
  const head = text.slice(0, Math.min(endOfHeaders(text), HEADER_CHARACTERS)).replace(/\r?\n[ \t]+/g, ' ');
  const headers = new Map<string, string>();
  for (const line of head.split(/\r?\n/)) {
    const [, name, value = ''] = /^([\w-]{1,80}):[ \t]*(.*)$/.exec(line) ?? [];
    if (name === undefined && line.trim() !== '') break;
    if (name !== undefined) headers.set(name.toLowerCase(), value.trim());
  }
  return headers;
}

function endOfHeaders(text: string): number {
  const empty = /\r?\n[ \t]*\r?\n/.exec(text.slice(0, HEADER_CHARACTERS));
  return empty === null ? Math.min(text.length, HEADER_CHARACTERS) : empty.index + empty[0].length;
}

function decodeTransfer(body: string, encoding: string): Uint8Array {
  if (/^base64$/i.test(encoding)) return Buffer.from(body, 'base64');
  if (!/^quoted-printable$/i.test(encoding)) return Buffer.from(body, 'latin1');
  const plain = body
    .replace(/=[ \t]*\r?\n/g, '')
    .replace(/=([\da-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  return Buffer.from(plain, 'latin1');
}
