import { describe, expect, it } from 'vitest';
import { mail } from '../support/mails.ts';
import { bytesOf, extract, mutate, reasonOf, seeded, textOf } from './extraction.fixtures.ts';
import {
  attribute,
  compoundFile,
  type Folder,
  narrow,
  properties,
  propertyList,
  ticks,
  tnef,
  wide,
} from './extraction-outlook.fixtures.ts';

type Read = Awaited<ReturnType<typeof extract>>;
const children = ({ document }: Read) =>
  (document.children ?? []).map((child) => [child.filename, new TextDecoder().decode(child.read())]);

const person = (name: string, address: string, kind: number): Folder =>
  properties(8, { texts: { '3001': name, '39FE': address }, short: { '0C150003': kind } });

const file = (name: string, content: Uint8Array): Folder =>
  properties(8, { texts: { '3707': name }, streams: { '37010102': content } });

describe('a message that Outlook saved', () => {
  const inner: Folder = {
    ...properties(24, { texts: { '0037': 'Drinnen: Ärger', '1000': 'The inner words.' } }),
    '__recip_version1.0_#00000000': person('Grüße', 'gruesse@example.org', 1),
    '__attach_version1.0_#00000000': file('ganz innen.txt', bytesOf('deep words')),
  };
  const message: Folder = {
    ...properties(32, {
      texts: {
        '0037': 'Angebot für März',
        '0042': 'Ada Lovelace',
        '5D01': 'ada@example.org',
        '0065': '/O=FIRM/CN=ADA',
        '1000': 'Plain words. '.repeat(400),
      },
      streams: { '10130102': bytesOf(`<p>Formatted words.</p>${'<p>More of them here.</p>'.repeat(300)}`) },
      short: { '00390040': ticks('2024-03-05T09:30:00Z') },
    }),
    '__recip_version1.0_#00000000': person('Grace Hopper', 'grace@example.org', 1),
    '__recip_version1.0_#00000001': person('Without address', '', 2),
    '__attach_version1.0_#00000000': file('Angebot.csv', bytesOf('a;b\n1;2')),
    '__attach_version1.0_#00000001': {
      ...properties(8, { short: { '37050003': 5 } }),
      '__substg1.0_3701000D': inner,
    },
  };

  it('says who wrote what to whom, and hands on what was attached, messages among it', async () => {
    const read = await extract(compoundFile(message), 'Angebot.msg');
    expect(read).toMatchObject({ kind: 'email', document: { title: 'Angebot für März' } });
    expect(read.document.metadata).toMatchObject({
      from: 'Ada Lovelace <ada@example.org>',
      to: ['Grace Hopper <grace@example.org>'],
      cc: ['Without address'],
      date: '2024-03-05T09:30:00.000Z',
    });
    expect(textOf(read)).toContain('Formatted words.');
    const [csv, passedOn] = read.document.children ?? [];
    expect([csv?.filename, new TextDecoder().decode(csv?.read())]).toEqual(['Angebot.csv', 'a;b\n1;2']);
    const within = await extract(passedOn?.read() ?? new Uint8Array(), 'a.eml');
    expect(within.document.title).toBe('Drinnen: Ärger');
    expect(within.document.metadata['to']).toEqual(['Grüße <gruesse@example.org>']);
    expect(textOf(within)).toContain('The inner words.');
    expect(children(within)).toEqual([['ganz innen.txt', 'deep words']]);
  });

  it('is read in the code page that its texts are in, and from packed Rich Text where that is all there is', async () => {
    const russian = Uint8Array.from(
      Buffer.from('c0e2f2eeece0f2e8f7e5f1eae8e920eef2e2e5f220eff0e8f8e5eb', 'hex'), // windows-1251
    );
    const old = compoundFile(properties(32, { streams: { '0037001E': russian, '1000001E': russian } }));
    expect((await extract(old)).document.title).toBe('Автоматический ответ пришел');
    // The example of MS-OXRTFCP: {\rtf1\ansi\ansicpg1252\pard hello world}
    const packed = Buffer.from(
      '2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0',
      'hex',
    );
    const rich = compoundFile(properties(32, { streams: { '10090102': new Uint8Array(packed) } }));
    expect(textOf(await extract(rich))).toBe('hello world');
  });

  it('is told from old documents, whatever is attached to it or lies in them', async () => {
    const msg = compoundFile({ ...message, '__attach_version1.0_#00000002': file('old.doc', wide('WordDocument')) });
    expect((await extract(msg)).kind).toBe('email');
    const doc = compoundFile({ WordDocument: bytesOf('x'), ObjectPool: message });
    expect(await reasonOf(extract(doc, 'a.msg'))).toBe('unsupported_format');
  });

  it('is read, or refused in a sentence, however it is damaged', { timeout: 30_000 }, async () => {
    const whole = compoundFile(message);
    const random = seeded(5);
    for (let i = 0; i < 150; i++) {
      const damaged = mutate(whole, random);
      const outcome = await extract(damaged, 'a.msg').then(
        ({ kind }) => kind,
        () => reasonOf(extract(damaged, 'a.msg')),
      );
      expect(outcome).toMatch(/^[a-z_]+$/);
    }
    expect(await reasonOf(extract(whole.slice(0, 3000), 'a.msg'))).toBe('malformed');
  });

  it('cannot be made to unpack to more than it is: parts that all lie at the same place', async () => {
    const big = compoundFile({ ...message, '__substg1.0_00010102': new Uint8Array(60_000) });
    const view = new DataView(big.buffer);
    // Every stream is said to be the largest one.
    const start = 512 * (view.getUint32(48, true) + 1);
    for (let at = start; at + 128 <= big.length && big[at + 66] !== undefined; at += 128) {
      if (big[at + 66] !== 2) continue;
      view.setUint32(at + 116, 0, true);
      view.setUint32(at + 120, 59_000, true);
    }
    await extract(big, 'a.msg').catch((error: unknown) => expect(error).toMatchObject({ reason: 'malformed' }));
  });
});

