import { crc32, deflateSync } from 'node:zlib';
import { PhotonImage } from '@cf-wasm/photon';
import { bytesOf } from './extraction.fixtures.ts';

/** Pictures made on the spot. */

type Size = { width: number; height: number };
/** Red, green, blue from 0 to 255, and alpha. */
type Pixel = (x: number, y: number) => [number, number, number, number?];

export const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
export const latin = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

export function u32(value: number, order: 'be' | 'le' = 'be'): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, order === 'le');
  return bytes;
}

export const u16 = (value: number, order: 'be' | 'le' = 'be'): Uint8Array =>
  order === 'be' ? u32(value).slice(2) : u32(value, 'le').slice(0, 2);

/** Hills of colour over a slope, unlike themselves turned or mirrored. */
export const landscape =
  ({ width, height }: Size): Pixel =>
  (x, y) => {
    const [u, v] = [x / width, y / height];
    return [
      Math.round(127 + 120 * Math.sin(7 * u + 3 * v * v)),
      Math.round(255 * u * (1 - v)),
      Math.round(200 * v * v + 40 * Math.cos(11 * u)),
    ];
  };

export function rgbaOf({ width, height }: Size, pixel: Pixel): Uint8Array {
  const rgba = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [red, green, blue, alpha = 255] = pixel(x, y);
      rgba.set([red, green, blue, alpha], 4 * (y * width + x));
    }
  }
  return rgba;
}

export const pngChunk = (type: string, content: Uint8Array): Uint8Array => {
  const named = joined(latin(type), content);
  return joined(u32(content.length), named, u32(crc32(named)));
};

type PngOptions = { chunks?: Uint8Array[]; declared?: Size; alpha?: boolean };

/** A PNG with the filters of all kinds by turns; `declared` lies about its size. */
export function png(
  size: Size,
  pixel: Pixel,
  { chunks = [], declared = size, alpha = true }: PngOptions = {},
): Uint8Array {
  const channels = alpha ? 4 : 3;
  const rgba = rgbaOf(size, pixel);
  const rowBytes = size.width * channels;
  const rows = Array.from({ length: size.height }, (_, y) =>
    Uint8Array.from(
      { length: rowBytes },
      (_, i) => rgba[4 * (y * size.width + Math.floor(i / channels)) + (i % channels)] ?? 0,
    ),
  );
  const filtered = rows.map((row, y) =>
    joined(Uint8Array.of(y % 3), filter(row, { above: rows[y - 1], kind: y % 3, channels })),
  );
  const header = joined(u32(declared.width), u32(declared.height), Uint8Array.of(8, alpha ? 6 : 2, 0, 0, 0));
  const data = new Uint8Array(deflateSync(joined(...filtered), { level: 1 }));
  const half = Math.floor(data.length / 2);
  return joined(
    latin('\x89PNG\r\n\x1a\n'),
    pngChunk('IHDR', header),
    ...chunks,
    pngChunk('IDAT', data.subarray(0, half)),
    pngChunk('IDAT', data.subarray(half)),
    pngChunk('IEND', new Uint8Array()),
  );
}

function filter(
  row: Uint8Array,
  { above, kind, channels }: { above: Uint8Array | undefined; kind: number; channels: number },
) {
  if (kind === 0) return row;
  return row.map((value, i) => value - (kind === 1 ? (row[i - channels] ?? 0) : (above?.[i] ?? 0)));
}

const photon = (size: Size, pixel: Pixel) => new PhotonImage(rgbaOf(size, pixel), size.width, size.height);

/** A JPEG, with segments of notes. */
export function jpeg(size: Size, pixel: Pixel, { segments = [] as Uint8Array[], quality = 85 } = {}): Uint8Array {
  const plain = photon(size, pixel).get_bytes_jpeg(quality);
  return joined(plain.subarray(0, 2), ...segments, plain.subarray(2));
}

export const jpegSegment = (marker: number, content: Uint8Array): Uint8Array =>
  joined(Uint8Array.of(0xff, marker), u16(content.length + 2), content);

