import type { DocumentKind } from './extractor.ts';
import { appleFormat, unsupportedFormat } from './formats.ts';
import { startsWithAt } from './signatures.ts';
import { peekZipNames, readZipDirectory, readZipEntry, type ZipEntry } from './zip.ts';

/** What an archive in the ZIP format is, by the names of its parts. @throws ExtractionError `unsupported_format` */
export function sniffZip(bytes: Uint8Array): DocumentKind {
  const names = listedNames(bytes) ?? peekZipNames(bytes);
  // Some programs write `xl\\workbook.xml`, or all in small letters.
  const paths = names.map((name) => name.replaceAll('\\', '/').toLowerCase());
  const has = (prefix: string) => paths.some((path) => path.startsWith(prefix));
  if (paths.includes('[content_types].xml')) {
    if (has('word/')) return 'docx';
    if (has('ppt/')) return 'pptx';
    if (has('xl/')) return 'xlsx';
  }
  // Books packed by a general program do not begin with their type.
  if (paths.includes('meta-inf/container.xml') && paths.some((path) => path.endsWith('.opf'))) return 'epub';
  const kind = MEDIA_TYPES.find(([type]) => startsWithAt(bytes, `mimetype${type}`, MEDIA_TYPE_AT))?.[1];
  if (kind !== undefined) return kind;
  if (isApples(paths)) throw appleFormat();
  return names.includes('mimetype') || names.includes(MANIFEST) ? declaredKind(bytes) : 'zip';
}

/** Pages, Numbers and Keynote: since 2013, or before that, when they had their text in one file. */
function isApples(paths: string[]): boolean {
  const isOfToday =
    paths.includes('index.zip') || paths.some((path) => path.startsWith('index/') && path.endsWith('.iwa'));
  const isOld =
    paths.includes('buildversionhistory.plist') || paths.includes('index.apxl') || paths.includes('index.apxl.gz');
  return isOld || (isOfToday && paths.some((path) => path.startsWith('metadata/') || path.endsWith('.iwa')));
}

/** The names in the directory; undefined where it cannot be read. Those of archives within the archive are not in it. */
function listedNames(bytes: Uint8Array): string[] | undefined {
  try {
    return readZipDirectory(bytes).map(({ name }) => name);
  } catch {
    return undefined;
  }
}

/** What the entry `mimetype` says where it does not stand at the beginning as it should, or else the list of parts. */
function declaredKind(bytes: Uint8Array): DocumentKind {
  const entries = readZipDirectory(bytes);
  const declared = [
    readText(bytes, entries, 'mimetype').trim(),
    /media-type="([^"]+)"/.exec(readText(bytes, entries, MANIFEST))?.[1] ?? '',
  ].find((type) => type.startsWith('application/'));
  if (declared === undefined) return 'zip';
  const kind = MEDIA_TYPES.find(([type]) => declared.startsWith(type))?.[1];
  // Drawings, formulas, databases: made of parts that say nothing by themselves.
  if (kind === undefined && declared.startsWith(OPEN_DOCUMENT)) throw unsupportedFormat('an OpenDocument drawing');
  return kind ?? 'zip';
}

/** The beginning of a small entry; nothing for one that is not there. */
function readText(bytes: Uint8Array, entries: ZipEntry[], wanted: string): string {
  const entry = entries.find(({ name }) => name === wanted);
  if (entry === undefined || entry.uncompressedBytes > MAX_DECLARATION_BYTES) return '';
  return new TextDecoder().decode(readZipEntry(bytes, entry).subarray(0, MAX_MEDIA_TYPE_BYTES));
}

/** OpenDocument files and books begin with an entry of this name, stored as it is. */
const MEDIA_TYPE_AT = 30;
const MAX_MEDIA_TYPE_BYTES = 2000;
const MAX_DECLARATION_BYTES = 1_000_000;
const MANIFEST = 'META-INF/manifest.xml';
const OPEN_DOCUMENT = 'application/vnd.oasis.opendocument.';
const MEDIA_TYPES: [type: string, kind: DocumentKind][] = [
  [`${OPEN_DOCUMENT}text`, 'odt'],
  [`${OPEN_DOCUMENT}presentation`, 'odp'],
  [`${OPEN_DOCUMENT}spreadsheet`, 'ods'],
  ['application/epub', 'epub'],
];
