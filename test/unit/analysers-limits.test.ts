import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANALYSERS, type LocalAnalysis } from '../../src/modules/analyses/analysers/analysers.ts';
import { haveRealDocuments, readRealDocument } from '../support/real-documents.ts';
import { analyse, BEES, readingOf } from './analysers.fixtures.ts';
import { extract, seeded } from './extraction.fixtures.ts';

const TYPES = Object.keys(ANALYSERS) as LocalAnalysis[];

describe('any text', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 400 }),
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc
      .array(
        fc.constantFrom(
          '\ud800',
          '\udc00',
          '蜜',
          'a',
          '1',
          '.',
          '@',
          '$',
          '\n',
          '\t',
          'https://',
          ' ',
          'é',
          '2024-',
          'May ',
        ),
        { maxLength: 200 },
      )
      .map((parts) => parts.join('')),
  );

  it('gives results of the right form, whose places lie in it', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, fc.constantFrom('en', 'de', null), async (text, language) => {
        const reading = await readingOf(text.toWellFormed(), { language });
        for (const type of TYPES) await analyse(type, reading);
        const { entities = [] } = (await analyse('entities', reading)) ?? {};
        for (const { mentions } of entities) {
          for (const { start, end } of mentions) expect(start < end && end <= reading.text.length).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    ['prose', `${BEES}\n\n`],
    ['one word', 'a'],
    ['spaces', ' \n'],
    ['digits and dots', '1.1.'],
    ['at signs', 'a@'],
    ['urls', 'https://a.example/'],
    ['money', '$1,000,000,'],
    ['a script without spaces', '蜜蜂全年保持蜂巢的温度。'],
    ['sentences', 'Yes, it is. '],
  ])('of twenty million characters is analysed in a few seconds: %s', { timeout: 120_000 }, async (_, unit) => {
    const text = unit.repeat(Math.ceil(20_000_000 / unit.length)).slice(0, 20_000_000);
    const chunks = Array.from({ length: 20_000 }, (_unused, ordinal) => ({
      ordinal,
      start: ordinal * 1000,
      end: ordinal * 1000 + 1000,
      page: null,
      headings: [],
    }));
    const reading = { kind: 'text', language: 'en', text, chunks, measurements: {} };
    const startedAt = performance.now();
    for (const type of TYPES) await analyse(type, reading);
    // On a machine with other work; alone it takes one to two.
    expect(performance.now() - startedAt).toBeLessThan(15_000);
  });
});

/** Real documents lie outside of the repository: where they are absent, their tests are shown as skipped. */
describe.skipIf(!haveRealDocuments)('real documents', () => {
  it.each([
    ['handbook-872p.docx', ['standing trustee', 'united states trustee'], 95],
    ['wiki.md', ['ibm', 'international business machines'], 95],
    ['test_blog.html', ['inference parameters', 'llm'], 95],
    ['crazyones.pdf', ['crazy'], 90],
    ['REPAIR-2022-INV-001_multipage.pdf', ['vehicle'], 95],
    ['book-war-and-peace-1225p.txt', ['pierre', 'natasha', 'napoleon', 'moscow'], 95],
  ])(
    '%s: what it is about, good to read, and worse when it is misread',
    { timeout: 60_000 },
    async (file, about, least) => {
      const { kind, document } = await extract(new Uint8Array(readRealDocument(file)), file);
      const reading = await readingOf(document.blocks, { kind });
      const phrases = (await analyse('keyphrases', reading))?.phrases.map(({ text }) => text.toLowerCase());
      expect(phrases).toEqual(expect.arrayContaining(about));
      const { score = 0 } = (await analyse('quality', reading)) ?? {};
      expect(score).toBeGreaterThanOrEqual(least);
      const random = seeded(7);
      const misread = [...reading.text.slice(0, 200_000)]
        .map((letter) => (/\p{L}/u.test(letter) && random() < 0.1 ? '|!°}~1;€'.charAt(random() * 8) : letter))
        .join('');
      const { score: worse = 0 } = (await analyse('quality', { ...reading, text: misread })) ?? {};
      expect(worse).toBeLessThanOrEqual(score - 25);
      for (const { start, end, text } of (await analyse('summary', reading))?.sentences ?? []) {
        expect(reading.text.slice(start, end).replace(/\s+/g, ' ')).toBe(text);
      }
    },
  );

  it('an invoice: who, where to, and how to reach them', async () => {
    const { document } = await extract(new Uint8Array(readRealDocument('REPAIR-2022-INV-001_multipage.pdf')));
    const { entities = [] } = (await analyse('entities', await readingOf(document.blocks, { kind: 'pdf' }))) ?? {};
    const of = (type: string) => entities.filter((entity) => entity.type === type).map(({ text }) => text);
    expect(of('email').sort()).toEqual(['batman@wayneindustries.com', 'gabriel@contoso.com']);
    expect(of('person')).toEqual(expect.arrayContaining(['Gabriel Diaz', 'Bruce Wayne']));
    expect(entities.find(({ text }) => text === 'gabriel@contoso.com')?.mentions[0]?.page).toBe(1);
  });
});
