import { unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { extract } from './extraction.fixtures.ts';
import { odfPart, openDocument, pptx, rels, shape, slide } from './extraction-office.fixtures.ts';

const linesOf = async (bytes: Uint8Array) =>
  (await extract(bytes)).document.blocks.map(({ page, type, text }) => [page, type, text]);

describe('a presentation', () => {
  it('reads slides in their order: titles, bullets, tables, then notes, with the slide as page', async () => {
    const table =
      '<p:graphicFrame><a:graphic><a:graphicData><a:tbl><a:tr><a:tc><a:txBody><a:p><a:r><a:t>Red</a:t></a:r></a:p></a:txBody></a:tc><a:tc><a:txBody><a:p><a:r><a:t>Green</a:t></a:r></a:p></a:txBody></a:tc></a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame>';
    const bytes = pptx(
      [
        shape('Why we build', 'ctrTitle') + shape('and for whom', 'subTitle') + shape('7', 'sldNum'),
        shape('first point\nsecond point', 'body') + table + shape('Plan', 'title') + shape('Ours', 'ftr'),
        shape('Ours', 'ftr') + shape('Thanks', 'title'),
      ],
      {
        'ppt/slides/_rels/slide2.xml.rels': rels(['notesSlide', '../notesSlides/notesSlide1.xml']),
        'ppt/notesSlides/notesSlide1.xml': slide(shape('Say it slowly.', 'body') + shape('2', 'sldNum'), 'p:notes'),
      },
    );
    expect(await linesOf(bytes)).toEqual([
      [1, 'heading', 'Why we build'],
      [1, 'paragraph', 'and for whom'],
      [2, 'heading', 'Plan'],
      [2, 'list-item', 'first point'],
      [2, 'list-item', 'second point'],
      [2, 'table', 'Red\tGreen'],
      [2, 'paragraph', 'Ours'],
      [2, 'quote', 'Say it slowly.'],
      [3, 'heading', 'Thanks'],
    ]);
    const { document } = await extract(bytes);
    expect([document.pageCount, document.title]).toEqual([3, 'Why we build']);
  });

  it('counts slides without text, follows the order of the show and not the names of its parts', async () => {
    const bytes = pptx([shape('last'), '', shape('first')], {
      'ppt/_rels/presentation.xml.rels': rels(
        ['slide', 'slides/slide3.xml'],
        ['slide', 'slides/slide2.xml'],
        ['slide', '/ppt/slides/slide1.xml'],
      ),
    });
    expect(await linesOf(bytes)).toEqual([
      [1, 'paragraph', 'first'],
      [3, 'paragraph', 'last'],
    ]);
    expect((await extract(bytes)).document.pageCount).toBe(3);
  });

  it('reads groups, diagrams, descriptions of pictures and formulas, but not both forms of one feature', async () => {
    const picture =
      '<p:pic><p:nvPicPr><p:cNvPr id="3" name="x" descr="A heron&#10;Description automatically generated"/></p:nvPicPr></p:pic><p:pic><p:nvPicPr><p:cNvPr id="4" name="y" descr="IMG_4711.jpeg"/></p:nvPicPr></p:pic>';
    const either =
      '<mc:AlternateContent xmlns:mc="mc"><mc:Choice Requires="a14">' +
      `${shape('new form')}</mc:Choice><mc:Fallback>${shape('old form')}</mc:Fallback></mc:AlternateContent>`;
    const diagram =
      '<p:graphicFrame><a:graphic><a:graphicData><dgm:relIds xmlns:dgm="dgm" r:dm="rId1"/></a:graphicData></a:graphic></p:graphicFrame>';
    const point = (id: string, text: string, type = 'node') =>
      `<pt modelId="${id}" type="${type}"><t><p><r><t>${text}</t></r></p></t></pt>`;
    const bytes = pptx([`<p:grpSp>${shape('grouped')}</p:grpSp>${picture}${either}${diagram}`], {
      'ppt/slides/_rels/slide1.xml.rels': rels(['diagramData', '../diagrams/data1.xml']),
      'ppt/diagrams/data1.xml': `<dataModel><ptLst>${point('0', '', 'doc')}${point('1', 'cause')}${point('2', 'effect')}</ptLst><cxnLst><cxn srcId="0" destId="1"/><cxn srcId="1" destId="2"/><cxn srcId="2" destId="1"/></cxnLst></dataModel>`,
    });
    expect((await linesOf(bytes)).map(([, , text]) => text)).toEqual([
      'grouped',
      'A heron',
      'new form',
      'cause\n  effect',
    ]);
  });
});

describe('an OpenDocument presentation', () => {
  it('reads slides with titles, lists and notes', async () => {
    const frame = (place: string, content: string) =>
      `<draw:frame presentation:class="${place}"><draw:text-box>${content}</draw:text-box></draw:frame>`;
    const notes = `<presentation:notes>${frame('notes', '<text:p>Say it slowly.</text:p>')}<draw:page-thumbnail/></presentation:notes>`;
    const list =
      '<text:list><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>deeper</text:p></text:list-item></text:list></text:list-item><text:list-item><text:p>two</text:p></text:list-item></text:list>';
    const body =
      `<draw:page draw:name="page1">${frame('title', '<text:p>Plan</text:p>')}${frame('outline', list)}<draw:frame><draw:object xlink:href="./Object 1"/></draw:frame>${notes}</draw:page>` +
      `<draw:page draw:name="page2" draw:style-name="dp2">${frame('title', '<text:p>Thanks</text:p>')}${frame('footer', '<text:p>Ours</text:p>')}</draw:page>`;
    const bytes = openDocument('presentation', body, {
      styles:
        '<style:style style:name="dp2"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>',
      parts: {
        'meta.xml': odfPart('office:document-meta', '<office:meta><dc:creator>Ada</dc:creator></office:meta>'),
        'Object 1/content.xml': odfPart(
          'office:document-content',
          '<office:body><text:p>Chart of the plan</text:p></office:body>',
        ),
      },
    });
    expect(await linesOf(bytes)).toEqual([
      [1, 'heading', 'Plan'],
      [1, 'list-item', 'one\n  deeper'],
      [1, 'list-item', 'two'],
      [1, 'quote', 'Say it slowly.'],
      [1, 'paragraph', 'Chart of the plan'],
      [2, 'heading', 'Thanks'],
    ]);
    const { document, kind } = await extract(bytes);
    expect(kind).toBe('odp');
    expect(document).toMatchObject({ pageCount: 2, metadata: { author: 'Ada', hiddenSlides: ['2'] } });
  });
});

describe('an OpenDocument text', () => {
  it('reads charts, formulas and documents within it', async () => {
    const held = (href: string) => `<text:p><draw:frame><draw:object xlink:href="${href}"/></draw:frame></text:p>`;
    const chart =
      '<office:body><office:chart><chart:chart xmlns:chart="c"><chart:title><text:p>Rain</text:p></chart:title><table:table table:name="local-table"><table:table-row><table:table-cell/><table:table-cell><text:p>mm</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell><text:p>May</text:p></table:table-cell><table:table-cell><text:p>7</text:p></table:table-cell></table:table-row></table:table></chart:chart></office:chart></office:body>';
    const formula =
      '<math xmlns="m"><semantics><mi>a</mi><annotation encoding="StarMath 5.0">a over b</annotation></semantics></math>';
    const body = `<text:p>Before.</text:p>${held('./Object 1')}${held('./Object 2/')}${held('./Object 1')}${held('gone')}`;
    const bytes = openDocument('text', body, {
      parts: {
        'Object 1/content.xml': odfPart('office:document-content', chart),
        'Object 2/content.xml': formula,
      },
    });
    expect((await linesOf(bytes)).map(([, , text]) => text)).toEqual(['Before.', 'Rain', '\tmm\nMay\t7', 'a over b']);
  });

  it('is known by its list of parts where it does not say first what it is', async () => {
    const { mimetype: _, ...parts } = unzipSync(openDocument('text', '<text:p>Hello.</text:p>'));
    expect((await extract(zipSync(parts))).kind).toBe('odt');
  });

  it('reads headings, lists, tables, notes and comments, without what was deleted', async () => {
    const body = [
      '<text:tracked-changes><text:changed-region><text:deletion><text:p>deleted</text:p></text:deletion></text:changed-region></text:tracked-changes>',
      '<text:table-of-content><text:index-body><text:p>Chapter 1</text:p></text:index-body></text:table-of-content>',
      '<text:h text:outline-level="2">Chapter</text:h>',
      '<text:section><text:p>A<text:s text:c="2"/>word<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>Said before.</text:p></text:note-body></text:note>,<text:line-break/><text:a xlink:href="https://example.org/">linked</text:a>.<office:annotation><dc:creator>Bo</dc:creator><text:p>Sure?</text:p></office:annotation></text:p></text:section>',
      '<text:list text:style-name="L1"><text:list-item><text:p>one</text:p></text:list-item><text:list-item><text:p>two</text:p></text:list-item></text:list>',
      '<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>x</text:p></table:table-cell><table:table-cell><text:p>y</text:p></table:table-cell></table:table-row></table:table-header-rows><table:table-row><table:table-cell table:number-columns-spanned="2"><text:p>wide</text:p><text:p>cell</text:p></table:table-cell><table:covered-table-cell/></table:table-row></table:table>',
      '<text:p text:style-name="P1">Quoted.</text:p>',
      '<draw:frame><draw:image/><svg:title>A heron</svg:title></draw:frame>',
    ].join('');
    const bytes = openDocument('text', body, {
      styles:
        '<style:style style:name="P1" style:parent-style-name="Quotations"/><text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1"/></text:list-style>',
      parts: {
        'styles.xml': odfPart(
          'office:document-styles',
          '<office:master-styles><style:master-page><style:header><text:p>Strictly private</text:p></style:header><style:footer><text:p>12</text:p></style:footer></style:master-page></office:master-styles>',
        ),
      },
    });
    const { document, kind } = await extract(bytes, 'a.odt');
    expect(kind).toBe('odt');
    expect(document.title).toBe('Chapter');
    expect(document.metadata).toEqual({ links: ['https://example.org/'] });
    expect(document.blocks).toEqual([
      { type: 'heading', level: 2, text: 'Chapter' },
      { type: 'paragraph', text: 'A  word[1],\nlinked.' },
      { type: 'quote', text: 'Bo: Sure?' },
      { type: 'list-item', text: '1. one' },
      { type: 'list-item', text: '2. two' },
      { type: 'table', text: 'x\ty\nwide cell' },
      { type: 'quote', text: 'Quoted.' },
      { type: 'paragraph', text: 'A heron' },
      { type: 'list-item', text: '1. Said before.' },
      { type: 'paragraph', text: 'Strictly private' },
    ]);
  });
});
