import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitBlock } from '../../src/modules/ingestion/chunk-units.ts';
import {
  chunkDocument,
  layoutText,
  PROFILE_CHUNKING,
  PROFILES,
  type Profile,
} from '../../src/modules/ingestion/chunking.ts';
import type { Block } from '../../src/modules/ingestion/extraction/extractor.ts';

const heading = (text: string, level: number, page?: number): Block => ({
  type: 'heading',
  text,
  level,
  ...(page === undefined ? {} : { page }),
});
const paragraph = (text: string, page?: number): Block => ({
  type: 'paragraph',
  text,
  ...(page === undefined ? {} : { page }),
});
/** Sentences of 42 characters. */
const sentences = (count: number) =>
  Array.from({ length: count }, (_, i) => `Sentence number ${String(i).padStart(4, '0')} is of a fixed length.`).join(
    ' ',
  );

function chunksOf(blocks: Block[], profile: Profile = 'general') {
  const { text, chunks } = chunkDocument(blocks, profile);
  return chunks.map((chunk) => ({ ...chunk, text: text.slice(chunk.start, chunk.end) }));
}

describe('layout', () => {
  it('joins blocks with an empty line and says where each lies', () => {
    const { text, spans } = layoutText([paragraph('one'), paragraph('two')]);
    expect(text).toBe('one\n\ntwo');
    expect(spans.map(({ start, end }) => text.slice(start, end))).toEqual(['one', 'two']);
  });

  it('of nothing is nothing', () => {
    expect(chunkDocument([], 'general')).toEqual({ text: '', chunks: [] });
  });
});

describe('chunks', () => {
  it('keep a short document whole', () => {
    expect(chunksOf([heading('Title', 1), paragraph('Some words.')])).toEqual([
      { ordinal: 0, start: 0, end: 18, page: null, headings: ['Title'], text: 'Title\n\nSome words.' },
    ]);
  });

  it('end at sentences near the target and repeat whole sentences', () => {
    const chunks = chunksOf([paragraph(sentences(60))]);
    expect(chunks.length).toBeGreaterThan(3);
    for (const chunk of chunks) {
      expect(chunk.text).toMatch(/^Sentence .*length\.$/s);
    }
    for (const chunk of chunks.slice(0, -1)) expect(chunk.text.length).toBeGreaterThan(600);
    const overlaps = chunks.slice(1).map((chunk, i) => (chunks[i]?.end ?? 0) - chunk.start);
    // Three sentences and the spaces between them.
    expect(new Set(overlaps)).toEqual(new Set([3 * 42 + 2]));
  });

  it('begin anew at a heading and carry the path of headings', () => {
    const chunks = chunksOf([
      heading('A', 1),
      paragraph(sentences(6)),
      heading('A.1', 2),
      paragraph(sentences(6)),
      heading('A.1.1', 3),
      paragraph(sentences(6)),
      heading('B', 1),
      paragraph(sentences(6)),
    ]);
    expect(chunks.map((chunk) => chunk.headings)).toEqual([['A'], ['A', 'A.1'], ['A', 'A.1', 'A.1.1'], ['B']]);
    expect(chunks.map((chunk) => chunk.text.split('\n')[0])).toEqual(['A', 'A.1', 'A.1.1', 'B']);
  });

  it('join tiny sections of the same parent, and a heading with its first section', () => {
    const chunks = chunksOf([
      heading('Title', 1),
      heading('Part', 2),
      heading('a', 3),
      paragraph('Tiny.'),
      heading('b', 3),
      paragraph('Tiny too.'),
      heading('Other', 2),
      paragraph(sentences(8)),
    ]);
    expect(chunks.map((chunk) => chunk.headings)).toEqual([
      ['Title', 'Part'],
      ['Title', 'Other'],
    ]);
  });

  it('begin anew on every page, without overlap, however little stands there', () => {
    const pages = [sentences(40), 'Slide two', 'Slide three. It has a sentence.', sentences(40), '4'];
    const chunks = chunksOf(pages.map((text, i) => paragraph(text, i + 1)));
    for (const [i, text] of pages.entries()) {
      const onPage = chunks.filter((chunk) => chunk.page === i + 1);
      expect(text.startsWith(onPage[0]?.text ?? '-')).toBe(true);
      expect(text.endsWith(onPage.at(-1)?.text ?? '-')).toBe(true);
    }
    expect(chunks.map((chunk) => chunk.page)).toEqual(chunks.map((chunk) => chunk.page).sort());
  });

  it('leave a heading on its page when its text begins on the next', () => {
    const chunks = chunksOf([heading('A', 1, 1), paragraph('Text.', 2), heading('A.1', 2, 2), paragraph('More.', 3)]);
    expect(chunks.map(({ page, text, headings }) => ({ page, text, headings }))).toEqual([
      { page: 1, text: 'A', headings: ['A'] },
      { page: 2, text: 'Text.\n\nA.1', headings: ['A'] },
      { page: 3, text: 'More.', headings: ['A', 'A.1'] },
    ]);
  });

  it('split tables by rows and code by lines', () => {
    const rows = Array.from({ length: 200 }, (_, i) => `row ${i}\tvalue. More ${i}`).join('\n');
    for (const type of ['table', 'code'] as const) {
      for (const { text } of chunksOf([{ type, text: rows }])) expect(text).toMatch(/^row \d+\tvalue.*More \d+$/s);
    }
  });

  it.each([
    ['abbreviations', ['Dr. Smith met J. Doe, e.g. at the old office.', 'Then he left.']],
    ['quotes and note numbers', ['He said "no."', 'She left.[12]', 'Then what?']],
    ['Chinese', ['知识平台。', '私人文件！', '搜索']],
    ['lower case after a full stop', ['It costs a lot. of which approx. two are red.', 'Others not.']],
  ])('are made of sentences: %s', (_name, expected) => {
    const text = expected.join(/^\p{ASCII}*$/u.test(expected.join('')) ? ' ' : '');
    const units = splitBlock(text, { span: { start: 0, end: text.length }, type: 'paragraph' }, 1000);
    expect(units.map(({ start, end }) => text.slice(start, end))).toEqual(expected);
  });

  it('cut a word without end between graphemes', () => {
    const family = '👨‍👩‍👧';
    for (const chunk of chunksOf([paragraph(family.repeat(1000))])) {
      expect(chunk.text.replaceAll(family, '')).toBe('');
    }
  });

  it('take 3 MB of prose in well under two seconds', () => {
    const blocks = Array.from({ length: 600 }, () => paragraph(sentences(100)));
    const startedAt = performance.now();
    const { chunks } = chunkDocument(blocks, 'general');
    expect(performance.now() - startedAt).toBeLessThan(1500);
    expect(chunks.length).toBeGreaterThan(3000);
  });

  it.each([['a'], ['\n'], ['. '], ['a\n'], ['x '], ['。'], ['e\u0301'], ['\u0301']])(
    'take a million times %j in bounded time',
    (piece) => {
      const startedAt = performance.now();
      chunkDocument([paragraph(`a${piece.repeat(1_000_000)}a`)], 'general');
      expect(performance.now() - startedAt).toBeLessThan(5000);
    },
  );
});

