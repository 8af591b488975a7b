import { type ByteReader, readBytes } from './byte-reader.ts';

/** A page as Safari saves it (.webarchive): a property list in its binary form, of which the page itself is read. */
export type WebArchive = { content: Uint8Array; mediaType: string; url: string };

export const BINARY_PROPERTY_LIST = 'bplist00';

const TRAILER_BYTES = 32;
const KIND = { data: 4, ascii: 5, unicode: 6, dictionary: 13 } as const;
/** The count follows as a number of its own. */
const LONG = 15;
const MAX_KEYS = 1000;

/** The page within the file; undefined for other property lists. @throws RangeError when the file is damaged */
export function openWebArchive(bytes: Uint8Array): WebArchive | undefined {
  const list = openList(readBytes(bytes, 'big-endian'));
  const page = list.root.get('WebMainResource');
  const fields = page === undefined ? undefined : list.dictionary(page);
  const content = fields?.get('WebResourceData');
  if (fields === undefined || content === undefined) return undefined;
  const text = (name: string) => {
    const object = fields.get(name);
    return object === undefined ? '' : list.text(object);
  };
  const encoding = text('WebResourceTextEncodingName');
  return {
    content: list.data(content),
    mediaType: `${text('WebResourceMIMEType') || 'text/html'}${encoding === '' ? '' : `; charset=${encoding}`}`,
    url: text('WebResourceURL'),
  };
}

/** Objects are known by where they begin. */
function openList(reader: ByteReader) {
  const trailer = reader.length - TRAILER_BYTES;
  const placeBytes = reader.u8(trailer + 6);
  const numberBytes = reader.u8(trailer + 7);
  const table = reader.u64(trailer + 24);
  const placeOf = (number: number) => readInteger(reader, table + number * placeBytes, placeBytes);

  const open = (at: number) => {
    const marker = reader.u8(at);
    const low = marker & 15;
    if (low !== LONG) return { kind: marker >> 4, count: low, start: at + 1 };
    const bytes = 2 ** (reader.u8(at + 1) & 15);
    return { kind: marker >> 4, count: readInteger(reader, at + 2, bytes), start: at + 2 + bytes };
  };

  const text = (at: number): string => {
    const { kind, count, start } = open(at);
    if (kind === KIND.ascii) return new TextDecoder('windows-1252').decode(reader.slice(start, count));
    return kind === KIND.unicode ? new TextDecoder('utf-16be').decode(reader.slice(start, 2 * count)) : '';
  };

  const dictionary = (at: number): Map<string, number> => {
    const { kind, count, start } = open(at);
    if (kind !== KIND.dictionary || count > MAX_KEYS) return new Map();
    const object = (i: number) => placeOf(readInteger(reader, start + i * numberBytes, numberBytes));
    return new Map(Array.from({ length: count }, (_, i) => [text(object(i)), object(count + i)]));
  };

  return {
    root: dictionary(placeOf(reader.u64(trailer + 16))),
    dictionary,
    text,
    data(at: number): Uint8Array {
      const { kind, count, start } = open(at);
      return kind === KIND.data ? reader.slice(start, count) : new Uint8Array();
    },
  };
}

function readInteger(reader: ByteReader, at: number, bytes: number): number {
  let value = 0;
  for (let i = 0; i < bytes; i++) value = value * 256 + reader.u8(at + i);
  return value;
}
