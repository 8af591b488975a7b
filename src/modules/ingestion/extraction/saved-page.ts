import { toIsoDate } from './blocks.ts';
import { attempt } from './byte-reader.ts';
import { decodeText } from './decode.ts';
import { ExtractionError, type ExtractionInput } from './extractor.ts';
import { looksLikeMhtml, openMhtml } from './mhtml.ts';
import { startsWithAt } from './signatures.ts';
import { BINARY_PROPERTY_LIST, openWebArchive } from './web-archive.ts';
import { closeEmptyElements } from './xhtml.ts';

/** A page as it was found or saved: its HTML, and what the saving program noted. */
export type SavedPage = { html: string; encoding: string; url?: string; savedAt?: string | undefined };

const HEAD_BYTES = 65_536;
const HEAD_CHARACTERS = 8192;
const MAX_URL_CHARACTERS = 2000;

/** The HTML of a page, out of its wrapping: an MHTML file or Safari's archive, pictures within the page, what browsers put above it. */
export function openSavedPage({ bytes, mediaType }: ExtractionInput): SavedPage {
  if (startsWithAt(bytes, BINARY_PROPERTY_LIST, 0)) return openSafarisArchive(bytes);
  const head = decodeText(bytes.subarray(0, HEAD_BYTES), { mediaType, html: true }).text;
  const page = looksLikeMhtml(head) ? openArchive(bytes) : openPage(bytes, mediaType);
  return { ...page, html: tidyHtml(page.html) };
}

function openPage(bytes: Uint8Array, mediaType: string): SavedPage {
  const { text, encoding } = decodeText(bytes, { mediaType, html: true });
  return { html: text, encoding, ...readNote(text) };
}

function openSafarisArchive(bytes: Uint8Array): SavedPage {
  const archive = attempt(() => openWebArchive(bytes));
  if (archive === undefined || archive.content.length === 0) throw noPage();
  const { text, encoding } = decodeText(archive.content, { mediaType: archive.mediaType, html: true });
  return { html: tidyHtml(text), encoding, ...(isAddress(archive.url) && { url: archive.url }) };
}

function openArchive(bytes: Uint8Array): SavedPage {
  const archive = openMhtml(bytes);
  if (archive === undefined || archive.html.trim() === '') throw noPage();
  const { html, encoding, headers } = archive;
  const url = headers.get('snapshot-content-location') ?? headers.get('content-location');
  return {
    html,
    encoding,
    ...(url === undefined || !isAddress(url) ? {} : { url }),
    savedAt: toIsoDate(headers.get('date')),
  };
}

/** Comments that browsers and their extensions leave: where the page was, and when it was saved. */
function readNote(html: string): Pick<SavedPage, 'url' | 'savedAt'> {
  const head = html.slice(0, HEAD_CHARACTERS);
  const browser = /<!--\s*saved from url=\(\d+\)(\S+?)\s*-->/i.exec(head)?.[1];
  const note = /<!--\s*Page saved with SingleFile([\s\S]{0,3000}?)-->/.exec(head)?.[1];
  const url = browser ?? /\burl:\s*(\S+)/.exec(note ?? '')?.[1];
  const savedAt = toIsoDate(/\bsaved date:\s*([^(\n]+)/.exec(note ?? '')?.[1]);
  return { ...(url !== undefined && isAddress(url) ? { url } : {}), savedAt };
}

const isAddress = (url: string) => /^https?:\/\//i.test(url) && url.length <= MAX_URL_CHARACTERS;

/** Pictures and fonts within the page are most of it and no text; XHTML must not be taken for HTML that is left open. */
function tidyHtml(html: string): string {
  const light = dropEncodedData(html);
  return /^\s*(?:<\?xml\b|<!doctype html[^>]*\bxhtml\b|<html[^>]*\bxmlns=)/i.test(light.slice(0, 2000))
    ? closeEmptyElements(light)
    : light;
}

const ENCODED = ';base64,';
const BASE64_END = /[^A-Za-z0-9+/=%\s]/g;

/** Without what stands in addresses `data:…;base64,…`: no expression is safe to match so much with. */
function dropEncodedData(html: string): string {
  let kept = '';
  let from = 0;
  for (let at = html.indexOf(ENCODED); at !== -1; at = html.indexOf(ENCODED, from)) {
    kept += html.slice(from, at);
    BASE64_END.lastIndex = at + ENCODED.length;
    from = BASE64_END.exec(html)?.index ?? html.length;
  }
  return kept + html.slice(from);
}

function noPage(): ExtractionError {
  return new ExtractionError(
    'malformed',
    'The web archive holds no page, or ends in the middle. Save the page anew in the browser and upload it again.',
  );
}
