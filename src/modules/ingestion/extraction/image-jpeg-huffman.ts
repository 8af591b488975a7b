/** The codes of one table of a JPEG file (ITU-T T.81, annex C and F.2.2.3). */
export type HuffmanTable = {
  /** For each next 8 bits: the code's length in the upper byte, its value in the lower one; 0 where it is longer. */
  short: Uint16Array;
  /** Largest code of each length, -1 for none; the value of code c is `values[c + offsets[length]]`. */
  maxCodes: Int32Array;
  offsets: Int32Array;
  values: Uint8Array;
};

const SHORT_BITS = 8;
const MAX_BITS = 16;

/** From the numbers of codes of 1 to 16 bits, and their values in order. */
export function buildHuffmanTable(counts: Uint8Array, values: Uint8Array): HuffmanTable {
  const table: HuffmanTable = {
    short: new Uint16Array(1 << SHORT_BITS),
    maxCodes: new Int32Array(MAX_BITS + 1).fill(-1),
    offsets: new Int32Array(MAX_BITS + 1),
    values,
  };
  let code = 0;
  let index = 0;
  for (let length = 1; length <= MAX_BITS; length++) {
    const count = counts[length - 1] ?? 0;
    table.offsets[length] = index - code;
    for (let i = 0; i < count; i++, code++, index++) {
      const span = 1 << (SHORT_BITS - length);
      if (length <= SHORT_BITS) table.short.fill((length << 8) | (values[index] ?? 0), code * span, (code + 1) * span);
    }
    if (count > 0) table.maxCodes[length] = code - 1;
    code <<= 1;
  }
  return table;
}

/** Thrown where coded data ends or makes no sense. */
export class CodedDataError extends Error {}

/** The bits of a scan: a zero after FF is no data, and a marker ends it. */
export type ScanBits = {
  /** Value of the next code. @throws CodedDataError */
  decode(table: HuffmanTable): number;
  /** The next bits as the difference that they stand for (T.81, F.2.2.1). */
  receive(count: number): number;
  skip(count: number): void;
  /** Goes on behind the next restart marker. @throws CodedDataError when there is none */
  restart(): void;
};

export function readScan(bytes: Uint8Array, start: number): ScanBits {
  let at = start;
  let buffer = 0;
  let available = 0;
  /** Zeros given beyond the end: a decoder may look that far ahead, not read it. */
  let padding = 0;

  const fill = (count: number) => {
    while (available < count) {
      let byte = bytes[at] ?? 0;
      if (at >= bytes.length || (byte === 0xff && bytes[at + 1] !== 0)) {
        byte = 0;
        padding += 8;
      } else at += byte === 0xff ? 2 : 1;
      buffer = ((buffer << 8) | byte) & 0xffffff;
      available += 8;
    }
  };
  const drop = (count: number) => {
    available -= count;
    if (available < padding) throw new CodedDataError('The coded data ends too early.');
  };
  const peek = (count: number) => {
    fill(count);
    return (buffer >>> (available - count)) & ((1 << count) - 1);
  };

  return {
    decode(table) {
      const entry = table.short[peek(SHORT_BITS)] ?? 0;
      if (entry !== 0) {
        drop(entry >> 8);
        return entry & 0xff;
      }
      const bits = peek(MAX_BITS);
      for (let length = SHORT_BITS + 1; length <= MAX_BITS; length++) {
        const code = bits >>> (MAX_BITS - length);
        if (code > (table.maxCodes[length] ?? -1)) continue;
        drop(length);
        return table.values[code + (table.offsets[length] ?? 0)] ?? 0;
      }
      throw new CodedDataError('The coded data holds an unknown code.');
    },
    receive(count) {
      if (count === 0) return 0;
      const bits = peek(count);
      drop(count);
      return bits < 1 << (count - 1) ? bits - (1 << count) + 1 : bits;
    },
    skip(count) {
      fill(count);
      drop(count);
    },
    restart() {
      buffer = 0;
      available = 0;
      padding = 0;
      while (at + 1 < bytes.length && !(bytes[at] === 0xff && isRestart(bytes[at + 1]))) {
        if (bytes[at] === 0xff && bytes[at + 1] !== 0 && bytes[at + 1] !== 0xff) {
          throw new CodedDataError('The coded data ends too early.');
        }
        at++;
      }
      at += 2;
    },
  };
}

const isRestart = (marker: number | undefined) => marker !== undefined && marker >= 0xd0 && marker <= 0xd7;
