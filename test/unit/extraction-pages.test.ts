import { describe, expect, it } from 'vitest';
import { describePageLabels } from '../../src/modules/ingestion/extraction/pdf-labels.ts';
import { bytesOf, extract, pdf, reasonOf } from './extraction.fixtures.ts';

const CRLF = '\r\n';

/** A page saved in one file, as Chrome writes it. */
const mhtml = (html: string, head: string[] = []) =>
  [
    'From: <Saved by Blink>',
    'Snapshot-Content-Location: https://example.org/a?b=c',
    'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=',
    'Date: Tue, 7 May 2024 10:00:00 +0200',
    'MIME-Version: 1.0',
    'Content-Type: multipart/related;',
    '\ttype="text/html";',
    '\tboundary="----MultipartBoundary--abc----"',
    ...head,
    '',
    '',
    '------MultipartBoundary--abc----',
    'Content-Type: text/html',
    'Content-ID: <frame-1@mhtml.blink>',
    'Content-Transfer-Encoding: quoted-printable',
    'Content-Location: https://example.org/a?b=c',
    '',
    html,
    '------MultipartBoundary--abc----',
    'Content-Type: image/png',
    'Content-Transfer-Encoding: base64',
    'Content-Location: https://example.org/a.png',
    '',
    'iVBORw0KGgo=',
    '',
    '------MultipartBoundary--abc------',
    '',
  ].join(CRLF);

describe('saved pages', () => {
  it('of one file give the page, where it was and when it was saved', async () => {
    const source = mhtml(
      '<html><body><h1>Hallo W=C3=B6rld</h1><p>Ein langer Satz, der=\r\n umbrochen ist.</p></body></html>',
    );
    const { kind, document } = await extract(bytesOf(source), 'page.mht');
    expect(kind).toBe('html');
    expect(document.title).toBe('Hallo Wörld');
    expect(document.metadata).toEqual({
      encoding: 'utf-8',
      canonicalUrl: 'https://example.org/a?b=c',
      savedAt: '2024-05-07T08:00:00.000Z',
    });
    expect(document.blocks.map(({ text }) => text)).toEqual(['Hallo Wörld', 'Ein langer Satz, der umbrochen ist.']);
  });

  it('in the encoding that only the page names, in frames, or cut off are read as far as they go', async () => {
    const old = mhtml(
      '<html><head><meta http-equiv=3D"content-type" content=3D"text/html; charset=3Dkoi8-r"></head><body>=F0=D2=C9=D7=C5=D4',
    );
    const { document } = await extract(
      bytesOf(old.slice(0, old.indexOf('------MultipartBoundary--abc----\r\nContent-Type: image'))),
    );
    expect(document.blocks.map(({ text }) => text)).toEqual(['Привет']);
    const frame = 'Content-Type: text/html\r\n\r\n<p>In the frame</p>\r\n';
    const framed = mhtml('<frameset><frame></frameset>').replace(
      'Content-Type: image/png',
      `${frame}------MultipartBoundary--abc----\r\nContent-Type: image/png`,
    );
    expect((await extract(bytesOf(framed))).document.blocks.map(({ text }) => text)).toEqual(['In the frame']);
  });

  it('are told from mails, which somebody got', async () => {
    const source = mhtml('<p>Hello</p>').replace(
      /^Snapshot.*\r\n/m,
      'To: Ada <ada@example.org>\r\nMessage-ID: <1@example.org>\r\n',
    );
    const kind = await extract(bytesOf(source), 'a').then(
      (extraction) => extraction.kind,
      () => 'refused',
    );
    expect(kind).not.toBe('html');
  });

  it('without a page are refused', async () => {
    const empty = mhtml('').replace('Content-Type: text/html', 'Content-Type: text/css');
    expect(await reasonOf(extract(bytesOf(empty), 'a.mht'))).toBe('malformed');
  });

  it.each<[string, string, object]>([
    ['a browser', '<!-- saved from url=(0021)https://example.org/x -->', { canonicalUrl: 'https://example.org/x' }],
    [
      'SingleFile',
      '<!--\n Page saved with SingleFile \n url: https://example.org/y \n saved date: Tue May 07 2024 10:00:00 GMT+0200 (CEST)\n-->',
      { canonicalUrl: 'https://example.org/y', savedAt: '2024-05-07T08:00:00.000Z' },
    ],
  ])('by %s keep the address that it notes', async (_name, note, facts) => {
    const { document } = await extract(bytesOf(`<!doctype html>\n${note}\n<html><body><p>Hello</p></body></html>`));
    expect(document.metadata).toEqual({ encoding: 'utf-8', ...facts });
  });

  it('with megabytes of pictures in them are read like those without', { timeout: 20_000 }, async () => {
    const picture = `<img src="data:image/png;base64,${'QUJD'.repeat(1_500_000)}">`;
    const page = `<!doctype html><html><body><h2>Kopf</h2>${picture}<ol><li>eins</li></ol></body></html>`;
    const { document } = await extract(bytesOf(page), 'a.html');
    expect(document.blocks.map(({ type, text }) => [type, text])).toEqual([
      ['heading', 'Kopf'],
      ['list-item', '1. eins'],
    ]);
  });

  it('in XHTML are not lost behind empty elements', async () => {
    const page =
      '<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x"><html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="a.js"/></head><body><a id="b"/><p>Still here &amp; <![CDATA[a < b]]></p></body></html>';
    const { document } = await extract(bytesOf(page), 'a.xhtml');
    expect(document.blocks.map(({ text }) => text)).toEqual(['Still here & a < b']);
  });
});

