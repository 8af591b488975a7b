import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { type ExtractedDocument, ExtractionError } from '../../src/modules/ingestion/extraction/extractor.ts';
import { mail } from '../support/mails.ts';
import { bytesOf, docx, extract, mutate, paragraph, reasonOf, seeded, textOf } from './extraction.fixtures.ts';

const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const base64 = (text: string) => Buffer.from(text).toString('base64');
const read = (text: string | Uint8Array, filename = 'a.eml') =>
  extract(typeof text === 'string' ? bytesOf(text) : text, filename);
const childTexts = ({ document }: Awaited<ReturnType<typeof extract>>) =>
  (document.children ?? []).map((child) => [child.filename, new TextDecoder().decode(child.read())]);

describe('telling mails apart', () => {
  const head = 'Received: from x\nFrom: a@b.c\nSubject: Hi\n\nBody\n';
  it.each<[string, string | Uint8Array, string, string]>([
    ['a mail', head, 'mail', 'email'],
    ['a mail with a byte order mark and empty lines', `\ufeff\r\n\r\n${head}`, 'mail', 'email'],
    ['a mail of Apple Mail', `${head.length}\n${head}<?xml version="1.0"?><plist/>`, '1.emlx', 'email'],
    ['a mail as a mailbox of one, named as a mail', `From a@b.c Mon Jan  1 10:00:00 2024\n${head}`, 'a.eml', 'email'],
    ['a mailbox', `From a@b.c Mon Jan  1 10:00:00 2024\n${head}`, 'Inbox', 'mailbox'],
    ['a mailbox of Thunderbird', `From - Mon Jan 01 10:00:00 2024\n${head}`, 'Inbox.txt', 'mailbox'],
    ['a header without a body', 'From: a@b.c\nTo: d@e.f\nSubject: Hi', 'x', 'email'],
    ['a note with a head', 'Subject: Hi\nDate: today\n\nBody\n', 'note.txt', 'text'],
    ['a note with a colon', 'From: the beginning\nwe knew that it would not last.\n', 'note.txt', 'text'],
    ['a letter', 'From here on nothing was the same.\nNote: it never is.\n', 'letter.txt', 'text'],
    [
      'a page that a browser saved',
      `From: <Saved by Blink>\nSnapshot-Content-Location: https://e.org/\nSubject: P\nMIME-Version: 1.0\nContent-Type: multipart/related; type="text/html"; boundary="b"\n\n--b\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n<html><head><title>P</title></head><body><p>caf=C3=A9</p></body></html>\n--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\nAAAA\n--b--\n`,
      'p.mhtml',
      'html',
    ],
  ])('%s', async (_name, text, filename, kind) => {
    expect((await read(text, filename)).kind).toBe(kind);
  });
});

