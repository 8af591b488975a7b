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
  const window = new Uint8Array(WINDOW);
  for (let i = 0; i < DICTIONARY.length; i++) window[i] = DICTIONARY.charCodeAt(i);
  const unpacked = new Uint8Array(size);
  let written = 0;
  let place = DICTIONARY.length;
  const put = (byte: number) => {
    if (written < size) unpacked[written++] = byte;
    window[place] = byte;
    place = (place + 1) % WINDOW;
  };
  for (let at = HEADER_BYTES; at < packed.length && written < size; ) {
    const control = packed[at++] ?? 0;
    for (let bit = 0; bit < 8 && at < packed.length && written < size; bit++) {
      if (((control >> bit) & 1) === 0) {
        put(packed[at++] ?? 0);
        continue;
      }
      const token = ((packed[at] ?? 0) << 8) | (packed[at + 1] ?? 0);
      at += 2;
      const from = token >> 4;
      // A reference to where the next byte goes is the end.
      if (from === place) return unpacked.subarray(0, written);
      for (let i = 0; i < (token & 15) + 2; i++) put(window[(from + i) % WINDOW] ?? 0);
    }
  }
  return unpacked.subarray(0, written);
}
