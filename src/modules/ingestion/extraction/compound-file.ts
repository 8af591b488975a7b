import { readBytes } from './byte-reader.ts';

/** A folder of a compound file: streams and folders by name. */
export type CompoundStorage = {
  streams: Map<string, CompoundStream>;
  storages: Map<string, CompoundStorage>;
};

/** @throws RangeError when the file is damaged */
export type CompoundStream = { size: number; read(): Uint8Array };

export const COMPOUND_FILE = '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1';

const HEADER_BYTES = 512;
const IN_HEADER = 109;
const ENTRY_BYTES = 128;
const MINI_SECTOR_BYTES = 64;
const MAX_ENTRIES = 50_000;
/** Sector numbers from here on are marks: of the end, of what is free. */
const FIRST_MARK = 0xfffffffa;
const NO_ENTRY = 0xffffffff;
const KIND = { storage: 1, stream: 2, root: 5 } as const;

type Entry = { name: string; kind: number; left: number; right: number; child: number; start: number; size: number };

/**
 * Opens the container that Office used before ZIP, which Outlook's messages are in (MS-CFB): a small file system. No
 * byte is handed out more often than the file is long twice over, whatever its chains say. @throws RangeError
 */
export function openCompoundFile(bytes: Uint8Array): CompoundStorage {
  const reader = readBytes(bytes, 'little-endian');
  const sectorBytes = 2 ** Math.min(12, Math.max(9, reader.u16(30)));
  const miniCutoff = reader.u32(56);
  const sector = (number: number) => bytes.subarray((number + 1) * sectorBytes, (number + 2) * sectorBytes);
  const mostSectors = Math.ceil(bytes.length / sectorBytes);
  const fat = readFat(reader, { sector, sectorBytes, mostSectors });
  const chainOf = (start: number) => chain(start, { table: fat, most: mostSectors });
  let left = 2 * bytes.length + HEADER_BYTES;
  const spend = (size: number) => {
    left -= size;
    if (left < 0) throw new RangeError('The parts of the file overlap.');
  };
  const join = (start: number): Uint8Array => {
    const pieces = chainOf(start).map(sector);
    spend(pieces.length * sectorBytes);
    return concat(pieces);
  };
  const entries = readEntries(join(reader.u32(48)));
  const root = entries[0];
  if (root?.kind !== KIND.root) throw new RangeError('The list of parts is missing.');
  const miniFat = numbersIn(join(reader.u32(60)));
  let mini: Uint8Array | undefined;
  const readMini = ({ start, size }: Entry): Uint8Array => {
    mini ??= join(root.start);
    const small = mini;
    spend(size);
    const numbers = chain(start, { table: miniFat, most: Math.ceil(small.length / MINI_SECTOR_BYTES) });
    return concat(
      numbers.map((number) => small.subarray(number * MINI_SECTOR_BYTES, (number + 1) * MINI_SECTOR_BYTES)),
    );
  };
  const read = (entry: Entry) => {
    const content = (entry.size < miniCutoff ? readMini(entry) : join(entry.start)).subarray(0, entry.size);
    if (content.length < entry.size) throw new RangeError('A part of the file is cut off.');
    return content;
  };
  return buildTree(entries, read);
}

type Sectors = { sector: (number: number) => Uint8Array; sectorBytes: number; mostSectors: number };

/** Which sector follows which. Where the table itself lies is listed in the header, and further on if that is full. */
function readFat(reader: ReturnType<typeof readBytes>, { sector, sectorBytes, mostSectors }: Sectors): Uint32Array {
  const places = Array.from({ length: IN_HEADER }, (_, i) => reader.u32(76 + 4 * i));
  let next = reader.u32(68);
  for (let i = 0; i < mostSectors && next < FIRST_MARK; i++) {
    const listed = numbersIn(sector(next));
    places.push(...listed.subarray(0, sectorBytes / 4 - 1));
    next = listed[sectorBytes / 4 - 1] ?? FIRST_MARK;
  }
  const used = places.filter((number) => number < FIRST_MARK).slice(0, mostSectors);
  return numbersIn(concat(used.map(sector)));
}

function chain(start: number, { table, most }: { table: Uint32Array; most: number }): number[] {
  const numbers: number[] = [];
  for (let number = start; number < FIRST_MARK; number = table[number] ?? FIRST_MARK) {
    if (numbers.length >= most) throw new RangeError('A part of the file goes round in a circle.');
    numbers.push(number);
  }
  return numbers;
}

function readEntries(directory: Uint8Array): Entry[] {
  const count = Math.min(MAX_ENTRIES, Math.floor(directory.length / ENTRY_BYTES));
  const reader = readBytes(directory, 'little-endian');
  return Array.from({ length: count }, (_, i) => {
    const at = i * ENTRY_BYTES;
    const nameBytes = Math.min(64, reader.u16(at + 64));
    return {
      name: new TextDecoder('utf-16le').decode(reader.slice(at, Math.max(0, nameBytes - 2) & ~1)),
      kind: reader.u8(at + 66),
      left: reader.u32(at + 68),
      right: reader.u32(at + 72),
      child: reader.u32(at + 76),
      start: reader.u32(at + 116),
      size: reader.u32(at + 120),
    };
  });
}

/** The siblings in a folder hang on each other as a tree; each entry is in one folder. */
function buildTree(entries: Entry[], read: (entry: Entry) => Uint8Array): CompoundStorage {
  const root: CompoundStorage = { streams: new Map(), storages: new Map() };
  const seen = new Set([0]);
  const waiting = [{ at: entries[0]?.child ?? NO_ENTRY, into: root }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const entry = seen.has(next.at) ? undefined : entries[next.at];
    if (entry === undefined) continue;
    seen.add(next.at);
    const { into } = next;
    waiting.push({ at: entry.left, into }, { at: entry.right, into });
    if (entry.kind === KIND.stream) into.streams.set(entry.name, { size: entry.size, read: () => read(entry) });
    if (entry.kind !== KIND.storage) continue;
    const storage: CompoundStorage = { streams: new Map(), storages: new Map() };
    into.storages.set(entry.name, storage);
    waiting.push({ at: entry.child, into: storage });
  }
  return root;
}

function numbersIn(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: bytes.length >> 2 }, (_, i) => view.getUint32(4 * i, true));
}

function concat(pieces: Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
