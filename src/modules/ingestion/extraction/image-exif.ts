import { attempt, type ByteReader, readBytes } from './byte-reader.ts';

/** What a camera or a program noted in a picture, as far as it is kept. */
export type ExifFacts = {
  description?: string | undefined;
  title?: string | undefined;
  comment?: string | undefined;
  keywords?: string[] | undefined;
  author?: string | undefined;
  copyright?: string | undefined;
  software?: string | undefined;
  make?: string | undefined;
  model?: string | undefined;
  lens?: string | undefined;
  orientation?: number | undefined;
  takenAt?: string | undefined;
  latitude?: number | undefined;
  longitude?: number | undefined;
};

/** The directory of a TIFF file: its values by tag. EXIF is such a file within a picture. */
export type TiffDirectory = Map<number, TiffValue>;
export type TiffValue = { type: number; count: number; at: number };

type Tiff = { reader: ByteReader; directory: TiffDirectory };

const MAX_ENTRIES = 512;
const MAX_TEXT_BYTES = 8192;
const TYPE_BYTES: Record<number, number> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 13: 4 };

const TAG = {
  width: 0x0100,
  height: 0x0101,
  description: 0x010e,
  make: 0x010f,
  model: 0x0110,
  orientation: 0x0112,
  software: 0x0131,
  modifiedAt: 0x0132,
  artist: 0x013b,
  copyright: 0x8298,
  xmp: 0x02bc,
  iptc: 0x83bb,
  exif: 0x8769,
  gps: 0x8825,
  xpTitle: 0x9c9b,
  xpComment: 0x9c9c,
  xpKeywords: 0x9c9e,
  takenAt: 0x9003,
  takenOffset: 0x9011,
  userComment: 0x9286,
  lens: 0xa434,
} as const;

const GPS = { latitudeRef: 1, latitude: 2, longitudeRef: 3, longitude: 4 } as const;

/** Size and embedded notes of a TIFF picture. @throws RangeError when it is cut off */
export function readTiffPicture(bytes: Uint8Array) {
  const { reader, directory } = openTiff(bytes);
  const raw = (tag: number) => {
    const value = directory.get(tag);
    return value === undefined ? undefined : attempt(() => reader.slice(value.at, byteLength(value)));
  };
  return {
    width: numberOf(reader, directory.get(TAG.width)) ?? 0,
    height: numberOf(reader, directory.get(TAG.height)) ?? 0,
    xmp: raw(TAG.xmp),
    iptc: raw(TAG.iptc),
  };
}

/** The facts in an EXIF block, which begins with the header of a TIFF file. Damaged ones give what can be read. */
export function readExif(bytes: Uint8Array): ExifFacts {
  const tiff = attempt(() => openTiff(bytes));
  if (tiff === undefined) return {};
  const { reader, directory } = tiff;
  // Each directory is read once, by the pointer to it: a pointer back can start nothing anew.
  const exif = subDirectory(tiff, TAG.exif);
  const text = (tag: number) => textOf(reader, directory.get(tag) ?? exif.get(tag));
  const wide = (tag: number) => wideTextOf(reader, directory.get(tag));
  return {
    description: text(TAG.description),
    title: wide(TAG.xpTitle),
    comment: wide(TAG.xpComment) ?? userComment(reader, exif.get(TAG.userComment)),
    keywords: wide(TAG.xpKeywords)?.split(';'),
    author: text(TAG.artist),
    copyright: text(TAG.copyright),
    software: text(TAG.software),
    make: text(TAG.make),
    model: text(TAG.model),
    lens: text(TAG.lens),
    orientation: orientationOf(numberOf(reader, directory.get(TAG.orientation))),
    takenAt: exifDate(text(TAG.takenAt), text(TAG.takenOffset)),
    ...position(reader, subDirectory(tiff, TAG.gps)),
  };
}

function openTiff(bytes: Uint8Array): Tiff {
  const isLittle = bytes[0] === 0x49;
  const reader = readBytes(bytes, isLittle ? 'little-endian' : 'big-endian');
  if (reader.u16(0) !== (isLittle ? 0x4949 : 0x4d4d) || reader.u16(2) !== 42) throw new RangeError('No TIFF header.');
  return { reader, directory: readDirectory(reader, reader.u32(4)) };
}

function readDirectory(reader: ByteReader, start: number): TiffDirectory {
  const directory: TiffDirectory = new Map();
  const count = Math.min(reader.u16(start), MAX_ENTRIES);
  for (let i = 0; i < count; i++) {
    const at = start + 2 + 12 * i;
    if (at + 12 > reader.length) break;
    const value = { type: reader.u16(at + 2), count: reader.u32(at + 4), at: at + 8 };
    if (byteLength(value) > 4) value.at = reader.u32(at + 8);
    directory.set(reader.u16(at), value);
  }
  return directory;
}

function subDirectory({ reader, directory }: Tiff, tag: number): TiffDirectory {
  const at = numberOf(reader, directory.get(tag));
  return (at === undefined ? undefined : attempt(() => readDirectory(reader, at))) ?? new Map();
}

