import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRanker } from '../../src/index-object/bm25.ts';
import { fuse, RANK_CONSTANT } from '../../src/index-object/fusion.ts';
import { type QueryTerm, readQuery, tellingTerms } from '../../src/index-object/query-words.ts';
import { createMatcher, makeSnippet } from '../../src/index-object/snippet.ts';
import { createTopSlots } from '../../src/index-object/top-slots.ts';
import { wordingOf } from '../../src/index-object/wordings.ts';

const wordings = [wordingOf(null)];
const { tokenizer } = wordingOf(null);
const termsIn = (text: string) => readQuery(text, wordings).wanted;
const wordsIn = (term: QueryTerm) => term.spellings[0]?.words ?? [];
const ranking = fc
  .uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 40 })
  .map((slots) => slots.map((slot, i) => ({ slot, score: 100 - i })));

describe('fusion', () => {
  it('is weighted reciprocal rank fusion, ties by slot', () => {
    fc.assert(
      fc.property(ranking, ranking, fc.constantFrom(0.05, 0.5, 1, 2), (words, meaning, weight) => {
        const slots = [...new Set([...words, ...meaning].map((candidate) => candidate.slot))];
        const share = (side: typeof words, slot: number, weighing: number) => {
          const place = side.findIndex((candidate) => candidate.slot === slot);
          return place < 0 ? 0 : weighing / (RANK_CONSTANT + place + 1);
        };
        const expected = slots
          .map((slot) => ({ slot, score: share(words, slot, 1) + share(meaning, slot, weight) }))
          .sort((a, b) => b.score - a.score || a.slot - b.slot);
        const fused = fuse([
          { ranking: words, weight: 1 },
          { ranking: meaning, weight },
        ]);
        expect(fused).toEqual(expected);
      }),
    );
  });

  it('keeps one side’s order when the other finds nothing', () => {
    const words = [5, 3, 9].map((slot) => ({ slot, score: 1 }));
    const fused = fuse([
      { ranking: words, weight: 1 },
      { ranking: [], weight: 1 },
    ]);
    expect(fused.map((candidate) => candidate.slot)).toEqual([5, 3, 9]);
  });
});

describe('the best slots', () => {
  it('are the first of all when sorted', () => {
    const offers = fc.uniqueArray(fc.record({ slot: fc.nat(500), score: fc.integer({ min: -5, max: 5 }) }), {
      selector: (offer) => offer.slot,
    });
    fc.assert(
      fc.property(offers, fc.integer({ min: 0, max: 12 }), (drawn, size) => {
        const top = createTopSlots(size);
        for (const { slot, score } of drawn) top.offer(slot, score);
        const expected = drawn.toSorted((a, b) => b.score - a.score || a.slot - b.slot).slice(0, size);
        expect(top.sorted()).toEqual(expected);
      }),
    );
  });
});

describe('bm25', () => {
  const table = {
    generations: Uint32Array.of(0, 1, 1, 2),
    words: Uint16Array.of(0, 10, 20, 10),
    count: 3,
    totalWords: 40,
  };
  const posting = (slots: number[], steps: number[]) => ({
    slots: Uint32Array.from(slots),
    weights: Uint8Array.from(steps),
    places: null,
  });

  it('scores as the formula says', () => {
    const rank = createRanker();
    const term = { posting: posting([1, 2], [2, 4]), times: 2, required: false };
    const { complete } = rank([term], { table, allowed: Uint8Array.of(0, 1, 1), wanted: 5 });
    const idf = Math.log(1 + (3 - 2 + 0.5) / (2 + 0.5));
    const score = (tf: number, words: number) => (2 * idf * tf * 2.2) / (tf + 1.2 * (0.25 + (0.75 * words) / (40 / 3)));
    expect(complete.map((hit) => hit.slot)).toEqual([2, 1]);
    expect(complete[0]?.score).toBeCloseTo(score(2, 20), 5);
    expect(complete[1]?.score).toBeCloseTo(score(1, 10), 5);
  });

  it('tells complete matches from partial ones, leaves out what is not allowed, and forgets between calls', () => {
    const rank = createRanker();
    const terms = [
      { posting: posting([1, 2, 3], [2, 2, 2]), times: 1, required: false },
      { posting: posting([2, 3], [2, 2]), times: 1, required: false },
    ];
    const options = { table, allowed: Uint8Array.of(0, 1, 0), wanted: 5 };
    for (let i = 0; i < 2; i++) {
      const { complete, partial } = rank(terms, options);
      expect([complete.map((hit) => hit.slot), partial.map((hit) => hit.slot)]).toEqual([[2], [1]]);
    }
    const required = terms.map((term, i) => ({ ...term, required: i === 1 }));
    expect(rank(required, options).partial).toEqual([]);
  });
});

