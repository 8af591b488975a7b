import { unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import type { Block } from '../../src/modules/ingestion/extraction/extractor.ts';
import { ExtractionError } from '../../src/modules/ingestion/extraction/extractor.ts';
import { bytesOf, extract, mutate, reasonOf, seeded, utf16 } from './extraction.fixtures.ts';
import {
  asZip64,
  odsRow,
  odsSheet,
  openDocument,
  pptx,
  rels,
  shape,
  sheetRows,
  slide,
  styles,
  xlsx,
} from './extraction-office.fixtures.ts';

const DOCTYPE = `<!DOCTYPE x [<!ENTITY a "${'x'.repeat(1000)}"><!ENTITY b "${'&a;'.repeat(1000)}"><!ENTITY c SYSTEM "file:///etc/passwd">]>`;
const charactersOf = (blocks: Block[]) => blocks.reduce((sum, { text }) => sum + text.length, 0);
const longestOf = (blocks: Block[]) => blocks.reduce((most, { text }) => Math.max(most, text.length), 0);
/** Keeps repeated pieces from being refused for how well they compress. */
const noise = (random: () => number) => `n="${random().toString(36).slice(2)}"`;
const times = (count: number, make: (mark: string, i: number) => string) => {
  const random = seeded(count);
  return Array.from({ length: count }, (_, i) => make(noise(random), i)).join('');
};
const inlineCell = (text: string) => `<c t="inlineStr"><is><t>${text}</t></is></c>`;

describe('hostile office files', () => {
  it.each<[string, () => Uint8Array, string]>([
    ['entities in a slide', () => pptx([`${shape('&b;')}`]), 'malformed'],
    [
      'entities of its own in a slide',
      () => pptx([''], { 'ppt/slides/slide1.xml': DOCTYPE + slide(shape('&b;')).replace(/^<\?.*?\?>/, '') }),
      'malformed',
    ],
    [
      'a file named by an entity',
      () =>
        xlsx({
          A: `<?xml version="1.0"?>${DOCTYPE}<worksheet><sheetData><row>${inlineCell('&c;')}</row></sheetData></worksheet>`,
        }),
      'malformed',
    ],
    ['groups nested 100,000 deep', () => pptx(['<p:grpSp>'.repeat(100_000)]), 'malformed'],
    ['rows nested 100,000 deep', () => xlsx({ A: '<row>'.repeat(100_000) }), 'malformed'],
    [
      'lists nested 100,000 deep',
      () => openDocument('text', '<text:list><text:list-item>'.repeat(10_000)),
      'malformed',
    ],
    [
      'a sheet that unpacks to hundreds of times its size',
      () => xlsx({ A: sheetRows([['a']]).repeat(200_000) }),
      'too_large',
    ],
    [
      'a slide of more elements than any has',
      () => pptx([Array.from({ length: 220_000 }, (_, i) => `<x${i % 1000}/>`).join('')]),
      'too_large',
    ],
    ['slides that are not there', () => pptx([''], { 'ppt/_rels/presentation.xml.rels': rels() }), 'malformed'],
    [
      'a workbook without its texts',
      () =>
        xlsx(
          { A: '' },
          { 'xl/_rels/workbook.xml.rels': rels(['worksheet', 'worksheets/sheet1.xml'], ['sharedStrings', 'gone.xml']) },
        ),
      'malformed',
    ],
    ['a binary workbook', () => xlsx({ A: '' }, { 'xl/workbook.bin': 'x' }), 'unsupported_format'],
    [
      'an OpenDocument file with a password',
      () =>
        openDocument('text', '<text:p>x</text:p>', {
          parts: {
            'META-INF/manifest.xml':
              '<manifest:manifest xmlns:manifest="m"><manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry></manifest:manifest>',
          },
        }),
      'encrypted',
    ],
    [
      'an OpenDocument drawing',
      () =>
        zipSync({ mimetype: bytesOf('application/vnd.oasis.opendocument.graphics'), 'content.xml': bytesOf('<x/>') }),
      'unsupported_format',
    ],
    ['an Apple document', () => zipSync({ 'Index/Document.iwa': bytesOf('x') }), 'unsupported_format'],
    [
      'tags of merged cells that never end',
      () => xlsx({ A: `</sheetData>${times(100_000, (mark) => `<mergeCell ${mark} `)}<sheetData>` }),
      'malformed',
    ],
    ['a workbook of empty sheets', () => xlsx({ A: '', B: sheetRows([]) }), 'no_text'],
  ])('are refused: %s', { timeout: 10_000 }, async (_name, make, reason) => {
    expect(await reasonOf(extract(make()))).toBe(reason);
  });

  it.each([
    ['WordDocument', 'unsupported_format', /old Word document \(\.doc\).* save it as \.docx/],
    ['PowerPoint Document', 'unsupported_format', /old PowerPoint presentation \(\.ppt\).* save it as \.pptx/],
    ['Workbook', 'unsupported_format', /old Excel workbook \(\.xls\).* save it as \.xlsx/],
    ['EncryptedPackage', 'encrypted', /Remove the password/],
  ])('says what to do with a compound file of %s', async (stream, reason, sentence) => {
    const header = Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1);
    const bytes = new Uint8Array([...header, ...new Uint8Array(1000), ...utf16(stream, 'le'), ...new Uint8Array(500)]);
    await expect(extract(bytes, 'a.docx')).rejects.toMatchObject({ reason, message: expect.stringMatching(sentence) });
  });
});

