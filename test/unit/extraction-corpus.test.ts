import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExtractionError } from '../../src/modules/ingestion/extraction/extractor.ts';
import { profileToRead, proposeProfile } from '../../src/modules/ingestion/profile-proposal.ts';
import { docx, extract, mutate, normalise, paragraph, pdf, reasonOf, seeded, textOf } from './extraction.fixtures.ts';

/** Real documents lie outside of the repository: where they are absent, their tests are shown as skipped. */
const DATA = join(process.env.COMMONPLACE_DATA ?? join(import.meta.dirname, '../../../shared/data'), 'documents');
const HAS_DATA = existsSync(join(DATA, 'manifest.json'));

type Expected = {
  file: string;
  format: string;
  expect: string;
  phrase?: string;
  meta?: string;
  count?: { pages?: number; slides?: number; sheets?: number; width?: number; height?: number };
};

const realFile = (file: string) => new Uint8Array(readFileSync(join(DATA, file)));
describe.skipIf(!HAS_DATA)('real documents', () => {
  const manifest: Expected[] = HAS_DATA ? JSON.parse(readFileSync(join(DATA, 'manifest.json'), 'utf8')) : [];
  const KINDS: Record<string, string> = {
    pdf: 'pdf',
    docx: 'docx',
    html: 'html',
    md: 'markdown',
    txt: 'text',
    pptx: 'pptx',
    xlsx: 'xlsx',
    odt: 'odt',
    odp: 'odp',
    ods: 'ods',
    csv: 'csv',
    eml: 'email',
    rtf: 'rtf',
    epub: 'epub',
    ipynb: 'notebook',
  };
  const MEDIA: Record<string, string> = { jpg: 'image', png: 'image', mp3: 'audio', flac: 'audio' };

  it.each(manifest.filter((entry) => entry.format in KINDS && entry.expect === 'text'))(
    'reads $file',
    async (entry) => {
      const extraction = await extract(realFile(entry.file), entry.file);
      expect(extraction.kind).toBe(KINDS[entry.format]);
      expect(textOf(extraction)).toContain(normalise(entry.phrase ?? ''));
      const { pages, slides, sheets } = entry.count ?? {};
      expect(extraction.document.pageCount).toBe(pages ?? slides ?? sheets);
      // None of them is a CV, a contract, a review, a policy or a personnel record.
      const proposal = proposeProfile({ filename: entry.file, ...extraction, ...extraction.document });
      const profile = profileToRead({ profile: 'general', profileChosenBy: 'rules' }, proposal);
      expect(['general', 'code', 'table', 'audio']).toContain(profile);
    },
  );

  it.each(manifest.filter((entry) => entry.format in MEDIA))('reads what $file says of itself', async (entry) => {
    const extraction = await extract(realFile(entry.file), 'file');
    expect(extraction.kind).toBe(MEDIA[entry.format]);
    if (entry.meta !== undefined) expect(textOf(extraction)).toContain(normalise(entry.meta));
    if (entry.count !== undefined) expect(extraction.document.measurements?.['image']).toMatchObject(entry.count);
  });

  it.each(manifest.filter((entry) => !(entry.format in { ...KINDS, ...MEDIA })))(
    'refuses $file by its content',
    async (entry) => {
      expect(await reasonOf(extract(realFile(entry.file), 'notes.txt', 'text/plain'))).toBe('unsupported_format');
    },
  );

  it('says that a PDF with a password is encrypted', async () => {
    expect(await reasonOf(extract(realFile('r6-user-password.pdf')))).toBe('encrypted');
  });

  it.each([
    ['multicolumn.pdf', 'Two-Column Document with Lorem Ipsum', 1],
    ['multicolumn.pdf', 'Morbi luctus, wisi viverra faucibus pretium', 2],
    ['multicolumn.pdf', 'EU Countries Information', 3],
    ['REPAIR-2022-INV-001_multipage.pdf', 'bruce', 2],
    ['REPAIR-2022-INV-001_multipage.pdf', 'Gabriel Diaz', 1],
  ])('finds in %s "%s" on page %i', async (file, phrase, page) => {
    const { document } = await extract(realFile(file));
    const pages = document.blocks
      .filter((block) => block.text.toLowerCase().includes(phrase.toLowerCase()))
      .map((block) => block.page);
    expect(pages).toContain(page);
  });

  it('reads columns one after the other and joins words hyphenated at line ends', async () => {
    const text = textOf(await extract(realFile('multicolumn.pdf')));
    expect(text).toContain('Donec nonummy pellentesque ante.');
    expect(text).toContain('consectetuer adipiscing elit. Ut purus elit, vestibulum ut');
  });

  it('keeps the rows and cells of tables', async () => {
    const invoice = await extract(realFile('REPAIR-2022-INV-001_multipage.pdf'));
    expect(
      invoice.document.blocks.some((block) => block.type === 'table' && block.text.includes('Body Labor\t2\t150\t300')),
    ).toBe(true);
    const { document } = await extract(realFile('tables.docx'));
    expect(document.blocks[1]).toEqual({ type: 'table', text: 'Top left\tTop right\nBottom left\tBottom right' });
  });

  it.each([
    ['test.pptx', '1b92870d-e3b5-4e65-8153-919f4ff45592', 3],
    ['test.xlsx', 'affc7dad-52dc-4b98-9b5d-51e65d8a8ad0', 2],
    ['2023-half-year-analyses-by-segment.xlsx', '3.2 Products', 3],
  ])('finds in %s "%s" on slide or sheet %i', async (file, phrase, page) => {
    const { document } = await extract(realFile(file));
    expect(document.blocks.find(({ text }) => text.includes(phrase))?.page).toBe(page);
  });

  it('knows the columns of real tables', async () => {
    const { document } = await extract(realFile('test_mskanji.csv'), 'test_mskanji.csv');
    expect(document.metadata['columns']).toEqual(['名前 (text)', '年齢 (integer)', '住所 (text)']);
    expect(document.blocks[0]?.text).toContain('髙橋淳\t35\t名古屋');
  });

  it('reads the article of a page: heading, lists, metadata', async () => {
    const { document } = await extract(realFile('test_blog.html'));
    expect(document.title).toBe(
      'Does Model and Inference Parameter Matter in LLM Applications? - A Case Study for MATH',
    );
    expect(document.blocks[0]).toMatchObject({ type: 'heading', level: 1 });
    expect(document.metadata).toMatchObject({
      language: 'en',
      createdAt: '2023-04-21T00:00:00.000Z',
      encoding: 'utf-8',
    });
    expect(document.blocks.filter((block) => block.type === 'list-item').length).toBeGreaterThan(5);
  });
});

