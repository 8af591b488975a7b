import { describe, expect, it } from 'vitest';
import { docx, extract, paragraph, textOf } from './extraction.fixtures.ts';

const run = (text: string) => `<w:r><w:t xml:space="preserve">${text}</w:t></w:r>`;
const wrapped = (inner: string) => `<w:p>${inner}</w:p>`;
const MATH = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"';
const read = async (body: string, parts: Record<string, string> = {}) =>
  textOf(await extract(docx(body, parts), 'a.docx'));

describe('what Word writes beside plain runs', () => {
  it.each<[string, string, string]>([
    [
      'fields as they were last shown',
      wrapped(`${run('Figure ')}<w:fldSimple w:instr=" SEQ Figure ">${run('7')}</w:fldSimple>${run(': orbits')}`),
      'Figure 7: orbits',
    ],
    [
      'words below their readings',
      wrapped(
        `<w:r><w:ruby><w:rubyPr/><w:rt>${run('とう')}</w:rt><w:rubyBase>${run('東')}</w:rubyBase></w:ruby></w:r>${run('京')}`,
      ),
      '東京',
    ],
    [
      'formulas',
      wrapped(
        `${run('Energy is ')}<m:oMath ${MATH}><m:r><m:t>E=m</m:t></m:r><m:sSup><m:e><m:r><m:t>c</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:oMath>${run('.')}`,
      ),
      'Energy is E=mc2.',
    ],
    ['line ends of old kinds', wrapped(`<w:r><w:t>one</w:t><w:cr/><w:t>two</w:t></w:r>`), 'one two'],
    ['text of either direction', wrapped(`<w:bdo w:val="rtl">${run('שלום')}</w:bdo>`), 'שלום'],
  ])('reads %s', async (_name, body, text) => {
    expect(await read(body)).toBe(text);
  });

  it('reads text boxes that have no form for older programs, once those that have', async () => {
    const box = (fallback: string) =>
      wrapped(
        `${run('Beside')}<w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice Requires="wps"><w:drawing><wps:txbx xmlns:wps="w"><w:txbxContent>${paragraph('in the box')}</w:txbxContent></wps:txbx></w:drawing></mc:Choice>${fallback}</mc:AlternateContent></w:r>`,
      );
    expect(await read(box(''))).toBe('Beside in the box');
    const fallback = `<mc:Fallback><w:pict><w:txbxContent>${paragraph('in the box')}</w:txbxContent></w:pict></mc:Fallback>`;
    expect(await read(box(fallback))).toBe('Beside in the box');
  });

  it('reads comments, diagrams and charts', async () => {
    const text = await read(paragraph('The text.'), {
      'word/comments.xml': `<w:comments WORD><w:comment w:id="0" w:author="Grace">${paragraph('Is this so?')}</w:comment></w:comments>`,
      'word/diagrams/data1.xml':
        '<dgm:dataModel xmlns:dgm="d" xmlns:a="a"><dgm:ptLst><dgm:pt modelId="1"><dgm:t><a:p><a:r><a:t>A step</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:ptLst></dgm:dataModel>',
      'word/charts/chart1.xml':
        '<c:chartSpace xmlns:c="c"><c:chart><c:plotArea><c:barChart><c:ser><c:tx><c:v>Finches</c:v></c:tx><c:val><c:numLit><c:pt idx="0"><c:v>12</c:v></c:pt></c:numLit></c:val></c:ser></c:barChart></c:plotArea></c:chart></c:chartSpace>',
      'word/charts/chart2.xml': '<c:chartSpace',
    });
    expect(text).toBe('The text. Grace: Is this so? A step Finches 12');
  });
});