describe('huge tables', () => {
  it('reads a sheet of a million rows as far as a document goes, and says how far', { timeout: 30_000 }, async () => {
    const random = seeded(1024);
    const thousand = Array.from({ length: 1024 }, () => [Math.floor((1 + random()) * 1e10)]);
    const rows = sheetRows(thousand).repeat(1024);
    const { document } = await extract(
      xlsx({
        Big: rows,
        Small: sheetRows([
          ['still', 'here'],
          [1, 2],
        ]),
      }),
    );
    expect(charactersOf(document.blocks)).toBeGreaterThan(9_000_000);
    expect(charactersOf(document.blocks)).toBeLessThan(12_100_000);
    expect(longestOf(document.blocks)).toBeLessThan(21_000);
    expect(document.metadata['leftOut']).toEqual([
      expect.stringMatching(/^The sheet “Big” was read up to row \d{6}\.$/),
    ]);
    expect(document.blocks.slice(-2).map(({ text }) => text)).toEqual(['Small', 'still\there\n1\t2']);
  });

  it('reads lone cells at the far ends of a sheet in no time', async () => {
    const rows = `<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>2</v></c></row><row r="1048576"><c r="A1048576"><v>3</v></c><c r="ZZZ1048576"><v>4</v></c></row>`;
    const { document } = await extract(xlsx({ A: rows }));
    expect(document.blocks.map(({ text }) => text)).toEqual(['A', '1', '3']);
    expect(document.metadata['leftOut']).toEqual(['The sheet “A” was read up to its column 2000.']);
  });

  it.each<[string, () => Uint8Array]>([
    [
      'many rows with one cell at the end',
      () => xlsx({ A: times(8000, (mark, i) => `<row ${mark} r="${i + 1}"><c r="BXX${i + 1}"><v>${i}</v></c></row>`) }),
    ],
    [
      'one long text in every cell',
      () =>
        xlsx(
          { A: times(30, () => `<row>${times(2000, (mark) => `<c ${mark} t="s"><v>0</v></c>`)}</row>`) },
          {
            'xl/sharedStrings.xml': `<sst><si><t>${Array.from({ length: 20_000 }, (_, i) => `word${i}`).join(' ')}</t></si></sst>`,
          },
        ),
    ],
    [
      'merged cells over each other',
      () =>
        xlsx({
          A: `${sheetRows(Array.from({ length: 1500 }, (_, i) => [i, 'x']))}</sheetData><mergeCells>${Array.from({ length: 20_000 }, (_, i) => `<mergeCell ref="A${1 + (i % 900)}:A${1900 + (i % 97)}"/>`).join('')}</mergeCells><sheetData>`,
        }),
    ],
    [
      'one chart on a slide over and over',
      () =>
        pptx(
          [
            times(
              6000,
              (mark) =>
                `<p:graphicFrame ${mark}><a:graphic><a:graphicData><c:chart xmlns:c="c" r:id="rId1"/></a:graphicData></a:graphic></p:graphicFrame>`,
            ),
          ],
          {
            'ppt/slides/_rels/slide1.xml.rels': rels(['chart', '../charts/chart1.xml']),
            'ppt/charts/chart1.xml':
              '<chartSpace><chart><title><tx><rich><p><r><t>again</t></r></p></rich></tx></title></chart></chartSpace>',
          },
        ),
    ],
    [
      'a description of a million spaces',
      () =>
        pptx([
          `<p:pic><p:nvPicPr><p:cNvPr id="1" name="x" descr="${' a'.repeat(100)}${' '.repeat(900_000)}b"/></p:nvPicPr></p:pic>`,
        ]),
    ],
    [
      'cells repeated without end',
      () =>
        openDocument(
          'spreadsheet',
          odsSheet(
            'A',
            '<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="2147483647" office:value-type="string"><text:p>again and again</text:p></table:table-cell></table:table-row>'.repeat(
              50,
            ),
          ),
        ),
    ],
    [
      'rows repeated without end',
      () =>
        openDocument(
          'spreadsheet',
          ['A', 'B']
            .map((name) =>
              odsSheet(name, `<table:table-row table:number-rows-repeated="999999999">${odsRow('x', 'y').slice(17)}`),
            )
            .join(''),
        ),
    ],
    [
      'repeated cells in a text',
      () =>
        openDocument(
          'text',
          `<table:table>${times(3000, (mark) => `<table:table-row><table:table-cell table:number-columns-repeated="1000000"><text:p>${`${mark} `.repeat(12)}</text:p></table:table-cell><table:table-cell/></table:table-row>`)}</table:table>`,
        ),
    ],
    [
      'styles that stand on each other in a circle',
      () =>
        openDocument('text', '<text:p text:style-name="A">text</text:p>', {
          styles:
            '<style:style style:name="A" style:parent-style-name="B"/><style:style style:name="B" style:parent-style-name="A"/>',
        }),
    ],
    [
      'spaces by the million',
      () =>
        openDocument('text', `<text:p>a${times(20_000, (mark) => `<text:s text:c="99999999" ${mark}/>`)}b</text:p>`),
    ],
    ['a CSV of quotes', () => bytesOf(`a,b\n${'"x'.repeat(1_000_000)}`)],
    ['a CSV of quotes in pairs', () => bytesOf(`a,b\n"${'""'.repeat(1_000_000)}`)],
    ['a CSV of empty rows and values', () => bytesOf(`a,b\n1,2\n${'\n'.repeat(1_000_000)}${','.repeat(3_000_000)}\n`)],
    ['a CSV in one line', () => bytesOf(`a,b\n${'value,'.repeat(1_000_000)}`)],
    [
      'formats without sense',
      () =>
        xlsx(
          {
            A: '<row><c s="1"><v>5</v></c><c s="2"><v>-1e308</v></c><c s="3"><v>1e15</v></c><c s="9"><v>NaN</v></c></row>',
          },
          { 'xl/styles.xml': styles('[[[[;;;;', 'yyyy', '0'.repeat(255)) },
        ),
    ],
  ])('are read in bounded time and space: %s', { timeout: 20_000 }, async (_name, make) => {
    const bytes = make();
    const startedAt = performance.now();
    const outcome = await extract(bytes, 'a.csv').catch((error: unknown) => error);
    expect(performance.now() - startedAt).toBeLessThan(6000);
    if (outcome instanceof ExtractionError) return expect(outcome.reason).toBe('too_large');
    const { document } = outcome as Awaited<ReturnType<typeof extract>>;
    expect(charactersOf(document.blocks)).toBeLessThan(12_100_000);
    expect(longestOf(document.blocks.filter(({ type }) => type === 'table'))).toBeLessThan(1_000_000);
  });
});