describe('mutated files', () => {
  const made: [string, Uint8Array][] = [
    ['a.pdf', pdf(['One page', 'Another one'])],
    ['a.docx', docx(paragraph('One') + paragraph('Two'))],
  ];
  const real = [
    'crazyones.pdf',
    '002-trivial-libre-office-writer.pdf',
    'footnotes.docx',
    'tables.docx',
    'wiki.md',
    'fake-html-cp1252.html',
    'test_mskanji.csv',
    'test.pptx',
    'test.xlsx',
    'fake.odt',
    'r6-user-password.pdf',
    'test.epub',
    'fake-doc.rtf',
    'test_notebook.ipynb',
  ];
  const originals = HAS_DATA ? [...made, ...real.map((file): [string, Uint8Array] => [file, realFile(file)])] : made;

  it('each end in a document or an ExtractionError, soon', { timeout: 120_000 }, async () => {
    const random = seeded(20_261_122);
    let slowestMs = 0;
    for (let i = 0; i < 200; i++) {
      const [file, original] = originals[i % originals.length] ?? ['', new Uint8Array()];
      const bytes = mutate(original, random);
      const startedAt = performance.now();
      const outcome = await extract(bytes, file).catch((error: unknown) => error);
      slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      const isExpected = outcome instanceof ExtractionError || (outcome instanceof Object && 'document' in outcome);
      expect(isExpected, `mutation ${i} of ${file}: ${String(outcome)}`).toBe(true);
    }
    expect(slowestMs).toBeLessThan(5000);
  });
});
