import { crc32, inflateRawSync } from 'node:zlib';
import { ExtractionError } from './extractor.ts';
import { decodeZipName } from './zip-names.ts';

/** Office files have tens of parts, picture books a few thousand. */
export const MAX_ENTRIES = 10_000;
/** All parts together, as the directory declares them. */
export const MAX_UNCOMPRESSED_BYTES = 200 * 1024 * 1024;
/** Word's XML shrinks to a tenth, rarely to a fiftieth; a part that shrinks more is made to fill memory. */
export const MAX_COMPRESSION_RATIO = 200;
/** Small parts may be as repetitive as they like. */
const RATIO_MATTERS_ABOVE_BYTES = 1024 * 1024;

/** workerd counts the buffers that it grows by, not the bytes in them, so the cap is not exact; the size is checked after. */
const INFLATE_SLACK_BYTES = 1024 * 1024;

const END_SIGNATURE = 0x06054b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const LOCATOR_SIGNATURE = 0x07064b50;
const LOCATOR_BYTES = 20;
const LONG_END_SIGNATURE = 0x06064b50;
const LONG_FIELD = 0x0001;
const MAX_UINT32 = 0xffffffff;
const MAX_COMMENT_BYTES = 65_535;
const STORED = 0;
export const DEFLATED = 8;

/** One file in the archive, as its directory declares it. */
export type ZipEntry = {
  name: string;
  method: number;
  crc: number;
  compressedBytes: number;
  uncompressedBytes: number;
  localOffset: number;
};

/**
 * The central directory, checked before anything is unpacked: number of entries, declared sizes and ratios, overlapping
 * entries, names that climb out of the archive. Throws `malformed`, `encrypted` or `too_large`.
 */
export function readZipDirectory(bytes: Uint8Array): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view);
  if (end === undefined) throw damaged('the list of its parts is missing, as when an upload or download breaks off');
  const { count, start } = readEnd(view, end);
  if (count > MAX_ENTRIES) throw tooLarge(`more than ${MAX_ENTRIES} parts`);
  const entries: ZipEntry[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== CENTRAL_SIGNATURE)
      throw damaged('the list of its parts is broken');
    entries.push(readCentralEntry(view, at));
    at += 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  guardAgainstBombs(entries, bytes.length);
  return entries;
}

/** The unpacked bytes of an entry, verified by size and checksum. */
export function readZipEntry(bytes: Uint8Array, entry: ZipEntry): Uint8Array {
  const content = unpack(packedBytes(bytes, entry), entry);
  if (content.length !== entry.uncompressedBytes || crc32(content) !== entry.crc) throw damagedPart(entry);
  return content;
}

/** The bytes of an entry as they lie in the archive. */
export function packedBytes(bytes: Uint8Array, entry: ZipEntry): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = entry.localOffset;
  if (at + 30 > bytes.length || view.getUint32(at, true) !== LOCAL_SIGNATURE) throw damagedPart(entry);
  const start = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  const packed = bytes.subarray(start, start + entry.compressedBytes);
  if (packed.length !== entry.compressedBytes) throw damagedPart(entry);
  return packed;
}

/** Names of the entries that can be seen in the bytes, also when the archive is cut off: for telling formats apart. */
export function peekZipNames(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const names: string[] = [];
  for (let at = bytes.indexOf(0x50); at !== -1 && at + 30 <= bytes.length; at = bytes.indexOf(0x50, at + 1)) {
    const signature = view.getUint32(at, true);
    if (signature === LOCAL_SIGNATURE) names.push(decodeName(bytes, at + 30, view.getUint16(at + 26, true)));
    if (signature === CENTRAL_SIGNATURE && at + 46 <= bytes.length) {
      names.push(decodeName(bytes, at + 46, view.getUint16(at + 28, true)));
    }
    if (names.length > MAX_ENTRIES) break;
  }
  return names;
}

function findEnd(view: DataView): number | undefined {
  const lowest = Math.max(0, view.byteLength - END_BYTES - MAX_COMMENT_BYTES);
  for (let at = view.byteLength - END_BYTES; at >= lowest; at--) {
    if (view.getUint32(at, true) === END_SIGNATURE) return at;
  }
  return undefined;
}

