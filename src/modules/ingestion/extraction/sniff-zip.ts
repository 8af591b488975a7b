import type { DocumentKind } from './extractor.ts';
import { unsupportedFormat } from './formats.ts';
import { startsWithAt } from './signatures.ts';
import { peekZipNames, readZipDirectory, readZipEntry } from './zip.ts';

/** What an archive in the ZIP format is, by the names of its parts. @throws ExtractionError `unsupported_format` */
export function sniffZip(bytes: Uint8Array): DocumentKind {
  const names = peekZipNames(bytes);
  // Some programs write `xl\\workbook.xml`, or all in small letters.
  const paths = names.map((name) => name.replaceAll('\\', '/').toLowerCase());
  const has = (prefix: string) => paths.some((path) => path.startsWith(prefix));
  if (paths.includes('[content_types].xml')) {
    if (has('word/')) return 'docx';
    if (has('ppt/')) return 'pptx';
    if (has('xl/')) return 'xlsx';
  }
  const kind = MEDIA_TYPES.find(([type]) => startsWithAt(bytes, `mimetype${type}`, MEDIA_TYPE_AT))?.[1];
  if (kind !== undefined) return kind;
  if (has('index/') && names.some((name) => name.endsWith('.iwa'))) {
    throw unsupportedFormat('an Apple iWork document (.pages, .numbers, .key)');
  }
  return names.includes('mimetype') ? declaredKind(bytes) : 'zip';
}

/** What the entry `mimetype` says where it does not stand at the beginning as it should. */
function declaredKind(bytes: Uint8Array): DocumentKind {
  const entry = readZipDirectory(bytes).find(({ name }) => name === 'mimetype');
  if (entry === undefined || entry.uncompressedBytes > MAX_MEDIA_TYPE_BYTES) return 'zip';
  const declared = new TextDecoder().decode(readZipEntry(bytes, entry)).trim();
  const kind = MEDIA_TYPES.find(([type]) => declared.startsWith(type))?.[1];
  // Drawings, formulas, databases: made of parts that say nothing by themselves.
  if (kind === undefined && declared.startsWith(OPEN_DOCUMENT)) throw unsupportedFormat('an OpenDocument drawing');
  return kind ?? 'zip';
}

/** OpenDocument files and books begin with an entry of this name, stored as it is. */
const MEDIA_TYPE_AT = 30;
const MAX_MEDIA_TYPE_BYTES = 200;
const OPEN_DOCUMENT = 'application/vnd.oasis.opendocument.';
const MEDIA_TYPES: [type: string, kind: DocumentKind][] = [
  [`${OPEN_DOCUMENT}text`, 'odt'],
  [`${OPEN_DOCUMENT}presentation`, 'odp'],
  [`${OPEN_DOCUMENT}spreadsheet`, 'ods'],
  ['application/epub', 'epub'],
];
