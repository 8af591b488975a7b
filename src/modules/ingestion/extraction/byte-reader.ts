/** Numbers at places in a file. Every method throws a RangeError beyond the end, which tells a file that is cut off. */
export type ByteReader = {
  readonly length: number;
  u8(at: number): number;
  u16(at: number): number;
  u32(at: number): number;
  i32(at: number): number;
  u64(at: number): number;
  /** Bytes as Latin-1: names of segments, chunks and boxes. */
  latin1(at: number, length: number): string;
  slice(at: number, length: number): Uint8Array;
};

/** A reader for one byte order. */
export function readBytes(bytes: Uint8Array, order: 'big-endian' | 'little-endian'): ByteReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = order === 'little-endian';
  const slice = (at: number, length: number) => {
    if (at < 0 || length < 0 || at + length > bytes.length) throw new RangeError('The file ends too early.');
    return bytes.subarray(at, at + length);
  };
  return {
    length: bytes.length,
    u8: (at) => view.getUint8(at),
    u16: (at) => view.getUint16(at, little),
    u32: (at) => view.getUint32(at, little),
    i32: (at) => view.getInt32(at, little),
    u64: (at) => Number(view.getBigUint64(at, little)),
    latin1: (at, length) => String.fromCharCode(...slice(at, length)),
    slice,
  };
}

/** What can be read, or undefined where a file's extras are damaged: they are no reason to refuse the file. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
