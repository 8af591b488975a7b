import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** A file on its way into an archive. */
export type ZipFile = {
  /** Path with forward slashes; see `archive-names.ts` for what is safe. */
  name: string;
  /** Milliseconds since the epoch. */
  modifiedAt: number;
  body: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** About how long it is, if it may be 4 GiB or more: its sizes then need more room. */
  expectedBytes?: number;
};

/** What has been written of a file. */
export type ZippedFile = { name: string; size: number /** Lower-case hex. */; sha256: string };

/** Numbers of 32 and 16 bits, all ones, say in a ZIP file: see the ZIP64 field. */
const IN_ZIP64 = 0xffffffff;
const IN_ZIP64_SHORT = 0xffff;
/** What might not fit 4 GiB when its size is estimated. */
const LARGE_FROM_BYTES = 0xf0000000;
const MAX_BLOCK_BYTES = 65_535;
const BLOCK_HEADER_BYTES = 5;
/** Sizes follow the data (bit 3), names are UTF-8 (bit 11). */
const FLAGS = 0x0808;
const DEFLATE = 8;
const VERSION = 20;
const VERSION_ZIP64 = 45;
const UNIX = 3 << 8;
/** A plain file that its owner may read and write, everybody else only read. */
const UNIX_MODE = 0o100644 * 0x10000;
const LAST_EMPTY_BLOCK = Uint8Array.of(1, 0, 0, 0xff, 0xff);

/**
 * Writes a ZIP file (PKWARE's APPNOTE 6.3.9) as a stream, forwards only, with nothing in memory but a block of 64 KiB and
 * the directory (some 120 bytes a file). Files are stored as they are, in uncompressed blocks of DEFLATE rather than as
 * "stored", so that readers of streams see where they end. ZIP64 where numbers need it, and only there.
 * @param offset bytes that stand before the archive in the same file.
 */
export function createZipStream({ offset = 0 }: { offset?: number } = {}) {
  const directory: Uint8Array[] = [];
  let position = offset;

  const counted = (bytes: Uint8Array): Uint8Array => {
    position += bytes.byteLength;
    return bytes;
  };

  return {
    /** The file's bytes in the archive. @returns what has been written, when they have been taken. */
    async *add({ name, modifiedAt, body, expectedBytes = 0 }: ZipFile): AsyncGenerator<Uint8Array, ZippedFile> {
      const start = position;
      const encoded = new TextEncoder().encode(name);
      if (encoded.byteLength > IN_ZIP64_SHORT) throw new Error('The name of a file in an archive is too long.');
      const isLarge = expectedBytes >= LARGE_FROM_BYTES;
      const entry = { name: encoded, time: dosTime(modifiedAt), isLarge, start };
      yield counted(localHeader(entry));
      const dataStart = position;
      const hash = createHash('sha256');
      let crc = 0;
      let size = 0;
      for await (const bytes of body) {
        hash.update(bytes);
        crc = crc32(bytes, crc);
        size += bytes.byteLength;
        for (const block of blocksOf(bytes)) yield counted(block);
      }
      yield counted(LAST_EMPTY_BLOCK);
      const facts = { ...entry, crc, size, packed: position - dataStart };
      if (!isLarge && facts.packed >= IN_ZIP64) throw new Error('A file in an archive is longer than was said.');
      yield counted(descriptor(facts));
      directory.push(directoryEntry(facts));
      return { name, size, sha256: hash.digest('hex') };
    },

    /** The directory, which makes the bytes so far an archive: one that breaks off before is seen to be none. */
    *finish(): Generator<Uint8Array> {
      const start = position;
      for (const entry of directory) yield counted(entry);
      yield counted(endOf({ start, size: position - start, entries: directory.length }));
    },
  };
}

export type ZipStream = ReturnType<typeof createZipStream>;

type Entry = { name: Uint8Array; time: number; isLarge: boolean; start: number };
type Facts = Entry & { crc: number; size: number; packed: number };

/** Uncompressed DEFLATE blocks (RFC 1951, 3.2.4), none of them the last. */
function* blocksOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += MAX_BLOCK_BYTES) {
    const part = bytes.subarray(at, at + MAX_BLOCK_BYTES);
    const block = new Uint8Array(BLOCK_HEADER_BYTES + part.byteLength);
    const view = new DataView(block.buffer);
    view.setUint16(1, part.byteLength, true);
    view.setUint16(3, ~part.byteLength & 0xffff, true);
    block.set(part, BLOCK_HEADER_BYTES);
    yield block;
  }
}