describe('every profile', () => {
  it.each(PROFILES)('%s takes very many small sections, and a very long one, in bounded time', (profile) => {
    const pieces = ['1. Clause', '(a) more', 'Experience', '2019 – 2020', 'Q: Why?', '★★ Bad', '2.1 Title', 'A\t1'];
    const lines = Array.from({ length: 12_000 }, (_, i) => pieces[i % pieces.length] ?? '');
    const code = lines.map((text, i): Block => ({ type: 'code', text, path: ['a', String(i % 7), text] }));
    const startedAt = performance.now();
    chunkDocument([paragraph(lines.join('\n')), { type: 'table', text: lines.join('\n') }, ...code], profile);
    chunkDocument([{ type: 'code', text: 'a;\n'.repeat(140_000) }], profile);
    expect(performance.now() - startedAt).toBeLessThan(3000);
  });

  it.each(PROFILES)('%s has sensible sizes', (profile) => {
    const { targetCharacters, maxCharacters, overlapCharacters } = PROFILE_CHUNKING[profile];
    expect(targetCharacters).toBeLessThan(maxCharacters);
    expect(overlapCharacters).toBeLessThan(targetCharacters / 2);
  });
});

const word = fc.oneof(
  { weight: 6, arbitrary: fc.string({ minLength: 1, maxLength: 12 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('Word.', 'and', 'So?', '”', '\n', '知识。', '👨‍👩‍👧', 'e\u0301', '\ud800', '\t'),
  },
  { weight: 1, arbitrary: fc.nat(3000).map((length) => 'y'.repeat(length)) },
);
/** How sections, clauses, posts, questions and ratings begin. */
const sign = fc.constantFrom(
  ...['1.', '2.', '1.1', '(a)', '(i)', '§ 3', 'Article IV', 'Schedule 1', '“Term” means', 'EXPERIENCE', 'Education:'],
  ...['2019 – 2022', '- 2020 – now', 'Q: Why?', 'A: So.', 'Rating: 4/5', '★★ Poor', 'Pros:', '2. Scope', 'PURPOSE'],
);
const line = fc
  .tuple(fc.option(sign), fc.array(word, { maxLength: 40 }))
  .map(([begin, words]) => [begin ?? '', ...words].join(' '));
const blockText = fc
  .array(line, { minLength: 1, maxLength: 6 })
  .map((lines) => lines.join('\n').trim())
  .filter((text) => text !== '');
const block: fc.Arbitrary<Block> = fc
  .record({
    type: fc.constantFrom<Block['type'][]>('heading', 'paragraph', 'list-item', 'table', 'code', 'quote'),
    text: blockText,
    level: fc.integer({ min: 1, max: 6 }),
    path: fc.option(fc.array(fc.constantFrom('A', 'b', 'C'), { minLength: 1, maxLength: 3 })),
    header: fc.option(fc.constant('Name\tAge')),
    startMs: fc.option(fc.integer({ min: 0, max: 200_000 })),
  })
  .map(({ type, text, level, path, header, startMs }): Block => {
    if (type === 'heading') return { type, level, text: text.slice(0, 60).trim() || 'h' };
    const time = startMs === null ? {} : { time: { startMs, endMs: startMs + 7000 } };
    return { type, text, ...time, ...(path !== null && { path }), ...(type === 'table' && header && { header }) };
  });
/** Blocks of a paged document or of one without pages. */
const document = fc
  .tuple(fc.array(block, { maxLength: 25 }), fc.integer({ min: 0, max: 5 }))
  .map(([blocks, perPage]) =>
    perPage === 0 ? blocks : blocks.map((one, i) => ({ ...one, page: 1 + Math.floor(i / perPage) })),
  );

describe('for any document', () => {
  it('the time of a chunk is that of all blocks in it, and the same document is always cut the same', () => {
    fc.assert(
      fc.property(document, fc.constantFrom(...PROFILES), (blocks, profile) => {
        const { spans } = layoutText(blocks);
        const { chunks } = chunkDocument(blocks, profile);
        for (const { start, end, time } of chunks) {
          const inside = blocks.filter((_, i) => (spans[i]?.start ?? 0) < end && (spans[i]?.end ?? 0) > start);
          const times = inside.flatMap((one) => one.time ?? []);
          expect(time?.startMs).toBe(times.map(({ startMs }) => startMs).sort((a, b) => a - b)[0]);
          expect(time?.endMs).toBe(times.map(({ endMs }) => endMs).sort((a, b) => b - a)[0]);
        }
        expect(chunkDocument(structuredClone(blocks), profile).chunks).toEqual(chunks);
      }),
    );
  });

  it('chunks are in order, cover all but white space, and keep to their sizes', () => {
    fc.assert(
      fc.property(document, fc.constantFrom(...PROFILES), (blocks, profile) => {
        const { text, chunks } = chunkDocument(blocks, profile);
        const { maxCharacters, overlapCharacters } = PROFILE_CHUNKING[profile];
        let covered = 0;
        for (const [i, chunk] of chunks.entries()) {
          const before = chunks[i - 1];
          expect(chunk.ordinal).toBe(i);
          expect(chunk.end - chunk.start).toBeGreaterThan(0);
          expect(chunk.end - chunk.start).toBeLessThanOrEqual(maxCharacters);
          if (chunk.start > covered) expect(text.slice(covered, chunk.start).trim()).toBe('');
          expect(covered - chunk.start).toBeLessThanOrEqual(overlapCharacters);
          if (before !== undefined) expect(chunk.start > before.start && chunk.end > before.end).toBe(true);
          expect(text.slice(chunk.start, chunk.end).trim()).toBe(text.slice(chunk.start, chunk.end));
          expect(splitsPair(text, chunk.start) || splitsPair(text, chunk.end)).toBe(false);
          covered = chunk.end;
        }
        expect(text.slice(covered).trim()).toBe('');
        expect(text).toBe(layoutText(blocks).text);
      }),
      { numRuns: 300 },
    );
  });

  it('the page of a chunk is that of every block in it', () => {
    fc.assert(
      fc.property(document, fc.constantFrom(...PROFILES), (blocks, profile) => {
        const { spans } = layoutText(blocks);
        for (const chunk of chunkDocument(blocks, profile).chunks) {
          const inside = blocks.filter((_, i) => {
            const { start = 0, end = 0 } = spans[i] ?? {};
            return start < chunk.end && end > chunk.start;
          });
          expect([...new Set(inside.map(({ page = null }) => page))]).toEqual([chunk.page]);
        }
      }),
    );
  });
});

function splitsPair(text: string, at: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(at - 1, at + 1)) && at > 0;
}
