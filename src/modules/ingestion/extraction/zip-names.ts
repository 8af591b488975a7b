import { detectEncoding, isUtf8 } from './decode.ts';

/** What bytes from 0x80 on mean to MS-DOS (code page 437), and so to archivers that say nothing else. */
const DOS_CHARACTERS =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

const EAST_ASIAN = new Set(['shift_jis', 'gb18030', 'gbk', 'big5', 'euc-jp', 'euc-kr']);

/**
 * The name of an entry. Archives say whether it is UTF-8, but many that do not say so are, and others are in whatever
 * their maker's computer used: names in East Asian writing are told by their byte pairs, the rest is read as MS-DOS wrote
 * it.
 */
export function decodeZipName(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  const encoding = detectEncoding(bytes);
  const text = EAST_ASIAN.has(encoding) ? new TextDecoder(encoding).decode(bytes) : '';
  if (isEastAsian(text)) return text;
  return Array.from(bytes, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte) : (DOS_CHARACTERS[byte - 0x80] ?? '\ufffd'),
  ).join('');
}

/** A name is short, and any two bytes may pass for a sign: it is believed if it has several, and nothing but letters. */
function isEastAsian(text: string): boolean {
  const foreign = text.replace(/[\x20-\x7e]/g, '');
  return foreign.length > 1 && /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}ー・（）　]+$/u.test(foreign);
}
