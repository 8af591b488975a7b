import { z } from 'zod';

/** Vectors of one document's chunks as the archive keeps them: value = code × scale. */
export type PackedEmbeddings = {
  model: string;
  dimension: number;
  /** `count × dimension`, vector by vector. */
  codes: Int8Array;
  /** One per vector. */
  scales: Float32Array;
  /** Of the chunks that were embedded: the vectors are worth nothing beside other chunks. */
  chunksHash: string;
  /** Of each vector's text, `TEXT_HASH_BYTES` each; not with what was packed before they were kept. */
  textHashes?: Uint8Array | undefined;
};

/** Enough that two texts never share one. */
export const TEXT_HASH_BYTES = 16;

/** One vector as it is packed. */
export type PackedVector = { codes: Int8Array; scale: number };

/** The bytes are not packed embeddings, or not all of them. */
export class PackedEmbeddingsError extends Error {
  override readonly name = 'PackedEmbeddingsError';
}

const MAX_CODE = 127;

/**
 * Symmetric max-abs quantisation of one vector to 8 bits: code = round(value / scale), scale = max|value| / 127.
 * Quantising what `dequantize` gives back returns the same codes and scale.
 */
export function quantize(values: Float32Array): { codes: Int8Array; scale: number } {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  const codes = new Int8Array(values.length);
  const scale = roundScale(largest / MAX_CODE);
  if (scale === 0 || !Number.isFinite(scale)) return { codes, scale: 0 };
  for (const [i, value] of values.entries())
    codes[i] = Math.max(-MAX_CODE, Math.min(MAX_CODE, Math.round(value / scale)));
  return { codes, scale };
}

/**
 * The next 32-bit float (scales are stored so) from `scale` up that ends in eight zero bits: its products with codes are
 * then exact, and quantising them again finds the same scale.
 */
function roundScale(scale: number): number {
  const bits = new Uint32Array(Float32Array.of(scale).buffer);
  bits[0] = ((bits[0] ?? 0) + 0xff) & ~0xff;
  return new Float32Array(bits.buffer)[0] ?? 0;
}

/** Quantises vectors of one dimension into the arrays that the index and the archive take. */
export function quantizeAll(vectors: Float32Array[], dimension: number): { codes: Int8Array; scales: Float32Array } {
  const codes = new Int8Array(vectors.length * dimension);
  const scales = new Float32Array(vectors.length);
  for (const [i, vector] of vectors.entries()) {
    if (vector.length !== dimension) throw new RangeError(`A vector of ${vector.length} values, not ${dimension}`);
    const quantized = quantize(vector);
    codes.set(quantized.codes, i * dimension);
    scales[i] = quantized.scale;
  }
  return { codes, scales };
}

/** The values that codes stand for. */
export function dequantize({ codes, scale }: { codes: Int8Array; scale: number }): Float32Array {
  return Float32Array.from(codes, (code) => code * scale);
}

/** Packed vectors by the hashes (hex) of the texts that they were made from. */
export function vectorsByText({ codes, scales, dimension, textHashes }: PackedEmbeddings): [string, PackedVector][] {
  if (!textHashes) return [];
  return Array.from(scales, (scale, at) => {
    const hash = Buffer.from(textHashes.subarray(at * TEXT_HASH_BYTES, (at + 1) * TEXT_HASH_BYTES)).toString('hex');
    return [hash, { codes: codes.subarray(at * dimension, (at + 1) * dimension), scale }];
  });
}

/** The vectors of texts, given by their hashes, as they are packed. */
export function joinVectors(
  hashes: string[],
  { known, dimension }: { known: ReadonlyMap<string, PackedVector>; dimension: number },
): Pick<PackedEmbeddings, 'codes' | 'scales'> & { textHashes: Uint8Array } {
  const codes = new Int8Array(hashes.length * dimension);
  const scales = new Float32Array(hashes.length);
  const textHashes = new Uint8Array(hashes.length * TEXT_HASH_BYTES);
  for (const [at, hash] of hashes.entries()) {
    const vector = known.get(hash);
    if (!vector) throw new RangeError('A text has no vector.');
    codes.set(vector.codes, at * dimension);
    scales[at] = vector.scale;
    textHashes.set(Buffer.from(hash, 'hex'), at * TEXT_HASH_BYTES);
  }
  return { codes, scales, textHashes };
}

