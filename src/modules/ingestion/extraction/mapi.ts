import { decodeAs, decodeText, detectEncoding } from './decode.ts';
import { decodeCodePage } from './rtf-code-pages.ts';

/** Properties as Outlook keeps them, in its messages (.msg) and in winmail.dat (MS-OXPROPS). */

export type MapiValue = { type: number; bytes: Uint8Array };

/** Numbers of properties. */
export const PROPERTY = {
  subject: 0x0037,
  submitTime: 0x0039,
  representingName: 0x0042,
  representingAddress: 0x0065,
  transportHeaders: 0x007d,
  recipientType: 0x0c15,
  senderName: 0x0c1a,
  senderAddress: 0x0c1f,
  displayCc: 0x0e03,
  displayTo: 0x0e04,
  deliveryTime: 0x0e06,
  body: 0x1000,
  compressedRtf: 0x1009,
  html: 0x1013,
  messageId: 0x1035,
  inReplyTo: 0x1042,
  displayName: 0x3001,
  address: 0x3003,
  creationTime: 0x3007,
  attachment: 0x3701,
  shortFilename: 0x3704,
  attachMethod: 0x3705,
  filename: 0x3707,
  mimeType: 0x370e,
  contentId: 0x3712,
  smtpAddress: 0x39fe,
  internetCodePage: 0x3fde,
  codePage: 0x3ffd,
  senderSmtpAddress: 0x5d01,
  isHidden: 0x7ffe,
} as const;

export const MAPI_TYPE = { string8: 0x001e, unicode: 0x001f, time: 0x0040, binary: 0x0102, object: 0x000d } as const;

const MAX_SAMPLE_BYTES = 65_536;
const EPOCH_TICKS = 116_444_736_000_000_000n;
const TICKS_PER_MS = 10_000n;

/** Values by the numbers of their properties. */
export type MapiProperties = {
  text(id: number): string;
  bytes(id: number): Uint8Array | undefined;
  number(id: number): number | undefined;
  date(id: number): string | undefined;
};

/** Text of eight bits is in the code page that the message names, or the given one, or else in what it looks like. */
export function createProperties(values: Map<number, MapiValue>, codePage?: number): MapiProperties {
  const number = (id: number) => {
    const bytes = values.get(id)?.bytes;
    if (bytes === undefined || bytes.length < 4) return undefined;
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  };
  const page = number(PROPERTY.codePage) ?? codePage;
  const decode = page === undefined ? decoderFor(values) : (bytes: Uint8Array) => decodeCodePage(bytes, page);
  return {
    number,
    bytes: (id) => values.get(id)?.bytes,
    text(id) {
      const value = values.get(id);
      if (value === undefined) return '';
      const { type, bytes } = value;
      if (type === MAPI_TYPE.unicode) return new TextDecoder('utf-16le').decode(bytes).replace(/\0+$/, '');
      return type === MAPI_TYPE.string8 ? decode(bytes).replace(/\0+$/, '') : '';
    },
    date(id) {
      const value = values.get(id);
      if (value?.type !== MAPI_TYPE.time || value.bytes.length < 8) return undefined;
      const ticks = new DataView(value.bytes.buffer, value.bytes.byteOffset).getBigUint64(0, true);
      const date = new Date(Number((ticks - EPOCH_TICKS) / TICKS_PER_MS));
      return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
    },
  };
}

/** All texts of a message tell their encoding together. */
function decoderFor(values: Map<number, MapiValue>): (bytes: Uint8Array) => string {
  const texts = [...values.values()].filter(({ type }) => type === MAPI_TYPE.string8).map(({ bytes }) => bytes);
  const encoding = detectEncoding(Buffer.concat(texts).subarray(0, MAX_SAMPLE_BYTES));
  return (bytes) => decodeAs(bytes, encoding);
}

/** The formatted body, in the encoding that the message or the page itself names. */
export function htmlOf(properties: MapiProperties): string {
  const written = properties.text(PROPERTY.html);
  const bytes = properties.bytes(PROPERTY.html);
  if (written !== '' || bytes === undefined) return written;
  const charset = charsetOf(properties.number(PROPERTY.internetCodePage) ?? 0);
  return decodeText(bytes, { html: true, ...(charset !== undefined && { mediaType: `text/html; charset=${charset}` }) })
    .text;
}

/** Code pages of mails by their names; of others the page itself says more. */
function charsetOf(page: number): string | undefined {
  if (page >= 1250 && page <= 1258) return `windows-${page}`;
  return page > 28590 && page <= 28606 ? `iso-8859-${page - 28590}` : MAIL_CHARSETS[page];
}

const MAIL_CHARSETS: Record<number, string> = {
  932: 'shift_jis',
  936: 'gb18030',
  949: 'euc-kr',
  950: 'big5',
  20866: 'koi8-r',
  21866: 'koi8-u',
  50220: 'iso-2022-jp',
  51932: 'euc-jp',
  51949: 'euc-kr',
  54936: 'gb18030',
};
