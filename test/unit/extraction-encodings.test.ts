import { describe, expect, it } from 'vitest';
import { decodeText, detectEncoding } from '../../src/modules/ingestion/extraction/decode.ts';
import { bytesOf, extract, textOf, utf16 } from './extraction.fixtures.ts';
import { encodeAs, SENTENCES, utf32, WRITTEN_IN } from './extraction-encodings.fixtures.ts';

const CASES = Object.entries(WRITTEN_IN).flatMap(([encoding, languages]) =>
  languages.map((language): [string, string] => [encoding, language]),
);

/** What a decoder of that encoding must give: the text as far as the encoding has its characters. */
const expected = (encoding: string, language: string) =>
  new TextDecoder(encoding).decode(encodeAs(SENTENCES[language] ?? '', encoding)).normalize('NFC');

describe('the encoding of a text', () => {
  it.each(CASES)('%s is told by a paragraph in %s', (encoding, language) => {
    const bytes = encodeAs(SENTENCES[language] ?? '', encoding);
    expect(decodeText(bytes).text).toBe(expected(encoding, language));
  });

  it('is told by parts of sentences nearly always', () => {
    const wrong: string[] = [];
    let tried = 0;
    for (const [encoding, language] of CASES) {
      const words = expected(encoding, language).split(/(?<=[ ，。、])/u);
      for (let i = 0; i + 4 <= words.length; i += 4) {
        const part = words
          .slice(i, i + 4)
          .join('')
          .trim();
        if (/^[\x20-\x7e]*$/.test(part)) continue;
        tried++;
        const { text, encoding: found } = decodeText(encodeAs(part, encoding));
        if (text !== part) wrong.push(`${encoding} ${found}: ${part} -> ${text}`);
      }
    }
    expect(tried).toBeGreaterThan(150);
    expect(1 - wrong.length / tried, wrong.join('\n')).toBeGreaterThan(0.9);
  });

  it.each([
    ['windows-1252', 'She said: “It’s a trap” – and left… for £5.'],
    ['windows-1252', 'naïve café'],
    ['macintosh', 'Blanchard’s Trackpad, “the” one…'],
    ['iso-8859-15', 'Sie kostet 5 €, sagt sie.'],
  ])('%s is told by the signs of %s', (encoding, text) => {
    expect(decodeText(encodeAs(text, encoding)).text).toBe(text);
  });

  it('is told though what it shows in stands behind a hundred pages of ASCII', () => {
    const ascii = bytesOf('Nothing to see here, move along.\n'.repeat(10_000));
    const bytes = new Uint8Array([...ascii, ...encodeAs(SENTENCES['ru'] ?? '', 'koi8-r')]);
    expect(detectEncoding(bytes)).toBe('koi8-r');
  });

  it.each(['le', 'be'] as const)('UTF-32 and UTF-16 %s are read with and without a mark', async (order) => {
    for (const text of ['Größer – 日本 😀\nand more', 'plain']) {
      for (const marked of [text, `\ufeff${text}`]) {
        expect(decodeText(utf32(marked, order))).toEqual({ text, encoding: `utf-32${order}` });
        expect(decodeText(utf16(marked, order))).toEqual({ text, encoding: `utf-16${order}` });
      }
    }
    expect(textOf(await extract(utf32('Größer – 日本', order), 'a.txt'))).toBe('Größer – 日本');
  });

  it('ISO-2022-JP is read though all of its bytes are ASCII', () => {
    const bytes = bytesOf('Mail: \u001b$B$3$s$K$A$O\u001b(B, bye.');
    expect(decodeText(bytes)).toEqual({ text: 'Mail: こんにちは, bye.', encoding: 'iso-2022-jp' });
  });

  it('UTF-8 with a broken character stays UTF-8', () => {
    const bytes = new Uint8Array([...bytesOf('Größer, schöner, für später: äöü. '), 0xff, ...bytesOf(' Ende')]);
    expect(decodeText(bytes).text).toBe('Größer, schöner, für später: äöü. \ufffd Ende');
  });

  it('what a paragraph declares counts before what it looks like', () => {
    const bytes = encodeAs('Größe', 'windows-1252');
    expect(detectEncoding(bytes, { mediaType: 'text/plain; charset=windows-1254' })).toBe('windows-1254');
  });
});
