import { type ByteReader, readBytes } from './byte-reader.ts';
import { decodeBytes, type ExifFacts } from './image-exif.ts';

const MAX_RECORDS = 500;
const MAX_VALUE_BYTES = 8192;
const RESOURCE_IPTC = 0x0404;
const APPLICATION_RECORD = 2;
const DATASET = { title: 5, keyword: 25, author: 80, headline: 105, copyright: 116, caption: 120 } as const;

/** What press agencies and photo programs note in a picture (IPTC-IIM, the application record). */
export function readIptc(bytes: Uint8Array): ExifFacts {
  const values = readRecords(readBytes(bytes, 'big-endian'));
  const first = (dataset: number) => values.get(dataset)?.[0];
  return {
    title: first(DATASET.headline) ?? first(DATASET.title),
    description: first(DATASET.caption),
    keywords: values.get(DATASET.keyword),
    author: first(DATASET.author),
    copyright: first(DATASET.copyright),
  };
}

/** The IPTC block among Photoshop's image resources, as JPEG keeps it. */
export function findIptc(resources: Uint8Array): Uint8Array | undefined {
  const reader = readBytes(resources, 'big-endian');
  let at = 0;
  while (at + 12 <= reader.length && reader.latin1(at, 4) === '8BIM') {
    const nameBytes = reader.u8(at + 6) + 1;
    const sizeAt = at + 6 + nameBytes + (nameBytes % 2);
    if (sizeAt + 4 > reader.length) return undefined;
    const size = reader.u32(sizeAt);
    if (reader.u16(at + 4) === RESOURCE_IPTC) return resources.subarray(sizeAt + 4, sizeAt + 4 + size);
    at = sizeAt + 4 + size + (size % 2);
  }
  return undefined;
}

function readRecords(reader: ByteReader): Map<number, string[]> {
  const values = new Map<number, string[]>();
  let at = 0;
  for (let count = 0; count < MAX_RECORDS && at + 5 <= reader.length && reader.u8(at) === 0x1c; count++) {
    const size = reader.u16(at + 3);
    // Larger sizes are written in another way, for pictures within; nothing that is kept needs them.
    if (size >= 0x8000 || at + 5 + size > reader.length) break;
    if (reader.u8(at + 1) === APPLICATION_RECORD) {
      const value = decodeBytes(reader.slice(at + 5, Math.min(size, MAX_VALUE_BYTES))).trim();
      const dataset = reader.u8(at + 2);
      if (value !== '') values.set(dataset, [...(values.get(dataset) ?? []), value]);
    }
    at += 5 + size;
  }
  return values;
}
