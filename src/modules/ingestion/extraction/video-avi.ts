import { readBytes } from './byte-reader.ts';
import { decodeBytes } from './image-exif.ts';
import type { VideoMeasurements } from './measurements.ts';

export type AviFile = Pick<VideoMeasurements, 'durationMs' | 'width' | 'height' | 'tracks'> & {
  /** Texts of its INFO list by their four letters: INAM is the title, ICRD the date. */
  info: Map<string, string>;
};

const MAX_CHUNKS = 10_000;
const MAX_TRACKS = 32;
const MAX_TEXT_BYTES = 8192;
const LISTS = new Set(['hdrl', 'strl', 'INFO', 'odml']);
const TRACK_TYPES: Record<string, string> = { vids: 'video', auds: 'audio', txts: 'subtitles', mids: 'midi' };

/** What the headers of an AVI file say. @throws RangeError when it is cut off before they end */
export function readAvi(bytes: Uint8Array): AviFile {
  const reader = readBytes(bytes, 'little-endian');
  const file: AviFile = { durationMs: 0, width: 0, height: 0, tracks: [], info: new Map() };
  let at = 12;
  for (let count = 0; count < MAX_CHUNKS && at + 12 <= bytes.length; count++) {
    const name = reader.latin1(at, 4);
    const size = reader.u32(at + 4);
    const isOpened = name === 'LIST' && LISTS.has(reader.latin1(at + 8, 4));
    if (!isOpened) readHeader(file, { name, content: bytes.subarray(at + 8, at + 8 + size) });
    // A list that matters is walked into, everything else passed over.
    at += isOpened ? 12 : 8 + size + (size % 2);
  }
  if (file.tracks.length === 0) throw new RangeError('The headers are missing.');
  return file;
}

function readHeader(file: AviFile, { name, content }: { name: string; content: Uint8Array }): void {
  const reader = readBytes(content, 'little-endian');
  if (name === 'avih') {
    file.durationMs = Math.round((reader.u32(0) * reader.u32(16)) / 1000);
    file.width = reader.u32(32);
    file.height = reader.u32(36);
  }
  if (name === 'strh' && file.tracks.length < MAX_TRACKS) {
    const type = TRACK_TYPES[reader.latin1(0, 4)] ?? 'other';
    file.tracks.push({ type, codec: reader.latin1(4, 4).replace(/[^\x21-\x7e]/g, '') });
  }
  if (name.startsWith('I')) {
    const text = decodeBytes(content.subarray(0, MAX_TEXT_BYTES)).split('\0')[0]?.trim() ?? '';
    if (text !== '') file.info.set(name, text);
  }
}
