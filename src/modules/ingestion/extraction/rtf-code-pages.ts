import { decodeAs } from './decode.ts';

/** Code pages of DOS that no decoder of the platform knows: the characters of the bytes from 0x80. */
const DOS: Record<number, string> = {
  437: 'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0',
  850: 'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0',
};

const LABELS: Record<number, string> = {
  866: 'ibm866',
  874: 'windows-874',
  932: 'shift_jis',
  936: 'gb18030',
  949: 'euc-kr',
  950: 'big5',
  10000: 'macintosh',
  10001: 'shift_jis',
  10007: 'x-mac-cyrillic',
  65001: 'utf-8',
};

/** Code pages by the character set that a font is said to have (`\fcharset`). */
const CHARSETS: Record<number, number> = {
  0: 1252,
  77: 10000,
  78: 10001,
  128: 932,
  129: 949,
  134: 936,
  136: 950,
  161: 1253,
  162: 1254,
  163: 1258,
  177: 1255,
  178: 1256,
  186: 1257,
  204: 1251,
  222: 874,
  238: 1250,
  254: 437,
  255: 850,
};

/** The code page of a font's character set; undefined for those that follow the document's, and for symbols. */
export function codePageOfCharset(charset: number): number | undefined {
  return CHARSETS[charset];
}

/** Bytes of a code page as text; unknown code pages are read as 1252. */
export function decodeCodePage(bytes: Uint8Array, codePage: number): string {
  const table = DOS[codePage];
  if (table !== undefined) {
    return Array.from(bytes, (byte) => (byte < 0x80 ? String.fromCharCode(byte) : table.charAt(byte - 0x80))).join('');
  }
  const isWindows = codePage >= 1250 && codePage <= 1258;
  return decodeAs(bytes, LABELS[codePage] ?? `windows-${isWindows ? codePage : 1252}`);
}
