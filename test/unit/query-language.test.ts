import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Clause, describeQuery, parseQuery, wordsOf } from '../../src/index-object/query-language.ts';

const day = (date: string) => Date.parse(`${date}T00:00:00Z`);
/** As short as a query can be written down again. */
const read = (query: string) => {
  const { all, any, not, filters } = describeQuery(parseQuery(query));
  return [...all, ...any.map((parts) => parts.join(' OR ')), ...not.map((part) => `-${part}`), ...filters].join(' | ');
};

describe('the query language', () => {
  it.each([
    ['annual report', 'annual | report'],
    ['"annual general meeting" report', '"annual general meeting" | report'],
    ['“annual meeting” «général» „Straße“', '"annual meeting" | "général" | "Straße"'],
    ['什么是"黑豹"队', '什么是 | "黑豹" | 队'],
    ['heron -stork -"great egret"', 'heron | -stork | -"great egret"'],
    ['heron −stork －egret', 'heron | -stork | -egret'],
    ['cats OR dogs food', 'food | cats OR dogs'],
    ['"two words" OR title:one', '"two words" OR title:one'],
    ['a OR OR b', 'a OR b'],
    ['contr* 防守*', 'contr* | 防守*'],
    [
      'title:lease HEADING:"monthly fees" body:rent* -title:draft',
      'title:lease | heading:"monthly fees" | body:rent* | -title:draft',
    ],
    ['tag:work tag:"to read" OR tag:later -tag:done', 'tag:work | tag:"to read" OR tag:later | -tag:done'],
    ['kind:PDF profile:contract -language:de', 'kind:pdf | profile:contract | -language:de'],
    ['after:2026 before:2026-03 -after:2026-03-05', 'after:2026-01-01 | before:2026-03-01 | before:2026-03-05'],
  ])('reads %s', (query, understood) => {
    expect(read(query)).toBe(understood);
  });

  it.each([
    ['c++ a:b:c 10:30 http://x.org/y?z=1 foo: tag: title:'],
    ['- -- -> -(x) --force +x ! * ** x*'],
    ['27" monitor 5" phone x""y'],
    ['before:yesterday after:2026-13 before:2026-02-30 after:0000'],
    ['or and not NOT AND near( (a b)'],
  ])('takes what is no operator as text: %s', (query) => {
    const clauses = parseQuery(query);
    const words = query.split(' ').filter((word) => /[\p{L}\p{N}]/u.test(word));
    expect(clauses).toEqual(
      words.map((text) => ({ type: 'text', excluded: false, any: [{ text, field: null, form: 'words' }] })),
    );
  });

  it('reads quotes that are never closed, and OR with nothing to join, as text', () => {
    expect(read('"unclosed')).toBe('"unclosed');
    expect(read('a OR')).toBe('a | OR');
    expect(read('OR a')).toBe('OR | a');
    expect(read('a OR -b')).toBe('a | OR | -b');
    expect(read('tag:x OR heron')).toBe('OR | heron | tag:x');
    expect(parseQuery('?! "" -')).toEqual([]);
  });

  it('counts from the first moment of the date, and up to before it', () => {
    expect(parseQuery('after:2026-03 before:2026-04')).toEqual([
      { type: 'after', time: day('2026-03-01') },
      { type: 'before', time: day('2026-04-01') },
    ]);
  });

  it('leaves operators out of what a query means', () => {
    expect(wordsOf(parseQuery('"annual meeting" -draft title:lease tag:work cats OR dogs* before:2026'))).toBe(
      'annual meeting lease cats dogs',
    );
  });

  const fragment = fc.constantFrom(
    ...['"', '“', '”', '-', '- ', ' ', ' OR ', '*', ':', '(', ')', 'tag:', 'title:', 'before:', 'after:2026-0', '茶道'],
    ...['heron', 'c++', '\0', '\ud800', 'kind:', "'", 'ﬁ', '\u0301', '2026-03-05', '\u2028'],
  );
  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.array(fragment, { maxLength: 30 }).map((parts) => parts.join('')),
  );

  it('reads any text, loses no word of it, and says what it has read in a way that is read the same', () => {
    fc.assert(
      fc.property(anyText, (query) => {
        const clauses = parseQuery(query);
        expect(textOf(clauses).every((text) => query.normalize('NFKC').toLowerCase().includes(text))).toBe(true);
        const { all, any, not, filters } = describeQuery(clauses);
        // Odd quotes and operators within words are the only text that says something else when it is moved.
        if (/["“”„«»:*]|(^|\s)(OR|[-−－])/u.test(textOf(clauses).join(' ')) || /\bOR\b/.test(query)) return;
        const again = [...all, ...any.map((parts) => parts.join(' OR ')), ...not.map((part) => `-${part}`), ...filters];
        expect(describeQuery(parseQuery(again.join(' ')))).toEqual({ all, any, not, filters });
      }),
      { numRuns: 500 },
    );
  });
});

function textOf(clauses: Clause[]): string[] {
  return clauses.flatMap((clause) => {
    if (clause.type === 'text') return clause.any.map(({ text }) => text.toLowerCase());
    return clause.type === 'filter' ? clause.any.map((value) => value.toLowerCase()) : [];
  });
}
