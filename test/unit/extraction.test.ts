import { describe, expect, it } from 'vitest';
import { detectEncoding } from '../../src/modules/ingestion/extraction/decode.ts';
import { MAX_EXTRACTABLE_BYTES } from '../../src/modules/ingestion/extraction/extract.ts';
import { bytesOf, docx, extract, paragraph, pdf, reasonOf, seeded, textOf, utf16 } from './extraction.fixtures.ts';

describe('telling formats apart', () => {
  const readme = '# Title\n\nSome **bold** words.\n\n- one\n- two\n';
  it.each<[string, Uint8Array, string, string]>([
    ['a PDF named .txt', pdf(['Hello there']), 'a.txt', 'pdf'],
    ['a PDF after rubbish', bytesOf(`\n\n${new TextDecoder().decode(pdf(['Hello there']))}`), 'a', 'pdf'],
    ['a DOCX named .pdf', docx(paragraph('Hello')), 'a.pdf', 'docx'],
    ['HTML named .md', bytesOf('<!-- x -->\n<!DOCTYPE HTML><title>a</title><p>Hello'), 'a.md', 'html'],
    ['XHTML', bytesOf('<?xml version="1.0"?>\n<html xmlns="x"><body><p>Hello</p></body></html>'), 'a.txt', 'html'],
    ['a piece of HTML', bytesOf('<div class="a"><p>Hello</p></div>'), 'a', 'html'],
    ['Markdown that begins with HTML', bytesOf(`<div align="center">x</div>\n\n${readme}`), 'README.md', 'markdown'],
    ['Markdown by name', bytesOf('Only words.'), 'a.md', 'markdown'],
    ['Markdown by declared type', bytesOf('Only words.'), 'a', 'markdown'],
    ['Markdown by content', bytesOf(readme), 'notes', 'markdown'],
    ['text by name though it could be Markdown', bytesOf(readme), 'notes.txt', 'text'],
    ['a script with comments', bytesOf('# one\n\n# two\n\nx = "**b**"\n'), 'a.py', 'code'],
    ['text about PDF', bytesOf('A file begins with %PDF-1.7 and ends.'), 'a.txt', 'text'],
    ['UTF-16 without a mark', utf16('Plain words, nothing more.', 'be'), 'a.pdf', 'text'],
  ])('%s', async (name, bytes, filename, kind) => {
    const mediaType = name.includes('declared') ? 'text/markdown; charset=utf-8' : '';
    expect((await extract(bytes, filename, mediaType)).kind).toBe(kind);
  });

  it.each<[string, Uint8Array, string]>([
    [
      'random bytes',
      Uint8Array.from(
        { length: 4096 },
        (
          (random) => () =>
            random() * 256
        )(seeded(7)),
      ),
      'unsupported_format',
    ],
    ['an old .doc', compoundFile('WordDocument'), 'unsupported_format'],
    ['an encrypted .docx', compoundFile('EncryptedPackage'), 'encrypted'],
    ['an empty file', new Uint8Array(), 'empty'],
    ['only white space', bytesOf(' \n\t\n '), 'no_text'],
    ['a file over the limit', new Uint8Array(MAX_EXTRACTABLE_BYTES + 1), 'too_large'],
    ['more text than can be kept', bytesOf('many words '.repeat(2_000_000)), 'too_large'],
  ])('%s', async (_name, bytes, reason) => {
    expect(await reasonOf(extract(bytes, 'a.docx'))).toBe(reason);
  });

  function compoundFile(streamName: string): Uint8Array {
    const header = Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1);
    return new Uint8Array([...header, ...new Uint8Array(1000), ...utf16(streamName, 'le'), ...new Uint8Array(500)]);
  }
});

