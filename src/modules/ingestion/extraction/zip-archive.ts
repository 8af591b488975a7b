import { compactMetadata } from './blocks.ts';
import {
  type ChildFile,
  type ExtractedDocument,
  ExtractionError,
  type ExtractionInput,
  type Extractor,
  MAX_CHILDREN,
} from './extractor.ts';
import { unsupportedFormat } from './formats.ts';
import { readZipDirectory, readZipEntry, type ZipEntry } from './zip.ts';

/** A ZIP archive: a batch of the files in it. It has no text of its own. */
export const archiveExtractor: Extractor = {
  kind: 'zip',
  version: 'zip/node-zlib@1',
  extract: async (input) => extractArchive(input),
};

/** What systems and editors put beside people's files. */
const LITTER =
  /(^|\/)(__MACOSX\/|\.DS_Store$|\._[^/]*$|Thumbs\.db$|desktop\.ini$|\.git\/|\.svn\/|node_modules\/|~\$[^/]*$)/i;

/** Formats that are ZIP archives inside, but one thing to people; by a part that each of them has. */
const WHOLES: [part: RegExp, name: string][] = [
  [/^\[Content_Types\]\.xml$/, 'an Office file of a kind that is not read'],
  [/^META-INF\/MANIFEST\.MF$/, 'a Java program'],
  [/^AndroidManifest\.xml$/, 'an Android program'],
  [/^mimetype$/, 'an OpenDocument file of a kind that is not read'],
];

function extractArchive({ bytes }: ExtractionInput): ExtractedDocument {
  const entries = readZipDirectory(bytes);
  const whole = WHOLES.find(([part]) => entries.some(({ name }) => part.test(name)));
  if (whole !== undefined) throw unsupportedFormat(whole[1]);
  const files = entries.filter(isFile);
  if (files.length > MAX_CHILDREN) throw tooMany();
  const filled = files.filter(({ uncompressedBytes }) => uncompressedBytes > 0);
  if (filled.length === 0)
    throw new ExtractionError('empty', 'The archive holds no files. Check that it is the right one.');
  return {
    metadata: compactMetadata({ files: filled.length, emptyFiles: files.length - filled.length || undefined }),
    blocks: [],
    children: filled.map((entry) => toChild(bytes, entry)),
  };
}

const isFile = ({ name }: ZipEntry): boolean => !/[/\\]$/.test(name) && !LITTER.test(name.replaceAll('\\', '/'));

function toChild(bytes: Uint8Array, entry: ZipEntry): ChildFile {
  const path = entry.name.replaceAll('\\', '/');
  return {
    filename: path.split('/').at(-1) ?? path,
    mediaType: 'application/octet-stream',
    path,
    size: entry.uncompressedBytes,
    read: () => readZipEntry(bytes, entry),
  };
}

function tooMany(): ExtractionError {
  return new ExtractionError(
    'too_large',
    `The archive holds more than ${MAX_CHILDREN} files. Split it into several archives and upload them one by one.`,
  );
}
