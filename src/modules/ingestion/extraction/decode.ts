import { cleanText } from './blocks.ts';

/** What is known of a text file beside its bytes. */
export type DecodeHints = {
  /** The declared media type; only its `charset` parameter is read. */
  mediaType?: string;
  /** Whether a `<meta charset>` in the content counts. */
  html?: boolean;
};

/** Text with the encoding it was read in (a WHATWG label). */
export type DecodedText = { text: string; encoding: string };

/** Enough to tell an encoding by its byte pairs. */
const SAMPLE_BYTES = 65_536;
/** Browsers look for `<meta charset>` in the first 1,024 bytes; pages with long comments on top need more. */
const META_BYTES = 8192;

/**
 * Reads bytes as text: byte order mark, UTF-16 by its pattern of zeros, valid UTF-8, the declared charset, Shift_JIS or
 * GB18030 by their byte pairs, else windows-1252 (which never fails). The text comes back clean (see `cleanText`).
 */
export function decodeText(bytes: Uint8Array, hints: DecodeHints = {}): DecodedText {
  const encoding = detectEncoding(bytes, hints);
  return { text: cleanText(new TextDecoder(encoding).decode(bytes)), encoding };
}

/** The WHATWG label of the encoding that `decodeText` would use. */
export function detectEncoding(bytes: Uint8Array, hints: DecodeHints = {}): string {
  const marked = byteOrderMark(bytes) ?? detectUtf16(bytes);
  if (marked !== undefined) return marked;
  const declared = declaredCharset(bytes, hints);
  // The one charset in use whose bytes are all ASCII: it would pass for UTF-8.
  if (declared === 'iso-2022-jp') return declared;
  if (isUtf8(bytes)) return 'utf-8';
  const usable = declared !== undefined && declared !== 'utf-8' && !declared.startsWith('utf-16');
  return usable ? declared : (detectDoubleByte(bytes.subarray(0, SAMPLE_BYTES)) ?? 'windows-1252');
}

/** UTF-16 without a byte order mark: zeros on one side of the pairs only, and plausible characters when read so. */
export function detectUtf16(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  const sample = bytes.subarray(0, Math.min(bytes.length, SAMPLE_BYTES) & ~1);
  let evenZeros = 0;
  let oddZeros = 0;
  for (let i = 0; i < sample.length; i += 2) {
    if (sample[i] === 0) evenZeros++;
    if (sample[i + 1] === 0) oddZeros++;
  }
  // Line ends and spaces alone give a few per cent, also in Chinese or Japanese.
  if (Math.max(evenZeros, oddZeros) < Math.max(1, sample.length / 200)) return undefined;
  if (Math.min(evenZeros, oddZeros) * 10 > Math.max(evenZeros, oddZeros)) return undefined;
  const encoding = oddZeros > evenZeros ? 'utf-16le' : 'utf-16be';
  return looksLikeText(new TextDecoder(encoding).decode(sample)) ? encoding : undefined;
}

/** Valid UTF-8 as a whole, except that the last character may be cut off. */
export function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function byteOrderMark(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return undefined;
}

function looksLikeText(text: string): boolean {
  const plausible = text.match(/[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}\t\n\r]/gu)?.length ?? 0;
  const replaced = text.match(/\ufffd/g)?.length ?? 0;
  return text.length > 0 && (plausible - replaced) / text.length > 0.95;
}

function declaredCharset(bytes: Uint8Array, hints: DecodeHints): string | undefined {
  const declared = /charset\s*=\s*["']?([\w:.-]+)/i;
  const fromType = declared.exec(hints.mediaType ?? '')?.[1];
  const known = knownLabel(fromType);
  if (known !== undefined || hints.html !== true) return known;
  const head = new TextDecoder('windows-1252').decode(bytes.subarray(0, META_BYTES));
  const meta = /<meta\b[^>]{0,500}?charset\s*=\s*["']?\s*([\w:.-]+)/i.exec(head)?.[1];
  return knownLabel(meta ?? /^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w:.-]+)/i.exec(head)?.[1]);
}

function knownLabel(label: string | undefined): string | undefined {
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

/** A double-byte encoding: which pairs it has, and which of them ordinary text is made of. */
type DoubleByte = {
  encoding: string;
  isLead(byte: number): boolean;
  isTrail(byte: number): boolean;
  isSingle(byte: number): boolean;
  /** Punctuation, kana and the first level of ideographs, where nearly all characters of real text lie. */
  isCommon(lead: number, trail: number): boolean;
};

const within = (byte: number, low: number, high: number) => byte >= low && byte <= high;

const DOUBLE_BYTE: DoubleByte[] = [
  {
    encoding: 'shift_jis',
    isLead: (byte) => within(byte, 0x81, 0x9f) || within(byte, 0xe0, 0xfc),
    isTrail: (byte) => within(byte, 0x40, 0xfc) && byte !== 0x7f,
    isSingle: (byte) => byte < 0x80 || within(byte, 0xa1, 0xdf),
    isCommon: (lead) => within(lead, 0x81, 0x83) || within(lead, 0x88, 0x97),
  },
  {
    encoding: 'gb18030',
    isLead: (byte) => within(byte, 0x81, 0xfe),
    // Digits: a character of four bytes counts as two pairs.
    isTrail: (byte) => within(byte, 0x30, 0x39) || (within(byte, 0x40, 0xfe) && byte !== 0x7f),
    isSingle: (byte) => byte < 0x80,
    isCommon: (lead, trail) => trail >= 0xa1 && (within(lead, 0xa1, 0xa3) || within(lead, 0xb0, 0xd7)),
  },
];

/** Western text with typographic quotes also forms valid pairs, but lone ones; words of two characters give 0.5. */
const MIN_ADJACENT_SHARE = 0.4;
const MIN_COMMON_SHARE = 0.75;

function detectDoubleByte(sample: Uint8Array): string | undefined {
  let best: { encoding: string; common: number } | undefined;
  for (const candidate of DOUBLE_BYTE) {
    const common = commonShare(sample, candidate);
    if (common >= MIN_COMMON_SHARE && common > (best?.common ?? 0)) best = { encoding: candidate.encoding, common };
  }
  return best?.encoding;
}

/** Share of common pairs among all pairs; 0 when the bytes are not valid in that encoding or its pairs stand alone. */
function commonShare(sample: Uint8Array, candidate: DoubleByte): number {
  const pairs = findPairs(sample, candidate);
  if (pairs === undefined || pairs.length < 2) return 0;
  const adjacent = pairs.filter((at, i) => at === (pairs[i - 1] ?? -2) + 2).length;
  if (adjacent < MIN_ADJACENT_SHARE * pairs.length) return 0;
  const common = pairs.filter((at) => candidate.isCommon(sample[at] ?? 0, sample[at + 1] ?? 0));
  return common.length / pairs.length;
}

/** Where pairs begin, or undefined when some byte cannot stand where it does, or most are single ones. */
function findPairs(sample: Uint8Array, candidate: DoubleByte): number[] | undefined {
  const pairs: number[] = [];
  let singles = 0;
  for (let i = 0; i < sample.length; i++) {
    const lead = sample[i] ?? 0;
    if (candidate.isSingle(lead)) {
      singles += lead < 0x80 ? 0 : 1;
      continue;
    }
    // The sample may end within a pair.
    const trail = sample[i + 1] ?? 0x40;
    if (!candidate.isLead(lead) || !candidate.isTrail(trail)) return undefined;
    pairs.push(i++);
  }
  return singles > pairs.length ? undefined : pairs;
}
