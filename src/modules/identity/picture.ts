/** What a picture's first bytes say about it. Its pixels are never decoded here. */
export type PictureFacts = { mediaType: PictureType; width: number; height: number };

export const PICTURE_TYPES = ['image/png', 'image/jpeg', 'image/webp', 'image/gif'] as const;

export type PictureType = (typeof PICTURE_TYPES)[number];

type Size = { width: number; height: number };
type Format = { mediaType: PictureType; starts: (bytes: Uint8Array) => boolean; sizeOf: (view: DataView) => Size };

/** The formats that browsers show and that cannot hold programs, as SVG can. */
const FORMATS: Format[] = [
  { mediaType: 'image/png', starts: (bytes) => hasAt(bytes, '\x89PNG\r\n\x1a\n', 0), sizeOf: sizeOfPng },
  { mediaType: 'image/jpeg', starts: (bytes) => hasAt(bytes, '\xff\xd8\xff', 0), sizeOf: sizeOfJpeg },
  {
    mediaType: 'image/gif',
    starts: (bytes) => hasAt(bytes, 'GIF87a', 0) || hasAt(bytes, 'GIF89a', 0),
    sizeOf: sizeOfGif,
  },
  {
    mediaType: 'image/webp',
    starts: (bytes) => hasAt(bytes, 'RIFF', 0) && hasAt(bytes, 'WEBP', 8),
    sizeOf: sizeOfWebp,
  },
];

/**
 * Recognises a picture by its bytes, whatever it is called, and reads its width and height.
 * @returns `unknown` for anything but PNG, JPEG, WebP and GIF, `broken` for what only begins like one.
 */
export function readPicture(bytes: Uint8Array): PictureFacts | 'unknown' | 'broken' {
  const format = FORMATS.find(({ starts }) => starts(bytes));
  if (!format) return 'unknown';
  try {
    const { width, height } = format.sizeOf(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return width > 0 && height > 0 ? { mediaType: format.mediaType, width, height } : 'broken';
  } catch (error) {
    // A read beyond the end: the bytes are not all there.
    if (error instanceof RangeError) return 'broken';
    throw error;
  }
}

function hasAt(bytes: Uint8Array, latin1: string, at: number): boolean {
  return Array.from(latin1).every((sign, index) => bytes[at + index] === sign.charCodeAt(0));
}

const textAt = (view: DataView, at: number): string =>
  String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(at + index)));

const NOTHING: Size = { width: 0, height: 0 };

/** The header chunk comes first. */
function sizeOfPng(view: DataView): Size {
  return textAt(view, 12) === 'IHDR' ? { width: view.getUint32(16), height: view.getUint32(20) } : NOTHING;
}

function sizeOfGif(view: DataView): Size {
  return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
}

/** Segments up to the one that begins the frame (ISO 10918-1, B.2.2). */
function sizeOfJpeg(view: DataView): Size {
  for (let at = 2; ; ) {
    if (view.getUint8(at) !== 0xff) return NOTHING;
    const marker = view.getUint8(at + 1);
    // Fill bytes may stand before any marker.
    if (marker === 0xff) at += 1;
    else if (isFrame(marker)) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    else if (isBare(marker)) at += 2;
    else if (marker === START_OF_SCAN || marker === END_OF_IMAGE) return NOTHING;
    else at += 2 + Math.max(2, view.getUint16(at + 2));
  }
}

const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;
/** Start of frame: C0 to CF, without the tables for Huffman (C4) and arithmetic coding (CC) and the reserved C8. */
const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
/** Markers that no length follows. */
const isBare = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);

/** Simple, lossless or extended (RFC 9649, 2.5 to 2.7). */
function sizeOfWebp(view: DataView): Size {
  switch (textAt(view, 12)) {
    case 'VP8 ':
      if (view.getUint32(23) >>> 8 !== 0x9d012a) return NOTHING;
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    case 'VP8L': {
      if (view.getUint8(20) !== 0x2f) return NOTHING;
      const bits = view.getUint32(21, true);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8X':
      return { width: uint24(view, 24) + 1, height: uint24(view, 27) + 1 };
    default:
      return NOTHING;
  }
}

const uint24 = (view: DataView, at: number) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