describe('the outline of a PDF', () => {
  const body = (k: number) =>
    `Running text of page ${k}, long enough to be a paragraph.\nIt goes on for one more line here.`;
  /** Chapters on pages 1 and 3; the second in the lower part of its page. */
  const outlined = () =>
    pdf([1, 2, 3, 4].map(body), {
      catalog: '/Outlines 50 0 R /PageLabels <</Nums [0 <</S /r>> 2 <</S /D>>]>>',
      info: '/Title (A report.docx) /Author (Ada) /CreationDate (D:20240102030405Z)',
      objects: {
        50: '<</First 51 0 R /Last 52 0 R /Count 2>>',
        51: '<</Title (Chapter one) /Parent 50 0 R /Next 52 0 R /Dest [4 0 R /Fit] /First 53 0 R /Last 53 0 R /Count 1>>',
        52: '<</Title (Chapter two) /Parent 50 0 R /Prev 51 0 R /Dest [8 0 R /XYZ 0 200 0]>>',
        53: '<</Title (A section) /Parent 51 0 R /Dest [6 0 R /XYZ 0 780 0]>>',
      },
    });

  it('names what stands below its entries, and is listed with the labels of the pages', async () => {
    const { document } = await extract(outlined());
    expect(document.title).toBeUndefined();
    expect(document.metadata).toEqual({
      author: 'Ada',
      createdAt: '2024-01-02T03:04:05.000Z',
      outline: ['Chapter one … 1', 'A section … 2', 'Chapter two … 3'],
      pageLabels: ['1–2: i–ii', '3–4: 1–2'],
    });
    expect(document.blocks.map(({ page, path }) => [page, path])).toEqual([
      [1, ['Chapter one']],
      [2, ['Chapter one', 'A section']],
      [3, ['Chapter one', 'A section']],
      [4, ['Chapter two']],
    ]);
  });

  it('that runs in a circle or leads nowhere does no harm', async () => {
    const bytes = pdf(['Hello'], {
      catalog: '/Outlines 50 0 R',
      objects: {
        50: '<</First 51 0 R /Last 51 0 R>>',
        51: '<</Title (Round) /Next 51 0 R /First 50 0 R /Dest (nowhere)>>',
      },
    });
    const { document } = await extract(bytes);
    expect(document.blocks).toEqual([{ type: 'paragraph', text: 'Hello', page: 1 }]);
  });

  it.each<[string, string[] | null, string[]]>([
    ['none', null, []],
    ['plain numbers', ['1', '2', '3'], []],
    [
      'Roman numbers, then others, then an appendix',
      ['iii', 'iv', 'v', '1', '2', 'A-9', 'A-10', ''],
      ['1–3: iii–v', '4–5: 1–2', '6–7: A-9–A-10'],
    ],
    ['no order at all', Array.from({ length: 200 }, (_, i) => `x${i * 7}y`), []],
  ])('page labels: %s', (_name, labels, runs) => {
    expect(describePageLabels(labels)).toEqual(runs);
  });
});