describe('a mail', () => {
  it('says who wrote what to whom, and its formatted body', async () => {
    const text = [
      'From: =?utf-8?Q?J=C3=B6rg_M=C3=BCller?= <joerg@example.org>',
      'To: "Doe, Jane" <jane@example.org>, Team: a@example.org, b@example.org;',
      'Cc: =?iso-8859-1?B?SmVhbi1GcmFu52-pcw==?= <jf@example.org>',
      'Subject: =?utf-8?B?UsO8Y2tmcmFnZQ==?=\r\n =?utf-8?Q?_zum_Vertrag?=',
      'Date: Tue, 5 Mar 2024 09:30:00 +0100 (CET)',
      'Message-ID: <1@example.org>',
      'MIME-Version: 1.0',
      'Content-Type: multipart/alternative; boundary="b"',
      '',
      '--b',
      'Content-Type: text/plain; charset=utf-8',
      '',
      'Just plain.',
      '--b',
      'Content-Type: text/html; charset=windows-1252',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      '<h1>Fristen</h1><ul><li>gek=FCndigt</li></ul><script>x</script><blockquote><p>Zitat</p></blockquote><table><tr><th>a<th>b<tr><td>1<td>2</table>',
      '--b--',
    ].join('\r\n');
    const { document } = await read(text);
    expect(document.title).toBe('Rückfrage zum Vertrag');
    expect(document.metadata).toMatchObject({
      subject: 'Rückfrage zum Vertrag',
      from: 'Jörg Müller <joerg@example.org>',
      to: ['Doe, Jane <jane@example.org>', 'Team: a@example.org, b@example.org'],
      date: '2024-03-05T08:30:00.000Z',
      messageId: '<1@example.org>',
    });
    expect(document.blocks.slice(2)).toEqual([
      { type: 'heading', level: 2, text: 'Fristen' },
      { type: 'list-item', text: 'gekündigt' },
      { type: 'quote', text: 'Zitat' },
      { type: 'table', text: 'a\tb\n1\t2' },
    ]);
    expect(document.blocks[1]?.text).toMatch(/^From: Jörg Müller <joerg@example\.org>\nTo: Doe, Jane/);
  });

  it('takes the plain text where the formatted one says less, and keeps quotes', async () => {
    const text = 'Yes, on Monday.\n\nAda wrote:\n> When shall we\n> meet?\n>> Soon.\nBest\n';
    const { document } = await read(mail({ text, html: '<p>See the text.</p>' }));
    expect(document.blocks.slice(2)).toEqual([
      { type: 'paragraph', text: 'Yes, on Monday.' },
      { type: 'paragraph', text: 'Ada wrote:' },
      { type: 'quote', text: 'When shall we\nmeet?\nSoon.' },
      { type: 'paragraph', text: 'Best' },
    ]);
  });

  it.each<[string, Uint8Array, string]>([
    [
      'Latin-1 that nobody declared',
      latin1('From: J\xf6rg <j@e.org>\nSubject: \xdcber\n\ngr\xfc\xdfe\n'),
      'Über From: Jörg <j@e.org> grüße',
    ],
    [
      'a header in Latin-1, a body in another',
      latin1(
        'From: J\xf6rg <j@e.org>\nSubject: x\nContent-Type: text/plain; charset=windows-1251\n\n\xcf\xf0\xe8\xe2\xe5\xf2\n',
      ),
      'x From: Jörg <j@e.org> Привет',
    ],
    [
      'UTF-8 that nobody declared',
      bytesOf('From: Jörg <j@e.org>\nSubject: Über\n\ngrüße\n'),
      'Über From: Jörg <j@e.org> grüße',
    ],
    [
      'Japanese',
      latin1(
        'From: j@e.org\nSubject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=\nContent-Type: text/plain; charset=iso-2022-jp\n\n\x1b$BF|K\\\x1b(B\n',
      ),
      '日本 From: j@e.org 日本',
    ],
    [
      'flowed text',
      bytesOf('From: j@e.org\nSubject: x\nContent-Type: text/plain; format=flowed\n\none \ntwo\n'),
      'x From: j@e.org one two',
    ],
  ])('reads %s', async (_name, bytes, text) => {
    expect(textOf(await extract(bytes, 'a.eml'))).toBe(text);
  });

  it('hands on its attachments, and leaves out what is for machines', async () => {
    const logo = base64('x'.repeat(3000));
    const photo = base64('y'.repeat(30_000));
    const image = (name: string, content: string) => ({
      filename: name,
      type: `image/png; name="${name}"`,
      content,
      disposition: 'inline',
      headers: `Content-ID: <${name}>\r\nContent-Transfer-Encoding: base64\r\n`,
    });
    const text = mail({ text: 'See below.' }, [
      { filename: '=?utf-8?Q?Angebot_M=C3=A4rz.csv?=', type: 'text/csv', content: 'a;b' },
      { type: 'message/rfc822', content: mail({ subject: 'Inner: 1/2', text: 'Inside.' }) },
      { filename: 'winmail.dat', type: 'application/ms-tnef', content: 'x' },
      { filename: 'smime.p7s', type: 'application/pkcs7-signature', content: 'x' },
      { type: 'text/calendar; method=REQUEST', content: 'BEGIN:VCALENDAR\r\nEND:VCALENDAR', disposition: 'inline' },
      { filename: '../../etc/passwd', content: 'root' },
      { filename: 'empty.txt', content: '' },
    ]).replace('multipart/mixed', 'multipart/related');
    const related = mail({ text: 'Pictures.' }, [image('logo.png', logo), image('photo.png', photo)]).replace(
      'multipart/mixed',
      'multipart/related',
    );
    const extraction = await read(text);
    expect(childTexts(extraction).map(([name]) => name)).toEqual([
      'Angebot März.csv',
      'Inner 1 2.eml',
      'attachment-3.ics',
      '../../etc/passwd',
    ]);
    expect(extraction.document.metadata).toMatchObject({ leftOut: ['winmail.dat'] });
    expect(textOf(extraction)).not.toContain('Inside');
    expect(childTexts(await read(related)).map(([name]) => name)).toEqual(['photo.png']);
  });

  it.each<[string, string, string]>([
    [
      'an encrypted one',
      'From: a@b.c\nSubject: x\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\n\n--b\nContent-Type: application/octet-stream\n\nxx\n--b--\n',
      'encrypted',
    ],
    [
      'an encrypted one of Outlook',
      'From: a@b.c\nSubject: x\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n\nAAAA\n',
      'encrypted',
    ],
    [
      'parts without end',
      `From: a@b.c\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n${'--b\n\n'.repeat(10_000)}`,
      'too_large',
    ],
    ['lines without end', `From: a@b.c\nSubject: x\n\n${'\n'.repeat(700_000)}`, 'too_large'],
    ['parts within parts without end', nested(200), 'malformed'],
    ['a header without end', `From: a@b.c\nSubject: x\n${`X-A: ${'b'.repeat(100)}\n`.repeat(30_000)}`, 'malformed'],
  ])('refuses %s', async (_name, text, reason) => {
    expect(await reasonOf(read(text))).toBe(reason);
  });

  it('hands on a large attachment byte by byte', async () => {
    const content = Buffer.from(Array.from({ length: 400_000 }, (_, i) => (i * 7919) % 251));
    const encoded = content.toString('base64').replace(/.{76}/g, '$&\r\n');
    const attachment = { filename: 'a.bin', content: encoded, headers: 'Content-Transfer-Encoding: base64\r\n' };
    const { document } = await read(mail({ text: 'See below.' }, [attachment, { ...attachment, filename: 'b.bin' }]));
    const [first, second] = document.children ?? [];
    expect(Buffer.from(first?.read() ?? []).equals(content)).toBe(true);
    expect(Buffer.from(second?.read() ?? []).equals(content)).toBe(true);
  });

  it.each([
    ['dashes', `From: a@b.c\nSubject: x\n\n${'-- a line of dashes --\n'.repeat(20_000)}`],
    ['addresses', `From: a@b.c\nTo: ${'someone@example.org, '.repeat(20_000)}\nSubject: x\n\nBody\n`],
    ['words in an encoding', `From: a@b.c\nSubject: ${'=?utf-8?Q?a?= '.repeat(20_000)}\n\nBody\n`],
    ['quotes', `From: a@b.c\nSubject: x\n\n${'> '.repeat(20_000)}deep\n`],
  ])('reads any number of %s soon', { timeout: 10_000 }, async (_name, text) => {
    const { document } = await read(text);
    expect(JSON.stringify(document.metadata).length).toBeLessThan(20_000);
    expect(document.blocks.length).toBeGreaterThan(1);
  });

  function nested(levels: number): string {
    const heads = Array.from(
      { length: levels },
      (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n`,
    );
    return `From: a@b.c\nSubject: x\n${heads.join('')}\nBody\n`;
  }
});

describe('a mailbox', () => {
  it('is split between messages only', async () => {
    const mbox = [
      'From ada@example.org Mon Jan  1 10:00:00 2024\r\nFrom: a@b.c\r\nSubject: One\r\n\r\nFrom here on, no time is told.\r\nNext: nothing.\r\n\r\n',
      'From 1791@xxx Mon Jan 01 10:00:00 +0000 2024\nX-GM-THRID: 1\nSubject: Two\n\n>From the sea\n>>From afar\n\n',
      'From - Tue Jan 02 10:00 2024\nSubject: Three\n\nFrom: nobody\n',
    ].join('');
    const extraction = await extract(bytesOf(mbox), 'Inbox');
    expect(extraction.document.metadata).toEqual({ messages: 3 });
    expect(childTexts(extraction)).toEqual([
      ['message-0001.eml', 'From: a@b.c\r\nSubject: One\r\n\r\nFrom here on, no time is told.\r\nNext: nothing.'],
      ['message-0002.eml', 'X-GM-THRID: 1\nSubject: Two\n\nFrom the sea\n>From afar'],
      ['message-0003.eml', 'Subject: Three\n\nFrom: nobody'],
    ]);
  });

  it('is refused when it is too long', async () => {
    const mbox = 'From a@b.c Mon Jan  1 10:00:00 2024\nFrom: a@b.c\n\nx\n\n'.repeat(2001);
    expect(await reasonOf(extract(bytesOf(mbox), 'Inbox'))).toBe('too_large');
  });
});

describe('an archive', () => {
  const text = (content = 'words') => strToU8(content);

  it('is the files in it, without what systems put beside them', async () => {
    const extraction = await extract(
      zipSync({
        'a/one.txt': text('1'),
        '__MACOSX/a/._one.txt': text(),
        'a/.DS_Store': text(),
        'Thumbs.db': text(),
        'a/': text(''),
        'empty.txt': text(''),
      }),
      'a.zip',
    );
    expect(extraction).toMatchObject({ kind: 'zip', document: { metadata: { files: 1, emptyFiles: 1 }, blocks: [] } });
    expect(childTexts(extraction)).toEqual([['one.txt', '1']]);
    expect(extraction.document.children?.[0]).toMatchObject({ path: 'a/one.txt', size: 1 });
  });

  it('is one also when what lies in it is a document or an archive that is not packed again', async () => {
    const inner = zipSync({ 'a.docx': docx(paragraph('Hello')), 'b.txt': text() }, { level: 0 });
    const extraction = await extract(zipSync({ 'inner.zip': inner }, { level: 0 }), 'a.zip');
    expect(childTexts(extraction).map(([name]) => name)).toEqual(['inner.zip']);
    const [child] = extraction.document.children ?? [];
    expect(childTexts(await extract(child?.read() ?? inner)).map(([name]) => name)).toEqual(['a.docx', 'b.txt']);
  });

  it.each<[string, number[], string]>([
    ['MS-DOS', [0x81, 0x62, 0x65, 0x72], 'über'],
    ['Windows in Japan', [0x93, 0xfa, 0x96, 0x7b, 0x8c, 0xea], '日本語'],
    ['anything new', [...new TextEncoder().encode('größe')], 'größe'],
  ])('has names as %s wrote them', async (_name, name, expected) => {
    const zip = zipSync({ ['x'.repeat(name.length)]: text() });
    const bytes = Uint8Array.from(zip);
    for (let at = 0; at < bytes.length; at++) {
      if (bytes.subarray(at, at + name.length).every((byte) => byte === 0x78)) bytes.set(name, at);
    }
    expect(childTexts(await extract(bytes, 'a.zip'))[0]?.[0]).toBe(expected);
  });

  it.each<[string, () => Uint8Array, string]>([
    ['nothing in it', () => zipSync({ 'a/': text(''), 'empty.txt': text('') }), 'empty'],
    [
      'too much in it',
      () => zipSync(Object.fromEntries(Array.from({ length: 2001 }, (_, i) => [`${i}`, text()])), { level: 0 }),
      'too_large',
    ],
    [
      'a file that unpacks to hundreds of times its size',
      () => zipSync({ 'a.txt': new Uint8Array(30_000_000) }),
      'too_large',
    ],
    ['a file outside of it', () => zipSync({ '../a.txt': text() }), 'malformed'],
    ['a password', () => withFlag(zipSync({ 'a.txt': text() })), 'encrypted'],
    ['no end', () => zipSync({ 'a.txt': text('x'.repeat(500)) }, { level: 0 }).slice(0, 300), 'malformed'],
    ['a program in it', () => zipSync({ 'META-INF/MANIFEST.MF': text(), 'A.class': text() }), 'unsupported_format'],
    ['an Apple document in it', () => zipSync({ 'Index/Document.iwa': text() }), 'unsupported_format'],
  ])('is refused with %s', async (_name, make, reason) => {
    expect(await reasonOf(extract(make(), 'a.zip'))).toBe(reason);
  });

  function withFlag(zip: Uint8Array): Uint8Array {
    const view = new DataView(zip.buffer);
    for (let at = 0; at + 4 < zip.length; at++)
      if (view.getUint32(at, true) === 0x02014b50) view.setUint16(at + 8, 1, true);
    return zip;
  }
});

describe('mutated mails and archives', () => {
  it('each end in a document or an ExtractionError, soon', { timeout: 60_000 }, async () => {
    const letter = mail({ text: 'Hello\n> quoted', html: '<p>Hello <b>you</b></p>' }, [
      { filename: 'a.txt', content: 'A note' },
      { type: 'message/rfc822', content: mail({ text: 'Inner' }) },
      { filename: 'b.bin', content: base64('binary'.repeat(50)), headers: 'Content-Transfer-Encoding: base64\r\n' },
    ]);
    const originals: [string, Uint8Array][] = [
      ['a.eml', bytesOf(letter)],
      [
        'a.mbox',
        bytesOf(`From a@b.c Mon Jan  1 10:00:00 2024\n${letter}\n\nFrom a@b.c Mon Jan  1 10:00:00 2024\n${letter}`),
      ],
      ['a.zip', zipSync({ 'a.txt': text('A note'.repeat(50)), 'b/c.docx': docx(paragraph('Hello')) })],
    ];
    const random = seeded(20_261_125);
    let slowestMs = 0;
    for (let i = 0; i < 450; i++) {
      const [file, original] = originals[i % originals.length] ?? ['', new Uint8Array()];
      const bytes = mutate(original, random);
      const startedAt = performance.now();
      const outcome = await extract(bytes, file).catch((error: unknown) => error);
      const isExpected = outcome instanceof ExtractionError || (outcome instanceof Object && 'document' in outcome);
      expect(isExpected, `mutation ${i} of ${file}: ${String(outcome)}`).toBe(true);
      if (outcome instanceof Object && 'document' in outcome) readChildren(outcome);
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
    }
    expect(slowestMs).toBeLessThan(2000);
  });

  /** Reads what came out of it, which may fail in one way only. */
  function readChildren(outcome: object): void {
    const { children = [] }: ExtractedDocument = Reflect.get(outcome, 'document');
    for (const child of children) {
      try {
        child.read();
      } catch (error) {
        expect(error).toBeInstanceOf(ExtractionError);
      }
    }
  }

  const text = (content: string) => strToU8(content);
});
