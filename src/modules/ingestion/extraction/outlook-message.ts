import type { Address, Attachment, Email } from 'postal-mime';
import { attempt } from './byte-reader.ts';
import { type CompoundStorage, openCompoundFile } from './compound-file.ts';
import { readCompressedRtf } from './compressed-rtf.ts';
import { ExtractionError } from './extractor.ts';
import { createProperties, htmlOf, type MapiProperties, type MapiValue, PROPERTY } from './mapi.ts';
import { writeMessage } from './message-writing.ts';

/** Messages within messages; each is written out as a mail of its own. */
const MAX_DEPTH = 10;
const MAX_RECIPIENTS = 5000;
const MAX_ATTACHMENTS = 5000;
const EMBEDDED_MESSAGE = 5;
const RECIPIENTS = [undefined, 'to', 'cc', 'bcc'] as const;
const STREAM = /^__substg1\.0_([\dA-F]{4})([\dA-F]{4})$/i;
/** Bytes above the list of short values: of a message, of one within a message, of a recipient or attachment. */
const HEADER_BYTES = { message: 32, embedded: 24, part: 8 } as const;

/** Reads a message that Outlook saved (.msg) as a mail. @throws ExtractionError `malformed` */
export function readOutlookMessage(bytes: Uint8Array): Email {
  try {
    return readMessage(openCompoundFile(bytes), { depth: 0 });
  } catch (error) {
    if (error instanceof ExtractionError) throw error;
    throw new ExtractionError(
      'malformed',
      'The Outlook message is damaged or cut off. Save it anew in Outlook (File › Save As) and upload it again.',
      { cause: error },
    );
  }
}

function readMessage(storage: CompoundStorage, { depth }: { depth: number }): Email {
  const properties = readProperties(storage, { header: depth === 0 ? HEADER_BYTES.message : HEADER_BYTES.embedded });
  const codePage = properties.number(PROPERTY.codePage);
  const people = partsOf(storage, '__recip_version1.0_', MAX_RECIPIENTS).map((part) =>
    readProperties(part, { header: HEADER_BYTES.part, codePage }),
  );
  const recipients = (kind: 'to' | 'cc' | 'bcc'): Address[] =>
    people
      .filter((person) => RECIPIENTS[person.number(PROPERTY.recipientType) ?? 1] === kind)
      .map((person) => addressOf(person, { name: [PROPERTY.displayName], address: ADDRESSES }));
  const date = properties.date(PROPERTY.submitTime) ?? properties.date(PROPERTY.deliveryTime);
  const html = htmlOf(properties);
  const text = properties.text(PROPERTY.body) || (html === '' ? packedText(properties) : '');
  const transport = properties.text(PROPERTY.transportHeaders);
  return {
    headers: date === undefined ? [] : [{ key: 'date', originalKey: 'Date', value: new Date(date).toUTCString() }],
    headerLines: [],
    from: senderOf(properties),
    to: recipients('to'),
    cc: recipients('cc'),
    bcc: recipients('bcc'),
    subject: properties.text(PROPERTY.subject),
    messageId: properties.text(PROPERTY.messageId) || /^message-id:\s*(<[^<>\s]{1,300}>)/im.exec(transport)?.[1],
    inReplyTo: properties.text(PROPERTY.inReplyTo),
    date,
    html: html === '' ? undefined : html,
    text: text === '' ? undefined : text,
    attachments: partsOf(storage, '__attach_version1.0_', MAX_ATTACHMENTS).flatMap((part) =>
      readAttachment(part, { depth, codePage, html }),
    ),
  };
}

/** The folders of a kind, in the order of their numbers. */
function partsOf({ storages }: CompoundStorage, prefix: string, most: number): CompoundStorage[] {
  return [...storages]
    .filter(([name]) => name.startsWith(prefix))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, most)
    .map(([, storage]) => storage);
}

/** Short values stand in a list, long ones in streams of their own. */
function readProperties(
  { streams }: CompoundStorage,
  { header, codePage }: { header: number; codePage?: number | undefined },
): MapiProperties {
  const values = new Map<number, MapiValue>();
  const list = streams.get('__properties_version1.0')?.read() ?? new Uint8Array();
  const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
  for (let at = header; at + 16 <= list.length; at += 16) {
    values.set(view.getUint16(at + 2, true), {
      type: view.getUint16(at, true),
      bytes: list.subarray(at + 8, at + 16),
    });
  }
  for (const [name, stream] of streams) {
    const [, id = '', type = ''] = STREAM.exec(name) ?? [];
    const property = Number.parseInt(id, 16);
    // What is attached is the most of a message: it is read when its turn comes.
    if (id === '' || property === PROPERTY.attachment) continue;
    const bytes = attempt(() => stream.read());
    // What is damaged is missing: the rest of the message is worth having.
    if (bytes !== undefined) values.set(property, { type: Number.parseInt(type, 16), bytes });
  }
  return createProperties(values, codePage);
}

const ADDRESSES = [PROPERTY.smtpAddress, PROPERTY.address];

function senderOf(properties: MapiProperties): Address | undefined {
  const sender = addressOf(properties, {
    name: [PROPERTY.representingName, PROPERTY.senderName],
    address: [PROPERTY.senderSmtpAddress, PROPERTY.representingAddress, PROPERTY.senderAddress],
  });
  return sender.name === '' && sender.address === '' ? undefined : sender;
}

/** Addresses within a company are paths (`/O=…`), which say nothing to a reader. */
function addressOf(properties: MapiProperties, ids: { name: number[]; address: number[] }) {
  const first = (candidates: number[], fits: (text: string) => boolean) =>
    candidates.map((id) => properties.text(id).trim()).find(fits) ?? '';
  const address = first(ids.address, (text) => text.includes('@'));
  const name = first(ids.name, (text) => text !== '');
  return { name: name.replace(`<${address}>`, '').trim(), address };
}

function packedText(properties: MapiProperties): string {
  const packed = properties.bytes(PROPERTY.compressedRtf);
  return packed === undefined ? '' : readCompressedRtf(packed);
}

type Around = { depth: number; codePage: number | undefined; html: string };

function readAttachment(part: CompoundStorage, { depth, codePage, html }: Around): Attachment[] {
  const properties = readProperties(part, { header: HEADER_BYTES.part, codePage });
  const inner = part.storages.get('__substg1.0_3701000D');
  if (inner !== undefined && properties.number(PROPERTY.attachMethod) === EMBEDDED_MESSAGE) {
    if (depth >= MAX_DEPTH) return [];
    const message = writeMessage(readMessage(inner, { depth: depth + 1 }));
    return [{ filename: null, mimeType: 'message/rfc822', disposition: 'attachment', content: message }];
  }
  const content = part.streams.get('__substg1.0_37010102')?.read();
  if (content === undefined) return [];
  const contentId = properties.text(PROPERTY.contentId);
  const isShown = contentId !== '' && html.includes(`cid:${contentId}`);
  const names = [PROPERTY.filename, PROPERTY.shortFilename, PROPERTY.displayName].map((id) => properties.text(id));
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
