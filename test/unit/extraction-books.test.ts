import { strToU8, type Zippable, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { bytesOf, extract, reasonOf } from './extraction.fixtures.ts';
import { epub } from './extraction-texts.fixtures.ts';

/** Bytes as programs write them: one character a byte. */
const latin = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const blocksOf = async (bytes: Uint8Array, filename = 'a') => (await extract(bytes, filename)).document.blocks;

describe('Rich Text', () => {
  const rtf = (body: string, head = '\\ansi\\ansicpg1252\\deff0') => latin(`{\\rtf1${head}${body}}`);

  it('is read as Word writes it: styles, lists, tables, notes, headers, properties', async () => {
    const bytes = rtf(
      String.raw`{\fonttbl{\f0\froman\fcharset0 Times New Roman;}{\f1\fswiss\fcharset204 Arial CYR;}{\f2\fnil\fcharset2 Symbol;}}
{\colortbl;\red0\green0\blue0;}{\stylesheet{\ql Normal;}{\s1\ql\outlinelevel0 heading 1;}{\*\cs10 Default Paragraph Font;}}
{\info{\title Mein \u8222?Bericht\u8220?}{\author Ada L\'f6v}{\keywords eins, zwei}{\creatim\yr2024\mo5\dy6\hr7\min8}}
{\*\generator Riched20 10.0;}{\header\pard Streng geheim\par}{\footer\pard 12\par}
\pard\plain\s1 Kapitel \endash  eins\par
\pard\plain Gr\'f6\'dfer{\b  und} kl\'e4r{\v hidden}er\line zweite Zeile\u8217\'92s.{\footnote\pard Eine Note.}{\*\atnauthor Bob}{\*\annotation Ein Kommentar.}\par
{\f1 \'cf\'f0\'e8\'e2\'e5\'f2}\par
{\listtext\pard\f2 \'b7\tab}Punkt\par{\listtext 1.\tab}Erstens\par
{\field{\*\fldinst HYPERLINK "https://example.org/a"}{\fldrslt Ein Verweis}}\par
{\pict\pngblip 89504e470d0a1a0a}{\*\unknown Weg}{\upr{Alt}{\*\ud Neu \u26085?}}\par
\trowd\cellx1000\cellx2000\pard\intbl A\cell B\par C\cell\row\trowd\pard\intbl 1\cell 2\cell\row\pard Ende`,
    );
    const { document } = await extract(bytes, 'a.doc');
    expect(document).toEqual({
      title: 'Mein „Bericht“',
      metadata: {
        author: 'Ada Löv',
        tags: ['eins', 'zwei'],
        generator: 'Riched20 10.0',
        createdAt: '2024-05-06T07:08:00.000Z',
        links: ['https://example.org/a'],
      },
      blocks: [
        { type: 'heading', level: 1, text: 'Kapitel – eins' },
        { type: 'paragraph', text: 'Größer und klärer\nzweite Zeile’s.' },
        { type: 'paragraph', text: 'Привет' },
        { type: 'list-item', text: 'Punkt' },
        { type: 'list-item', text: '1. Erstens' },
        { type: 'paragraph', text: 'Ein Verweis' },
        { type: 'paragraph', text: 'Neu 日' },
        { type: 'table', text: 'A\tB C\n1\t2' },
        { type: 'paragraph', text: 'Ende' },
        { type: 'paragraph', text: 'Eine Note.' },
        { type: 'paragraph', text: 'Ein Kommentar.' },
        { type: 'paragraph', text: 'Streng geheim' },
      ],
    });
  });

  it.each<[string, Uint8Array, string]>([
    ['Shift_JIS by font', rtf(String.raw`{\fonttbl{\f0\fcharset128 MS Mincho;}}\f0 \'93\'fa\'96\'7b`), '日本'],
    [
      'a trail byte that is written as a letter',
      rtf(String.raw`{\fonttbl{\f0\fcharset128 M;}}\f0 \'83\'65\'83X\'83g`),
      'テスト',
    ],
    ['bytes as they are', rtf('caf\xe9'), 'café'],
    ['Macintosh', rtf(String.raw` caf\'8e`, '\\mac'), 'café'],
    ['DOS', rtf(String.raw` caf\'82`, '\\pc'), 'café'],
    ['Cyrillic without fonts', rtf(String.raw`\'cf\'f0`, '\\ansi\\ansicpg1251'), 'Пр'],
    ['Unicode with two bytes of fallback', rtf(String.raw`\uc2 \u26085\'93\'fa!{\uc0\u-10179\u-8704}`), '日!😀'],
    ['without the last brace', latin('{\\rtf1 Hello\\par'), 'Hello'],
    ['pictures as bytes', latin('{\\rtf1 {\\pict\\bin5 }}{\\\\ab}Hello}'), 'Hello'],
    [
      'text that nests without end',
      latin(`{\\rtf1 ${'{'.repeat(200_000)}deep${'}'.repeat(200_000)} after}`),
      'deep after',
    ],
  ])('is read with %s', async (_name, bytes, text) => {
    expect((await blocksOf(bytes)).map((block) => block.text)).toEqual([text]);
  });

  it.each<[string, Uint8Array, string]>([
    ['that ends in the middle', latin('{\\rtf1{\\fonttbl{\\f0 Arial;}}\\pard{\\b Hello'), 'malformed'],
    ['that ends in a picture', latin(`{\\rtf1 Hello\\par{\\pict ${'00'.repeat(1000)}`), 'malformed'],
    ['without text', rtf('{\\pict 00}\\par'), 'no_text'],
  ])('%s is refused', async (_name, bytes, reason) => {
    expect(await reasonOf(extract(bytes))).toBe(reason);
  });
});

describe('EPUB', () => {
  it('gives its chapters in the order of reading, named by the table of contents', async () => {
    const bytes = epub({
      chapters: {
        'text/two.xhtml': '<p id="a"/><p>Second chapter.</p>',
        'text/one.xhtml': '<h1>The first</h1><script src="x.js"/><p>First &amp; <b>foremost</b>.</p>',
        'text/three 3.xhtml': '<p>Third, without a name of its own.</p>',
      },
      spine: ['text/one.xhtml', 'text/two.xhtml', 'text/three 3.xhtml', 'text/one.xhtml'],
      labels: { 'text/one.xhtml': 'One', 'text/two.xhtml#a': 'Two: the other' },
    });
    const { kind, document } = await extract(bytes, 'book.zip');
    expect(kind).toBe('epub');
    expect(document).toEqual({
      title: 'A Book',
      metadata: {
        author: 'Ada Writer, Bob Writer',
        language: 'en',
        publisher: 'Press',
        identifier: 'urn:isbn:1',
        createdAt: '2020-01-02T00:00:00.000Z',
        modifiedAt: '2021-02-03T04:05:06.000Z',
        tags: ['Fiction'],
        chapters: 3,
      },
      blocks: [
        { type: 'heading', level: 1, text: 'The first' },
        { type: 'paragraph', text: 'First & foremost.' },
        { type: 'heading', level: 1, text: 'Two: the other' },
        { type: 'paragraph', text: 'Second chapter.' },
        { type: 'paragraph', text: 'Third, without a name of its own.' },
      ],
    });
  });

  it('is known by its parts where it does not begin with its type', async () => {
    const bytes = epub({ chapters: { 'a.html': '<p>Hello</p>' }, spine: ['a.html'], withType: false });
    expect((await extract(bytes)).kind).toBe('epub');
  });

  const encryption = (algorithm: string, path: string) =>
    `<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><enc:EncryptedData xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptionMethod Algorithm="${algorithm}"/><enc:CipherData><enc:CipherReference URI="${path}"/></enc:CipherData></enc:EncryptedData></encryption>`;
  const protectedBook = (algorithm: string, path: string) =>
    epub({
      chapters: { 'a.html': '<p>Hello</p>' },
      spine: ['a.html'],
      parts: { 'META-INF/encryption.xml': encryption(algorithm, path) },
    });

  it('is refused as encrypted when its chapters are, and read when only its fonts are obscured', async () => {
    expect(await reasonOf(extract(protectedBook('http://www.w3.org/2001/04/xmlenc#aes128-cbc', 'OPS/a.html')))).toBe(
      'encrypted',
    );
    expect(await blocksOf(protectedBook('http://www.idpf.org/2008/embedding', 'OPS/font.otf'))).toHaveLength(1);
  });

  const bomb = `<!DOCTYPE p [<!ENTITY a "${'x'.repeat(1000)}"><!ENTITY b "${'&a;'.repeat(1000)}">]>`;
  it.each<[string, Zippable, string]>([
    [
      'without its list of contents',
      { 'META-INF/container.xml': strToU8('<container/>'), 'x.opf': new Uint8Array() },
      'malformed',
    ],
    [
      'whose script never ends',
      { 'META-INF/container.xml': strToU8('<a/>'), 'x.opf': strToU8('<package><script>') },
      'malformed',
    ],
    [
      'whose chapters are not there',
      {
        'META-INF/container.xml': strToU8('<a/>'),
        'x.opf': strToU8(
          '<package><manifest><item id="a" href="../../a"/></manifest><spine><itemref idref="a"/></spine></package>',
        ),
      },
      'malformed',
    ],
    [
      'that nests without end',
      { 'META-INF/container.xml': strToU8('<a/>'), 'x.opf': strToU8('<a>'.repeat(50_000)) },
      'malformed',
    ],
    [
      'whose entities multiply',
      {
        'META-INF/container.xml': strToU8('<a/>'),
        'x.opf': strToU8(`${bomb}<package><metadata><title>&b;</title></metadata></package>`),
      },
      'malformed',
    ],
    [
      'with a chapter that unpacks to hundreds of times its size',
      {
        'META-INF/container.xml': strToU8('<a/>'),
        'x.opf': bytesOf('<a/>'),
        'b.html': strToU8(' '.repeat(30_000_000)),
      },
      'too_large',
    ],
  ])('%s is refused', { timeout: 20_000 }, async (_name, parts, reason) => {
    expect(await reasonOf(extract(zipSync(parts), 'a.epub'))).toBe(reason);
  });
});
