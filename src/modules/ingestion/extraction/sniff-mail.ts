/** The line between the messages of a mailbox: who sent it, and when it came. */
const FROM_LINE = /^From (?=[^\n]*\d:\d\d\b)[^\n]{0,500}\b(19|20)\d\d\b[^\n]{0,500}\n(?=>?[!-9;-~]{1,80}:)/;
/** The same above a message that has no header, where the name says that it is a mailbox. */
const BARE_FROM_LINE =
  /^From \S{1,300} +[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]?\d \d\d:\d\d(:\d\d)?\b[^\n]{0,50} (19|20)\d\d\b/;
const MAILBOX_NAME = /\.(mbox|mbx)$/i;
const MAIL_NAME = /\.(eml|emlx|email)$/i;
const FIELD = /^([!-9;-~]{1,80}):/;

/** Fields of mails only, and those that people also write at the head of a note. */
const STRONG = new Set(
  'from received return-path message-id mime-version delivered-to x-mailer dkim-signature x-received'.split(' '),
);
const KNOWN = new Set([
  ...STRONG,
  ...'to cc bcc subject date sender reply-to content-type content-transfer-encoding in-reply-to references'.split(' '),
]);

const MAX_HEAD_CHARACTERS = 16_384;

type Hints = { filename: string; mediaType: string };

/** Whether somebody says that it is a mail. */
export const isNamedMail = ({ filename, mediaType }: Hints): boolean =>
  MAIL_NAME.test(filename) || /^message\/rfc822\b/i.test(mediaType);

/** What kind of mail a text is, by its beginning; undefined for any other text. */
export function sniffMail(text: string, hints: Hints): 'email' | 'mailbox' | undefined {
  const head = text.slice(0, MAX_HEAD_CHARACTERS).trimStart();
  const isNamed = isNamedMail(hints);
  if (FROM_LINE.test(head)) return isNamed ? 'email' : 'mailbox';
  if (MAILBOX_NAME.test(hints.filename) && BARE_FROM_LINE.test(head)) return 'mailbox';
  const known = fieldsOf(head, isNamed).filter((name) => KNOWN.has(name));
  const isMail = isNamed ? known.length > 0 : known.length > 1 && known.some((name) => STRONG.has(name));
  return isMail ? 'email' : undefined;
}

/**
 * Names of the fields of the header that the text begins with, lower-case; none if there is anything else in it, unless
 * it is known to be a mail. Apple Mail writes the number of bytes above it.
 */
function fieldsOf(head: string, isMail: boolean): string[] {
  const names: string[] = [];
  for (const line of head.replace(/^\d+\s*\n/, '').split('\n')) {
    if (line === '') return names;
    if (/^[ \t]/.test(line) && names.length > 0) continue;
    const name = FIELD.exec(line)?.[1];
    if (name === undefined) return isMail ? names : [];
    names.push(name.toLowerCase());
  }
  return names;
}
