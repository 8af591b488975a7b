import { cleanText } from './blocks.ts';
import { detectLegacyEncoding } from './legacy-encodings.ts';

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
 * Reads bytes as text: byte order mark, UTF-32 and UTF-16 by their patterns of zeros, ISO-2022-JP by its escapes, UTF-8 if
 * it is that, the declared charset, else the legacy encoding in which the bytes are most likely text. The text comes back
 * clean (see `cleanText`).
 */
export function decodeText(bytes: Uint8Array, hints: DecodeHints = {}): DecodedText {
  const encoding = detectEncoding(bytes, hints);
  return { text: cleanText(decodeAs(bytes, encoding)), encoding };
}

/** The label (of WHATWG, or `utf-32le`, `utf-32be`) of the encoding that `decodeText` would use. */
export function detectEncoding(bytes: Uint8Array, hints: DecodeHints = {}): string {
  const marked = detectUtf32(bytes) ?? byteOrderMark(bytes) ?? detectUtf16(bytes);
  if (marked !== undefined) return marked;
  const declared = declaredCharset(bytes, hints);
  // The one charset in use whose bytes are all ASCII: it would pass for UTF-8.
  if (declared === 'iso-2022-jp' || isIso2022Jp(bytes)) return 'iso-2022-jp';
  if (isUtf8(bytes)) return 'utf-8';
  const isSingleOrDouble = declared !== undefined && declared !== 'utf-8' && !declared.startsWith('utf-16');
  if (isSingleOrDouble) return declared;
  return isDamagedUtf8(bytes) ? 'utf-8' : detectLegacyEncoding(bytes);
}

/** Bytes as text in an encoding that was detected or declared; a byte order mark is no part of it. */
export function decodeAs(bytes: Uint8Array, encoding: string): string {
  if (encoding === 'utf-32le' || encoding === 'utf-32be') return decodeUtf32(bytes, encoding === 'utf-32le');
  return new TextDecoder(encoding).decode(bytes);
}

/** UTF-32, marked or not: each character is one that there is and no control, and most are of the first plane. */
export function detectUtf32(bytes: Uint8Array): 'utf-32le' | 'utf-32be' | undefined {
  const sample = bytes.subarray(0, Math.min(bytes.length, SAMPLE_BYTES) & ~3);
  if (sample.length === 0) return undefined;
  const view = new DataView(sample.buffer, sample.byteOffset, sample.byteLength);
  for (const [encoding, isLittle] of UTF_32) {
    let common = 0;
    let at = 0;
    for (; at < sample.length && isCharacter(view.getUint32(at, isLittle)); at += 4) {
      if (view.getUint32(at, isLittle) < 0x10000) common += 1;
    }
    if (at === sample.length && common * 8 > at) return encoding;
  }
  return undefined;
}

const isCharacter = (code: number): boolean =>
  (code >= 0x20 || [0x09, 0x0a, 0x0c, 0x0d].includes(code)) && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);

const UTF_32: ['utf-32le' | 'utf-32be', boolean][] = [
  ['utf-32le', true],
  ['utf-32be', false],
];
/** As many as an argument list surely takes. */
const CODES_AT_ONCE = 8192;

function decodeUtf32(bytes: Uint8Array, isLittle: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength & ~3);
  let text = '';
  for (let at = 0; at < view.byteLength; at += 4 * CODES_AT_ONCE) {
    const count = Math.min(CODES_AT_ONCE, (view.byteLength - at) / 4);
    const codes = Array.from({ length: count }, (_, i) => view.getUint32(at + 4 * i, isLittle));
    text += String.fromCodePoint(...codes.map((code) => (code > 0x10ffff ? 0xfffd : code)));
  }
  return text;
}

/** Only ASCII, with the escapes that switch to Japanese characters and back. */
function isIso2022Jp(bytes: Uint8Array): boolean {
  const sample = bytes.subarray(0, SAMPLE_BYTES);
  if (!sample.includes(0x1b) || sample.some((byte) => byte >= 0x80)) return false;
  return JAPANESE_BEGINS.test(new TextDecoder('windows-1252').decode(sample));
}

const JAPANESE_BEGINS = new RegExp(`${String.fromCharCode(0x1b)}\\$[@B][!-~]{2}`);

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

/** UTF-8 with a few bytes that are not: files put together from several, or cut by programs that count bytes. */
function isDamagedUtf8(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes.subarray(0, 16 * SAMPLE_BYTES));
  const broken = text.match(/\ufffd/g)?.length ?? 0;
  const whole = text.match(/[\u0080-\uffff]/g)?.length ?? 0;
  return broken * MIN_WHOLE_PER_BROKEN <= whole - broken;
}

const MIN_WHOLE_PER_BROKEN = 5;

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
