import type { Address, Attachment, Email } from 'postal-mime';
import { collapseWhitespace } from './blocks.ts';
import { bytesOf } from './email-attachments.ts';

const LINE_CHARACTERS = 76;
const MAX_ADDRESSES = 500;

/** Writes a mail as a file (RFC 5322), for mails that came in a form of some program's own. */
export function writeMessage(email: Email): Uint8Array {
  const boundary = '=_part';
  const bodies = [
    ...(email.text === undefined ? [] : [textPart('plain', email.text)]),
    ...(email.html === undefined ? [] : [textPart('html', email.html)]),
  ];
  const alternatives = [
    `Content-Type: multipart/alternative; boundary="${boundary}_text"`,
    '',
    ...bodies.flatMap((body) => [`--${boundary}_text`, body]),
    `--${boundary}_text--`,
  ].join('\r\n');
  const lines = [
    ...headerOf(email),
    'MIME-Version: 1.0',
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    '',
    ...[alternatives, ...email.attachments.map(attachmentPart)].flatMap((part) => [`--${boundary}`, part]),
    `--${boundary}--`,
    '',
  ];
  return new TextEncoder().encode(lines.join('\r\n'));
}

function headerOf({ from, to = [], cc = [], subject = '', date, messageId }: Email): string[] {
  const fields: [name: string, value: string][] = [
    ['From', addresses(from === undefined ? [] : [from])],
    ['To', addresses(to)],
    ['Cc', addresses(cc)],
    ['Subject', encoded(subject)],
    ['Date', date === undefined ? '' : new Date(date).toUTCString()],
    ['Message-ID', /^<[!-~]+>$/.test(messageId ?? '') ? (messageId ?? '') : ''],
  ];
  return fields.flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}`]));
}

const addresses = (list: Address[]): string =>
  list
    .slice(0, MAX_ADDRESSES)
    .map(({ name, address = '' }) => {
      const place = address.replace(/[^!-~]|[<>,;]/g, '');
      return place === '' ? `${encoded(name)}:;` : `${encoded(name)} <${place}>`.trim();
    })
    .join(',\r\n ');

function textPart(subtype: string, text: string): string {
  return `Content-Type: text/${subtype}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(Buffer.from(text))}`;
}

function attachmentPart(attachment: Attachment): string {
  const { filename, mimeType, disposition } = attachment;
  const name = filename === null ? '' : `; filename*=utf-8''${encodeURIComponent(filename.toWellFormed())}`;
  const type = /^[\w.+-]+\/[\w.+-]+$/.test(mimeType) ? mimeType : 'application/octet-stream';
  return [
    `Content-Type: ${type}`,
    `Content-Disposition: ${disposition === 'inline' ? 'inline' : 'attachment'}${name}`,
    'Content-Transfer-Encoding: base64',
    '',
    base64(Buffer.from(bytesOf(attachment))),
  ].join('\r\n');
}

/** Any text as it may stand in a header (RFC 2047), in words of which none is too long. */
function encoded(text: string): string {
  const line = collapseWhitespace(text);
  if (/^[\x20-\x7e]*$/.test(line) && !/["\\<>,;:@=?]/.test(line)) return line;
  const words = line.match(/[\s\S]{1,12}/gu) ?? [];
  return words.map((word) => `=?utf-8?B?${Buffer.from(word).toString('base64')}?=`).join('\r\n ');
}

const base64 = (bytes: Buffer): string =>
  bytes
    .toString('base64')
    .replace(new RegExp(`.{1,${LINE_CHARACTERS}}`, 'g'), '$&\r\n')
    .trimEnd();
