import { bytesOf } from './extraction.fixtures.ts';
import { box, joined, latin, u16, u32 } from './extraction-images.fixtures.ts';

/** Recordings and films made on the spot: containers around sound that is known, or around nothing. */

const RATE = 44_100;

type WavOptions = { rate?: number; bits?: 8 | 16 | 24 | 32; float?: boolean; info?: [name: string, text: string][] };

const riffChunk = (name: string, content: Uint8Array): Uint8Array =>
  joined(latin(name), u32(content.length, 'le'), content, new Uint8Array(content.length % 2));

/** A WAV file of these channels. */
export function wav(
  channels: Float32Array[],
  { rate = RATE, bits = 16, float = false, info = [] }: WavOptions = {},
): Uint8Array {
  const width = (bits / 8) * channels.length;
  const format = joined(
    ...[u16(float ? 3 : 1, 'le'), u16(channels.length, 'le'), u32(rate, 'le')],
    ...[u32(rate * width, 'le'), u16(width, 'le'), u16(bits, 'le')],
  );
  const texts = info.map(([name, text]) => riffChunk(name, joined(latin(text), Uint8Array.of(0))));
  const lists = info.length === 0 ? [] : [riffChunk('LIST', joined(latin('INFO'), ...texts))];
  const body = joined(
    latin('WAVE'),
    riffChunk('fmt ', format),
    ...lists,
    riffChunk('data', pcm(channels, { bits, float })),
  );
  return joined(latin('RIFF'), u32(body.length, 'le'), body);
}

function pcm(channels: Float32Array[], { bits, float }: { bits: number; float: boolean }): Uint8Array {
  const [first = new Float32Array()] = channels;
  const width = bits / 8;
  const view = new DataView(new ArrayBuffer(first.length * channels.length * width));
  const put = sampleWriter(view, { bits, float });
  for (const [c, channel] of channels.entries()) {
    for (const [i, value] of channel.entries()) put((i * channels.length + c) * width, value);
  }
  return new Uint8Array(view.buffer);
}

function sampleWriter(view: DataView, { bits, float }: { bits: number; float: boolean }) {
  const whole = (value: number) => Math.round(value * (2 ** (bits - 1) - 1));
  if (float) return (at: number, value: number) => view.setFloat32(at, value, true);
  if (bits === 8) return (at: number, value: number) => view.setUint8(at, whole(value) + 128);
  if (bits === 16) return (at: number, value: number) => view.setInt16(at, whole(value), true);
  if (bits === 32) return (at: number, value: number) => view.setInt32(at, whole(value), true);
  return (at: number, value: number) => {
    view.setUint8(at, whole(value) & 255);
    view.setInt16(at + 1, whole(value) >> 8, true);
  };
}

/** An AIFF file of one channel of 16 bits. */
export function aiff(samples: Float32Array): Uint8Array {
  const data = Buffer.from(pcm([samples], { bits: 16, float: false })).swap16();
  // 44,100 as an 80-bit float.
  const rate = Uint8Array.of(0x40, 0x0e, 0xac, 0x44, 0, 0, 0, 0, 0, 0);
  const chunk = (name: string, content: Uint8Array) => joined(latin(name), u32(content.length), content);
  const common = chunk('COMM', joined(u16(1), u32(samples.length), u16(16), rate));
  const body = joined(latin('AIFF'), common, chunk('SSND', joined(u32(0), u32(0), data)));
  return joined(latin('FORM'), u32(body.length), body);
}

/** How the samples of a block are written. */
export type FlacCoding = 'verbatim' | 'fixed' | 'linear';

