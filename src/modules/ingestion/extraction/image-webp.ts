import { type ByteReader, readBytes } from './byte-reader.ts';
import type { Picture } from './image-container.ts';

const MAX_CHUNKS = 20_000;

/** Size and notes of a WebP picture. @throws RangeError when it is cut off */
export function readWebp(bytes: Uint8Array): Picture {
  const reader = readBytes(bytes, 'little-endian');
  const picture: Picture = { format: 'webp', width: 0, height: 0, bytesPerPixel: 6, texts: [] };
  const end = Math.min(8 + reader.u32(4), bytes.length);
  let at = 12;
  for (let count = 0; count < MAX_CHUNKS && at + 8 <= end; count++) {
    const size = reader.u32(at + 4);
    const content = reader.slice(at + 8, size);
    readChunk(picture, reader.latin1(at, 4), content);
    at += 8 + size + (size % 2);
  }
  return picture;
}

function readChunk(picture: Picture, name: string, content: Uint8Array): void {
  const reader = readBytes(content, 'little-endian');
  if (name === 'VP8X') grow(picture, { width: 1 + u24(reader, 4), height: 1 + u24(reader, 7) });
  if (name === 'VP8 ') grow(picture, { width: reader.u16(6) & 0x3fff, height: reader.u16(8) & 0x3fff });
  if (name === 'VP8L') {
    const bits = reader.u32(1);
    grow(picture, { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) });
  }
  // A frame of an animation: its own size, after where it stands.
  if (name === 'ANMF') grow(picture, { width: 1 + u24(reader, 6), height: 1 + u24(reader, 9) });
  if (name === 'EXIF') picture.exif ??= withoutHeader(content);
  if (name === 'XMP ') picture.xmp ??= content;
}

const u24 = (reader: ByteReader, at: number) => reader.u16(at) + reader.u8(at + 2) * 65_536;

function grow(picture: Picture, { width, height }: { width: number; height: number }): void {
  picture.width = Math.max(picture.width, width);
  picture.height = Math.max(picture.height, height);
}

/** Some programs copy the header that the block has in JPEG. */
function withoutHeader(exif: Uint8Array): Uint8Array {
  return exif[0] === 0x45 && exif[1] === 0x78 ? exif.subarray(6) : exif;
}
