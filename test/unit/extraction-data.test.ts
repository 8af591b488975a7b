import { describe, expect, it } from 'vitest';
import { bytesOf, extract, reasonOf, utf16 } from './extraction.fixtures.ts';
import { notebook } from './extraction-texts.fixtures.ts';

const read = (source: string, filename = 'a') => extract(bytesOf(source), filename);
const textsOf = async (source: string, filename = 'a') =>
  (await read(source, filename)).document.blocks.map(({ text }) => text);

describe('JSON', () => {
  it('says names and values, under the names that lead to them', async () => {
    const source = {
      title: 'Shop',
      open: true,
      closed: null,
      address: { city: 'Köln', geo: { lat: 50.9 } },
      people: [
        { name: 'Ada', tags: ['a', 'b'], job: { title: 'Lead' } },
        { name: 'Bob', pets: [{ name: 'Rex' }, { name: 'Tom' }] },
      ],
      vector: Array.from({ length: 60 }, (_, i) => i),
      picture: `data:image/png;base64,${'QUJD'.repeat(300)}`,
    };
    const { kind, document } = await read(JSON.stringify(source));
    expect(kind).toBe('json');
    expect(document.title).toBe('Shop');
    expect(document.blocks).toEqual([
      {
        type: 'paragraph',
        text: expect.stringMatching(/^title: Shop\nopen: true\nvector: 0, 1, .*, 49 … \(60 numbers\)$/),
      },
      { type: 'paragraph', text: 'city: Köln', path: ['address'] },
      { type: 'paragraph', text: 'lat: 50.9', path: ['address', 'geo'] },
      { type: 'paragraph', text: 'name: Ada\ntags: a, b\njob.title: Lead', path: ['people'] },
      { type: 'paragraph', text: 'name: Bob\npets.name: Rex\npets.name: Tom', path: ['people'] },
    ]);
  });

  it('by line gives its records, and counts those that are broken', async () => {
    const { kind, document } = await read('{"a":1}\n\n{"a":"two"}\n[3]\n{"a":\n', 'a.jsonl');
    expect(kind).toBe('json');
    expect(document.metadata).toEqual({ encoding: 'utf-8', records: 3, unreadableRecords: 1 });
    expect(document.blocks.map(({ text }) => text)).toEqual(['a: 1', 'a: two', '3']);
  });

  it.each<[string, string, string[]]>([
    [
      'comments and commas too many',
      '// Settings\n{\n  "a": "b // c", /* d */\n  "e": [1, 2,],\n}\n',
      ['a: b // c\ne: 1, 2'],
    ],
    ['escapes', '{"a\\u00e9\\n": "\\ud83d\\ude00 \\ud800 \\\\"}', ['aé: 😀 \ufffd \\']],
    ['names of objects', '{"__proto__": {"x": 1}, "constructor": 2}', ['constructor: 2', 'x: 1']],
  ])('with %s is read', async (_name, source, texts) => {
    expect(await textsOf(source)).toEqual(texts);
  });

  it.each<[string, string, string]>([
    ['nothing to say', '{"a":{},"b":[]}', 'no_text'],
    ['an end that is missing', '{"a": [{"b": "some text"}, {"c":', 'malformed'],
    ['lines of which most are broken', `{"a":1}\n{"a":2}\n${'{"a\n'.repeat(9)}`, 'malformed'],
    ['nesting without end', `{"a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`, 'too_large'],
    ['objects nested without end', '{"a":'.repeat(500_000), 'too_large'],
    ['a million values', `[[1],${'0,'.repeat(1_000_001)}0]`, 'too_large'],
    [
      'names that make it longer than it is',
      `${`{"${'k'.repeat(99)}":`.repeat(5)}[${'{"v":1},'.repeat(110_000)}{}]}}}}}`,
      'too_large',
    ],
  ])('with %s ends as it must', { timeout: 10_000 }, async (_name, source, reason) => {
    expect(await reasonOf(read(source, 'a.json'))).toBe(reason);
  });

  it.each<[string, string]>([
    ['a list of links', '[1] http://example.org\n[2] http://example.net\n'],
    ['words in brackets', '{"quoted" words, no data}\n'],
    ['text that only begins like it', '{"a": 1, and so on.\n'],
    ['a template', '{{ title }}\n\nHello {name}.\n'],
  ])('is not what %s is', async (_name, source) => {
    expect((await read(source, 'a.txt')).kind).toBe('text');
  });

  it('does not become thousands of passages by the names of its records', async () => {
    const records = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`id-${i}`, { name: `n${i}` }]));
    const { document } = await read(JSON.stringify({ records }));
    expect(document.blocks).toHaveLength(5000);
    expect(new Set(document.blocks.map(({ path }) => path?.join('/'))).size).toBeLessThanOrEqual(1001);
  });
});