describe('text', () => {
  const latin = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
  it.each<[string, Uint8Array, string, string]>([
    ['UTF-8', bytesOf('größer – 日本'), '', 'utf-8'],
    ['UTF-8 with a mark', bytesOf('\ufeffgrößer'), '', 'utf-8'],
    ['UTF-16 BE', utf16('größer und kleiner', 'be'), '', 'utf-16be'],
    ['UTF-16 LE', utf16('größer und kleiner', 'le'), '', 'utf-16le'],
    ['Chinese in UTF-16', utf16('知识平台。\n私人文件,搜索和问答。\n', 'le'), '', 'utf-16le'],
    ['windows-1252', latin('gr\xf6\xdfer, \x93quoted\x94, it\x92s \x80 5'), '', 'windows-1252'],
    ['a declared charset', latin('\xcf\xf0\xe8\xe2\xe5\xf2'), 'text/plain; charset=windows-1251', 'windows-1251'],
    ['a wrongly declared charset', bytesOf('größer'), 'text/plain; charset=iso-8859-1', 'utf-8'],
    ['Shift_JIS', Uint8Array.of(0x96, 0xbc, 0x91, 0x4f, 0x2c, 0x94, 0x4e, 0x97, 0xee, 0x0a), '', 'shift_jis'],
    ['GB18030', Uint8Array.of(0xd6, 0xd0, 0xce, 0xc4, 0xce, 0xc4, 0xb5, 0xb5, 0x0a), '', 'gb18030'],
  ])('tells %s', (_name, bytes, mediaType, encoding) => {
    expect(detectEncoding(bytes, { mediaType })).toBe(encoding);
  });

  it('cleans what no reader needs and keeps the rest', async () => {
    const bytes = utf16('\ufeffOne\0\u0007 \ud800two\r\nthre\u0065\u0301\r\rFour\u200b five', 'le');
    const { document } = await extract(bytes, 'a.txt');
    expect(document.blocks.map((block) => block.text)).toEqual(['One \ufffdtwo\nthreé', 'Four five']);
  });

  it('takes chapter lines for headings', async () => {
    const { document } = await extract(bytesOf('BOOK ONE: 1805\n\nCHAPTER I\n\nPart of the way he walked.\n'), 'a.txt');
    expect(document.blocks.map((block) => [block.type, block.level])).toEqual([
      ['heading', 1],
      ['heading', 2],
      ['paragraph', undefined],
    ]);
  });
});

describe('Markdown', () => {
  it('reads front matter, structure and inline markup', async () => {
    const source = [
      '---\ntitle: "My notes"\nauthor: Ada\ndate: 2024-05-06\ntags: [a, b]\n---',
      '# One *two* `three`\n\nSee [the page](https://example.org/x) &amp; <b>more</b>.\nHard<br>break',
      '1. first\n2. second\n   - [x] nested\n\n> quoted\n\n```ts\nconst a = 1;\n\nconst b = 2;\n```',
      '| a | b |\n|---|---|\n| 1 | **2** |',
    ].join('\n\n');
    const { document } = await extract(bytesOf(source), 'a.md');
    expect(document.title).toBe('My notes');
    expect(document.metadata).toEqual({
      encoding: 'utf-8',
      author: 'Ada',
      createdAt: '2024-05-06T00:00:00.000Z',
      tags: ['a', 'b'],
      links: ['https://example.org/x'],
    });
    expect(document.blocks).toEqual([
      { type: 'heading', level: 1, text: 'One two three' },
      { type: 'paragraph', text: 'See the page & more.\nHard\nbreak' },
      { type: 'list-item', text: '1. first' },
      { type: 'list-item', text: '2. second' },
      { type: 'list-item', text: '[x] nested' },
      { type: 'quote', text: 'quoted' },
      { type: 'code', text: 'const a = 1;\n\nconst b = 2;' },
      { type: 'table', text: 'a\tb\n1\t2' },
    ]);
  });

  it.each<[string, string, Record<string, unknown>, string]>([
    [
      'keys in any writing, lists over lines, values over lines',
      '---\ntitle: Reise\n日付: 2024-01-01\n"my key": x\ntags: [\n  eins,\n  "zwei"\n]\ndescription: >\n  folded\n  text\nauthor:\n  name: Ada\n---\nBody',
      { title: 'Reise', metadata: { tags: ['eins', 'zwei'], description: 'folded text', author: 'Ada' } },
      '日付: 2024-01-01 my key: x Body',
    ],
    [
      'TOML, as Hugo has it',
      '+++\ntitle = "Log"\ntags = ["a"]\n[params]\nproject = "Apollo"\n+++\nBody',
      { title: 'Log', metadata: { tags: ['a'] } },
      'project: Apollo Body',
    ],
  ])('reads front matter of %s, and keeps what people named themselves', async (_name, source, facts, text) => {
    const extraction = await extract(bytesOf(source), 'a.md');
    expect(extraction.document).toMatchObject(facts);
    expect(textOf(extraction)).toBe(text);
  });

  it.each([
    ['10,000 headings', Array.from({ length: 10_000 }, (_, i) => `## H${i}\n\ntext ${i}`).join('\n\n'), 20_000],
    ['brackets that never close', '['.repeat(40_000), 1],
    ['asterisks that never close', '*a '.repeat(15_000), 1],
    ['emphasis that never closes', '_a_b '.repeat(20_000), 1],
    ['a table of 20,000 columns', `${'|a'.repeat(20_000)}\n${'|-'.repeat(20_000)}\n${'|b\n'.repeat(5000)}`, 1],
    ['quotes nested 10,000 deep', `${'> '.repeat(10_000)}deep`, 1],
    ['lists nested 2,000 deep', Array.from({ length: 2000 }, (_, i) => `${'  '.repeat(i)}- item`).join('\n'), 1],
  ])('reads %s in bounded time', { timeout: 10_000 }, async (_name, source, atLeast) => {
    const { document } = await extract(bytesOf(source), 'a.md');
    expect(document.blocks.length).toBeGreaterThanOrEqual(atLeast);
  });
});

