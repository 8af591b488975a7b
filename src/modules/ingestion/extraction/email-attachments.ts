import type { Attachment, Email } from 'postal-mime';
import { cleanTitle } from './blocks.ts';
import { type ChildFile, ExtractionError, MAX_CHILDREN } from './extractor.ts';

/** Parts that are for mail programs, or say once more what the body says. */
const MACHINERY = /^(application\/(pgp-signature|pgp-encrypted|(x-)?pkcs7-signature)|text\/x-amp-html)$/;
/** Outlook's own wrapping of a mail that has been sent as plain text beside it. */
const OUTLOOK_WRAPPING = /^(application\/(vnd\.)?ms-tnef)$/;
const NEWLINE = 0x0a;
/** Logos, signatures and marks of who has read it; a picture that somebody put into a mail to be seen is larger. */
const MAX_ORNAMENT_BYTES = 20 * 1024;

/** Endings for parts that have no name. */
const ENDINGS: Record<string, string> = {
  'message/rfc822': 'eml',
  'message/delivery-status': 'txt',
  'text/plain': 'txt',
  'text/rfc822-headers': 'txt',
  'text/html': 'html',
  'text/csv': 'csv',
  'text/calendar': 'ics',
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/gif': 'gif',
  'application/pdf': 'pdf',
  'application/zip': 'zip',
};

/** The files that came with a mail, and the names of those that nobody could read. */
export function attachmentsOf(email: Email): { children: ChildFile[]; leftOut: string[] } {
  const children: ChildFile[] = [];
  const leftOut: string[] = [];
  for (const attachment of email.attachments) {
    const bytes = bytesOf(attachment);
    if (isEmpty(bytes) || MACHINERY.test(attachment.mimeType) || isOrnament(attachment, bytes)) continue;
    const filename = nameOf(attachment, { bytes, ordinal: children.length + 1 });
    if (isWrapping(attachment)) leftOut.push(filename);
    else children.push({ filename, mediaType: attachment.mimeType, size: bytes.length, read: () => bytes });
  }
  if (children.length > MAX_CHILDREN) throw tooMany();
  return { children, leftOut };
}

/** Whether it is Outlook's wrapping of attachments, rather than one of them. */
export const isWrapping = ({ mimeType, filename }: Attachment): boolean =>
  OUTLOOK_WRAPPING.test(mimeType) || /^\s*winmail\.dat\s*$/i.test(filename ?? '');

/** The parser ends every line of a part that is not encoded, also when there is none. */
const isEmpty = (bytes: Uint8Array): boolean => bytes.length === 0 || (bytes.length === 1 && bytes[0] === NEWLINE);

const isOrnament = ({ mimeType, related, disposition }: Attachment, bytes: Uint8Array): boolean =>
  related === true && disposition !== 'attachment' && /^image\//.test(mimeType) && bytes.length < MAX_ORNAMENT_BYTES;

function nameOf({ filename, mimeType }: Attachment, part: { bytes: Uint8Array; ordinal: number }): string {
  const given = cleanTitle(filename);
  if (given !== undefined) return given;
  const ending = ENDINGS[mimeType];
  const stem = mimeType === 'message/rfc822' ? subjectIn(part.bytes) : undefined;
  return `${stem ?? `attachment-${part.ordinal}`}${ending === undefined ? '' : `.${ending}`}`;
}

/** The subject of a message that has not been parsed, if it is written in plain ASCII. */
function subjectIn(bytes: Uint8Array): string | undefined {
  const head = new TextDecoder().decode(bytes.subarray(0, 16_384)).split(/\r?\n\r?\n/, 1)[0] ?? '';
  const subject = cleanTitle(/^subject:[ \t]*([\x20-\x7e]{1,200})/im.exec(head)?.[1]);
  return subject?.includes('=?') ? undefined : subject?.replace(/[/\\:*?"<>|\s]+/g, ' ').trim() || undefined;
}

/** What is attached, whatever form the parser gave it. */
export function bytesOf({ content }: Attachment): Uint8Array {
  if (typeof content === 'string') return new TextEncoder().encode(content);
  return content instanceof Uint8Array ? content : new Uint8Array(content);
}

function tooMany(): ExtractionError {
  return new ExtractionError(
    'too_large',
    `The message has more than ${MAX_CHILDREN} attachments. Save those that you need and upload them one by one.`,
  );
}