function localHeader({ name, time, isLarge }: Entry): Uint8Array {
  const extra = isLarge ? zip64Field([0, 0]) : new Uint8Array();
  return record([
    [4, 0x04034b50],
    [2, isLarge ? VERSION_ZIP64 : VERSION],
    [2, FLAGS],
    [2, DEFLATE],
    [4, time],
    [4, 0],
    [4, isLarge ? IN_ZIP64 : 0],
    [4, isLarge ? IN_ZIP64 : 0],
    [2, name.byteLength],
    [2, extra.byteLength],
    name,
    extra,
  ]);
}

function descriptor({ crc, packed, size, isLarge }: Facts): Uint8Array {
  const width = isLarge ? 8 : 4;
  return record([
    [4, 0x08074b50],
    [4, crc],
    [width, packed],
    [width, size],
  ]);
}

function directoryEntry({ name, time, crc, packed, size, isLarge, start }: Facts): Uint8Array {
  const isFar = start >= IN_ZIP64;
  const wide = [...(isLarge ? [size, packed] : []), ...(isFar ? [start] : [])];
  const extra = wide.length > 0 ? zip64Field(wide) : new Uint8Array();
  const version = wide.length > 0 ? VERSION_ZIP64 : VERSION;
  return record([
    [4, 0x02014b50],
    [2, UNIX + version],
    [2, version],
    [2, FLAGS],
    [2, DEFLATE],
    [4, time],
    [4, crc],
    [4, isLarge ? IN_ZIP64 : packed],
    [4, isLarge ? IN_ZIP64 : size],
    [2, name.byteLength],
    [2, extra.byteLength],
    // Comment, number of the disk, internal attributes: none.
    [2, 0],
    [2, 0],
    [2, 0],
    [4, UNIX_MODE],
    [4, isFar ? IN_ZIP64 : start],
    name,
    extra,
  ]);
}

function endOf({ start, size, entries }: { start: number; size: number; entries: number }): Uint8Array {
  const needsZip64 = entries >= IN_ZIP64_SHORT || start >= IN_ZIP64 || size >= IN_ZIP64;
  const short = Math.min(entries, IN_ZIP64_SHORT);
  const end = record([
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, short],
    [2, short],
    [4, Math.min(size, IN_ZIP64)],
    [4, Math.min(start, IN_ZIP64)],
    [2, 0],
  ]);
  if (!needsZip64) return end;
  const end64 = record([
    [4, 0x06064b50],
    // Of the rest of this record.
    [8, 44],
    [2, UNIX + VERSION_ZIP64],
    [2, VERSION_ZIP64],
    [4, 0],
    [4, 0],
    [8, entries],
    [8, entries],
    [8, size],
    [8, start],
  ]);
  const locator = record([
    [4, 0x07064b50],
    [4, 0],
    [8, start + size],
    [4, 1],
  ]);
  return record([end64, locator, end]);
}

const zip64Field = (values: number[]): Uint8Array =>
  record([[2, 1], [2, 8 * values.length], ...values.map((value): [8, number] => [8, value])]);

/** Numbers of so many bytes, little end first, and bytes as they are. */
function record(fields: ([width: 2 | 4 | 8, value: number] | Uint8Array)[]): Uint8Array {
  const length = fields.reduce((total, field) => total + (Array.isArray(field) ? field[0] : field.byteLength), 0);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const field of fields) {
    if (!Array.isArray(field)) bytes.set(field, at);
    else if (field[0] === 2) view.setUint16(at, field[1], true);
    else if (field[0] === 4) view.setUint32(at, field[1], true);
    else view.setBigUint64(at, BigInt(field[1]), true);
    at += Array.isArray(field) ? field[0] : field.byteLength;
  }
  return bytes;
}

const FIRST_DOS_YEAR = 1980;
const LAST_DOS_YEAR = 2107;

/** Date and time as MS-DOS has them, to two seconds, here in UTC. */
function dosTime(milliseconds: number): number {
  const time = new Date(milliseconds);
  const year = Math.min(LAST_DOS_YEAR, Math.max(FIRST_DOS_YEAR, time.getUTCFullYear())) - FIRST_DOS_YEAR;
  const date = (year << 9) | ((time.getUTCMonth() + 1) << 5) | time.getUTCDate();
  const clock = (time.getUTCHours() << 11) | (time.getUTCMinutes() << 5) | (time.getUTCSeconds() >> 1);
  return date * 0x10000 + clock;
}
