/** Outlook's containers, made on the spot: compound files (.msg) and winmail.dat. */

export type Folder = { [name: string]: Uint8Array | Folder };

const SECTOR = 512;
const MINI = 64;
const CUTOFF = 4096;
const END = 0xfffffffe;
const NONE = 0xffffffff;

type Entry = { name: string; kind: number; right: number; child: number; start: number; size: number };

const padTo = (bytes: Uint8Array, unit: number) => {
  const padded = new Uint8Array(Math.ceil(bytes.length / unit) * unit);
  padded.set(bytes);
  return padded;
};

const joined = (pieces: Uint8Array[]) => new Uint8Array(Buffer.concat(pieces));

const numbers = (values: number[], unit = SECTOR) => {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value, true);
  const padded = padTo(bytes, unit);
  padded.fill(0xff, bytes.length);
  return padded;
};

/** Sectors that follow each other, for a table that begins with as many as it has already. */
const run = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => (i === count - 1 ? END : from + i + 1));

/** A compound file of these folders and streams; streams of less than 4 KB lie together, as in real ones. */
export function compoundFile(root: Folder): Uint8Array {
  const entries: Entry[] = [{ name: 'Root Entry', kind: 5, right: NONE, child: NONE, start: END, size: 0 }];
  const sectors: Uint8Array[] = [];
  const fat: number[] = [];
  const small: Uint8Array[] = [];
  const miniFat: number[] = [];
  const place = (content: Uint8Array) => {
    const start = fat.length;
    const padded = padTo(content, SECTOR);
    sectors.push(padded);
    fat.push(...run(start, padded.length / SECTOR));
    return padded.length === 0 ? END : start;
  };
  const placeSmall = (content: Uint8Array) => {
    const start = miniFat.length;
    const padded = padTo(content, MINI);
    small.push(padded);
    miniFat.push(...run(start, padded.length / MINI));
    return padded.length === 0 ? END : start;
  };
  const add = (folder: Folder): number => {
    let next = NONE;
    for (const [name, content] of Object.entries(folder).reverse()) {
      const entry: Entry = { name, kind: 1, right: next, child: NONE, start: END, size: 0 };
      next = entries.push(entry) - 1;
      if (content instanceof Uint8Array) {
        const start = content.length < CUTOFF ? placeSmall(content) : place(content);
        Object.assign(entry, { kind: 2, size: content.length, start });
      } else entry.child = add(content);
    }
    return next;
  };
  const [top] = entries;
  const child = add(root);
  const mini = joined(small);
  if (top) Object.assign(top, { child, start: place(mini), size: mini.length });
  const miniFatAt = place(numbers(miniFat));
  const directoryAt = place(joined(entries.map(entryBytes)));
  const fatSectors = Math.ceil((fat.length + 8) / (SECTOR / 4));
  const fatAt = fat.length;
  const table = numbers([...fat, ...Array.from({ length: fatSectors }, () => 0xfffffffd)]);
  return joined([header({ fatAt, fatSectors, directoryAt, miniFatAt }), ...sectors, table]);
}

function header(at: { fatAt: number; fatSectors: number; directoryAt: number; miniFatAt: number }): Uint8Array {
  const bytes = new Uint8Array(SECTOR);
  const view = new DataView(bytes.buffer);
  bytes.set([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);
  view.setUint16(30, 9, true);
  view.setUint16(32, 6, true);
  view.setUint32(44, at.fatSectors, true);
  view.setUint32(48, at.directoryAt, true);
  view.setUint32(56, CUTOFF, true);
  view.setUint32(60, at.miniFatAt, true);
  view.setUint32(68, END, true);
  for (let i = 0; i < 109; i++) view.setUint32(76 + 4 * i, i < at.fatSectors ? at.fatAt + i : NONE, true);
  return bytes;
}

function entryBytes({ name, kind, right, child, start, size }: Entry): Uint8Array {
  const bytes = new Uint8Array(128);
  const view = new DataView(bytes.buffer);
  bytes.set(wide(name));
  view.setUint16(64, 2 * name.length + 2, true);
  bytes[66] = kind;
  for (const [at, value] of [
    [68, NONE],
    [72, right],
    [76, child],
    [116, start],
    [120, size],
  ] as const) {
    view.setUint32(at, value, true);
  }
  return bytes;
}

export const wide = (text: string) => new Uint8Array(Buffer.from(text, 'utf16le'));
export const narrow = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

/** The streams of a message or of a part of it: texts and bytes by property, numbers in the list of short values. */
export function properties(header: number, { texts = {}, streams = {}, short = {} }: PropertyValues): Folder {
  const list = new Uint8Array(header + 16 * Object.keys(short).length);
  const view = new DataView(list.buffer);
  for (const [i, [tag, value]] of Object.entries(short).entries()) {
    view.setUint32(header + 16 * i, Number.parseInt(tag, 16), true);
    view.setBigUint64(header + 16 * i + 8, BigInt(value), true);
  }
  return {
    '__properties_version1.0': list,
    ...Object.fromEntries(Object.entries(texts).map(([id, text]) => [`__substg1.0_${id}001F`, wide(text)])),
    ...Object.fromEntries(Object.entries(streams).map(([tag, bytes]) => [`__substg1.0_${tag}`, bytes])),
  };
}

export type PropertyValues = {
  texts?: Record<string, string>;
  streams?: Record<string, Uint8Array>;
  short?: Record<string, number | bigint>;
};

/** A time as Outlook counts: tenths of microseconds since 1601. */
export const ticks = (iso: string) => (BigInt(Date.parse(iso)) + 11_644_473_600_000n) * 10_000n;

/** One attribute of winmail.dat: of the message (1) or of an attachment (2). */
export function attribute(level: 1 | 2, id: number, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(9 + content.length + 2);
  const view = new DataView(bytes.buffer);
  bytes[0] = level;
  view.setUint32(1, id, true);
  view.setUint32(5, content.length, true);
  bytes.set(content, 9);
  return bytes;
}

/** A list of properties as in winmail.dat: texts by their number. */
export function propertyList(texts: Record<number, string>, binary: Record<number, Uint8Array> = {}): Uint8Array {
  const all = [
    ...Object.entries(texts).map(([id, text]) => ({ id: Number(id), type: 0x1f, content: wide(`${text}\0`) })),
    ...Object.entries(binary).map(([id, content]) => ({ id: Number(id), type: 0x102, content })),
  ];
  const pieces = all.map(({ id, type, content }) => {
    const head = new Uint8Array(12);
    const view = new DataView(head.buffer);
    view.setUint16(0, type, true);
    view.setUint16(2, id, true);
    view.setUint32(4, 1, true);
    view.setUint32(8, content.length, true);
    return joined([head, padTo(content, 4)]);
  });
  return joined([numbers([all.length], 4), ...pieces]);
}

/** winmail.dat of these attributes. */
export const tnef = (attributes: Uint8Array[]): Uint8Array =>
  joined([Uint8Array.of(0x78, 0x9f, 0x3e, 0x22, 1, 0), ...attributes]);
