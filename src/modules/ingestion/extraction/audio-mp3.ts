import { giveWay, type Sound } from './audio-sound.ts';

/** Decoding takes a twentieth of the time that is heard. */
export const MAX_SECONDS = 30;
const FRAME_SAMPLES = 1152;
const FRAMES_BETWEEN_PAUSES = 100;
const RATES = [44_100, 48_000, 32_000];
/** Kilobits a second, by the header's index (MPEG-1, layer III). */
const BITRATES = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
/** Where the first frame is looked for behind the tags. */
const MAX_GAP_BYTES = 64 * 1024;

type Header = { sampleRate: number; channels: number; bytes: number };

/**
 * The first 30 seconds of an MP3 file. Undefined for what the decoder does not know: the lower rates of MPEG-2 and layers
 * I and II. A damaged frame ends the sound there.
 */
export async function decodeMp3(bytes: Uint8Array): Promise<Sound | undefined> {
  const excerpt = findExcerpt(bytes);
  if (excerpt === undefined) return undefined;
  const { header, start, end } = excerpt;
  const { default: mp3 } = await import('js-mp3');
  const limit = excerpt.frames * FRAME_SAMPLES;
  const channels = Array.from({ length: header.channels }, () => new Float32Array(limit));
  let length = 0;
  try {
    // It wants a buffer of its own, and keeps the bits that frames borrow from those before them.
    const decoder = mp3.newDecoder(bytes.slice(start, end).buffer);
    for (let frame = 1; decoder?.buf && length < limit; frame++) {
      const samples = new Int16Array(decoder.buf);
      takeTurns(samples, { channels, at: length });
      length = Math.min(limit, length + samples.length / channels.length);
      decoder.buf = null;
      if (decoder.readFrame().err) break;
      if (frame % FRAMES_BETWEEN_PAUSES === 0) await giveWay();
    }
  } catch {
    // What was decoded so far is sound.
  }
  return length === 0
    ? undefined
    : { sampleRate: header.sampleRate, channels: channels.map((channel) => channel.subarray(0, length)) };
}

/** Samples of the channels take turns. */
function takeTurns(samples: Int16Array, { channels, at }: { channels: Float32Array[]; at: number }): void {
  for (const [first, channel] of channels.entries()) {
    const count = Math.min(Math.floor(samples.length / channels.length), channel.length - at);
    for (let i = 0; i < count; i++) channel[at + i] = (samples[first + i * channels.length] ?? 0) / 32_768;
  }
}

/** Whole frames from the first on, all of one rate and number of channels. */
function findExcerpt(bytes: Uint8Array): { header: Header; start: number; end: number; frames: number } | undefined {
  const start = findFirstFrame(bytes);
  const header = start === undefined ? undefined : readHeader(bytes, start);
  if (start === undefined || header === undefined) return undefined;
  const maxFrames = Math.ceil((MAX_SECONDS * header.sampleRate) / FRAME_SAMPLES);
  let [end, frames] = [start, 0];
  while (frames < maxFrames) {
    const next = readHeader(bytes, end);
    const continues = next?.sampleRate === header.sampleRate && next.channels === header.channels;
    if (next === undefined || !continues || end + next.bytes > bytes.length) break;
    end += next.bytes;
    frames++;
  }
  return frames === 0 ? undefined : { header, start, end, frames };
}

/** Behind the tag, the first header that another follows. */
function findFirstFrame(bytes: Uint8Array): number | undefined {
  const tag = String.fromCharCode(...bytes.subarray(0, 3)) === 'ID3';
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(6, 10);
  const from = tag ? 10 + ((a & 127) << 21) + ((b & 127) << 14) + ((c & 127) << 7) + (d & 127) : 0;
  for (let at = from; at < Math.min(bytes.length, from + MAX_GAP_BYTES); at++) {
    const header = readHeader(bytes, at);
    if (header !== undefined && readHeader(bytes, at + header.bytes) !== undefined) return at;
  }
  return undefined;
}

function readHeader(bytes: Uint8Array, at: number): Header | undefined {
  const [sync = 0, version = 0, rates = 0, mode = 0] = bytes.subarray(at, at + 4);
  if (sync !== 0xff || (version & 0xfe) !== 0xfa) return undefined;
  const bitrate = BITRATES[rates >> 4] ?? 0;
  const sampleRate = RATES[(rates >> 2) & 3];
  if (bitrate === 0 || sampleRate === undefined) return undefined;
  const padding = (rates >> 1) & 1;
  return {
    sampleRate,
    channels: mode >> 6 === 3 ? 1 : 2,
    bytes: Math.floor((144_000 * bitrate) / sampleRate) + padding,
  };
}
