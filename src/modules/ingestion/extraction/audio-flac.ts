import { giveWay, type Sound } from './audio-sound.ts';
import { type BitReader, createBitReader } from './bit-reader.ts';
import { readBytes } from './byte-reader.ts';

export const MAX_SECONDS = 60;
const MAX_SAMPLES = 6_000_000;
const MAX_CHANNELS = 8;
const FRAMES_BETWEEN_PAUSES = 50;
const STREAM_INFO = 0;

type Stream = { sampleRate: number; channels: number; bits: number; framesAt: number };

/**
 * The first minute of a FLAC file (RFC 9639). A damaged frame ends the sound there; checksums are not looked at, since
 * nothing but measurements is made of it. Undefined when there is no sound.
 */
export async function decodeFlac(bytes: Uint8Array): Promise<Sound | undefined> {
  const stream = readStreamInfo(bytes);
  if (stream === undefined || stream.channels > MAX_CHANNELS || stream.sampleRate < 4000) return undefined;
  const limit = Math.min(MAX_SECONDS * stream.sampleRate, Math.floor(MAX_SAMPLES / stream.channels));
  const channels = Array.from({ length: stream.channels }, () => new Float32Array(limit));
  const bits = createBitReader(bytes, stream.framesAt);
  let length = 0;
  try {
    for (let count = 1; length < limit; count++) {
      const block = readFrame(bits, stream);
      for (const [i, channel] of channels.entries())
        append(channel, { samples: block[i], at: length, bits: stream.bits });
      length = Math.min(limit, length + (block[0]?.length ?? limit));
      if (count % FRAMES_BETWEEN_PAUSES === 0) await giveWay();
    }
  } catch (error) {
    // The end of the file, or damage: what was decoded so far is sound.
    if (!(error instanceof RangeError)) throw error;
  }
  return length === 0
    ? undefined
    : { sampleRate: stream.sampleRate, channels: channels.map((channel) => channel.subarray(0, length)) };
}

type Samples = { samples: Int32Array | undefined; at: number; bits: number };

/** As much as there is room for, from -1 to 1. */
function append(channel: Float32Array, { samples = new Int32Array(), at, bits }: Samples): void {
  const scale = 2 ** (1 - bits);
  const count = Math.min(samples.length, channel.length - at);
  for (let i = 0; i < count; i++) channel[at + i] = (samples[i] ?? 0) * scale;
}

function readStreamInfo(bytes: Uint8Array): Stream | undefined {
  const reader = readBytes(bytes, 'big-endian');
  let stream: Stream | undefined;
  for (let at = 4, isLast = false; !isLast; ) {
    const header = reader.u32(at);
    isLast = header >>> 31 === 1;
    if (((header >>> 24) & 127) === STREAM_INFO) {
      const packed = reader.u32(at + 14);
      stream = {
        sampleRate: packed >>> 12,
        channels: ((packed >>> 9) & 7) + 1,
        bits: ((packed >>> 4) & 31) + 1,
        framesAt: 0,
      };
    }
    at += 4 + (header & 0xffffff);
    if (stream !== undefined) stream.framesAt = at;
  }
  return stream;
}

const LEFT_AND_SIDE = 8;
const RIGHT_AND_SIDE = 9;
const MIDDLE_AND_SIDE = 10;

/** The samples of each channel. @throws RangeError at the end of the file, and for what no encoder writes */
function readFrame(bits: BitReader, stream: Stream): Int32Array[] {
  if (bits.read(14) !== 0x3ffe) throw new RangeError('A frame is missing.');
  bits.read(2);
  const [sizeCode, rateCode, assignment] = [bits.read(4), bits.read(4), bits.read(4)];
  bits.read(4);
  skipNumber(bits);
  const size = blockSize(bits, sizeCode);
  if (rateCode >= 12) bits.read(rateCode === 12 ? 8 : 16);
  bits.read(8);
  const isPair = assignment >= LEFT_AND_SIDE && assignment <= MIDDLE_AND_SIDE;
  if ((isPair ? 2 : assignment + 1) !== stream.channels) throw new RangeError('A frame has other channels.');
  const sideAt = assignment === RIGHT_AND_SIDE ? 0 : 1;
  const block = Array.from({ length: stream.channels }, (_, i) =>
    // A difference takes one bit more.
    readSubframe(bits, { size, depth: stream.bits + (isPair && i === sideAt ? 1 : 0) }),
  );
  bits.align();
  bits.read(16);
  return undoPairing(block, assignment);
}