/** Number of entries and where their list begins: in a record of its own where the usual one has no room (ZIP64). */
function readEnd(view: DataView, end: number): { count: number; start: number } {
  const usual = { count: view.getUint16(end + 10, true), start: view.getUint32(end + 16, true) };
  const locator = end - LOCATOR_BYTES;
  const isLong = usual.count === 0xffff || usual.start === MAX_UINT32;
  if (!isLong || locator < 0 || view.getUint32(locator, true) !== LOCATOR_SIGNATURE) return usual;
  const at = readUint64(view, locator + 8);
  if (at + 56 > end || view.getUint32(at, true) !== LONG_END_SIGNATURE)
    throw damaged('the list of its parts is broken');
  return { count: readUint64(view, at + 32), start: readUint64(view, at + 48) };
}

/** Programs that write as they go (.NET, Java) keep sizes in a field of 64 bits, however small the entry is. */
function readLongFields(view: DataView, at: number, entry: ZipEntry): ZipEntry {
  const start = at + 46 + view.getUint16(at + 28, true);
  const end = Math.min(start + view.getUint16(at + 30, true), view.byteLength);
  let field = start;
  while (field + 4 <= end && view.getUint16(field, true) !== LONG_FIELD) field += 4 + view.getUint16(field + 2, true);
  let value = field + 4;
  const long = { ...entry };
  for (const name of ['uncompressedBytes', 'compressedBytes', 'localOffset'] as const) {
    if (entry[name] !== MAX_UINT32 || value + 8 > end) continue;
    long[name] = readUint64(view, value);
    value += 8;
  }
  return long;
}

const readUint64 = (view: DataView, at: number) => Number(view.getBigUint64(at, true));

function readCentralEntry(view: DataView, at: number): ZipEntry {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const name = decodeZipName(bytes.subarray(at + 46, at + 46 + view.getUint16(at + 28, true)));
  if ((view.getUint16(at + 8, true) & 1) !== 0) {
    throw new ExtractionError(
      'encrypted',
      'The file is protected with a password. Remove the password and upload it again.',
    );
  }
  if (isUnsafeName(name)) throw damaged(`it names a part outside of itself (${name.slice(0, 80)})`);
  const entry = {
    name,
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    compressedBytes: view.getUint32(at + 20, true),
    uncompressedBytes: view.getUint32(at + 24, true),
    localOffset: view.getUint32(at + 42, true),
  };
  return readLongFields(view, at, entry);
}

function decodeName(bytes: Uint8Array, start: number, length: number): string {
  return new TextDecoder().decode(bytes.subarray(start, start + length));
}

function isUnsafeName(name: string): boolean {
  return name.startsWith('/') || /^[a-z]:/i.test(name) || name.split(/[/\\]/).includes('..');
}

function guardAgainstBombs(entries: ZipEntry[], archiveBytes: number): void {
  let packed = 0;
  let unpacked = 0;
  for (const entry of entries) {
    packed += entry.compressedBytes;
    unpacked += entry.uncompressedBytes;
    const isLarge = entry.uncompressedBytes > RATIO_MATTERS_ABOVE_BYTES;
    if (isLarge && entry.uncompressedBytes > MAX_COMPRESSION_RATIO * Math.max(1, entry.compressedBytes)) {
      throw tooLarge('parts that unpack to hundreds of times their size');
    }
  }
  if (packed > archiveBytes) throw damaged('its parts overlap');
  if (unpacked > MAX_UNCOMPRESSED_BYTES)
    throw tooLarge(`more than ${MAX_UNCOMPRESSED_BYTES / 1024 / 1024} MB unpacked`);
}

function unpack(packed: Uint8Array, entry: ZipEntry): Uint8Array {
  if (entry.method === STORED) return packed;
  if (entry.method !== DEFLATED) throw damaged(`a part is compressed in an unknown way (method ${entry.method})`);
  try {
    return inflateRawSync(packed, { maxOutputLength: 2 * entry.uncompressedBytes + INFLATE_SLACK_BYTES });
  } catch (error) {
    throw damagedPart(entry, error);
  }
}

function damaged(what: string, cause?: unknown): ExtractionError {
  return new ExtractionError(
    'malformed',
    `The file is damaged: ${what}. Save it anew in the program that made it and upload it again.`,
    { cause },
  );
}

/** The refusal of an archive one part of which cannot be unpacked. */
export function damagedPart(entry: ZipEntry, cause?: unknown): ExtractionError {
  return damaged(`its part ${entry.name.slice(0, 80)} cannot be unpacked`, cause);
}

function tooLarge(what: string): ExtractionError {
  return new ExtractionError(
    'too_large',
    `The file is a packed archive with ${what}, which is too large to open safely. Save the document without its attachments and upload it again.`,
  );
}
