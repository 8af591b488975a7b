import type { Sound } from './audio-sound.ts';
import { type ByteReader, readBytes } from './byte-reader.ts';

/** Sound that is stored as it is: how its samples lie. */
type Layout = {
  sampleRate: number;
  channels: number;
  bits: number;
  coding: 'integer' | 'offset' | 'float';
  order: 'big-endian' | 'little-endian';
  data: Uint8Array;
};

export const MAX_SECONDS = 60;
/** 24 MB once decoded. */
const MAX_SAMPLES = 6_000_000;
const MAX_CHANNELS = 8;
const MAX_CHUNKS = 1000;
const EXTENSIBLE = 0xfffe;

/** The first minute of a WAV file. Undefined for coded sound within one. @throws RangeError when it is cut off */
export function decodeWav(bytes: Uint8Array): Sound | undefined {
  const reader = readBytes(bytes, 'little-endian');
  let format: Omit<Layout, 'data'> | undefined;
  for (const { name, content } of chunksOf(bytes, reader)) {
    if (name === 'fmt ') format = readWavFormat(content);
    if (name === 'data') return format && toSound({ ...format, data: content });
  }
  return undefined;
}

/** The first minute of an AIFF file. Undefined for coded sound within one. @throws RangeError when it is cut off */
export function decodeAiff(bytes: Uint8Array): Sound | undefined {
  const reader = readBytes(bytes, 'big-endian');
  let format: Omit<Layout, 'data'> | undefined;
  for (const { name, content } of chunksOf(bytes, reader)) {
    if (name === 'COMM') format = readAiffFormat(content);
    if (name === 'SSND') return format && toSound({ ...format, data: content.subarray(8) });
  }
  return undefined;
}

/** The chunks of a RIFF or IFF file. The last one may say that it is longer than the file: programs that stream do. */
function* chunksOf(bytes: Uint8Array, reader: ByteReader): Generator<{ name: string; content: Uint8Array }> {
  for (let at = 12, count = 0; at + 8 <= bytes.length && count < MAX_CHUNKS; count++) {
    const size = reader.u32(at + 4);
    yield { name: reader.latin1(at, 4), content: bytes.subarray(at + 8, at + 8 + size) };
    at += 8 + size + (size % 2);
  }
}

function readWavFormat(content: Uint8Array): Omit<Layout, 'data'> | undefined {
  const reader = readBytes(content, 'little-endian');
  const tag = reader.u16(0) === EXTENSIBLE ? reader.u16(24) : reader.u16(0);
  const bits = reader.u16(14);
  if (tag !== 1 && tag !== 3) return undefined;
  return {
    sampleRate: reader.u32(4),
    channels: reader.u16(2),
    bits,
    coding: tag === 3 ? 'float' : bits === 8 ? 'offset' : 'integer',
    order: 'little-endian',
  };
}

function readAiffFormat(content: Uint8Array): Omit<Layout, 'data'> | undefined {
  const reader = readBytes(content, 'big-endian');
  const coding = content.length >= 22 ? reader.latin1(18, 4) : 'NONE';
  const isFloat = /^(fl32|FL32|fl64|FL64)$/.test(coding);
  if (!isFloat && coding !== 'NONE' && coding !== 'sowt') return undefined;
  // The rate is an 80-bit float: exponent, then mantissa with its leading one.
  const sampleRate = Math.round(reader.u32(10) * 2 ** ((reader.u16(8) & 0x7fff) - 16_383 - 31));
  const order = coding === 'sowt' ? 'little-endian' : 'big-endian';
  return { sampleRate, channels: reader.u16(0), bits: reader.u16(6), coding: isFloat ? 'float' : 'integer', order };
}

function toSound(layout: Layout): Sound | undefined {
  const { sampleRate, channels: count, bits, data } = layout;
  const width = bits / 8;
  const read = sampleReader(layout);
  const isUsual = sampleRate >= 4000 && sampleRate <= 384_000 && count >= 1 && count <= MAX_CHANNELS;
  if (read === undefined || !isUsual) return undefined;
  const stored = Math.floor(data.length / (width * count));
  const frames = Math.min(stored, MAX_SECONDS * sampleRate, Math.floor(MAX_SAMPLES / count));
  const channels = Array.from({ length: count }, (_, channel) =>
    Float32Array.from({ length: frames }, (_, i) => clamp(read((i * count + channel) * width))),
  );
  return { sampleRate, channels };
}

/** Floats may be anything, infinite or no number included. */
const clamp = (value: number) => (value >= -1 && value <= 1 ? value : Math.sign(value) || 0);

function sampleReader({ bits, coding, order, data }: Layout): ((at: number) => number) | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const little = order === 'little-endian';
  if (coding === 'float') {
    if (bits === 32) return (at) => view.getFloat32(at, little);
    return bits === 64 ? (at) => view.getFloat64(at, little) : undefined;
  }
  if (bits === 8) return coding === 'offset' ? (at) => (view.getUint8(at) - 128) / 128 : (at) => view.getInt8(at) / 128;
  if (bits === 16) return (at) => view.getInt16(at, little) / 32_768;
  if (bits === 32) return (at) => view.getInt32(at, little) / 2_147_483_648;
  if (bits !== 24) return undefined;
  return (at) =>
    little
      ? (view.getInt16(at + 1, true) * 256 + view.getUint8(at)) / 8_388_608
      : (view.getInt16(at, false) * 256 + view.getUint8(at + 2)) / 8_388_608;
}
