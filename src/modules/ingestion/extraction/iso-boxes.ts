import type { ByteReader } from './byte-reader.ts';

/** A box of an ISO media file (MP4, MOV, HEIC): its four letters, and where its content lies. */
export type IsoBox = { type: string; start: number; end: number };

/** Fragmented films have two boxes a second. */
const MAX_BOXES = 50_000;

/** The boxes of one level, in order. A last one that is cut off ends with the file. */
export function isoBoxes(reader: ByteReader, { start, end }: { start: number; end: number }): IsoBox[] {
  const boxes: IsoBox[] = [];
  let at = start;
  while (at + 8 <= end && boxes.length < MAX_BOXES) {
    const short = reader.u32(at);
    const header = short === 1 ? 16 : 8;
    if (at + header > end) break;
    const size = short === 1 ? reader.u64(at + 8) : short === 0 ? end - at : short;
    if (size < header) break;
    boxes.push({ type: reader.latin1(at + 4, 4), start: at + header, end: Math.min(at + size, end) });
    at += size;
  }
  return boxes;
}
