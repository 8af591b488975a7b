import scanModule from './vector-scan.wasm';

/** The signs of so many codes fill a SIMD register. Widths are multiples of it. */
export const CODES_PER_REGISTER = 128;
export const REGISTER_BYTES = 16;
const PAGE_BYTES = 64 * 1024;

/** The arithmetic of vector-scan.wat over a memory of its own. Addresses are bytes from the memory's start. */
export type ScanKernel = {
  memory: WebAssembly.Memory;
  /** Grows the memory to this many bytes at least, which detaches its earlier buffer. */
  reserve(bytes: number): void;
  scan(codes: number, count: number, width: number, query: number, out: number): void;
  rescore(codes: number, list: number, count: number, width: number, query: number): void;
  sketch(codes: number, bytes: number, out: number): void;
  differences(sketches: number, count: number, bytes: number, query: number, out: number): void;
};

/** Bytes that a vector's codes take in memory. */
export const widthOf = (dimension: number): number => Math.ceil(dimension / CODES_PER_REGISTER) * CODES_PER_REGISTER;

/** Where the next register may start. */
export const alignedAt = (address: number): number => Math.ceil(address / REGISTER_BYTES) * REGISTER_BYTES;

export function createScanKernel(): ScanKernel {
  const { memory, ...functions } = new WebAssembly.Instance(scanModule).exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new Error('The scan module is damaged');
  const named = (name: string) => {
    const exported = functions[name];
    if (typeof exported !== 'function') throw new Error('The scan module is damaged');
    return (...args: number[]): void => void exported(...args);
  };
  return {
    memory,
    reserve(bytes) {
      const missing = bytes - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    },
    scan: named('scan'),
    rescore: named('rescore'),
    sketch: named('sketch'),
    differences: named('differences'),
  };
}
