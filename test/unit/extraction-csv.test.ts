import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, extract, utf16 } from './extraction.fixtures.ts';

const read = async (text: string, filename = 'a.csv') => (await extract(bytesOf(text), filename)).document;
const latin = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

describe('a table of values', () => {
  it.each([
    ['commas', 'name,town,age\nAda,London,36\nBo,Oslo,7\n', 'comma'],
    ['semicolons, with decimal commas', 'name;town;age\nAda;London;36,5\nBo;Oslo;7,25\n', 'semicolon'],
    ['tabs', 'name\ttown\tage\nAda\tLondon, UK\t36\nBo\tOslo\t7\n', 'tab'],
    ['bars', 'name|town|age\nAda|London|36\nBo|Oslo|7\n', 'bar'],
    ['what Excel was told', 'sep=;\nname;town;age\nAda;London;36\n', 'semicolon'],
    ['line ends of old Macs', 'name,town,age\rAda,London,36\rBo,Oslo,7\r', 'comma'],
  ])('is read when values are set apart by %s', async (_name, text, delimiter) => {
    const document = await read(text);
    expect(document.metadata['delimiter']).toBe(delimiter);
    expect(document.blocks).toHaveLength(1);
    expect(document.blocks[0]).toMatchObject({ type: 'table', header: 'name\ttown\tage' });
    expect(document.blocks[0]?.text.split('\n')[1]).toMatch(/^Ada\tLondon/);
  });

  it.each<[string, Uint8Array, string]>([
    ['UTF-8 with a mark', bytesOf('\ufeffname,town\nJörg,Köln\n'), 'utf-8'],
    ['UTF-16 with a mark, as Excel saves Unicode text', utf16('\ufeffname\ttown\r\nJörg\tKöln\r\n', 'le'), 'utf-16le'],
    ['windows-1252', latin('name;town\r\nJ\xf6rg;K\xf6ln\r\n'), 'windows-1252'],
  ])('is read in %s', async (_name, bytes, encoding) => {
    const { document, kind } = await extract(bytes, 'export.csv');
    expect(kind).toBe('csv');
    expect(document.metadata['encoding']).toBe(encoding);
    expect(document.blocks[0]?.text).toBe('name\ttown\nJörg\tKöln');
  });

  it('keeps line ends, delimiters and doubled quotes within quotes in their cell', async () => {
    const document = await read('id,text\n1,"two\nlines, one ""cell"""\n2,5" pipe\n3,"open\n4,last\n');
    expect(document.blocks[0]?.text).toBe('id\ttext\n1\ttwo lines, one "cell"\n2\t5" pipe\n3\t"open\n4\tlast');
  });

  it('says what its columns hold, in the ways of many countries', async () => {
    const document = await read(
      'day;sum;share;paid;at;code;count\n06.05.2024;1.234,56 €;12,5 %;ja;09:05;007;1.200\n07.05.2024;3,00 €;7 %;nein;10:15:30;012;950\n',
    );
    expect(document.metadata['columns']).toEqual([
      'day (date)',
      'sum (currency)',
      'share (percent)',
      'paid (boolean)',
      'at (time)',
      'code (text)',
      'count (integer)',
    ]);
  });

  it('names columns by letters where there is no header', async () => {
    const document = await read('1,2.5\n3,4.5\n');
    expect(document.metadata['columns']).toEqual(['A (integer)', 'B (number)']);
    expect(document.blocks[0]).toEqual({ type: 'table', text: '1\t2.5\n3\t4.5' });
  });

  it.each([
    ['a table without a name for it', 'a,b,c\n1,2,3\n4,5,6\n', 'data', 'csv'],
    ['a table with the name of a workbook', 'a\tb\n1\t2\n3\t4\n', 'report.xls', 'csv'],
    ['a page with the name of a workbook', '<table><tr><td>a,b,c</td></tr></table>', 'report.xls', 'html'],
    ['markup in the first cell', '<p>one</p>,b\n<p>two</p>,c\n', 'a.csv', 'csv'],
    ['prose with commas', 'Dear Ada, dear Bo,\nthanks, both, for coming.\nYours, Cy\n', 'letter.txt', 'text'],
    ['prose that is named a table', 'Nothing here looks like a table at all.\n\nReally not.\n', 'a.csv', 'text'],
  ])('is told apart: %s', async (_name, text, filename, kind) => {
    expect((await extract(bytesOf(text), filename)).kind).toBe(kind);
  });

  it('gives back whatever was written, in any of its forms', async () => {
    const value = fc.string({ unit: fc.constantFrom(...'ab ,;"\n|éß1'), maxLength: 8 });
    const table = fc
      .tuple(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 2, max: 6 }))
      .chain(([width, height]) =>
        fc.array(fc.array(value, { minLength: width, maxLength: width }), { minLength: height }),
      );
    await fc.assert(
      fc.asyncProperty(table, fc.constantFrom(',', ';', '|'), async (rows, delimiter) => {
        const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const width = rows[0]?.length ?? 0;
        // A header that can be nothing else settles the delimiter.
        const head = Array.from({ length: width }, (_, i) => `"column ${i}"`);
        const written = [head, ...rows.map((row) => row.map(quote))].map((row) => row.join(delimiter)).join('\r\n');
        const blocks = (await read(`sep=${delimiter}\n${written}`)).blocks;
        const expected = rows.map((row) =>
          row
            .map((text) => text.replace(/\s+/g, ' ').trim())
            .join('\t')
            .trimEnd(),
        );
        const found = blocks
          .map(({ text }) => text)
          .join('\n')
          .split('\n')
          .slice(1);
        expect(found).toEqual(expected.filter((line) => line !== ''));
      }),
      { numRuns: 100 },
    );
  });
});
