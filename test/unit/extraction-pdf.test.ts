import { describe, expect, it } from 'vitest';
import { inReadingOrder } from '../../src/modules/ingestion/extraction/pdf-columns.ts';
import { pdfDate } from '../../src/modules/ingestion/extraction/pdf-info.ts';
import { extract, normalise, pdf, reasonOf, textOf } from './extraction.fixtures.ts';

describe('PDF', () => {
  it('reads text by page, and lists', async () => {
    const { document } = await extract(
      pdf(['First page.\n- an item', '', 'Third page with a para-\ngraph of two lines.']),
    );
    expect(document.pageCount).toBe(3);
    expect(document.blocks).toEqual([
      { type: 'paragraph', text: 'First page.', page: 1 },
      { type: 'list-item', text: 'an item', page: 1 },
      { type: 'paragraph', text: 'Third page with a paragraph of two lines.', page: 3 },
    ]);
  });

  it('mends a damaged xref table', async () => {
    expect(textOf(await extract(pdf(['Still readable'], { xref: 'damaged' })))).toBe('Still readable');
  });

  it('refuses pages without any text or picture, and what is left of a truncated file', async () => {
    expect(await reasonOf(extract(pdf(['', ''])))).toBe('no_text');
    expect(await reasonOf(extract(pdf(['Hello']).slice(0, 120)))).toBe('malformed');
  });

  it('keeps scanned pages for text recognition, whether all are or some', async () => {
    const scan = await extract(pdf(['', ''], { picture: true }));
    expect(scan.document).toMatchObject({ wanted: ['ocr'], pageCount: 2, metadata: { pagesWithoutText: 2 } });
    expect(scan.document.measurements).toEqual({ scan: { pages: [1, 2] } });
    expect(textOf(scan)).toBe('Scanned PDF, 2 pages');
    const mixed = await extract(pdf(['A cover letter', ''], { picture: true }));
    expect(mixed.document).toMatchObject({ wanted: ['ocr'], metadata: { pagesWithoutText: 1 } });
    expect(textOf(mixed)).toBe('A cover letter');
    const text = await extract(pdf(['Words about /Subtype /Image in a text'], { picture: true }));
    expect(text.document.wanted).toBeUndefined();
  });

  it('reads columns painted line by line one after the other', () => {
    const line = (text: string, left: number, y: number) => ({
      text: `${text} is a line of running text`,
      left,
      right: left + 200,
      y,
      size: 10,
    });
    const ys = Array.from({ length: 12 }, (_, i) => 700 - 12 * i);
    const title = { ...line('title', 100, 740), right: 450 };
    const bottomUp = ys
      .toReversed()
      .flatMap((y, i) => [line(`right ${11 - i}`, 310, y), line(`left ${11 - i}`, 50, y)]);
    const order = inReadingOrder([...bottomUp, title]).map((segment) => segment.text.split(' is ')[0]);
    expect(order).toEqual(['title', ...ys.map((_, i) => `left ${i}`), ...ys.map((_, i) => `right ${i}`)]);
  });

  describe('lines that repeat', () => {
    const numbers = Array.from({ length: 30 }, (_, i) => i + 1);
    /** Five lines of body, none of them like another. */
    const body = (k: number) =>
      ['alpha', 'beta', 'gamma', 'delta', 'omega']
        .map((name) => `The ${name} of chapter ${k} is told here.`)
        .join('\n');
    const pagesOf = async (pages: string[]) => {
      const { document } = await extract(pdf(pages));
      return pages.map((_, i) =>
        normalise(
          document.blocks
            .filter((block) => block.page === i + 1)
            .map((block) => block.text)
            .join('\n'),
        ),
      );
    };

    it.each<[string, (k: number) => string]>([
      ['one line that differs in numbers', (k) => `Invoice ${k} for 2022: total ${k * 37} dollars`],
      ['three lines that differ in numbers', (k) => `Invoice ${k}\nfor 2022\ntotal ${k * 37} dollars`],
      ['a short record with equal values', (k) => `Name: number ${k}\nStatus: paid\nCountry: Germany`],
      ['a numbered form', (k) => `Invoice number\n${k}\nCustomer\nAda ${k}`],
      ['a value below its own first line', (k) => `Contract ${k}\nStatus: open\n${body(k)}`],
      ['the same line', () => 'Intentionally left blank'],
      ['a lone page number', (k) => `Page ${k} of 30`],
      ['numbers that do not follow the page', (k) => `${body(k)}\n${(k * k * 7) % 100}`],
      ['years', (k) => `${body(k)}\nFiscal year ${1990 + k}`],
      ['headers that alternate', (k) => `${k % 2 === 0 ? 'Status: open' : 'Status: closed'}\n${body(k)}`],
      ['a line now at the top, now at the bottom', (k) => (k % 2 ? `Approved\n${body(k)}` : `${body(k)}\nApproved`)],
    ])('keep all text of pages with %s', async (_name, page) => {
      const pages = numbers.map(page);
      expect(await pagesOf(pages)).toEqual(pages.map(normalise));
    });

    it.each<[string, (k: number) => string]>([
      ['at the top', (k) => `Annual report 2022\n${body(k)}`],
      ['at the bottom', (k) => `${body(k)}\nAnnual report 2022`],
    ])('stay once when they are equal %s of the pages', async (_name, page) => {
      const texts = await pagesOf(numbers.map(page));
      expect(texts).toEqual(numbers.map((k) => normalise(k === 1 ? page(k) : body(k))));
    });

    it.each<[string, (k: number) => string]>([
      ['Page 1 of 30', (k) => `Page ${k} of 30`],
      ['Seite 1 von 30', (k) => `Seite ${k} von 30`],
      ['- 1 -', (k) => `- ${k} -`],
      ['1 | P a g e', (k) => `${k} | P a g e`],
      ['1/30', (k) => `${k}/30`],
      ['numbers from 101', (k) => `${100 + k}`],
    ])('go when they are page numbers: %s', async (_name, number) => {
      expect(await pagesOf(numbers.map((k) => `${body(k)}\n${number(k)}`))).toEqual(
        numbers.map((k) => normalise(body(k))),
      );
      expect(await pagesOf(numbers.map((k) => `Slide ${k} of ours\n${number(k)}`))).toEqual(
        numbers.map((k) => `Slide ${k} of ours`),
      );
    });

    it('stay in documents of two pages', async () => {
      const pages = [1, 2].map((k) => `Annual report 2022\n${body(k)}\nPage ${k} of 2`);
      expect(await pagesOf(pages)).toEqual(pages.map(normalise));
    });
  });

  it('leaves the caller the bytes', async () => {
    const bytes = pdf(['Hello']);
    await extract(bytes);
    expect(bytes.length).toBeGreaterThan(100);
  });

  it.each([
    ["D:20240103093826+01'00'", '2024-01-03T08:38:26.000Z'],
    ['D:2024', '2024-01-01T00:00:00.000Z'],
    ['yesterday', undefined],
  ])('reads the date %s', (text, date) => {
    expect(pdfDate(text)).toBe(date);
  });
});

