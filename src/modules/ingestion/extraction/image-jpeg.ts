import { readBytes } from './byte-reader.ts';
import type { Picture } from './image-container.ts';
import { decodeBytes } from './image-exif.ts';
import { findIptc } from './image-iptc.ts';

export const MARKER = {
  start: 0xd8,
  end: 0xd9,
  scan: 0xda,
  huffman: 0xc4,
  quantisation: 0xdb,
  restartInterval: 0xdd,
  app1: 0xe1,
  app13: 0xed,
  app14: 0xee,
  comment: 0xfe,
} as const;

export type JpegSegment = { marker: number /** Without marker and length. */; content: Uint8Array; end: number };

const EXIF_HEADER = 'Exif\0\0';
const XMP_HEADER = 'http://ns.adobe.com/xap/1.0/\0';
const PHOTOSHOP_HEADER = 'Photoshop 3.0\0';
const MAX_COMMENTS = 20;

/** Frames of any coding: C0 to CF but for the tables that stand among them. */
export const isFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && marker !== MARKER.huffman && marker !== 0xc8 && marker !== 0xcc;

/**
 * The segments of a JPEG file up to its end, one after the other; coded data between them is passed over.
 * @throws RangeError when a segment is cut off
 */
export function* jpegSegments(bytes: Uint8Array): Generator<JpegSegment> {
  const reader = readBytes(bytes, 'big-endian');
  let at = 2;
  while (at < bytes.length) {
    at = bytes.indexOf(0xff, at);
    if (at === -1 || at + 1 >= bytes.length) return;
    const marker = bytes[at + 1] ?? 0;
    at += marker === 0xff ? 1 : 2;
    if (marker === MARKER.end) return;
    // Fill bytes, stuffed bytes, restarts: no content.
    if (marker === 0xff || marker < 0xc0 || (marker >= 0xd0 && marker <= 0xd8)) continue;
    const length = reader.u16(at);
    if (length < 2) throw new RangeError('A segment has no length.');
    const content = reader.slice(at + 2, length - 2);
    at += length;
    yield { marker, content, end: at };
  }
}

/** Size and notes of a JPEG picture. @throws RangeError when it is cut off before its picture begins */
export function readJpeg(bytes: Uint8Array): Picture {
  const picture: Picture = { format: 'jpeg', width: 0, height: 0, bytesPerPixel: 3, texts: [] };
  for (const segment of jpegSegments(bytes)) {
    if (isFrame(segment.marker)) readFrame(picture, segment.content);
    else readNotes(picture, segment);
    // After the first scan come more scans of the same frame, or a second picture that is none of this one.
    if (segment.marker === MARKER.scan) return picture;
  }
  throw new RangeError('The picture is missing.');
}

function readFrame(picture: Picture, content: Uint8Array): void {
  const frame = readBytes(content, 'big-endian');
  picture.height = Math.max(picture.height, frame.u16(1));
  picture.width = Math.max(picture.width, frame.u16(3));
  picture.bytesPerPixel = Math.max(picture.bytesPerPixel, frame.u8(5));
}

function readNotes(picture: Picture, { marker, content }: JpegSegment): void {
  const after = (header: string) => (startsWith(content, header) ? content.subarray(header.length) : undefined);
  if (marker === MARKER.app1) {
    picture.exif ??= after(EXIF_HEADER);
    picture.xmp ??= after(XMP_HEADER);
  }
  if (marker === MARKER.app13) picture.iptc ??= findIptc(after(PHOTOSHOP_HEADER) ?? new Uint8Array());
  if (marker === MARKER.comment && picture.texts.length < MAX_COMMENTS) {
    picture.texts.push(['Comment', decodeBytes(content)]);
  }
}

function startsWith(content: Uint8Array, header: string): boolean {
  return content.length >= header.length && String.fromCharCode(...content.subarray(0, header.length)) === header;
}