describe('winmail.dat', () => {
  const attachment = (name: string, content: string) => [
    attribute(2, 0x00069002, new Uint8Array(14)),
    attribute(2, 0x00018010, narrow(`${name}\0`)),
    attribute(2, 0x0006800f, bytesOf(content)),
  ];
  const inner = tnef([
    attribute(1, 0x00069003, propertyList({ 55: 'Passed on', 4096: 'Words of the one passed on.' })),
  ]);
  const wrapped = tnef([
    attribute(1, 0x00069003, propertyList({ 55: 'Subject', 4096: 'The wrapped body.' })),
    ...attachment('plan.txt', 'the plan'),
    attribute(2, 0x00069002, new Uint8Array(14)),
    attribute(2, 0x00069005, propertyList({ 14087: 'Ein längerer Name.txt' }, { 14081: bytesOf('from properties') })),
    attribute(2, 0x00069002, new Uint8Array(14)),
    attribute(2, 0x00069005, propertyList({}, { 14081: inner })),
  ]);
  const around = (content: Uint8Array, text: string) =>
    extract(
      bytesOf(
        mail({ text }, [
          {
            filename: 'winmail.dat',
            type: 'application/ms-tnef',
            content: Buffer.from(content).toString('base64'),
            headers: 'Content-Transfer-Encoding: base64\r\n',
          },
        ]),
      ),
      'a.eml',
    );

  it('is opened: what is in it was attached to the mail', async () => {
    const read = await around(wrapped, 'The body as it was sent.');
    expect(textOf(read)).toContain('The body as it was sent.');
    expect(textOf(read)).not.toContain('The wrapped body.');
    const [plan, long, passedOn] = children(read);
    expect([plan, long]).toEqual([
      ['plan.txt', 'the plan'],
      ['Ein längerer Name.txt', 'from properties'],
    ]);
    const within = await extract(bytesOf(passedOn?.[1] ?? ''), passedOn?.[0]);
    expect(textOf(within)).toContain('Words of the one passed on.');
    expect(read.document.metadata['leftOut']).toBeUndefined();
  });

  it('gives the body to a mail that has none, and what came before damage', async () => {
    expect(textOf(await around(wrapped, ' '))).toContain('The wrapped body.');
    const cut = await around(wrapped.slice(0, wrapped.length - 40), 'Body.');
    expect(children(cut).map(([name]) => name)).toContain('plan.txt');
    const broken = await around(narrow('no wrapping at all'), 'Body.');
    expect(broken.document.metadata['leftOut']).toEqual(['winmail.dat']);
  });
});