describe('mutated office files', () => {
  const rows = sheetRows([
    ['Name', 'Sum'],
    ['North', 1],
    ['South', 2.5],
  ]);
  const originals: [string, Uint8Array][] = [
    ['a.pptx', pptx([shape('One', 'title') + shape('two\nthree', 'body')])],
    [
      'a.xlsx',
      xlsx({ A: rows }, { 'xl/styles.xml': styles('0%'), 'xl/sharedStrings.xml': '<sst><si><t>x</t></si></sst>' }),
    ],
    ['a.odt', openDocument('text', '<text:h>One</text:h><text:p>two</text:p>')],
    ['a.ods', openDocument('spreadsheet', odsSheet('A', odsRow('a', 'b') + odsRow('c', 'd')))],
    ['a.odp', openDocument('presentation', '<draw:page><draw:frame><text:p>One</text:p></draw:frame></draw:page>')],
    ['long.xlsx', asZip64(xlsx({ A: rows }))],
    ['a.csv', bytesOf('name;sum\n"a ""b""";1,5\nc;2\n')],
  ];

  it.each<[string, number, (file: Uint8Array, random: () => number) => Uint8Array]>([
    ['anywhere', 700, mutate],
    ['within one of their parts', 700, mutatePart],
  ])(
    'each end in a document or an ExtractionError, soon: damaged %s',
    { timeout: 60_000 },
    async (_name, count, damage) => {
      const random = seeded(20_261_125);
      let slowestMs = 0;
      let documents = 0;
      for (let i = 0; i < count; i++) {
        const [file, original] = originals[i % originals.length] ?? ['', new Uint8Array()];
        const startedAt = performance.now();
        const outcome = await extract(damage(original, random), file).catch((error: unknown) => error);
        slowestMs = Math.max(slowestMs, performance.now() - startedAt);
        const isDocument = outcome instanceof Object && 'document' in outcome;
        documents += isDocument ? 1 : 0;
        const isMistake = outcome instanceof ExtractionError && /TypeError|RangeError/.test(String(outcome.cause));
        const isExpected = isDocument || (outcome instanceof ExtractionError && !isMistake);
        expect(isExpected, `mutation ${i} of ${file}: ${String(outcome)}`).toBe(true);
      }
      expect(slowestMs).toBeLessThan(2000);
      expect(documents).toBeGreaterThan(count / 20);
    },
  );

  /** The archive is whole, so that the damage reaches who reads the part. */
  function mutatePart(file: Uint8Array, random: () => number): Uint8Array {
    if (file[0] !== 0x50) return mutate(file, random);
    const parts = unzipSync(file);
    const names = Object.keys(parts);
    const name = names[Math.floor(random() * names.length)] ?? '';
    return zipSync({ ...parts, [name]: mutate(parts[name] ?? new Uint8Array(), random) });
  }
});
