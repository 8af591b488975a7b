import { describe, expect, it } from 'vitest';
import { MAX_BLOCKS, MAX_EXTRACTED_CHARACTERS } from '../../src/modules/ingestion/extraction/blocks.ts';
import { ExtractionError } from '../../src/modules/ingestion/extraction/extractor.ts';
import { bytesOf, extract, mutate, seeded } from './extraction.fixtures.ts';
import { encodeAs, SENTENCES, utf32 } from './extraction-encodings.fixtures.ts';
import { epub, notebook } from './extraction-texts.fixtures.ts';

const RTF = String.raw`{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset204 A;}}{\stylesheet{\s1\outlinelevel0 h;}}{\info{\title T}{\creatim\yr2024\mo1}}
{\header\pard H\par}\pard\s1 One\par\pard Gr\'f6\u8217?{\*\x y}{\footnote N}{\f0\'cf}\par{\listtext 1.\tab}I\par\trowd\cellx1\intbl A\cell B\cell\row{\pict\bin4 abcd 00ff}}`;
const MHTML =
  'Snapshot-Content-Location: https://example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>Hello=20you</p>\r\n--b--\r\n';

/** A small file of each format, with something in it of all that its reader knows. */
const ORIGINALS: [filename: string, bytes: Uint8Array][] = [
  ['a.rtf', bytesOf(RTF)],
  [
    'a.epub',
    epub({
      chapters: { 'a.html': '<h1>A</h1><p>B</p>', 'b.html': '<p>C</p>' },
      spine: ['a.html', 'b.html'],
      labels: { 'b.html': 'L' },
    }),
  ],
  [
    'a.ipynb',
    bytesOf(
      notebook([
        { cell_type: 'markdown', source: ['# A'] },
        { cell_type: 'code', source: 'a', outputs: [{ text: 'b' }] },
      ]),
    ),
  ],
  ['a.json', bytesOf('{"a":[{"b":"c\\u00e9","d":[1,2]},{"e":null}],"f":{"g":true}} // h')],
  ['a.jsonl', bytesOf('{"a":1}\n{"b":[2]}\n'.repeat(5))],
  ['a.srt', bytesOf('1\n00:00:01,000 --> 00:00:02,000\n<i>One</i>\n\n2\n00:00:03,000 --> 00:00:04,000\ntwo.\n')],
  ['a.vtt', bytesOf('WEBVTT\n\nNOTE x\n\n00:01.000 --> 00:02.000\n<v A>Hi &amp; bye\n')],
  ['a.mht', bytesOf(MHTML)],
  ['a.ts', bytesOf('/** A */\nexport class A {\n  b() {\n    return `c`;\n  }\n}\nfunction d() {}\n')],
  ['a.sql', bytesOf('CREATE TABLE a (b);\nCREATE FUNCTION c() AS $$ BEGIN; END $$;\n')],
  ['a.css', bytesOf('/* a */ b { c: d; }\n@media (x) {\n  e { f: g }\n}\n')],
  ['a.txt', encodeAs(SENTENCES['ja'] ?? '', 'shift_jis')],
  ['a.txt', encodeAs(SENTENCES['ru'] ?? '', 'koi8-r')],
  ['a.txt', utf32(SENTENCES['zh'] ?? '', 'le')],
];

/** Extracts, and fails unless it ends in a document within bounds or in an ExtractionError. */
async function endsWell(bytes: Uint8Array, filename: string): Promise<void> {
  const outcome = await extract(bytes, filename).catch((error: unknown) => error);
  if (outcome instanceof ExtractionError) return;
  if (!(outcome instanceof Object) || !('document' in outcome)) throw new Error(`${filename}: ${String(outcome)}`);
  const { document } = await extract(bytes, filename);
  expect(document.blocks.length).toBeLessThanOrEqual(MAX_BLOCKS);
  expect(document.blocks.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(MAX_EXTRACTED_CHARACTERS);
  for (const { text, path = [] } of document.blocks) {
    for (const part of [text, ...path, document.title ?? 'a']) {
      if (part === '' || !part.isWellFormed() || /[^\P{Cc}\t\n]/u.test(part))
        throw new Error(`${filename}: ${JSON.stringify(part)}`);
    }
  }
}

describe('damaged texts', { timeout: 60_000 }, () => {
  it.each(ORIGINALS)('%s is read or refused, cut off at any byte', async (filename, bytes) => {
    for (let end = 1; end < bytes.length; end += Math.max(1, Math.floor(bytes.length / 60))) {
      await endsWell(bytes.subarray(0, end), filename);
    }
  });

  it.each(ORIGINALS)('%s is read or refused, whatever is changed in it', async (filename, bytes) => {
    const random = seeded(filename.length * 1000 + bytes.length);
    for (let i = 0; i < 30; i++) {
      const changed = mutate(i % 5 === 0 ? new Uint8Array([...bytes, ...bytes]) : bytes, random);
      await endsWell(changed, i % 3 === 0 ? 'file' : filename);
    }
  });

  it('random words of each format are read or refused', async () => {
    const words = [
      '{\\rtf1 ',
      '{',
      '}',
      '\\',
      "\\'",
      '\\u',
      '-1',
      '\\bin',
      '99999',
      '\\*',
      '\\par ',
      '\\cell ',
      '\\row ',
      '\\trowd ',
      '\\upr',
      '\\ud',
      '\\pict ',
      '\\info ',
      '\\yr',
      '\0',
      '\ud800',
      '\u200b',
      '"',
      '[',
      ']',
      ':',
      ',',
      '//',
      '/*',
      '"cells":',
      '"cell_type":',
      '-->',
      '00:00:01,000',
      '\n',
      '\n\n',
      'WEBVTT',
      'class A {',
      'function f(',
      'end',
      'def a():',
      '`',
      '$$',
      'BEGIN',
      ';',
      'é',
      'a',
    ];
    const random = seeded(11);
    const starts: [string, string][] = [
      ['a.rtf', '{\\rtf1 '],
      ['a.json', '{"a":'],
      ['a.ipynb', '{"cells":['],
      ['a.srt', '1\n00:00:01,000 --> 00:00:02,000\n'],
      ['a.py', 'def a():\n'],
      ['a.ts', 'class A {\n'],
      ['a.sql', 'CREATE TABLE a (\n'],
      ['a.css', 'a {\n'],
    ];
    for (let i = 0; i < 400; i++) {
      const [filename, start] = starts[i % starts.length] ?? ['a', ''];
      const rest = Array.from({ length: 60 }, () => words[Math.floor(random() * words.length)] ?? '').join('');
      await endsWell(bytesOf(start + rest), filename);
    }
  });
});
