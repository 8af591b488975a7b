import { describe, expect, it } from 'vitest';
import { chunkDocument, type Profile } from '../../src/modules/ingestion/chunking.ts';
import type { Block } from '../../src/modules/ingestion/extraction/extractor.ts';

const heading = (text: string, level: number): Block => ({ type: 'heading', text, level });
/** Blocks as plain text has them: paragraphs between empty lines. */
const paragraphs = (text: string): Block[] =>
  text
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => ({ type: 'paragraph', text: paragraph.trim() }));
const filler = (count: number) => 'It goes on for a while, and then it goes on. '.repeat(count).trim();

function chunksOf(blocks: Block[], profile: Profile) {
  const { text, chunks } = chunkDocument(blocks, profile);
  return chunks.map((chunk) => ({ ...chunk, text: text.slice(chunk.start, chunk.end) }));
}

/** Each chunk as its headings and its first line. */
const outline = (blocks: Block[], profile: Profile) =>
  chunksOf(blocks, profile).map(({ headings, text }) => [headings.join(' > '), text.split('\n')[0]]);

describe('a CV', () => {
  const CV = `
Jane Doe
Berlin · jane@example.com

PROFILE
Engineer with ten years of experience in distributed systems.

WORK EXPERIENCE

Senior Engineer, Acme GmbH
Jan 2019 – present
- Led the search team of five people, from its first day on, in Berlin and in Lisbon.
- Reduced latency by half, and the bill by two thirds.
Engineer
Beta Inc
03/2015 - 12/2018
- Built the crawler, its queue, and everything that keeps the two from falling apart.

EDUCATION
M.Sc. Computer Science, TU Berlin, 2012 – 2014
B.Sc. Computer Science, TU Berlin, 2009 – 2012

Skills & Languages
TypeScript, Rust; German, English`;

  it('is cut by section, and in them by post, each under its first line', () => {
    expect(outline(paragraphs(CV), 'resume')).toEqual([
      ['', 'Jane Doe'],
      ['PROFILE', 'PROFILE'],
      ['WORK EXPERIENCE > Senior Engineer, Acme GmbH', 'WORK EXPERIENCE'],
      ['WORK EXPERIENCE > Engineer', 'Engineer'],
      ['EDUCATION', 'EDUCATION'],
      ['Skills & Languages', 'Skills & Languages'],
    ]);
  });

  it('with headings keeps the person above the sections, and the sections above the posts', () => {
    const post = (title: string): Block[] => [
      heading(title, 3),
      { type: 'paragraph', text: '2012 – 2014' },
      { type: 'list-item', text: `Since 2012 in charge of it. ${filler(4)}` },
    ];
    const blocks = [
      heading('Jane Doe', 1),
      heading('Experience', 2),
      ...post('Engineer'),
      ...post('Clerk'),
      heading('Open source', 2),
      { type: 'paragraph', text: 'A library.' } as const,
    ];
    expect(chunksOf(blocks, 'resume').map(({ headings }) => headings)).toEqual([
      ['Jane Doe', 'Experience', 'Engineer'],
      ['Jane Doe', 'Experience', 'Clerk'],
      ['Jane Doe', 'Open source'],
    ]);
  });

  it.each([
    ['German', 'Berufserfahrung', 'Ausbildung', 'Kenntnisse'],
    ['French', 'Expérience professionnelle', 'Formation', 'Compétences'],
    ['Spanish', 'Experiencia laboral', 'Educación', 'Idiomas'],
    ['Italian', 'ESPERIENZE PROFESSIONALI:', 'Istruzione e formazione', 'Competenze'],
    ['Portuguese', 'Experiência profissional', 'Formação', 'Línguas'],
    ['Dutch', 'Werkervaring', 'Opleidingen', 'Vaardigheden'],
    ['Polish', 'Doświadczenie zawodowe', 'Wykształcenie', 'Umiejętności'],
    ['Russian', 'Опыт работы', 'Образование', 'Навыки'],
    ['Chinese', '工作经历', '教育背景', '技能'],
    ['Japanese', '職歴', '学歴', '資格'],
    ['spaced and decorated', '— E X P E R I E N C E —', '🎓 Education', '3. Skills'],
  ])('has sections in %s', (_language, ...names) => {
    const blocks = paragraphs(names.map((name) => `${name}\n${filler(4)}`).join('\n\n'));
    expect(chunksOf(blocks, 'resume').map(({ headings }) => headings)).toEqual(names.map((name) => [name]));
  });

  it('does not take words for sections that stand in sentences', () => {
    const blocks = paragraphs(`My experience is long.\n\nEducation matters to me, and skills do.\n\n${filler(5)}`);
    expect(chunksOf(blocks, 'resume').map(({ headings }) => headings)).toEqual([[]]);
  });
});

