import { attempt, readBytes } from './byte-reader.ts';
import { readRtf } from './rtf-reader.ts';

const COMPRESSED = 0x75465a4c;
const STORED = 0x414c454d;
const HEADER_BYTES = 16;
const WINDOW = 4096;
/** What both sides know before the first byte (MS-OXRTFCP). */
const DICTIONARY =
  '{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx';

/** The words of a body that Outlook keeps as packed Rich Text; nothing of what is damaged. */
export function readCompressedRtf(packed: Uint8Array): string {
  const rtf = attempt(() => unpack(packed));
  const content = rtf && attempt(() => readRtf(rtf));
  return content?.blocks.map(({ text }) => text).join('\n\n') ?? '';
}

/** Runs of what went before, by place and length: a byte is at most seventeen. */
function unpack(packed: Uint8Array): Uint8Array {
  const reader = readBytes(packed, 'little-endian');
  const size = Math.min(reader.u32(4), 17 * packed.length);
  if (reader.u32(8) === STORED) return packed.subarray(HEADER_BYTES);
  if (reader.u32(8) !== COMPRESSED) throw new RangeError('It is not packed as Rich Text is.');
  const unpacked = new Uint8Array(size);
  let written = 0;
  for (const byte of unpackedBytes(packed)) {
    if (written >= size) break;
    unpacked[written++] = byte;
  }
  return unpacked.subarray(0, written);
}

function* unpackedBytes(packed: Uint8Array): Generator<number> {
  const window = new Uint8Array(WINDOW);
  for (let i = 0; i < DICTIONARY.length; i++) window[i] = DICTIONARY.charCodeAt(i);
  let place = DICTIONARY.length;
  const keep = (byte: number) => {
    window[place] = byte;
    place = (place + 1) % WINDOW;
    return byte;
  };
  for (const token of tokensIn(packed)) {
    if (typeof token === 'number') yield keep(token);
    // A reference to where the next byte goes is the end.
    else if (token.from === place) return;
    else for (let i = 0; i < token.length; i++) yield keep(window[(token.from + i) % WINDOW] ?? 0);
  }
}

/** Bytes, and runs of what went before. Each byte before eight of them says which they are. */
function* tokensIn(packed: Uint8Array): Generator<number | { from: number; length: number }> {
  for (let at = HEADER_BYTES; at < packed.length; ) {
    const control = packed[at++] ?? 0;
    for (let bit = 0; bit < 8 && at < packed.length; bit++) {
      const first = packed[at++] ?? 0;
      if (((control >> bit) & 1) === 0) {
        yield first;
        continue;
      }
      const second = packed[at++] ?? 0;
      yield { from: (first << 4) | (second >> 4), length: (second & 15) + 2 };
    }
  }
}
