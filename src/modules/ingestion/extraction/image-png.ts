import { inflateSync } from 'node:zlib';
import { attempt, readBytes } from './byte-reader.ts';
import type { Picture } from './image-container.ts';

const SIGNATURE_BYTES = 8;
const MAX_CHUNKS = 200_000;
const MAX_TEXTS = 50;
const MAX_TEXT_BYTES = 256 * 1024;
const XMP_KEYWORD = 'XML:com.adobe.xmp';

/** Size and notes of a PNG picture. @throws RangeError when it is cut off */
export function readPng(bytes: Uint8Array): Picture {
  const reader = readBytes(bytes, 'big-endian');
  if (reader.latin1(SIGNATURE_BYTES + 4, 4) !== 'IHDR') throw new RangeError('The header is missing.');
  const picture: Picture = {
    format: 'png',
    width: reader.u32(16),
    height: reader.u32(20),
    // 16 bits for each of four colours, at most.
    bytesPerPixel: reader.u8(24) > 8 ? 8 : 4,
    texts: [],
  };
  let at = SIGNATURE_BYTES;
  for (let count = 0; count < MAX_CHUNKS; count++) {
    const length = reader.u32(at);
    const type = reader.latin1(at + 4, 4);
    const content = reader.slice(at + 8, length);
    if (type === 'IEND') return picture;
    if (type === 'eXIf') picture.exif ??= content;
    else if (/^(tEXt|zTXt|iTXt)$/.test(type)) addText(picture, type, content);
    at += 12 + length;
  }
  return picture;
}

function addText(picture: Picture, type: string, content: Uint8Array): void {
  const keywordEnd = content.indexOf(0);
  if (keywordEnd < 1 || picture.texts.length >= MAX_TEXTS) return;
  const keyword = new TextDecoder('windows-1252').decode(content.subarray(0, keywordEnd));
  const rest = content.subarray(keywordEnd + 1);
  const value = type === 'tEXt' ? rest : type === 'zTXt' ? inflated(rest.subarray(1)) : international(rest);
  if (value === undefined) return;
  if (keyword === XMP_KEYWORD) picture.xmp ??= value;
  else if (!keyword.startsWith('Raw profile')) {
    const decoder = new TextDecoder(type === 'iTXt' ? 'utf-8' : 'windows-1252');
    picture.texts.push([keyword, decoder.decode(value.subarray(0, MAX_TEXT_BYTES))]);
  }
}

/** The text after a flag and a method of compression, a language and a translated keyword. */
function international(rest: Uint8Array): Uint8Array | undefined {
  const languageEnd = rest.indexOf(0, 2);
  const translationEnd = languageEnd === -1 ? -1 : rest.indexOf(0, languageEnd + 1);
  if (translationEnd === -1) return undefined;
  const text = rest.subarray(translationEnd + 1);
  return rest[0] === 1 ? inflated(text) : text;
}

function inflated(packed: Uint8Array): Uint8Array | undefined {
  return attempt(() => new Uint8Array(inflateSync(packed, { maxOutputLength: MAX_TEXT_BYTES })));
}
