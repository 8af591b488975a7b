import { describe, expect, it } from 'vitest';
import { newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { uploaded } from './support/library.ts';
import { search } from './support/sample-library.ts';
import { encodeAs, SENTENCES, WRITTEN_IN } from './unit/extraction-encodings.fixtures.ts';
import { epub, notebook } from './unit/extraction-texts.fixtures.ts';

const BOOK = epub({
  chapters: {
    'a.xhtml': `<h1>At sea</h1><p>${'The lighthouse was dark. '.repeat(12)}</p>`,
    'b.xhtml': '<p>Nobody saw the kingfisher.</p>',
  },
  spine: ['a.xhtml', 'b.xhtml'],
  labels: { 'a.xhtml': 'At sea', 'b.xhtml': 'On land' },
});
const CODE =
  'import { a } from "./a.ts";\n\nexport class Harbour {\n  /** Drops it. */\n  lowerAnchor(depth: number) {\n    return a(depth);\n  }\n}\n';
const MHTML =
  'From: <Saved by Blink>\r\nSnapshot-Content-Location: https://example.org/\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<h2>News</h2><p>The caf=C3=A9 reopened.</p>\r\n--b--\r\n';

describe('texts of many kinds', () => {
  it('are found by what they say, under the chapter, symbol or name that leads there', async () => {
    const { token } = await newUser();
    const files = [
      {
        content: String.raw`{\rtf1\ansi{\stylesheet{\s1\outlinelevel0 h;}}\pard\s1 Brief\par\pard Das Fr\'fchst\'fcck war gut.\par}`,
        filename: 'letter.doc',
        kind: 'rtf',
        query: 'frühstück',
        headings: ['Brief'],
      },
      { content: BOOK, filename: 'novel.epub', kind: 'epub', query: 'kingfisher', headings: ['On land'] },
      {
        content: notebook([
          { cell_type: 'markdown', source: '# Data' },
          { cell_type: 'code', source: 'scatter(whales)', outputs: [] },
        ]),
        filename: 'a.ipynb',
        kind: 'notebook',
        query: 'whales',
        headings: ['Data'],
      },
      {
        content: '{"crew":{"captain":{"name":"Nemo"}}}',
        filename: 'a.json',
        kind: 'json',
        query: 'nemo',
        headings: ['crew', 'captain'],
      },
      {
        content: CODE,
        filename: 'harbour.ts',
        kind: 'code',
        query: 'drops',
        headings: ['export class Harbour {', 'lowerAnchor(depth: number) {'],
      },
      {
        content: 'WEBVTT\n\n00:01.000 --> 00:02.500\nThe albatross\n\n00:02.600 --> 00:04.000\nis back.\n',
        filename: 'talk.vtt',
        kind: 'subtitles',
        query: 'albatross',
        headings: [],
      },
      { content: MHTML, filename: 'page.mht', kind: 'html', query: 'café', headings: ['News'] },
      {
        content: encodeAs(SENTENCES['ru'] ?? '', 'koi8-r'),
        filename: 'a.txt',
        kind: 'text',
        query: 'достоинстве',
        headings: [],
      },
    ];
    for (const { content, filename, kind, query, headings } of files) {
      const { document, job } = await uploaded({ token, content, filename });
      expect(job.status, filename).toBe('succeeded');
      expect(document).toMatchObject({ status: 'ready', kind });
      const { body } = await search(token, `q=${encodeURIComponent(query)}&mode=keyword`);
      expect(body.items, filename).toHaveLength(1);
      expect(body.items[0]).toMatchObject({ documentId: document.id, headings });
    }
    const { body } = await search(token, 'q=lowerAnchor&mode=keyword');
    expect(body.items[0]?.headings.at(-1)).toBe('lowerAnchor(depth: number) {');
  });

  it('are decoded by the runtime in every encoding that is told', () => {
    for (const [encoding, languages] of Object.entries(WRITTEN_IN)) {
      const sentence = SENTENCES[languages[0] ?? ''] ?? '';
      expect(new TextDecoder(encoding).decode(encodeAs(sentence, encoding)), encoding).toHaveLength(sentence.length);
    }
  });

  it('that are protected or cut off fail with a sentence that says what to do', async () => {
    const { token } = await newUser();
    const cut = await uploaded({ token, content: String.raw`{\rtf1{\fonttbl{\f0 A;}}{\b Hello`, filename: 'a.rtf' });
    expect(cut.job).toMatchObject({
      status: 'failed',
      error: { code: 'malformed', message: expect.stringContaining('ends in the middle') },
    });
    const { body: kinds } = await call('/v1/documents?kind=rtf', { token });
    expect(kinds.items).toEqual([]);
  });
});
