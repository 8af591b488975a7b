import { detectEncoding, isUtf8 } from './decode.ts';

/** What bytes from 0x80 on mean to MS-DOS (code page 437), and so to archivers that say nothing else. */
const DOS_CHARACTERS =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

/**
 * The name of an entry. Archives say whether it is UTF-8, but many that do not say so are, and others are in whatever
 * their maker's computer used: Shift_JIS and GB18030 are told by their byte pairs, the rest is read as MS-DOS wrote it.
 */
export function decodeZipName(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  const encoding = detectEncoding(bytes);
  if (encoding === 'shift_jis' || encoding === 'gb18030') return new TextDecoder(encoding).decode(bytes);
  return Array.from(bytes, (byte) =>
    byte < 0x80 ? String.fromCharCode(byte) : (DOS_CHARACTERS[byte - 0x80] ?? '\ufffd'),
  ).join('');
}
