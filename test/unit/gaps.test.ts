import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findGaps, type GapCandidate } from '../../src/modules/search/gaps.ts';
import { areAlike, areNear, textKeyOf, wordsOf } from '../../src/modules/search/query-text.ts';

let now = 0;

/** A search, later than those before it. */
const asked = (queryText: string, facts: Partial<GapCandidate> = {}): GapCandidate => {
  now += 1;
  const nothing = { resultCount: 0, relevanceScore: null, clicks: 0 };
  return { queryText, textKey: textKeyOf(queryText), createdAt: now, ...nothing, ...facts };
};

const gapsOf = (...searches: GapCandidate[]) => findGaps(searches.toReversed());
const alike = (a: string, b: string) => areAlike(wordsOf(a), wordsOf(b));

describe('questions that are one', () => {
  it.each([
    ['invoice 2024', 'invoices 2024'],
    ['invoice 2024', '2024  INVOICE'],
    ['tax declaration', 'declaration tax'],
    ['Kündigungsfrist', 'kundigungsfrist'],
    ['collision repair', 'colision repair'],
    ['collision repair', 'collision reapir'],
    ['合同终止', '合同终止'],
  ])('%s and %s', (a, b) => expect([alike(a, b), alike(b, a)]).toEqual([true, true]));

  it.each([
    ['invoice 2023', 'invoice 2024'],
    ['cat', 'car'],
    ['invoice', 'invoice 2024'],
    ['repair of a car', 'repair of a roof'],
    ['合同', '合伙'],
  ])('%s and %s are two', (a, b) => expect([alike(a, b), alike(b, a)]).toEqual([false, false]));

  it('is told of any text, the same both ways, and each is like itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        expect(alike(a, a)).toBe(true);
        expect(areNear(a, b)).toBe(areNear(b, a));
      }),
    );
  });

  it('takes one letter for a slip, as counting edits does', () => {
    const letter = fc.constantFrom('a', 'b');
    const word = fc.array(letter, { minLength: 5, maxLength: 7 }).map((letters) => letters.join(''));
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(areNear(a, b)).toBe(editsBetween(a, b) <= 1);
      }),
      { numRuns: 500 },
    );
  });
});

describe('gaps', () => {
  it('are one for all forms of a question, the most frequent first', () => {
    const gaps = gapsOf(
      asked('parking permit'),
      asked('invoice 2024'),
      asked('Invoices 2024'),
      asked('invioces 2024'),
      asked('invoice 2024'),
    );
    expect(gaps.map(({ text, searches, reason }) => ({ text, searches, reason }))).toEqual([
      { text: 'invoice 2024', searches: 4, reason: 'nothing_found' },
      { text: 'parking permit', searches: 1, reason: 'nothing_found' },
    ]);
    expect(gaps[0]?.variants.toSorted()).toEqual(['Invoices 2024', 'invioces 2024']);
  });

  it('close when the latest search finds something', () => {
    expect(gapsOf(asked('passport'), asked('passports', { resultCount: 3 }))).toEqual([]);
    expect(gapsOf(asked('passport', { resultCount: 3 }), asked('passport'))).toMatchObject([{ searches: 2 }]);
  });

  it('are questions whose results were judged poor, unless judged better since', () => {
    const poor = asked('holiday', { resultCount: 5, relevanceScore: 0.1 });
    expect(gapsOf(poor)).toMatchObject([{ reason: 'poor_results', averageRelevance: 0.1 }]);
    expect(gapsOf(poor, asked('holidays', { resultCount: 5, relevanceScore: 0.9 }))).toEqual([]);
  });

  it('are questions of which nothing is ever opened, but only for people who open results', () => {
    const unopened = asked('roof', { resultCount: 5 });
    expect(gapsOf(unopened)).toEqual([]);
    const opened = asked('cellar', { resultCount: 5, clicks: 1 });
    expect(gapsOf(unopened, opened)).toMatchObject([{ text: 'roof', reason: 'nothing_opened' }]);
  });

  it('are told of whatever was asked, each search in one gap at most', () => {
    const search = fc.record({
      queryText: fc.oneof(fc.string({ unit: 'grapheme', minLength: 1 }), fc.constantFrom('invoice', 'invoices', '?!')),
      resultCount: fc.nat(2),
    });
    fc.assert(
      fc.property(fc.array(search), (searches) => {
        const gaps = gapsOf(...searches.map(({ queryText, resultCount }) => asked(queryText, { resultCount })));
        expect(gaps.reduce((total, gap) => total + gap.searches, 0)).toBeLessThanOrEqual(searches.length);
      }),
    );
  });
});

/** Edits that make one word of the other, where exchanging neighbours is one. */
function editsBetween(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      rows[i]?.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same, swapped));
    }
  }
  return at(a.length, b.length);
}
