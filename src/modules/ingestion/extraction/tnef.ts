import type { Attachment, Email } from 'postal-mime';
import { attempt, type ByteReader, readBytes } from './byte-reader.ts';
import { readCompressedRtf } from './compressed-rtf.ts';
import { bytesOf, isWrapping } from './email-attachments.ts';
import { createProperties, htmlOf, MAPI_TYPE, type MapiProperties, type MapiValue, PROPERTY } from './mapi.ts';
import { writeMessage } from './message-writing.ts';
import { decodeCodePage } from './rtf-code-pages.ts';

/** Outlook's own wrapping of a mail for other Outlooks, winmail.dat (MS-OXTNEF). */

const SIGNATURE = 0x223e9f78;
const MAX_DEPTH = 10;
const MAX_ATTRIBUTES = 20_000;
const MAX_PROPERTIES = 5000;
const CODE_PAGE = 0x9007;
const MESSAGE_PROPERTIES = 0x9003;
const SUBJECT = 0x8004;
const BODY = 0x800c;
const ATTACHMENT_BEGINS = 0x9002;
const ATTACHMENT_TITLE = 0x8010;
const ATTACHMENT_DATA = 0x800f;
const ATTACHMENT_PROPERTIES = 0x9005;
/** From here on properties have names of their own. */
const FIRST_NAMED = 0x8000;
const NAMED_BY_TEXT = 1;
const HAS_MANY = 0x1000;
const OBJECT_ID_BYTES = 16;
const FIXED_BYTES: Record<number, number> = { 5: 8, 6: 8, 7: 8, 20: 8, 64: 8, 72: 16 };
const VARIABLE: number[] = [MAPI_TYPE.string8, MAPI_TYPE.unicode, MAPI_TYPE.binary, MAPI_TYPE.object];

type Wrapped = Pick<Email, 'subject' | 'date' | 'text' | 'html' | 'attachments'>;

/** The mail with what Outlook wrapped up beside it; a wrapping that is damaged stays as it is. */
export function unwrapMail(email: Email): Email {
  if (!email.attachments.some(isWrapping)) return email;
  let { text, html } = email;
  const attachments = email.attachments.flatMap((attachment) => {
    const wrapped = isWrapping(attachment) ? attempt(() => readTnef(bytesOf(attachment), 0)) : undefined;
    if (wrapped === undefined) return [attachment];
    if (`${text ?? ''}${html ?? ''}`.trim() === '') ({ text, html } = wrapped);
    return wrapped.attachments;
  });
  return { ...email, text, html, attachments };
}

/** @throws RangeError when the bytes are no such wrapping, or damaged */
function readTnef(bytes: Uint8Array, depth: number): Wrapped {
  const reader = readBytes(bytes, 'little-endian');
  if (reader.u32(0) !== SIGNATURE) throw new RangeError('It is no wrapping of Outlook.');
  const parts: Map<number, Uint8Array>[] = [];
  const message = new Map<number, Uint8Array>();
  let at = 6;
  for (let i = 0; i < MAX_ATTRIBUTES && at + 9 <= reader.length; i++) {
    const id = reader.u32(at + 1) & 0xffff;
    const content = attempt(() => reader.slice(at + 9, reader.u32(at + 5)));
    // What came before damage is worth having.
    if (content === undefined) break;
    if (id === ATTACHMENT_BEGINS) parts.push(new Map());
    (reader.u8(at) === 1 ? message : parts.at(-1))?.set(id, content);
    at += 9 + content.length + 2;
  }
  return toWrapped(message, { parts, depth });
}

