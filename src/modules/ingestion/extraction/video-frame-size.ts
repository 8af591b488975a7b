import { attempt, type ByteReader, readBytes } from './byte-reader.ts';
import { type IsoBox, isoBoxes } from './iso-boxes.ts';

export type FrameSize = { width: number; height: number };

/** The size of the first picture track of an MP4 or MOV file, as it is shown. */
export function isoFrameSize(bytes: Uint8Array): FrameSize | undefined {
  const reader = readBytes(bytes, 'big-endian');
  return attempt(() => {
    for (const track of isoTracks(reader)) {
      const header = isoBoxes(reader, track).find((box) => box.type === 'tkhd');
      if (header === undefined || handlerOf(reader, track) !== 'vide') continue;
      // Fixed-point numbers at the end of the box.
      return { width: reader.u16(header.end - 8), height: reader.u16(header.end - 4) };
    }
    return undefined;
  });
}

/** Whether an MP4 file says what its tracks are, and none of them is of pictures. */
export function isIsoSoundOnly(bytes: Uint8Array): boolean {
  const reader = readBytes(bytes, 'big-endian');
  const handlers = attempt(() => isoTracks(reader).map((track) => handlerOf(reader, track))) ?? [];
  return handlers.includes('soun') && !handlers.includes('vide');
}

function isoTracks(reader: ByteReader): IsoBox[] {
  const movie = isoBoxes(reader, { start: 0, end: reader.length }).find((box) => box.type === 'moov');
  return movie === undefined ? [] : isoBoxes(reader, movie).filter((box) => box.type === 'trak');
}

function handlerOf(reader: ByteReader, track: IsoBox): string | undefined {
  const media = isoBoxes(reader, track).find((box) => box.type === 'mdia');
  const handler = media && isoBoxes(reader, media).find((box) => box.type === 'hdlr');
  return handler && reader.latin1(handler.start + 8, 4);
}

const TRACKS_WITHIN_BYTES = 256 * 1024;
const CODEC_ID = 0x86;

/** Whether a Matroska or WebM file names codecs of sound, and none of pictures: they begin with A_ and V_. */
export function isMatroskaSoundOnly(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, TRACKS_WITHIN_BYTES);
  const kinds = new Set<string>();
  for (let at = head.indexOf(CODEC_ID); at !== -1; at = head.indexOf(CODEC_ID, at + 1)) {
    // The element's length, of one byte, then the name.
    if (head[at + 3] === 0x5f && ((head[at + 1] ?? 0) & 0x80) !== 0) kinds.add(String.fromCharCode(head[at + 2] ?? 0));
  }
  return kinds.has('A') && !kinds.has('V');
}