describe('query words', () => {
  const words = (text: string) => termsIn(text).map((term) => [wordsIn(term).join(' '), term.times]);

  it.each([
    [
      'Running RUNS ran',
      [
        ['run', 2],
        ['ran', 1],
      ],
    ],
    [
      'the "annual general meeting" and',
      [
        ['the', 1],
        ['annual gener meet', 1],
        ['and', 1],
      ],
    ],
    [
      '防守丢',
      [
        ['防守', 1],
        ['守丢', 1],
      ],
    ],
    ['?!“”—', []],
    ['', []],
  ])('of %j', (text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  it('drop stop words only while something else remains', () => {
    expect(tellingTerms(termsIn('what is the heron')).map(wordsIn)).toEqual([['heron']]);
    expect(tellingTerms(termsIn('to be'))).toHaveLength(2);
  });

  it('are letters, digits and marks, at most 64, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const { wanted, unwanted } = readQuery(text, wordings);
        const terms = [...wanted, ...unwanted];
        expect(terms.length).toBeLessThanOrEqual(128);
        for (const word of terms.flatMap((term) => term.spellings.flatMap(({ words }) => words)))
          expect(word).toMatch(/^[\p{L}\p{N}\p{M}\p{Co}]+$/u);
      }),
      { numRuns: 300 },
    );
  });
});

describe('snippets', () => {
  const snippet = (text: string, query: string) =>
    makeSnippet(text, createMatcher(termsIn(query)), { header: null, tokenizer });
  const marked = (text: string, query: string) => {
    const made = snippet(text, query);
    return made.highlights.map(([start, end]) => made.text.slice(start, end));
  };

  it('mark inflected, accented and spaceless words where they stand', () => {
    expect(marked('He was running to the Café.', 'run cafes')).toEqual(['running', 'Café']);
    expect(marked('黑豹队的防守只丢了 308 分', '防守丢分')).toEqual(['防守', '分'].slice(0, 1));
    expect(marked('東京都に住む', '都')).toEqual(['都']);
  });

  it('have in front, on a line of its own, what stands above all of their text', () => {
    const matcher = createMatcher(termsIn('age of herons'));
    const header = `Name\tAge\t${'Remarks\t'.repeat(60)}`;
    const made = makeSnippet(`${'Owl\t3\n'.repeat(90)}Heron\t7`, matcher, { header, tokenizer });
    const [above = '', ...rows] = made.text.split('\n');
    expect(header.startsWith(above)).toBe(true);
    expect(above.length).toBeLessThanOrEqual(120);
    expect(rows.at(-1)).toBe('Heron\t7');
    expect(made.highlights.map(([start, end]) => made.text.slice(start, end))).toEqual(['Age', 'Heron']);
  });

  it('show the window with the most of the query', () => {
    const text = `${'apple filler words here. '.repeat(30)}The apple and the pear meet. ${'more filler words. '.repeat(30)}`;
    expect(snippet(text, 'apple pear').text).toContain('The apple and the pear meet.');
  });

  it('stay inside their text, never cut a character, and cut words only where there is no space', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.constantFrom('heron', 'herons', '茶道', '😀', ' '),
    );
    const texts = fc.array(piece, { maxLength: 120 }).map((pieces) => pieces.join(' '));
    fc.assert(
      fc.property(fc.oneof(texts, fc.string({ unit: 'binary', maxLength: 900 })), (text) => {
        const made = snippet(text, 'heron 茶道');
        expect(made.text.length).toBeLessThanOrEqual(Math.max(240, 0));
        expect(text).toContain(made.text);
        if (text.isWellFormed()) expect(made.text.isWellFormed()).toBe(true);
        let last = 0;
        for (const [start, end] of made.highlights) {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          last = end;
        }
        expect(last).toBeLessThanOrEqual(made.text.length);
      }),
      { numRuns: 500 },
    );
  });

  it('keep whole words', () => {
    const text = Array.from({ length: 200 }, (_, i) => `word${i}`).join(' ');
    const words = new Set(text.split(' '));
    for (const query of ['word0', 'word77', 'word199', 'nothing']) {
      for (const word of snippet(text, query).text.trim().split(' ')) expect(words.has(word), word).toBe(true);
    }
  });
});