describe('HTML', () => {
  it('reads structure, leaves out scripts and navigation, runs nothing', async () => {
    const page = `<!doctype html><html lang="de"><head><title>Seite</title><meta name="author" content="Ada"><link rel="canonical" href="https://example.org/">
      <script>globalThis.hacked = true; document.write('x')</script><style>p { color: red }</style></head><body onload="globalThis.hacked = true">
      <nav>Menu</nav><h2>Kopf<span>&nbsp;zeile</span></h2><p>Eins<br>zwei &lt;3 <img src=x onerror="globalThis.hacked=true"></p><p hidden>weg</p>
      <ol start="3"><li>drei<ul><li>innen</li></ul></li><li><p>vier</p></li></ol><blockquote><p>Zitat</p></blockquote><pre>a
  b</pre><table><caption>T</caption><tr><th>x</th><th>y</th></tr><tr><td>1<br>2</td><td></td></tr></table></body></html>`;
    const { document } = await extract(bytesOf(page), 'a.html');
    expect(document).toMatchObject({
      title: 'Seite',
      metadata: { author: 'Ada', language: 'de', canonicalUrl: 'https://example.org/' },
    });
    expect(document.blocks.map((block) => block.text.replace('\u00a0', ' '))).toEqual([
      'Kopf zeile',
      'Eins\nzwei <3',
      '3. drei',
      'innen',
      '4. vier',
      'Zitat',
      'a\n  b',
      'T',
      'x\ty\n1 2',
    ]);
    expect(Reflect.get(globalThis, 'hacked')).toBeUndefined();
  });

  it.each([
    ['a comment that is none, in a script', '<script>var a = "<!--";</script><p>Kept.</p><!-- end -->'],
    ['a script that is none, in a comment', '<!-- <script> --><p>Kept.</p><script>x</script>'],
    ['a drawing without content', '<svg class="icon"/><p>Kept.</p>'],
    ['elements of names that begin alike', '<style-guide><p>Kept.</p></style-guide>'],
    ['an empty comment', '<!--><p>Kept.</p><!-- x -->'],
    ['a comment that ends in a bang', '<!-- x --!><p>Kept.</p><!-- y -->'],
  ])('is not lost behind %s', async (_name, html) => {
    expect(textOf(await extract(bytesOf(`<html><body>${html}</body></html>`), 'a.html'))).toBe('Kept.');
  });

  it('reads what is nested 50,000 deep', { timeout: 20_000 }, async () => {
    const page = `<!doctype html><html><body>${'<div>'.repeat(50_000)}deep down${'</div>'.repeat(50_000)}</body></html>`;
    expect(textOf(await extract(bytesOf(page)))).toBe('deep down');
  });

  it('reads a page too large for a tree line by line', { timeout: 20_000 }, async () => {
    const rows = Array.from({ length: 60_000 }, (_, i) => `<tr><td>row ${i}</td><td>b</td></tr>`).join('\n');
    const { document } = await extract(
      bytesOf(`<html><head><title>Data</title></head><body><h2>Rows</h2><table>${rows}</table>`),
    );
    expect(document.title).toBe('Data');
    expect(document.blocks.slice(0, 2)).toEqual([
      { type: 'heading', level: 2, text: 'Rows' },
      { type: 'paragraph', text: 'row 0\tb' },
    ]);
    expect(document.blocks).toHaveLength(60_001);
  });

  it('reads tables that only arrange the page', async () => {
    const page = '<table><tr><td>left</td><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>';
    const { document } = await extract(bytesOf(page), 'a.html');
    expect(document.blocks.map((block) => `${block.type}: ${block.text}`)).toEqual(['paragraph: left', 'table: a\tb']);
  });
});