export const exifSegment = (exif: Uint8Array): Uint8Array => jpegSegment(0xe1, joined(latin('Exif\0\0'), exif));

export const xmpSegment = (packet: string): Uint8Array =>
  jpegSegment(0xe1, joined(latin('http://ns.adobe.com/xap/1.0/\0'), bytesOf(packet)));

/** Photoshop's resources with an IPTC block of these datasets. */
export function iptcSegment(records: [dataset: number, text: string][]): Uint8Array {
  const block = joined(
    ...records.map(([dataset, text]) =>
      joined(Uint8Array.of(0x1c, 2, dataset), u16(bytesOf(text).length), bytesOf(text)),
    ),
  );
  const resource = joined(latin('8BIM'), u16(0x0404), Uint8Array.of(0, 0), u32(block.length), block);
  return jpegSegment(0xed, joined(latin('Photoshop 3.0\0'), resource));
}

/** A lossless WebP, with further chunks behind its picture. */
export function webp(size: Size, pixel: Pixel, chunks: [name: string, content: Uint8Array][] = []): Uint8Array {
  const plain = photon(size, pixel).get_bytes_webp();
  const more = chunks.map(([name, content]) =>
    joined(latin(name), u32(content.length, 'le'), content, new Uint8Array(content.length % 2)),
  );
  const body = joined(plain.subarray(8), ...more);
  return joined(latin('RIFF'), u32(body.length, 'le'), body);
}

export function bmp({ width, height }: Size, pixel: Pixel): Uint8Array {
  const rgba = rgbaOf({ width, height }, (x, y) => pixel(x, height - 1 - y));
  const rowBytes = Math.ceil((width * 3) / 4) * 4;
  const rows = new Uint8Array(rowBytes * height);
  for (let i = 0; i < width * height; i++) {
    const [red = 0, green = 0, blue = 0] = rgba.subarray(4 * i);
    rows.set([blue, green, red], Math.floor(i / width) * rowBytes + 3 * (i % width));
  }
  const header = joined(latin('BM'), u32(54 + rows.length, 'le'), u32(0), u32(54, 'le'), u32(40, 'le'));
  const size = joined(u32(width, 'le'), u32(height, 'le'), u16(1, 'le'), u16(24, 'le'), new Uint8Array(24));
  return joined(header, size, rows);
}

/** A GIF of black and white whose codes are written without any compression. */
export function gif({ width, height }: Size, isWhite: (x: number, y: number) => boolean, comment = ''): Uint8Array {
  const codes: number[] = [];
  for (let i = 0; i < width * height; i++) {
    // A clear before every second pixel keeps all codes at three bits.
    if (i % 2 === 0) codes.push(4);
    codes.push(isWhite(i % width, Math.floor(i / width)) ? 1 : 0);
  }
  codes.push(5);
  const bits = codes.map((code) => code.toString(2).padStart(3, '0').split('').reverse().join('')).join('');
  const data = Uint8Array.from({ length: Math.ceil(bits.length / 8) }, (_, i) =>
    Number.parseInt(
      bits
        .slice(8 * i, 8 * i + 8)
        .split('')
        .reverse()
        .join(''),
      2,
    ),
  );
  const blocks = Array.from({ length: Math.ceil(data.length / 255) }, (_, i) => {
    const piece = data.subarray(255 * i, 255 * (i + 1));
    return joined(Uint8Array.of(piece.length), piece);
  });
  const note = comment === '' ? [] : [Uint8Array.of(0x21, 0xfe, comment.length), latin(comment), Uint8Array.of(0)];
  return joined(
    latin('GIF89a'),
    ...[u16(width, 'le'), u16(height, 'le'), Uint8Array.of(0x80, 0, 0, 0, 0, 0, 255, 255, 255)],
    ...note,
    ...[Uint8Array.of(0x2c, 0, 0, 0, 0), u16(width, 'le'), u16(height, 'le'), Uint8Array.of(0, 2)],
    ...[...blocks, Uint8Array.of(0, 0x3b)],
  );
}