// Layout: magic (4 bytes), version (1), length of the header (4, little endian), header (JSON), scales (4 bytes each,
// little endian), codes (1 byte each), hashes of the texts if the header says so (16 bytes each).
const MAGIC = new TextEncoder().encode('CPEM');
const VERSION = 1;
const PREFIX_BYTES = 9;
const SCALE_BYTES = 4;

const headerSchema = z.object({
  model: z.string().min(1),
  dimension: z.number().int().positive(),
  count: z.number().int().nonnegative(),
  chunksHash: z.string().min(1),
  hasTextHashes: z.boolean().default(false),
});

export function packEmbeddings({
  model,
  dimension,
  codes,
  scales,
  chunksHash,
  textHashes,
}: PackedEmbeddings): Uint8Array<ArrayBuffer> {
  const count = scales.length;
  if (codes.length !== count * dimension) {
    throw new PackedEmbeddingsError(`${codes.length} codes for ${count} vectors of ${dimension} dimensions`);
  }
  const hashBytes = textHashes?.length ?? 0;
  if (textHashes && hashBytes !== count * TEXT_HASH_BYTES) {
    throw new PackedEmbeddingsError(`${hashBytes} bytes of hashes for ${count} vectors`);
  }
  const facts = { model, dimension, count, chunksHash, ...(textHashes && { hasTextHashes: true }) };
  const header = new TextEncoder().encode(JSON.stringify(facts));
  const bytes = new Uint8Array(PREFIX_BYTES + header.length + count * SCALE_BYTES + codes.length + hashBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint8(MAGIC.length, VERSION);
  view.setUint32(MAGIC.length + 1, header.length, true);
  bytes.set(header, PREFIX_BYTES);
  const scalesAt = PREFIX_BYTES + header.length;
  for (const [i, scale] of scales.entries()) view.setFloat32(scalesAt + i * SCALE_BYTES, scale, true);
  const codesAt = scalesAt + count * SCALE_BYTES;
  bytes.set(new Uint8Array(codes.buffer, codes.byteOffset, codes.byteLength), codesAt);
  if (textHashes) bytes.set(textHashes, codesAt + codes.length);
  return bytes;
}

/** @throws PackedEmbeddingsError when the bytes are damaged, cut short, or of another format. */
export function unpackEmbeddings(bytes: Uint8Array): PackedEmbeddings {
  if (bytes.length < PREFIX_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new PackedEmbeddingsError('Not packed embeddings');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint8(MAGIC.length);
  if (version !== VERSION) throw new PackedEmbeddingsError(`Packed embeddings of version ${version}, not ${VERSION}`);
  const headerLength = view.getUint32(MAGIC.length + 1, true);
  const { count, hasTextHashes, ...rest } = readHeader(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + headerLength));
  const scalesAt = PREFIX_BYTES + headerLength;
  const codesAt = scalesAt + count * SCALE_BYTES;
  const hashesAt = codesAt + count * rest.dimension;
  const expected = hashesAt + (hasTextHashes ? count * TEXT_HASH_BYTES : 0);
  if (bytes.length !== expected) throw new PackedEmbeddingsError(`${bytes.length} bytes, not ${expected}`);
  const scales = new Float32Array(count);
  for (let i = 0; i < count; i++) scales[i] = view.getFloat32(scalesAt + i * SCALE_BYTES, true);
  const codes = new Int8Array(bytes.slice(codesAt, hashesAt).buffer);
  return { ...rest, codes, scales, ...(hasTextHashes && { textHashes: bytes.slice(hashesAt) }) };
}

function readHeader(bytes: Uint8Array): z.infer<typeof headerSchema> {
  try {
    return headerSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)));
  } catch (cause) {
    throw new PackedEmbeddingsError('The header of packed embeddings is damaged', { cause });
  }
}
