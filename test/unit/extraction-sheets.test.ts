import { unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { extract, textOf } from './extraction.fixtures.ts';
import {
  asZip64,
  odfPart,
  odsRow,
  odsSheet,
  openDocument,
  rels,
  sheet,
  sheetRows,
  styles,
  xlsx,
} from './extraction-office.fixtures.ts';

const blocksOf = async (bytes: Uint8Array, filename = 'a.xlsx') => (await extract(bytes, filename)).document.blocks;
const cell = (address: string, value: string, more = '') => `<c r="${address}" ${more}><v>${value}</v></c>`;

describe('a workbook', () => {
  it('reads each sheet as a table under its name, with the sheet as page and the columns with their types', async () => {
    const bytes = xlsx({
      Cars: sheetRows([
        ['Model', 'Doors', 'Weight'],
        ['Beetle', 2, 730.5],
        ['Combi', 4, 1100],
      ]),
      Empty: '',
      Notes: sheetRows([['Keep this one.']]),
    });
    const { document, kind } = await extract(bytes, 'a.xlsx');
    expect(kind).toBe('xlsx');
    expect(document).toMatchObject({
      pageCount: 3,
      metadata: { columns: ['Model (text)', 'Doors (integer)', 'Weight (number)'] },
      blocks: [
        { type: 'heading', level: 1, text: 'Cars', page: 1 },
        {
          type: 'table',
          text: 'Model\tDoors\tWeight\nBeetle\t2\t730.5\nCombi\t4\t1100',
          header: 'Model\tDoors\tWeight',
          page: 1,
        },
        { type: 'heading', level: 1, text: 'Notes', page: 3 },
        { type: 'paragraph', text: 'Keep this one.', page: 3 },
      ],
    });
    expect(document.measurements).toMatchObject({
      table: { sheets: [{ name: 'Cars', rows: 3, hasHeader: true }, {}, {}] },
    });
  });

  it('shows values as a person sees them, dates as ISO', async () => {
    const row = [
      cell('A2', '45418', 's="1"'),
      cell('B2', '45418.378472', 's="2"'),
      cell('C2', '0.125', 's="3"'),
      cell('D2', '1234.5', 's="4"'),
      cell('E2', '1', 't="b"'),
      '<c r="F2"><f>SUM(D2:D9)</f><v>42</v></c>',
      '<c r="G2" t="str"><f>A1&amp;B1</f><v>joined</v></c>',
      cell('H2', '#DIV/0!', 't="e"'),
      cell('I2', '0.1', 's="5"'),
      cell('J2', '0.30000000000000004'),
      cell('K2', '7', 's="6"'),
      cell('L2', '2024-05-06T00:00:00', 't="d"'),
    ].join('');
    const names = 'ABCDEFGHIJKL'.split('').map((letter) => `name ${letter}`);
    const bytes = xlsx(
      { Values: `${sheetRows([names])}<row r="2">${row}</row>` },
      {
        'xl/styles.xml': styles('dd/mm/yyyy', 'm/d/yy h:mm', '0.0%', '#,##0.00\\ [$€-407]', 'h:mm', '00000'),
      },
    );
    const { document } = await extract(bytes);
    expect(document.blocks[1]?.text.split('\n')[1]?.split('\t')).toEqual([
      '2024-05-06',
      '2024-05-06 09:05',
      '12.5%',
      '1234.50 €',
      'TRUE',
      '42',
      'joined',
      '#DIV/0!',
      '02:24',
      '0.3',
      '00007',
      '2024-05-06',
    ]);
    expect(document.metadata['columns']).toEqual([
      'name A (date)',
      'name B (datetime)',
      'name C (percent)',
      'name D (currency)',
      'name E (boolean)',
      'name F (integer)',
      'name G (text)',
      'name H (error)',
      'name I (time)',
      'name J (number)',
      'name K (text)',
      'name L (date)',
    ]);
  });

  it('reads shared texts with their runs, without the readings over Japanese words', async () => {
    const strings =
      '<sst><si><t>City</t></si><si><r><t>Great </t></r><r><t>Yarmouth</t></r><rPh><t>no</t></rPh></si><si><t>a_x000D_b_x0041_</t></si></sst>';
    const rows = `<row r="1">${cell('A1', '0', 't="s"')}${cell('B1', '0', 't="s"')}</row><row r="2">${cell('A2', '1', 't="s"')}${cell('B2', '2', 't="s"')}</row>`;
    const blocks = await blocksOf(xlsx({ A: rows }, { 'xl/sharedStrings.xml': strings }));
    expect(blocks[1]?.text).toBe('City\tCity\nGreat Yarmouth\ta bA');
  });

  it('gives each row of a merged cell its value, and leaves gaps where cells are missing', async () => {
    const rows = [
      sheetRows([['Region', 'City', 'Sales']]),
      `<row r="2">${cell('A2', 'North', 't="str"')}${cell('B2', 'Oslo', 't="str"')}${cell('C2', '1')}</row>`,
      `<row r="3">${cell('B3', 'Umeå', 't="str"')}${cell('C3', '2')}</row>`,
      `<row r="4">${cell('A4', 'South', 't="str"')}${cell('C4', '3')}</row>`,
    ].join('');
    const merged = sheet(rows, '<mergeCells count="1"><mergeCell ref="A2:A3"/></mergeCells>');
    expect((await blocksOf(xlsx({ Sales: merged })))[1]?.text).toBe(
      'Region\tCity\tSales\nNorth\tOslo\t1\nNorth\tUmeå\t2\nSouth\t\t3',
    );
  });

  it('keeps cells without addresses in their columns', async () => {
    const rows =
      '<row><c t="str"><v>a</v></c><c/><c t="str"><v>c</v></c></row><row><c/><c><v>1</v></c><c><v>2</v></c></row>';
    expect((await blocksOf(xlsx({ A: rows })))[1]?.text).toBe('a\t\tc\n\t1\t2');
  });

  it('takes titles and remarks around a table for text, and finds its header under them', async () => {
    const bytes = xlsx({
      Report: sheetRows([
        ['Sales of the year'],
        ['in thousands'],
        ['Region', 'Sum'],
        ['North', 12],
        ['South', 14],
      ]).concat('<row r="9"><c t="str"><v>Source: the accounts</v></c></row>'),
    });
    expect((await blocksOf(bytes)).map(({ type, text }) => [type, text])).toEqual([
      ['heading', 'Report'],
      ['paragraph', 'Sales of the year'],
      ['paragraph', 'in thousands'],
      ['table', 'Region\tSum\nNorth\t12\nSouth\t14'],
      ['paragraph', 'Source: the accounts'],
    ]);
  });

  it('does not take numbers that were typed as text for names', async () => {
    const bytes = xlsx({
      A: sheetRows([
        ['Total revenue', '$500,000'],
        ['Net profit', '40%'],
      ]),
    });
    expect((await blocksOf(bytes))[1]).toEqual({
      type: 'table',
      text: 'Total revenue\t$500,000\nNet profit\t40%',
      page: 1,
    });
  });

  it('reads what other programs write: backslashes in names, sheets that are not there, texts in odd places', async () => {
    const odd = xlsx(
      { A: '<row><c t="inlineStr"><v>here</v></c><c><v>1</v></c></row>' },
      {
        'xl/workbook.xml':
          '<workbook xmlns:r="r"><sheets><sheet name="Macros" r:id=""/><sheet name="A" r:id="rId1"/></sheets></workbook>',
      },
    );
    const files = Object.entries(unzipSync(odd)).map(([name, bytes]) => [
      name.replaceAll('/', '\\').toLowerCase(),
      bytes,
    ]);
    const { document } = await extract(zipSync(Object.fromEntries(files)), 'a.xlsx');
    expect(document.pageCount).toBe(2);
    expect(document.blocks.map(({ page, text }) => [page, text])).toEqual([
      [2, 'A'],
      [2, 'here\t1'],
    ]);
  });

  it('cuts a long sheet into blocks by rows, each of which knows the header', async () => {
    const rows = Array.from({ length: 1200 }, (_, i): (string | number)[] => [`item ${i}`, i]);
    const tables = (await blocksOf(xlsx({ Long: sheetRows([['Name', 'Number'], ...rows]) }))).slice(1);
    expect(tables.map(({ text }) => text.split('\n').length)).toEqual([500, 500, 201]);
    expect(tables.map(({ header }) => header)).toEqual(['Name\tNumber', 'Name\tNumber', 'Name\tNumber']);
    expect(tables.map(({ text }) => text.startsWith('Name\tNumber\n'))).toEqual([true, false, false]);
    expect(tables.map(({ text }) => text).join('\n')).toBe(
      [['Name', 'Number'], ...rows].map((row) => row.join('\t')).join('\n'),
    );
  });

  it('is read from archives with sizes in 64 bits, as .NET and Java write them', async () => {
    const bytes = xlsx({
      A: sheetRows([
        ['x', 'y'],
        [1, 2],
      ]),
    });
    expect(await blocksOf(asZip64(bytes))).toEqual(await blocksOf(bytes));
  });

  it('reads charts, comments, links and what is hidden', async () => {
    const shown = sheet(
      sheetRows([
        ['Month', 'Rain'],
        ['May', 7],
      ]),
      '<drawing r:id="rId1"/>',
    );
    const bytes = xlsx(
      { Weather: shown },
      {
        'xl/workbook.xml':
          '<workbook xmlns:r="r"><sheets><sheet name="Weather" state="hidden" r:id="rId1"/></sheets><definedNames><definedName name="Rate">Weather!$B$2</definedName></definedNames></workbook>',
        'xl/worksheets/_rels/sheet1.xml.rels': rels(
          ['drawing', '../drawings/drawing1.xml'],
          ['comments', '../comments1.xml'],
          ['hyperlink', 'https://example.org/rain', 'External'],
        ),
        'xl/drawings/drawing1.xml':
          '<wsDr xmlns:r="r"><twoCellAnchor><graphicFrame><graphic><graphicData><chart r:id="rId1"/></graphicData></graphic></graphicFrame></twoCellAnchor></wsDr>',
        'xl/drawings/_rels/drawing1.xml.rels': rels(['chart', '../charts/chart1.xml']),
        'xl/charts/chart1.xml':
          '<chartSpace><chart><title><tx><rich><p><r><t>Rain in May</t></r></p></rich></tx></title><plotArea><barChart><ser><tx><v>mm</v></tx><cat><strCache><pt idx="0"><v>May</v></pt></strCache></cat><val><numCache><pt idx="0"><v>7</v></pt></numCache></val></ser></barChart></plotArea></chart></chartSpace>',
        'xl/comments1.xml':
          '<comments><authors><author>Ada</author></authors><commentList><comment ref="B2" authorId="0"><text><r><t>Measured twice.</t></r></text></comment></commentList></comments>',
      },
    );
    const { document } = await extract(bytes);
    expect(document.metadata).toMatchObject({
      hiddenSheets: ['Weather'],
      definedNames: ['Rate = Weather!$B$2'],
      links: ['https://example.org/rain'],
    });
    expect(document.blocks.slice(2).map(({ text, page }) => [text, page])).toEqual([
      ['Rain in May', 1],
      ['\tmm\nMay\t7', 1],
      ['Ada (B2): Measured twice.', 1],
    ]);
  });
});

describe('an OpenDocument spreadsheet', () => {
  it('reads stored values, not what a country makes of them', async () => {
    const value = (type: string, attributes: string, shown: string) =>
      `<table:table-cell office:value-type="${type}" ${attributes}><text:p>${shown}</text:p></table:table-cell>`;
    const row = [
      value('float', 'office:value="12.5"', '12,5'),
      value('percentage', 'office:value="0.19"', '19 %'),
      value('currency', 'office:value="3" office:currency="EUR"', '3,00 €'),
      value('date', 'office:date-value="2024-05-06"', '06.05.24'),
      value('date', 'office:date-value="2024-05-06T09:05:00"', '06.05.24 09:05'),
      value('time', 'office:time-value="PT09H05M00S"', '9:05'),
      value('boolean', 'office:boolean-value="true"', 'WAHR'),
    ].join('');
    const rows = `${odsRow('a', 'b', 'c', 'd', 'e', 'f', 'g')}<table:table-row>${row}</table:table-row>`;
    const { document, kind } = await extract(openDocument('spreadsheet', odsSheet('Werte', rows)), 'a.ods');
    expect(kind).toBe('ods');
    expect(document.pageCount).toBe(1);
    expect(document.blocks).toEqual([
      { type: 'heading', level: 1, text: 'Werte', page: 1 },
      {
        type: 'table',
        text: 'a\tb\tc\td\te\tf\tg\n12.5\t19 %\t3,00 €\t2024-05-06\t2024-05-06 09:05\t09:05\tTRUE',
        header: 'a\tb\tc\td\te\tf\tg',
        page: 1,
      },
    ]);
    expect(document.metadata['columns']).toEqual(
      ['number', 'percent', 'currency', 'date', 'datetime', 'time', 'boolean'].map(
        (type, i) => `${'abcdefg'[i]} (${type})`,
      ),
    );
  });

  it('writes repeated cells out, keeps gaps, and reads several sheets with comments', async () => {
    const repeated =
      '<table:table-row table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="2" office:value-type="float" office:value="5"><text:p>5</text:p></table:table-cell><table:table-cell/><table:table-cell office:value-type="string"><office:annotation><dc:creator>Ada</dc:creator><text:p>Why?</text:p></office:annotation><text:p>end</text:p></table:table-cell></table:table-row>';
    const filler =
      '<table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>';
    const style = '<style:style style:name="ta1"><style:table-properties table:display="false"/></style:style>';
    const body =
      odsSheet('One', odsRow('p', 'q', 'r', 's') + repeated + filler) + odsSheet('Two', odsRow('x', 'y'), 'ta1');
    const bytes = openDocument('spreadsheet', body, {
      styles: style,
      parts: { 'meta.xml': odfPart('office:document-meta', '<office:meta><dc:title>Lists</dc:title></office:meta>') },
    });
    const { document } = await extract(bytes);
    expect(document.title).toBe('Lists');
    expect(document.metadata['hiddenSheets']).toEqual(['Two']);
    expect(document.blocks.map(({ page, text }) => [page, text])).toEqual([
      [1, 'One'],
      [1, 'p\tq\tr\ts\n5\t5\t\tend\n5\t5\t\tend'],
      [1, 'Ada (D2): Why?'],
      [2, 'Two'],
      [2, 'x\ty'],
    ]);
    expect(textOf({ document, kind: 'ods', extractor: '' })).toContain('5 5 end');
  });
});
