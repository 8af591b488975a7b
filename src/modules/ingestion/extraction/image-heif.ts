import { attempt, type ByteReader, readBytes } from './byte-reader.ts';
import type { Picture } from './image-container.ts';
import { type IsoBox, isoBoxes } from './iso-boxes.ts';

const MAX_ITEMS = 5000;
const AVIF_BRANDS = /avif|avis/;

/** Size and notes of an AVIF or HEIC picture (ISO 23008-12). @throws RangeError when it is cut off */
export function readHeif(bytes: Uint8Array): Picture {
  const reader = readBytes(bytes, 'big-endian');
  const boxes = isoBoxes(reader, { start: 0, end: bytes.length });
  const type = boxes.find((box) => box.type === 'ftyp');
  const meta = boxes.find((box) => box.type === 'meta');
  if (type === undefined || meta === undefined) throw new RangeError('The description is missing.');
  const brands = reader.latin1(type.start, Math.min(type.end - type.start, 256));
  const parts = isoBoxes(reader, { start: meta.start + 4, end: meta.end });
  const exif = attempt(() => findItem(bytes, parts, 'Exif'));
  return {
    format: AVIF_BRANDS.test(brands) ? 'avif' : 'heic',
    ...largestSize(reader, parts),
    bytesPerPixel: 6,
    // The block is preceded by the length of what stands before its header.
    exif: exif === undefined ? undefined : attempt(() => exif.subarray(4 + readBytes(exif, 'big-endian').u32(0))),
    xmp: attempt(() => findItem(bytes, parts, 'mime')),
    texts: [],
  };
}

/** Pictures of phones are made of tiles, with the size of the whole beside those of the tiles. */
function largestSize(reader: ByteReader, parts: IsoBox[]): { width: number; height: number } {
  const properties = within(reader, parts, 'iprp').flatMap((box) => (box.type === 'ipco' ? isoBoxes(reader, box) : []));
  const sizes = properties
    .filter((box) => box.type === 'ispe')
    .map((box) => ({ width: reader.u32(box.start + 4), height: reader.u32(box.start + 8) }));
  return sizes.reduce((a, b) => (b.width * b.height > a.width * a.height ? b : a), { width: 0, height: 0 });
}

function within(reader: ByteReader, parts: IsoBox[], type: string): IsoBox[] {
  const box = parts.find((part) => part.type === type);
  return box === undefined ? [] : isoBoxes(reader, box);
}

/** The bytes of the first item of this type, where it lies in one piece in the file. */
function findItem(bytes: Uint8Array, parts: IsoBox[], type: string): Uint8Array | undefined {
  const reader = readBytes(bytes, 'big-endian');
  const infos = parts.find((part) => part.type === 'iinf');
  const places = parts.find((part) => part.type === 'iloc');
  if (infos === undefined || places === undefined) return undefined;
  const listStart = infos.start + (reader.u8(infos.start) === 0 ? 6 : 8);
  const entry = isoBoxes(reader, { start: listStart, end: infos.end })
    .filter((box) => box.type === 'infe' && reader.u8(box.start) >= 2)
    .map((box) => ({ wide: reader.u8(box.start) > 2, at: box.start + 4 }))
    .find(({ wide, at }) => reader.latin1(at + (wide ? 6 : 4), 4) === type);
  if (entry === undefined) return undefined;
  const id = entry.wide ? reader.u32(entry.at) : reader.u16(entry.at);
  const extent = findExtent(reader, places, id);
  return extent === undefined ? undefined : reader.slice(extent.offset, extent.length);
}

/** Where an item lies, by the `iloc` box (ISO 14496-12, 8.11.3). */
function findExtent(
  reader: ByteReader,
  { start, end }: IsoBox,
  id: number,
): { offset: number; length: number } | undefined {
  const version = reader.u8(start);
  const sizes = reader.u16(start + 4);
  const [offsetBytes, lengthBytes, baseBytes] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15];
  const indexBytes = version > 0 ? sizes & 15 : 0;
  const idBytes = version < 2 ? 2 : 4;
  let at = start + 6;
  const take = (size: number) => {
    at += size;
    return size === 0 ? 0 : size === 2 ? reader.u16(at - 2) : size === 4 ? reader.u32(at - 4) : reader.u64(at - size);
  };
  const count = Math.min(take(idBytes), MAX_ITEMS);
  for (let i = 0; i < count && at < end; i++) {
    const itemId = take(idBytes);
    const method = version > 0 ? take(2) & 15 : 0;
    at += 2;
    const base = take(baseBytes);
    const extents = take(2);
    at += indexBytes;
    const extent = { offset: base + take(offsetBytes), length: take(lengthBytes) };
    if (itemId === id) return method === 0 && extents === 1 ? extent : undefined;
    at += Math.max(0, extents - 1) * (indexBytes + offsetBytes + lengthBytes);
  }
  return undefined;
}
