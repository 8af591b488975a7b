import { crc32 } from 'node:zlib';
import { DEFLATED, damagedPart, packedBytes, readZipEntry, type ZipEntry } from './zip.ts';

/** Smaller parts are unpacked at once, which is quicker. */
const STREAMED_ABOVE_BYTES = 4 * 1024 * 1024;
/** Deflate expands at most a thousandfold: one step gives no more than 16 MB. */
const STEP_BYTES = 16 * 1024;

/**
 * The unpacked bytes of an entry, piece by piece: a part of 200 MB passes through a Worker of 128. Size and checksum are
 * verified at its end; who stops before does not learn of damage further on.
 */
export async function streamZipEntry(bytes: Uint8Array, entry: ZipEntry): Promise<Iterable<Uint8Array>> {
  const packed = packedBytes(bytes, entry);
  if (entry.method !== DEFLATED || entry.uncompressedBytes <= STREAMED_ABOVE_BYTES) return [readZipEntry(bytes, entry)];
  const { Inflate } = await import('fflate');
  return inflate(packed, { entry, createInflater: (take) => new Inflate(take) });
}

type Inflater = { push(chunk: Uint8Array, isLast: boolean): void };
type Inflation = { entry: ZipEntry; createInflater(take: (chunk: Uint8Array) => void): Inflater };

function* inflate(packed: Uint8Array, { entry, createInflater }: Inflation): Generator<Uint8Array> {
  const ready: Uint8Array[] = [];
  const inflater = createInflater((chunk) => ready.push(chunk));
  let size = 0;
  let checksum = 0;
  for (let at = 0; at < packed.length; at += STEP_BYTES) {
    push(inflater, { chunk: packed.subarray(at, at + STEP_BYTES), isLast: at + STEP_BYTES >= packed.length, entry });
    for (const chunk of ready.splice(0)) {
      size += chunk.length;
      checksum = crc32(chunk, checksum);
      if (size > entry.uncompressedBytes) throw damagedPart(entry);
      if (chunk.length > 0) yield chunk;
    }
  }
  if (size !== entry.uncompressedBytes || checksum !== entry.crc) throw damagedPart(entry);
}

function push(inflater: Inflater, { chunk, isLast, entry }: { chunk: Uint8Array; isLast: boolean; entry: ZipEntry }) {
  try {
    inflater.push(chunk, isLast);
  } catch (error) {
    throw damagedPart(entry, error);
  }
}
