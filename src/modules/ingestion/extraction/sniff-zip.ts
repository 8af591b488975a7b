import type { DocumentKind } from './extractor.ts';
import { startsWithAt } from './signatures.ts';
import { peekZipNames, readZipDirectory, readZipEntry } from './zip.ts';

/** What an archive in the ZIP format is, by the names of its parts. */
export function sniffZip(bytes: Uint8Array): DocumentKind {
  const names = peekZipNames(bytes);
  const has = (prefix: string) => names.some((name) => name.startsWith(prefix));
  if (names.includes('[Content_Types].xml')) {
    if (has('word/')) return 'docx';
    if (has('ppt/')) return 'pptx';
    if (has('xl/')) return 'xlsx';
  }
  const kind = MEDIA_TYPES.find(([type]) => startsWithAt(bytes, `mimetype${type}`, MEDIA_TYPE_AT))?.[1];
  return kind ?? (names.includes('mimetype') ? declaredKind(bytes) : 'zip');
}

/** What the entry `mimetype` says where it does not stand at the beginning as it should. */
function declaredKind(bytes: Uint8Array): DocumentKind {
  const entry = readZipDirectory(bytes).find(({ name }) => name === 'mimetype');
  if (entry === undefined || entry.uncompressedBytes > MAX_MEDIA_TYPE_BYTES) return 'zip';
  const declared = new TextDecoder().decode(readZipEntry(bytes, entry)).trim();
  return MEDIA_TYPES.find(([type]) => declared.startsWith(type))?.[1] ?? 'zip';
}

/** OpenDocument files and books begin with an entry of this name, stored as it is. */
const MEDIA_TYPE_AT = 30;
const MAX_MEDIA_TYPE_BYTES = 200;
const MEDIA_TYPES: [type: string, kind: DocumentKind][] = [
  ['application/vnd.oasis.opendocument.text', 'odt'],
  ['application/vnd.oasis.opendocument.presentation', 'odp'],
  ['application/vnd.oasis.opendocument.spreadsheet', 'ods'],
  ['application/epub', 'epub'],
];