/** A FLAC file of two channels of 16 bits, the second as a difference from the first. */
export function flac(left: Int16Array, right: Int16Array, coding: FlacCoding): Uint8Array {
  const BLOCK = 4096;
  const info = joined(u16(BLOCK), u16(BLOCK), new Uint8Array(6));
  // 20 bits of rate, 3 of channels less one, 5 of depth less one, 36 of length.
  const packed = (BigInt(RATE) << 44n) | (1n << 41n) | (15n << 36n) | BigInt(left.length);
  const numbers = new Uint8Array(8);
  new DataView(numbers.buffer).setBigUint64(0, packed);
  const comment = bytesOf('TITLE=Waves');
  const tags = joined(u32(0), u32(1, 'le'), u32(comment.length, 'le'), comment);
  const blocks = Array.from({ length: Math.floor(left.length / BLOCK) }, (_, i) => {
    const [from, to] = [i * BLOCK, (i + 1) * BLOCK];
    return flacFrame({ number: i, left: left.subarray(from, to), right: right.subarray(from, to), coding });
  });
  return joined(
    latin('fLaC'),
    ...[Uint8Array.of(0, 0, 0, 34), info, numbers, new Uint8Array(16)],
    ...[Uint8Array.of(0x84, 0, 0, tags.length), tags],
    ...blocks,
  );
}

type FlacFrame = { number: number; left: Int16Array; right: Int16Array; coding: FlacCoding };

function flacFrame({ number, left, right, coding }: FlacFrame): Uint8Array {
  // 4,096 samples, 44.1 kHz, left and side, 16 bits; checksums are not looked at.
  const head = `111111111111100011001001100010000${number.toString(2).padStart(7, '0')}`.replace(/^(.{32})0/, '$10');
  const side = Array.from(left, (value, i) => value - (right[i] ?? 0));
  const body = `${head}00000000${subframe([...left], 16, coding)}${subframe(side, 17, coding)}`;
  const padded = body.padEnd(Math.ceil(body.length / 8) * 8, '0');
  const bytes = Uint8Array.from({ length: padded.length / 8 }, (_, i) =>
    Number.parseInt(padded.slice(8 * i, 8 * i + 8), 2),
  );
  return joined(bytes, u16(0));
}

const bitsOf = (value: number, count: number) => BigInt.asUintN(count, BigInt(value)).toString(2).padStart(count, '0');

function subframe(samples: number[], depth: number, coding: FlacCoding): string {
  if (coding === 'verbatim') return `00000010${samples.map((sample) => bitsOf(sample, depth)).join('')}`;
  const warm = samples.slice(0, 2).map((sample) => bitsOf(sample, depth));
  // A line through the last two samples: fixed order 2, or the same as weights of 4 bits.
  const shape = coding === 'fixed' ? '00010100' : '01000010';
  const weights = coding === 'fixed' ? '' : `0011${bitsOf(0, 5)}${bitsOf(2, 4)}${bitsOf(-1, 4)}`;
  const residuals = samples.slice(2).map((sample, i) => sample - 2 * (samples[i + 1] ?? 0) + (samples[i] ?? 0));
  const RICE = 6;
  const codes = residuals.map((residual) => {
    const folded = residual >= 0 ? 2 * residual : -2 * residual - 1;
    return `${'0'.repeat(folded >> RICE)}1${bitsOf(folded & (2 ** RICE - 1), RICE)}`;
  });
  return `${shape}${warm.join('')}${weights}000000${bitsOf(RICE, 4)}${codes.join('')}`;
}

/** Silent MP3 frames of 128 kbit/s at 44.1 kHz, behind an ID3 tag with these texts. */
export function mp3(frames: number, tags: [frame: string, text: string][] = []): Uint8Array {
  const texts = tags.map(([name, text]) => {
    const content = joined(Uint8Array.of(3), bytesOf(text));
    return joined(latin(name), u32(content.length), Uint8Array.of(0, 0), content);
  });
  const body = joined(...texts);
  const size = Uint8Array.of(0, 0, body.length >> 7, body.length & 127);
  const tag = body.length === 0 ? new Uint8Array() : joined(latin('ID3\x03\0\0'), size, body);
  const frame = joined(Uint8Array.of(0xff, 0xfb, 0x90, 0x00), new Uint8Array(413));
  return joined(tag, ...Array.from({ length: frames }, () => frame));
}

type Track = { handler: 'vide' | 'soun'; codec: string; width?: number; height?: number };