/** The number of the frame or sample, coded like a letter in UTF-8. */
function skipNumber(bits: BitReader): void {
  const first = bits.read(8);
  for (let mask = 0x40; first >= 0xc0 && (first & mask) !== 0; mask >>= 1) bits.read(8);
}

function blockSize(bits: BitReader, code: number): number {
  if (code === 1) return 192;
  if (code >= 2 && code <= 5) return 144 << code;
  if (code === 6) return bits.read(8) + 1;
  if (code === 7) return bits.read(16) + 1;
  if (code >= 8) return 1 << code;
  throw new RangeError('A frame has no size.');
}

function undoPairing(block: Int32Array[], assignment: number): Int32Array[] {
  const [first, second] = block;
  if (assignment < LEFT_AND_SIDE || first === undefined || second === undefined) return block;
  for (let i = 0; i < first.length; i++) {
    const [a, b] = [first[i] ?? 0, second[i] ?? 0];
    if (assignment === LEFT_AND_SIDE) second[i] = a - b;
    else if (assignment === RIGHT_AND_SIDE) first[i] = a + b;
    else {
      const sum = a * 2 + (b & 1);
      first[i] = (sum + b) / 2;
      second[i] = (sum - b) / 2;
    }
  }
  return block;
}

type Shape = { size: number; depth: number };

function readSubframe(bits: BitReader, { size, depth: fullDepth }: Shape): Int32Array {
  const type = bits.read(7);
  const wasted = bits.read(1) === 1 ? bits.unary() + 1 : 0;
  const depth = fullDepth - wasted;
  if (depth < 1 || depth > 32) throw new RangeError('A frame has no depth.');
  const samples = new Int32Array(size);
  if (type === 0) samples.fill(bits.signed(depth));
  else if (type === 1) for (let i = 0; i < size; i++) samples[i] = bits.signed(depth);
  else if (type >= 8 && type <= 12) predictFixed(bits, { samples, depth, order: type - 8 });
  else if (type >= 32) predictLinear(bits, { samples, depth, order: type - 31 });
  else throw new RangeError('A frame is coded in an unknown way.');
  return wasted === 0 ? samples : samples.map((sample) => sample << wasted);
}

type Prediction = { samples: Int32Array; depth: number; order: number };

/** Weights of the samples before, the nearest first. */
const FIXED = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]];

function predictFixed(bits: BitReader, { samples, depth, order }: Prediction): void {
  for (let i = 0; i < order; i++) samples[i] = bits.signed(depth);
  readResiduals(bits, { samples, order });
  addPredictions(samples, { weights: FIXED[order] ?? [], shift: 0 });
}

function predictLinear(bits: BitReader, { samples, depth, order }: Prediction): void {
  for (let i = 0; i < order; i++) samples[i] = bits.signed(depth);
  const precision = bits.read(4) + 1;
  const shift = bits.signed(5);
  if (precision === 16 || shift < 0) throw new RangeError('A frame is coded in an unknown way.');
  const weights = Array.from({ length: order }, () => bits.signed(precision));
  readResiduals(bits, { samples, order });
  addPredictions(samples, { weights, shift });
}

function addPredictions(samples: Int32Array, { weights, shift }: { weights: number[]; shift: number }): void {
  const divisor = 2 ** shift;
  for (let i = weights.length; i < samples.length; i++) {
    let sum = 0;
    for (let k = 0; k < weights.length; k++) sum += (weights[k] ?? 0) * (samples[i - 1 - k] ?? 0);
    samples[i] = (samples[i] ?? 0) + Math.floor(sum / divisor);
  }
}

/** Rice codes in partitions, each with a parameter of its own. */
function readResiduals(bits: BitReader, { samples, order }: { samples: Int32Array; order: number }): void {
  const parameterBits = 4 + bits.read(2);
  if (parameterBits > 5) throw new RangeError('A frame is coded in an unknown way.');
  const partitions = 1 << bits.read(4);
  const length = samples.length / partitions;
  if (!Number.isInteger(length) || length < order) throw new RangeError('A frame is coded in an unknown way.');
  for (let partition = 0; partition < partitions; partition++) {
    const parameter = bits.read(parameterBits);
    const isRaw = parameter === (1 << parameterBits) - 1;
    const rawBits = isRaw ? bits.read(5) : 0;
    for (let i = Math.max(order, partition * length); i < (partition + 1) * length; i++) {
      samples[i] = isRaw ? bits.signed(rawBits) : bits.rice(parameter);
    }
  }
}