function toWrapped(
  message: Map<number, Uint8Array>,
  { parts, depth }: { parts: Map<number, Uint8Array>[]; depth: number },
): Wrapped {
  const stated = message.get(CODE_PAGE);
  const codePage = stated && stated.length >= 4 ? readBytes(stated, 'little-endian').u32(0) : 1252;
  const properties = readProperties(message.get(MESSAGE_PROPERTIES), codePage);
  const old = (id: number) => decodeCodePage(message.get(id) ?? new Uint8Array(), codePage).replace(/\0+$/, '');
  const html = htmlOf(properties);
  const packed = properties.bytes(PROPERTY.compressedRtf);
  const text = properties.text(PROPERTY.body) || old(BODY) || (html === '' && packed ? readCompressedRtf(packed) : '');
  return {
    subject: properties.text(PROPERTY.subject) || old(SUBJECT),
    date: properties.date(PROPERTY.submitTime) ?? properties.date(PROPERTY.creationTime),
    html: html === '' ? undefined : html,
    text: text === '' ? undefined : text,
    attachments: parts.flatMap((part) => toAttachment(part, { codePage, depth, html })),
  };
}

function toAttachment(
  part: Map<number, Uint8Array>,
  { codePage, depth, html }: { codePage: number; depth: number; html: string },
): Attachment[] {
  const properties = readProperties(part.get(ATTACHMENT_PROPERTIES), codePage);
  const inner = properties.bytes(PROPERTY.attachment);
  const message = inner && depth < MAX_DEPTH ? attempt(() => readTnef(inner, depth + 1)) : undefined;
  if (message !== undefined) {
    const written = writeMessage({ ...message, headers: [], headerLines: [] });
    return [{ filename: null, mimeType: 'message/rfc822', disposition: 'attachment', content: written }];
  }
  const content = part.get(ATTACHMENT_DATA) ?? inner;
  if (content === undefined) return [];
  const title = decodeCodePage(part.get(ATTACHMENT_TITLE) ?? new Uint8Array(), codePage).replace(/\0[\s\S]*$/, '');
  const names = [properties.text(PROPERTY.filename), title, properties.text(PROPERTY.displayName)];
  const contentId = properties.text(PROPERTY.contentId);
  const isShown = contentId !== '' && html.includes(`cid:${contentId}`);
  return [
    {
      filename: names.find((name) => name.trim() !== '') ?? null,
      mimeType: properties.text(PROPERTY.mimeType).toLowerCase() || 'application/octet-stream',
      disposition: isShown ? 'inline' : 'attachment',
      related: isShown,
      content,
    },
  ];
}

/** As far as the list is in order. */
function readProperties(list: Uint8Array | undefined, codePage: number): MapiProperties {
  const values = new Map<number, MapiValue>();
  if (list !== undefined) attempt(() => readList(readBytes(list, 'little-endian'), values));
  return createProperties(values, codePage);
}

function readList(reader: ByteReader, values: Map<number, MapiValue>): void {
  const count = Math.min(MAX_PROPERTIES, reader.u32(0));
  let at = 4;
  for (let i = 0; i < count; i++) {
    const type = reader.u16(at);
    const id = reader.u16(at + 2);
    at = id < FIRST_NAMED ? at + 4 : afterName(reader, at + 4);
    const value = readValue(reader, { at, type });
    at = value.end;
    if (value.bytes !== undefined && (type & HAS_MANY) === 0) values.set(id, { type, bytes: value.bytes });
  }
}

function afterName(reader: ByteReader, at: number): number {
  const kind = reader.u32(at + 16);
  const length = kind === NAMED_BY_TEXT ? padded(reader.u32(at + 20)) : 0;
  return at + 24 + length;
}

type Value = { bytes: Uint8Array | undefined; end: number };

/** Values of any length say how many there are, and how long each is; they begin at multiples of four. */
function readValue(reader: ByteReader, { at, type }: { at: number; type: number }): Value {
  const base = type & ~HAS_MANY;
  const isVariable = VARIABLE.includes(base);
  const hasMany = isVariable || base !== type;
  const count = hasMany ? reader.u32(at) : 1;
  let end = hasMany ? at + 4 : at;
  let bytes: Uint8Array | undefined;
  for (let i = 0; i < count; i++) {
    const length = isVariable ? reader.u32(end) : (FIXED_BYTES[base] ?? 4);
    const start = isVariable ? end + 4 : end;
    const whole = reader.slice(start, length);
    bytes ??= base === MAPI_TYPE.object ? whole.subarray(OBJECT_ID_BYTES) : whole;
    end = start + padded(length);
  }
  return { bytes, end };
}

const padded = (length: number): number => (length + 3) & ~3;
