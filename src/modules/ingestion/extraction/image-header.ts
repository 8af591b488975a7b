import { type ByteReader, readBytes } from './byte-reader.ts';
import { ExtractionError } from './extractor.ts';
import type { Picture } from './image-container.ts';
import { decodeBytes, readTiffPicture } from './image-exif.ts';
import { readHeif } from './image-heif.ts';
import { readJpeg } from './image-jpeg.ts';
import { readPng } from './image-png.ts';
import { readWebp } from './image-webp.ts';
import { startsWithAt } from './signatures.ts';

const READERS: { at: number; bytes: string; read: (bytes: Uint8Array) => Picture }[] = [
  { at: 0, bytes: '\x89PNG\r\n\x1a\n', read: readPng },
  { at: 0, bytes: '\xff\xd8\xff', read: readJpeg },
  { at: 0, bytes: 'GIF8', read: readGif },
  { at: 8, bytes: 'WEBP', read: readWebp },
  { at: 4, bytes: 'ftyp', read: readHeif },
  { at: 0, bytes: 'II*\0', read: readTiff },
  { at: 0, bytes: 'MM\0*', read: readTiff },
  { at: 0, bytes: 'BM', read: readBmp },
];

/** What a picture's file says of itself: nothing is decoded. Throws `malformed` for one that is damaged or cut off. */
export function readPicture(bytes: Uint8Array): Picture {
  const reader = READERS.find((candidate) => startsWithAt(bytes, candidate.bytes, candidate.at));
  if (reader === undefined) throw damagedPicture();
  try {
    const picture = reader.read(bytes);
    if (picture.width > 0 && picture.height > 0) return picture;
  } catch (error) {
    throw damagedPicture(error);
  }
  throw damagedPicture();
}

/** The refusal of a picture that cannot be shown. */
export function damagedPicture(cause?: unknown): ExtractionError {
  return new ExtractionError(
    'malformed',
    'The picture is damaged or cut off and cannot be shown. Save or download it anew and upload it again.',
    { cause },
  );
}

function readTiff(bytes: Uint8Array): Picture {
  return { format: 'tiff', ...readTiffPicture(bytes), bytesPerPixel: 8, exif: bytes, texts: [] };
}

/** Its header is followed by where and how the rows lie; negative heights say that the first row is the topmost. */
function readBmp(bytes: Uint8Array): Picture {
  const reader = readBytes(bytes, 'little-endian');
  const isOld = reader.u32(14) === 12;
  return {
    format: 'bmp',
    width: isOld ? reader.u16(18) : Math.abs(reader.i32(18)),
    height: isOld ? reader.u16(20) : Math.abs(reader.i32(22)),
    bytesPerPixel: 4,
    texts: [],
  };
}

const GIF_BLOCK = { extension: 0x21, picture: 0x2c, comment: 0xfe } as const;
const MAX_GIF_BLOCKS = 50_000;

/** Size of the screen and of every frame on it, and a comment. */
function readGif(bytes: Uint8Array): Picture {
  const reader = readBytes(bytes, 'little-endian');
  const picture: Picture = { format: 'gif', width: reader.u16(6), height: reader.u16(8), bytesPerPixel: 4, texts: [] };
  let at: number | undefined = 13 + paletteBytes(reader.u8(10));
  let frames = 0;
  // Files that lack their last byte are shown everywhere.
  for (let count = 0; count < MAX_GIF_BLOCKS && at !== undefined && at < bytes.length; count++) {
    if (bytes[at] === GIF_BLOCK.picture) frames++;
    at = readGifBlock(picture, { reader, bytes, at });
  }
  if (frames === 0) throw new RangeError('There is no picture in it.');
  return picture;
}

/** @returns where the next block begins, undefined when there is none. */
function readGifBlock(
  picture: Picture,
  { reader, bytes, at }: { reader: ByteReader; bytes: Uint8Array; at: number },
): number | undefined {
  if (bytes[at] === GIF_BLOCK.picture) {
    picture.width = Math.max(picture.width, reader.u16(at + 1) + reader.u16(at + 5));
    picture.height = Math.max(picture.height, reader.u16(at + 3) + reader.u16(at + 7));
    return skipSubBlocks(bytes, at + 11 + paletteBytes(reader.u8(at + 9)));
  }
  if (bytes[at] !== GIF_BLOCK.extension) return undefined;
  const isComment = reader.u8(at + 1) === GIF_BLOCK.comment;
  if (isComment && picture.texts.length === 0) picture.texts.push(['Comment', firstSubBlock(bytes, at + 2)]);
  return skipSubBlocks(bytes, at + 2);
}

const paletteBytes = (flags: number) => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));

/** Where data in pieces of up to 255 bytes ends. */
function skipSubBlocks(bytes: Uint8Array, start: number): number {
  let at = start;
  while (true) {
    const size = bytes[at];
    if (size === undefined) throw new RangeError('The file ends too early.');
    at += 1 + size;
    if (size === 0) return at;
  }
}

const firstSubBlock = (bytes: Uint8Array, at: number) => decodeBytes(bytes.subarray(at + 1, at + 1 + (bytes[at] ?? 0)));