/** An MP4 file that says what it holds and holds nothing: 90 seconds of these tracks. */
export function mp4(brand: string, tracks: Track[], title = ''): Uint8Array {
  const created = 3_783_283_200;
  const header = box('mvhd', u32(0), u32(created), u32(created), u32(1000), u32(90_000), new Uint8Array(80));
  const traks = tracks.map(({ handler, codec, width = 0, height = 0 }, i) => {
    const place = box(
      'tkhd',
      u32(7),
      u32(created),
      u32(created),
      u32(i + 1),
      u32(0),
      u32(90_000),
      new Uint8Array(52),
      u32(width << 16),
      u32(height << 16),
    );
    const media = box('mdhd', u32(0), u32(created), u32(created), u32(48_000), u32(48_000 * 90), u16(0x15c7), u16(0));
    const kind = box('hdlr', u32(0), u32(0), latin(handler), new Uint8Array(13));
    const sound = joined(new Uint8Array(6), u16(1), new Uint8Array(8), u16(2), u16(16), u32(0), u32(48_000 * 65_536));
    const entry = box(codec, handler === 'soun' ? sound : new Uint8Array(78));
    const samples = box('stbl', box('stsd', u32(0), u32(1), entry), box('stts', u32(0), u32(0)));
    return box('trak', place, box('mdia', media, kind, box('minf', samples)));
  });
  const name = box('\xa9nam', box('data', u32(1), u32(0), bytesOf(title)));
  const list = box(
    'meta',
    u32(0),
    box('hdlr', u32(0), u32(0), latin('mdirappl'), new Uint8Array(9)),
    box('ilst', name),
  );
  const notes = title === '' ? [] : [box('udta', list)];
  return joined(
    box('ftyp', latin(brand), u32(512)),
    box('moov', header, ...traks, ...notes),
    box('mdat', new Uint8Array(64)),
  );
}

/** An element of EBML: its id in hex, its size in eight bytes. */
const element = (id: string, ...content: Uint8Array[]): Uint8Array => {
  const body = joined(...content);
  return joined(new Uint8Array(Buffer.from(id, 'hex')), Uint8Array.of(1, 0, 0, 0), u32(body.length), body);
};

const float64 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
};

/** A Matroska or WebM file of 12.5 seconds without any clusters. */
export function matroska(docType: 'matroska' | 'webm', codecs: string[]): Uint8Array {
  const head = element('1a45dfa3', element('4282', latin(docType)));
  const info = element(
    '1549a966',
    element('2ad7b1', u32(1_000_000)),
    element('4489', float64(12_500)),
    element('7ba9', latin('A walk')),
  );
  const tracks = codecs.map((codec, i) =>
    element(
      'ae',
      ...[element('d7', Uint8Array.of(i + 1)), element('83', Uint8Array.of(codec.startsWith('V') ? 1 : 2))],
      joined(Uint8Array.of(0x86, 0x80 | codec.length), latin(codec)),
      codec.startsWith('V')
        ? element('e0', element('b0', u16(1280)), element('ba', u16(720)))
        : element('e1', element('b5', float64(48_000)), element('9f', Uint8Array.of(2))),
    ),
  );
  return joined(head, element('18538067', info, element('1654ae6b', ...tracks)));
}

/** An AVI file of 250 pictures at 25 a second. */
export function avi(title: string): Uint8Array {
  const main = joined(
    u32(40_000, 'le'),
    u32(0),
    u32(0),
    u32(0),
    u32(250, 'le'),
    u32(0),
    u32(2, 'le'),
    u32(0),
    u32(640, 'le'),
    u32(480, 'le'),
    new Uint8Array(16),
  );
  const stream = (type: string, codec: string) =>
    riffChunk('LIST', joined(latin('strl'), riffChunk('strh', joined(latin(type + codec), new Uint8Array(48)))));
  const headers = joined(latin('hdrl'), riffChunk('avih', main), stream('vids', 'XVID'), stream('auds', '\x01\0\0\0'));
  const info = riffChunk('LIST', joined(latin('INFO'), riffChunk('INAM', joined(bytesOf(title), Uint8Array.of(0)))));
  const body = joined(
    latin('AVI '),
    riffChunk('LIST', headers),
    info,
    riffChunk('LIST', joined(latin('movi'), new Uint8Array(32))),
  );
  return joined(latin('RIFF'), u32(body.length, 'le'), body);
}
