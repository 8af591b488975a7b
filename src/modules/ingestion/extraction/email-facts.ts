import type { Address, Email } from 'postal-mime';
import { cleanTitle, compactMetadata, toIsoDate } from './blocks.ts';
import type { ExtractedDocument } from './extractor.ts';

/** A mail to a whole company names them all; beyond these they are counted. */
const MAX_ADDRESSES = 100;
const MAX_NAMES = 200;

type Parts = { attachments: string[]; leftOut: string[]; links: string[] };

/** What the header says, as facts. */
export function describeMail(email: Email, { attachments, leftOut, links }: Parts): ExtractedDocument['metadata'] {
  return compactMetadata({
    subject: email.subject,
    from: addressText(email.from),
    to: addresses(email.to),
    cc: addresses(email.cc),
    bcc: addresses(email.bcc),
    replyTo: addresses(email.replyTo),
    date: toIsoDate(email.date),
    messageId: email.messageId,
    inReplyTo: email.inReplyTo,
    attachments: names(attachments),
    leftOut: names(leftOut),
    links,
  });
}

/** The same as people see it above a mail. */
export function headerLines(email: Email): string {
  const written = email.headers.find(({ key }) => key === 'date')?.value;
  const lines: [name: string, value: string][] = [
    ['From', addressText(email.from)],
    ['To', addresses(email.to).join(', ')],
    ['Cc', addresses(email.cc).join(', ')],
    ['Date', cleanTitle(written) ?? ''],
  ];
  return lines.flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}`])).join('\n');
}

function addresses(list: Address[] = []): string[] {
  const shown = list.slice(0, MAX_ADDRESSES).map(addressText);
  const more = list.length - shown.length;
  return [...shown.filter((text) => text !== ''), ...(more > 0 ? [`and ${more} more`] : [])];
}

function addressText(address: Address | undefined): string {
  if (address === undefined) return '';
  const members = address.group?.slice(0, MAX_ADDRESSES).map(addressText).join(', ');
  const place = members ?? address.address ?? '';
  const isNamed = address.name !== '' && address.name !== place;
  if (!isNamed) return cleanTitle(place) ?? '';
  if (place === '') return cleanTitle(address.name) ?? '';
  return cleanTitle(members === undefined ? `${address.name} <${place}>` : `${address.name}: ${place}`) ?? '';
}

const names = (list: string[]): string[] => list.slice(0, MAX_NAMES).flatMap((name) => cleanTitle(name) ?? []);