describe('Word', () => {
  it('reads headings by outline level, page headers and properties', async () => {
    const bytes = docx(paragraph('Kapitel &amp; Vers', 'Kapitel') + paragraph('Text'), {
      'word/styles.xml':
        '<w:styles WORD><w:style w:type="paragraph" w:styleId="Kapitel"><w:name w:val="Mein Kapitel"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style></w:styles>',
      'word/header1.xml': `<w:hdr WORD>${paragraph('Streng geheim')}${paragraph('12')}</w:hdr>`,
      'docProps/core.xml':
        '<x><dc:title>Titel</dc:title><dc:creator>Ada</dc:creator><dcterms:created xsi:type="a">2024-01-02T03:04:05Z</dcterms:created></x>',
    });
    const { document } = await extract(bytes);
    expect(document).toEqual({
      title: 'Titel',
      metadata: { author: 'Ada', createdAt: '2024-01-02T03:04:05.000Z' },
      blocks: [
        { type: 'heading', level: 2, text: 'Kapitel & Vers' },
        { type: 'paragraph', text: 'Text' },
        { type: 'paragraph', text: 'Streng geheim' },
      ],
    });
  });

  it.each<[string, () => Uint8Array, string]>([
    ['a truncated file', () => docx(paragraph('Hello')).slice(0, -200), 'malformed'],
    [
      'a part that unpacks to hundreds of times its size',
      () => docx('', { 'word/media.bin': ' '.repeat(30_000_000) }),
      'too_large',
    ],
    ['a part that is larger than it says', lyingZip, 'malformed'],
    ['a part outside of the archive', () => docx('', { '../../evil.xml': 'x' }), 'malformed'],
    ['XML that nests without end', () => docx('<w:p>'.repeat(100_000)), 'malformed'],
    [
      'entities that multiply',
      () =>
        docx(paragraph('&b;'), {
          'word/styles.xml': `<!DOCTYPE x [<!ENTITY a "${'x'.repeat(1000)}"><!ENTITY b "${'&a;'.repeat(1000)}">]><w:styles WORD>&b;</w:styles>`,
        }),
      'malformed',
    ],
  ])('refuses %s', { timeout: 20_000 }, async (_name, make, reason) => {
    expect(await reasonOf(extract(make()))).toBe(reason);
  });

  /** Its directory declares a tenth of what the document's part unpacks to. */
  function lyingZip(): Uint8Array {
    const bytes = docx(paragraph('Hello '.repeat(1000)));
    const view = new DataView(bytes.buffer);
    for (let at = 0; at + 4 < bytes.length; at++) {
      if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 24, view.getUint32(at + 24, true) / 10, true);
    }
    return bytes;
  }
});