const byteLength = ({ type, count }: TiffValue) => (TYPE_BYTES[type] ?? 1) * count;

function numberOf(reader: ByteReader, value: TiffValue | undefined): number | undefined {
  if (value === undefined || value.count < 1) return undefined;
  return attempt(() => {
    const bytes = TYPE_BYTES[value.type];
    return bytes === 1 ? reader.u8(value.at) : bytes === 2 ? reader.u16(value.at) : reader.u32(value.at);
  });
}

function rationals(reader: ByteReader, value: TiffValue | undefined): number[] {
  if (value === undefined || byteLength(value) > 8 * 4) return [];
  const read = () =>
    Array.from({ length: value.count }, (_, i) => reader.u32(value.at + 8 * i) / reader.u32(value.at + 8 * i + 4));
  return attempt(read) ?? [];
}

function rawText(reader: ByteReader, value: TiffValue | undefined): Uint8Array | undefined {
  if (value === undefined) return undefined;
  return attempt(() => reader.slice(value.at, Math.min(byteLength(value), MAX_TEXT_BYTES)));
}

function textOf(reader: ByteReader, value: TiffValue | undefined): string | undefined {
  const bytes = rawText(reader, value);
  return bytes === undefined ? undefined : meaningful(decodeBytes(bytes));
}

/** What Windows writes: UTF-16 in bytes. */
function wideTextOf(reader: ByteReader, value: TiffValue | undefined): string | undefined {
  const bytes = rawText(reader, value);
  return bytes === undefined ? undefined : meaningful(new TextDecoder('utf-16le').decode(bytes));
}

/** Eight bytes name its encoding. */
function userComment(reader: ByteReader, value: TiffValue | undefined): string | undefined {
  const bytes = rawText(reader, value);
  if (bytes === undefined || bytes.length < 8) return undefined;
  const name = String.fromCharCode(...bytes.subarray(0, 8));
  const text = bytes.subarray(8);
  if (!name.startsWith('UNICODE')) return meaningful(decodeBytes(text));
  // Its byte order is that of the file, or the other one: zeros stand before Latin letters in big-endian text.
  const isBig = text.filter((byte, i) => byte === 0 && i % 2 === 0).length > text.length / 4;
  return meaningful(new TextDecoder(isBig ? 'utf-16be' : 'utf-16le').decode(text));
}

/** EXIF says ASCII, programs write UTF-8, and older ones Latin-1. */
export function decodeBytes(bytes: Uint8Array): string {
  const utf8 = attempt(() => new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes));
  return utf8 ?? new TextDecoder('windows-1252').decode(bytes);
}

/** Up to the closing zero; undefined for what cameras write when there is nothing to say. */
function meaningful(text: string): string | undefined {
  const line = (text.split('\0')[0] ?? '').trim();
  const isPlaceholder = /^(OLYMPUS DIGITAL CAMERA|SONY DSC|KONICA MINOLTA DIGITAL CAMERA|default|unknown|\?+)?$/i.test(
    line,
  );
  return isPlaceholder ? undefined : line;
}

const orientationOf = (value: number | undefined) =>
  value !== undefined && value >= 1 && value <= 8 ? value : undefined;

/** `2008:03:15 09:52:01` as ISO 8601, with the offset if there is one. */
export function exifDate(text: string | undefined, offset: string | undefined): string | undefined {
  const match = /^(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)/.exec(text ?? '');
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const instant = Date.parse(`${local}Z`);
  // A clock that was never set shows zeros; Date takes 30 February for 1 March.
  if (Number.isNaN(instant) || new Date(instant).toISOString().slice(0, 10) !== local.slice(0, 10)) return undefined;
  return local + (/^[+-]\d\d:\d\d$/.test(offset ?? '') ? offset : '');
}

function position(reader: ByteReader, gps: TiffDirectory): Pick<ExifFacts, 'latitude' | 'longitude'> {
  const latitude = degrees(reader, gps, { value: GPS.latitude, ref: GPS.latitudeRef, limit: 90 });
  const longitude = degrees(reader, gps, { value: GPS.longitude, ref: GPS.longitudeRef, limit: 180 });
  const isKnown = latitude !== undefined && longitude !== undefined && (latitude !== 0 || longitude !== 0);
  return isKnown ? { latitude, longitude } : {};
}

function degrees(
  reader: ByteReader,
  gps: TiffDirectory,
  { value, ref, limit }: { value: number; ref: number; limit: number },
): number | undefined {
  const [whole = Number.NaN, minutes = 0, seconds = 0] = rationals(reader, gps.get(value));
  const sum = whole + (minutes || 0) / 60 + (seconds || 0) / 3600;
  if (!(sum <= limit)) return undefined;
  const sign = /^[SW]/.test(textOf(reader, gps.get(ref)) ?? '') ? -1 : 1;
  // A hundred-thousandth of a degree is a metre.
  return (sign * Math.round(sum * 1e6)) / 1e6;
}