/** A value of a TIFF directory: a text, one or several rationals, a number of 16 or 32 bits, a directory of its own. */
type Value = string | number | [number, number][] | Uint8Array | Directory;
export type Directory = { [tag: number]: Value };

const LONG_TAGS = new Set([0x8769, 0x8825]);

/** A TIFF file of one directory, as EXIF is kept. */
export function tiff(directory: Directory, order: 'be' | 'le' = 'le', strip?: Uint8Array): Uint8Array {
  const head = joined(latin(order === 'le' ? 'II' : 'MM'), u16(42, order), u32(8, order));
  const placed = strip === undefined ? directory : { ...directory, 273: 8 + directoryBytes(directory) + 12 };
  return joined(head, writeDirectory(placed, { at: 8, order }), strip ?? new Uint8Array());
}

const directoryBytes = (directory: Directory) => writeDirectory(directory, { at: 8, order: 'le' }).length;

function writeDirectory(directory: Directory, { at, order }: { at: number; order: 'be' | 'le' }): Uint8Array {
  const entries = Object.entries(directory).map(([tag, value]) => [Number(tag), value] as const);
  let free = at + 2 + 12 * entries.length + 4;
  const extras: Uint8Array[] = [];
  const rows = entries.map(([tag, value]) => {
    const { type, count, content } = encode(value, { at: free, order, isLong: LONG_TAGS.has(tag) });
    const isInside = content.length <= 4 && !isDirectory(value);
    if (!isInside) {
      extras.push(content);
      free += content.length;
    }
    const place = isInside ? joined(content, new Uint8Array(4 - content.length)) : u32(free - content.length, order);
    return joined(u16(tag, order), u16(type, order), u32(count, order), place);
  });
  return joined(u16(entries.length, order), ...rows, u32(0), ...extras);
}

const isDirectory = (value: Value): value is Directory =>
  typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array);

function encode(value: Value, { at, order, isLong }: { at: number; order: 'be' | 'le'; isLong: boolean }) {
  if (typeof value === 'string') {
    const content = joined(bytesOf(value), Uint8Array.of(0));
    return { type: 2, count: content.length, content };
  }
  if (typeof value === 'number') {
    const isWide = isLong || value > 0xffff;
    return { type: isWide ? 4 : 3, count: 1, content: isWide ? u32(value, order) : u16(value, order) };
  }
  if (value instanceof Uint8Array) return { type: 7, count: value.length, content: value };
  if (Array.isArray(value)) {
    const content = joined(...value.map(([over, under]) => joined(u32(over, order), u32(under, order))));
    return { type: 5, count: value.length, content };
  }
  return { type: 4, count: 1, content: writeDirectory(value, { at, order }) };
}

/** A box of an ISO media file. */
export const box = (type: string, ...content: Uint8Array[]): Uint8Array => {
  const body = joined(...content);
  return joined(u32(body.length + 8), latin(type), body);
};

/** A HEIC or AVIF file whose picture is not there, with notes that are. */
export function heif(brand: string, { width, height }: Size, exif: Uint8Array): Uint8Array {
  const block = joined(u32(0), exif);
  const build = (offset: number) => {
    const info = box('infe', Uint8Array.of(2, 0, 0, 0), u16(7), u16(0), latin('Exif'), Uint8Array.of(0));
    const places = box('iloc', u32(0), u16(0x4400), u16(1), u16(7), u16(0), u16(1), u32(offset), u32(block.length));
    const sizes = [box('ispe', u32(0), u32(512), u32(512)), box('ispe', u32(0), u32(width), u32(height))];
    const meta = box('meta', u32(0), box('iinf', u32(0), u16(1), info), places, box('iprp', box('ipco', ...sizes)));
    return joined(box('ftyp', latin(brand), u32(0), latin('mif1')), meta, box('mdat', block));
  };
  return build(build(0).length - block.length);
}
