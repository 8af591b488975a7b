import { describe, expect, it } from 'vitest';
import { newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { uploaded } from './support/library.ts';
import { search } from './support/sample-library.ts';
import {
  odsRow,
  odsSheet,
  openDocument,
  pptx,
  rels,
  shape,
  sheetRows,
  slide,
  xlsx,
} from './unit/extraction-office.fixtures.ts';

describe('office files', () => {
  it('are found by what stands on a slide, in its notes, in a cell, with the slide or sheet as page', async () => {
    const { token } = await newUser();
    const workbook = xlsx({
      Staff: sheetRows([
        ['Name', 'Town'],
        ['Ada', 'Visby'],
      ]),
      Budget: sheetRows([
        ['Item', 'Sum'],
        ['Telescope', 1250],
      ]),
    });
    const show = pptx([shape('Opening', 'title'), shape('Herons', 'title') + shape('They wade.', 'body')], {
      'ppt/slides/_rels/slide2.xml.rels': rels(['notesSlide', '../notesSlides/notesSlide1.xml']),
      'ppt/notesSlides/notesSlide1.xml': slide(shape('Mention the estuary.', 'body'), 'p:notes'),
    });
    const ods = openDocument('spreadsheet', odsSheet('Garden', odsRow('Plant', 'Bed') + odsRow('Rhubarb', 'north')));
    const files = [
      { content: workbook, filename: 'numbers.bin', kind: 'xlsx', pages: 2, query: 'telescope', page: 2 },
      { content: show, filename: 'talk.pptx', kind: 'pptx', pages: 2, query: 'estuary', page: 2 },
      { content: ods, filename: 'garden.ods', kind: 'ods', pages: 1, query: 'rhubarb', page: 1 },
      {
        content: 'sep=;\nbird;ring\ndunlin;0815\n',
        filename: 'rings.csv',
        kind: 'csv',
        pages: null,
        query: 'dunlin',
        page: null,
      },
    ];
    for (const { content, filename, kind, pages, query, page } of files) {
      const { document, job } = await uploaded({ token, content, filename });
      expect(job.status, filename).toBe('succeeded');
      expect(document).toMatchObject({ status: 'ready', kind, pageCount: pages });
      const { body } = await search(token, `q=${query}&mode=keyword`);
      expect(body.items).toHaveLength(1);
      expect(body.items[0]).toMatchObject({ documentId: document.id, page });
    }
    const { body: list } = await call('/v1/documents?kind=csv', { token });
    expect(list.items[0]?.extractedMetadata).toMatchObject({
      delimiter: 'semicolon',
      columns: ['bird (text)', 'ring (text)'],
    });
    // The name of a sheet leads to what stands on it.
    const { body } = await search(token, 'q=budget&mode=keyword');
    expect(body.items[0]).toMatchObject({ page: 2 });
    expect(body.items[0].snippet).toContain('Telescope');
  });

  it('of old kinds and with passwords fail with a sentence that says what to do', async () => {
    const { token } = await newUser();
    const compound = (stream: string) => {
      const name = Array.from(stream, (character) => [character.charCodeAt(0), 0]).flat();
      return Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, ...new Array(504).fill(0), ...name);
    };
    const old = await uploaded({ token, content: compound('Workbook'), filename: 'old.xls' });
    expect(old.document.status).toBe('failed');
    expect(old.job).toMatchObject({
      status: 'failed',
      error: { code: 'unsupported_format', message: expect.stringContaining('save it as .xlsx') },
    });
    const locked = await uploaded({ token, content: compound('EncryptedPackage'), filename: 'locked.xlsx' });
    expect(locked.job).toMatchObject({ status: 'failed', error: { code: 'encrypted' } });
  });
});