describe('a contract', () => {
  const LEASE = `
LEASE AGREEMENT

between Anna Smith (the “Landlord”) and Bob Jones (the “Tenant”).

1. DEFINITIONS

“Premises” means the flat at 1 Main Street, with all that belongs to it.

“Term” means the period stated in clause 2.

2. TERM

2.1 Commencement. The lease begins on 1 January 2025 and
runs for
24 months. Section 4 of this Agreement applies, and 2.5 percent are added.
2.2 Notice. Either party may end the lease:
(a) by notice in writing;
(b) for cause, which is (i) own use; or
(i) late payment; or
(ii) damage.

3. RENT

The rent is due on the third day of each month, wherever the Tenant may be, and whatever the Landlord may say.

SCHEDULE 1
Inventory

1. One table
2. Four chairs`;

  it('is cut by clause: one with all its sub-clauses if it fits', () => {
    expect(outline(paragraphs(LEASE), 'contract')).toEqual([
      ['', 'LEASE AGREEMENT'],
      ['1. DEFINITIONS', '1. DEFINITIONS'],
      ['2. TERM', '2. TERM'],
      ['3. RENT', '3. RENT'],
      ['SCHEDULE 1', 'SCHEDULE 1'],
      ['SCHEDULE 1', '1. One table'],
    ]);
  });

  it('keeps sub-clauses of a long clause whole, under the number of their parent', () => {
    const text = `2. TERM\n\n2.1 Commencement. ${filler(18)}\n\n2.2 Notice.\n\n(a) ${filler(16)}\n\n(b) ${filler(17)}`;
    expect(outline(paragraphs(text), 'contract')).toEqual([
      ['2. TERM > 2.1 Commencement', '2. TERM'],
      ['2. TERM > 2.2 Notice > (a)', '2.2 Notice.'],
      ['2. TERM > 2.2 Notice > (b)', expect.stringMatching(/^\(b\) /)],
    ]);
  });

  it('cuts a sub-clause that does not fit at sentences, all under its number', () => {
    const chunks = chunksOf(paragraphs(`4. Fees\n\n4.1 ${filler(90)}`), 'contract');
    expect(chunks.length).toBeGreaterThan(2);
    for (const { headings, text } of chunks) {
      expect(headings).toEqual(['4. Fees', '4.1']);
      expect(text).toMatch(/\.$/);
    }
  });

  it('keeps definitions whole', () => {
    const terms = ['Affiliate', 'Confidential Information', 'Deliverables', 'Services'];
    const text = `1. Definitions\n\n${terms.map((term) => `“${term}” means this. ${filler(20)}`).join('\n\n')}`;
    const chunks = chunksOf(paragraphs(text), 'contract');
    expect(chunks.map(({ headings }) => headings)).toEqual(terms.map((term) => ['1. Definitions', term]));
  });

  it.each([
    ['articles and sections', 'ARTICLE IV FEES', 'Section 4.1 Payment.', '(a)'],
    ['paragraphs of a German contract', '§ 3 Miete', '(1)', 'a)'],
    ['numbers in a German paragraph', '§ 12 Haftung', '(2)', '1.'],
    ['a Spanish one', 'CLÁUSULA 4. Precio', '4.1', 'a)'],
    ['a French one', 'Article 5 – Prix', '5.1', '(a)'],
    ['a Chinese one', '第三条 租金', '（一）', undefined],
    ['a part with articles', 'PART II GENERAL', 'Article 7', '7.1'],
    ['roman numbers below letters', '8. Law', '(h)', '(ii)'],
  ])('knows %s', (_what, clause, sub, below) => {
    const text = [clause, `${sub} ${filler(25)}`, ...(below === undefined ? [] : [`${below} ${filler(25)}`])];
    const paths = chunksOf(paragraphs(text.join('\n\n')), 'contract').map(({ headings }) => headings);
    expect(paths[0]?.[0]).toBe(clause);
    if (below === undefined) return;
    expect(paths.at(-1)).toEqual(
      [clause, sub.replace(/\.$/, ''), below].map((name) => expect.stringContaining(name.split(' ')[0] ?? '')),
    );
  });

  it('takes (i) after (h) for a letter', () => {
    const text = ['(g)', '(h)', '(i)'].map((sign) => `${sign} ${filler(30)}`).join('\n\n');
    expect(chunksOf(paragraphs(`1. Law\n\n${text}`), 'contract').map(({ headings }) => headings.at(-1))).toEqual([
      '(g)',
      '(h)',
      '(i)',
    ]);
  });
});