describe('notebooks', () => {
  const output = (fields: object) => ({ output_type: 'stream', ...fields });

  it('give text, code, and the beginning of what was printed', async () => {
    const { kind, document } = await read(
      notebook(
        [
          { cell_type: 'markdown', metadata: {}, source: ['# Analysis\n', '\n', 'Some *words*.'] },
          {
            cell_type: 'code',
            source: 'plot(x)\nprint("y")',
            outputs: [
              output({ text: ['y\n'] }),
              output({
                output_type: 'display_data',
                data: { 'image/png': 'iVBOR'.repeat(1000), 'text/plain': ['<Figure size 640x480>'] },
              }),
              output({ output_type: 'execute_result', data: { 'text/plain': 'a  b\n1  2', 'text/html': '<table>' } }),
              output({
                output_type: 'error',
                ename: 'ValueError',
                evalue: '\u001b[31mno\u001b[0m',
                traceback: ['long'],
              }),
              output({ text: 'log line\n'.repeat(10_000) }),
            ],
          },
          { cell_type: 'raw', source: 'As it is.' },
        ],
        { language_info: { name: 'python' }, kernelspec: { display_name: 'Python 3' }, authors: [{ name: 'Ada' }] },
      ),
      'b.ipynb',
    );
    expect(kind).toBe('notebook');
    expect(document.title).toBe('Analysis');
    expect(document.metadata).toEqual({ author: 'Ada', programmingLanguage: 'python', kernel: 'Python 3', cells: 3 });
    expect(document.blocks.map(({ type, text }) => [type, text.slice(0, 40)])).toEqual([
      ['heading', 'Analysis'],
      ['paragraph', 'Some words.'],
      ['code', 'plot(x)\nprint("y")'],
      ['code', 'y'],
      ['code', 'a  b\n1  2'],
      ['code', 'ValueError: no'],
      ['code', 'log line\n'.repeat(5).slice(0, 40)],
      ['paragraph', 'As it is.'],
    ]);
    expect(document.blocks[6]?.text).toHaveLength(2001);
  });

  it('of the older form are read', async () => {
    const source = JSON.stringify({
      metadata: { name: 'Old one' },
      nbformat: 3,
      worksheets: [
        {
          cells: [
            { cell_type: 'heading', level: 2, source: 'Part' },
            {
              cell_type: 'code',
              input: ['print 1'],
              language: 'python',
              outputs: [{ output_type: 'pyout', text: ['1'] }],
            },
          ],
        },
      ],
    });
    const { kind, document } = await read(source);
    expect([kind, document.title, document.metadata['programmingLanguage']]).toEqual(['notebook', 'Old one', 'python']);
    expect(document.blocks.map(({ text }) => text)).toEqual(['Part', 'print 1', '1']);
  });

  it.each<[string, string, string]>([
    ['without cells', '{"metadata": {"a": 1}, "nbformat": 4}', 'malformed'],
    ['that ends in the middle', notebook([{ cell_type: 'markdown', source: 'Hello' }]).slice(0, -20), 'malformed'],
    ['whose cells are something else', '{"cells": [1, null, "x", {"cell_type": 5}], "nbformat": 4}', 'no_text'],
  ])('%s are refused', async (_name, source, reason) => {
    expect(await reasonOf(read(source, 'a.ipynb'))).toBe(reason);
  });
});

describe('subtitles', () => {
  const blocksOf = async (source: string, filename = 'a.srt') => (await read(source, filename)).document.blocks;

  it('give sentences with the time at which they are said', async () => {
    const source =
      '1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>This is one</i>\r\n\r\n2\r\n00:00:02,600 --> 00:00:04,000 X1:1\r\nsentence &amp; more.\r\n\r\n3\r\n00:00:05,0 --> 00:00:06,000\r\n{\\an8}Another\r\none\r\n4\r\n00:00:20,000 --> 00:00:21,000\r\nafter a pause\r\n\r\n5\r\n01:00:20,000 --> 01:00:21,000\r\n- Hello!\r\n';
    const { kind, document } = await read(source, 'film');
    expect(kind).toBe('subtitles');
    expect(document.metadata).toEqual({ encoding: 'utf-8', cues: 5, durationMs: 3_621_000 });
    expect(document.blocks).toEqual([
      { type: 'paragraph', text: 'This is one sentence & more.', time: { startMs: 1000, endMs: 4000 } },
      { type: 'paragraph', text: 'Another one', time: { startMs: 5000, endMs: 6000 } },
      { type: 'paragraph', text: 'after a pause', time: { startMs: 20_000, endMs: 21_000 } },
      { type: 'paragraph', text: '- Hello!', time: { startMs: 3_620_000, endMs: 3_621_000 } },
    ]);
  });

  it('of the web have speakers, notes, styles and cues that roll up', async () => {
    const source =
      'WEBVTT - A talk\nKind: captions\nLanguage: en-GB\n\nSTYLE\n::cue { color: red }\n\nNOTE\nnot said\n\nintro\n00:01.000 --> 00:02.000 line:0 align:start\n<v.loud Ada Lovelace>Hello <00:01.500><c>there.</c>\n\n00:02.000 --> 00:03.000\n<v Bob>Hi\n\n00:03.000 --> 00:04.000\n<v Bob>Hi\nand bye.\n';
    const { document } = await read(source);
    expect(document.title).toBe('A talk');
    expect(document.metadata).toEqual({ encoding: 'utf-8', language: 'en-GB', cues: 3, durationMs: 4000 });
    expect(document.blocks.map(({ text, time }) => [text, time?.startMs, time?.endMs])).toEqual([
      ['Ada Lovelace: Hello there.', 1000, 2000],
      ['Bob: Hi and bye.', 2000, 4000],
    ]);
  });

  it('are read in UTF-16, and with times that run backwards', async () => {
    const source = '1\n00:00:05,000 --> 00:00:01,000\nWho?\n';
    const { kind, document } = await extract(utf16(`\ufeff${source}`, 'le'), 'a.txt');
    expect(kind).toBe('subtitles');
    expect(document.blocks[0]?.time).toEqual({ startMs: 5000, endMs: 5000 });
  });

  it('without words, or with very many, end as they must', async () => {
    expect(await reasonOf(read('WEBVTT\n\n00:01.000 --> 00:02.000\n\n', 'a.vtt'))).toBe('no_text');
    const cue = (i: number) => `${i}\n00:00:01,000 --> 00:00:02,000\n${'-->'.repeat(20)} word ${i}\n\n`;
    const many = Array.from({ length: 10_000 }, (_, i) => cue(i)).join('');
    expect((await blocksOf(many)).length).toBeGreaterThan(200);
  });
});