describe('what people wrote onto a PDF', () => {
  const notes = {
    50: '<</Type/Annot/Subtype/Widget/FT/Tx/T(family_name)/V(Lovelace)/Rect[50 600 200 620]/F 4>>',
    51: '<</Type/Annot/Subtype/Widget/FT/Tx/T(form1[0].f2[0])/TU(Date of birth)/V(10 December 1815)/Rect[0 0 9 9]/F 4>>',
    52: '<</Type/Annot/Subtype/Widget/FT/Ch/T(Country)/V(England)/Opt[(England)(France)]/Rect[0 0 9 9]/F 4>>',
    53: '<</Type/Annot/Subtype/Text/Contents(Is this date right?)/T(Grace)/Rect[0 0 9 9]/F 4>>',
    54: '<</Type/Annot/Subtype/FreeText/Contents(Typed over the page)/DA(/Helv 12 Tf)/Rect[0 0 9 9]/F 4>>',
    55: '<</Type/Annot/Subtype/Link/A<</S/URI/URI(https://example.org/form)>>/Rect[0 0 9 9]/F 4>>',
    56: '<</Type/Annot/Subtype/Widget/FT/Tx/Ff 8192/T(secret)/V(hunter2)/Rect[0 0 9 9]/F 4>>',
    57: '<</Type/Annot/Subtype/Text/Contents(Taken back)/Rect[0 0 9 9]/F 2>>',
    58: '<</Type/Annot/Subtype/Widget/FT/Tx/T(empty)/Rect[0 0 9 9]/F 4>>',
  };
  const annots = `[${Object.keys(notes)
    .map((number) => `${number} 0 R`)
    .join(' ')}]`;
  const form = (page: string) =>
    pdf([page, 'The second page'], {
      objects: notes,
      page: `/Annots ${annots}`,
      catalog: `/AcroForm<</Fields ${annots}>>`,
    });

  it('is found on its page: values of a form, remarks, text typed over it, links', async () => {
    const { document } = await extract(form('Please fill in.'));
    expect(document.blocks).toEqual([
      { type: 'paragraph', text: 'Please fill in.', page: 1 },
      { type: 'quote', text: 'Grace: Is this date right?', page: 1 },
      { type: 'paragraph', text: 'Typed over the page', page: 1 },
      { type: 'paragraph', text: 'family name: Lovelace', page: 1 },
      { type: 'paragraph', text: 'Date of birth: 10 December 1815', page: 1 },
      { type: 'paragraph', text: 'Country: England', page: 1 },
      { type: 'paragraph', text: 'The second page', page: 2 },
    ]);
    expect(document.metadata['links']).toEqual(['https://example.org/form']);
  });

  it('is no reason to lose the text when it is damaged', async () => {
    const damaged = pdf(['Still there'], {
      page: '/Annots[50 0 R 51 0 R 4 0 R 7]',
      objects: { 50: '<</Subtype/Widget/V 7>>', 51: '[' },
    });
    expect(textOf(await extract(damaged))).toBe('Still there');
  });
});
