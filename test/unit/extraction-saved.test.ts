import { describe, expect, it } from 'vitest';
import { bytesOf, extract, mutate, reasonOf, seeded, textOf, utf16 } from './extraction.fixtures.ts';

describe('a page as Safari saves it', () => {
  const html = '<html><head><title>Die Möwe</title></head><body><p>Sie fliegt über das Meer.</p></body></html>';
  const archive = (content: Uint8Array) =>
    propertyList({
      WebMainResource: {
        WebResourceData: content,
        WebResourceMIMEType: 'text/html',
        WebResourceTextEncodingName: 'windows-1252',
        WebResourceURL: 'https://example.org/moewe?a=ü',
      },
      WebSubresources: {},
    });
  const latin1 = Uint8Array.from(html, (character) => character.charCodeAt(0));

  it('is read as the page that it was', async () => {
    const { kind, document } = await extract(archive(latin1), 'Die Möwe.webarchive');
    expect(kind).toBe('html');
    expect(document.title).toBe('Die Möwe');
    expect(document.metadata).toMatchObject({ canonicalUrl: 'https://example.org/moewe?a=ü' });
    expect(document.blocks.at(-1)?.text).toBe('Sie fliegt über das Meer.');
  });

  it('is refused in a sentence when it is damaged, or another list', async () => {
    const whole = archive(latin1);
    expect(await reasonOf(extract(whole.slice(0, -40)))).toBe('malformed');
    expect(await reasonOf(extract(propertyList({ Setting: 'on' }), 'a.plist'))).toBe('unsupported_format');
    const random = seeded(3);
    for (let i = 0; i < 200; i++) {
      await extract(mutate(whole, random)).catch((error: unknown) => expect(error).toHaveProperty('reason'));
    }
  });
});

describe('mails and mailboxes as they are found on disks', () => {
  it.each(['le', 'be'] as const)('reads a mail that was saved as UTF-16 %s', async (order) => {
    const text =
      'From: a@b.c\nTo: d@e.f\nSubject: Grüße\nContent-Type: text/plain; charset="utf-8"\n\nÄpfel und Birnen\n';
    const read = await extract(utf16(text, order), 'a.eml');
    expect(read).toMatchObject({ kind: 'email', document: { title: 'Grüße' } });
    expect(textOf(read)).toContain('Äpfel und Birnen');
  });

  it('reads a mailbox whose messages have no header, where its name says what it is', async () => {
    const text =
      'From me Mon Jun 01 10:00:00 2009\n\nFirst.\nFrom here on.\n\nFrom me Mon Jun 01 11:00:00 2010\n\nSecond.\n';
    const { kind, document } = await extract(bytesOf(text), 'old.mbox');
    expect(kind).toBe('mailbox');
    const texts = (document.children ?? []).map((child) => new TextDecoder().decode(child.read()).trim());
    expect(texts).toEqual(['First.\nFrom here on.', 'Second.']);
    expect((await extract(bytesOf(text), 'letter.txt')).kind).toBe('text');
  });
});

type Listed = string | Uint8Array | { [name: string]: Listed };

/** A property list in its binary form. */
function propertyList(root: Listed): Uint8Array {
  const objects: Uint8Array[] = [];
  const add = (value: Listed): number => {
    const place = objects.push(new Uint8Array()) - 1;
    objects[place] = write(value);
    return place;
  };
  const head = (kind: number, count: number) =>
    count < 15
      ? [(kind << 4) | count]
      : [(kind << 4) | 15, 0x12, count >> 24, (count >> 16) & 255, (count >> 8) & 255, count & 255];
  const write = (value: Listed): Uint8Array => {
    if (value instanceof Uint8Array) return Uint8Array.of(...head(4, value.length), ...value);
    if (typeof value !== 'string') {
      const names = Object.keys(value).map(add);
      const values = Object.values(value).map(add);
      return Uint8Array.of(...head(13, names.length), ...names, ...values);
    }
    if (/^[\x20-\x7e]*$/.test(value)) return Uint8Array.of(...head(5, value.length), ...bytesOf(value));
    return Uint8Array.of(...head(6, value.length), ...utf16(value, 'be'));
  };
  add(root);
  const file = [...bytesOf('bplist00')];
  const places = objects.map((object) => {
    const at = file.length;
    file.push(...object);
    return at;
  });
  const table = file.length;
  for (const at of places) file.push(at >> 8, at & 255);
  const long = (value: number) => [0, 0, 0, 0, 0, 0, value >> 8, value & 255];
  return Uint8Array.of(...file, 0, 0, 0, 0, 0, 0, 2, 1, ...long(objects.length), ...long(0), ...long(table));
}
