import { describe, expect, it } from 'vitest';
import { createNearness } from '../../src/index-object/nearness.ts';
import { unite } from '../../src/index-object/postings.ts';
import { readQuery } from '../../src/index-object/query-words.ts';
import { createMatcher, makeSnippet } from '../../src/index-object/snippet.ts';
import { wordingNamed, wordingOf } from '../../src/index-object/wordings.ts';

const term = (language: string | null, word: string) => wordingOf(language).tokenizer.termOf(word);

describe('wordings', () => {
  it.each([
    [null, ['running', 'runs', 'run']],
    [null, ['Straße', 'strasse', 'STRASSE']],
    [null, ['Müller', 'Mueller', 'Muller', 'muller']],
    [null, ['Œuvre', 'oeuvre']],
    [null, ['Łódź', 'lodz']],
    [null, ['книга', 'книги', 'книгу', 'книгой']],
    [null, ['λόγος', 'λόγου', 'λόγοι', 'ΛΟΓΟΣ']],
    [null, ['الكتاب', 'كتاب', 'والكتاب', 'كِتَاب']],
    [null, ['लड़का', 'लड़के', 'लड़कों']],
    ['de', ['Häuser', 'Hauses', 'haeuser', 'Häusern']],
    ['de', ['Straßen', 'Strasse']],
    ['fr', ['nationaux', 'nationale', 'national', 'nationales']],
    ['es', ['hablando', 'hablaron', 'hablar', 'hablado']],
    ['it', ['parlando', 'parlare', 'parlato', 'parlano']],
    ['pt', ['trabalhando', 'trabalharam', 'trabalhar', 'trabalhado']],
    ['tr', ['kitaplar', 'kitapları', 'KİTAPLARIN']],
    ['fi', ['kirjastossa', 'kirjastot', 'kirjasto']],
    ['ru', ['города', 'городов', 'городам', 'город']],
  ])('of %s make one term of %j', (language, words) => {
    expect(new Set(words.map((word) => term(language, word))).size, words.map((w) => term(language, w)).join()).toBe(1);
  });

  it('keep apart what languages make of a word, and what they do not inflect', () => {
    expect(term('de', 'general')).not.toBe(term('fr', 'general'));
    expect(term('de', 'general')).not.toBe(term(null, 'general'));
    expect(term('de', '2026')).toBe(term(null, '2026'));
    expect(term('de', 'книга')).toBe(term('ru', 'книга'));
    expect(wordingOf('en')).toBe(wordingOf(null));
    expect(wordingNamed(wordingOf('de').name)).toBe(wordingOf('de'));
    expect(wordingNamed('former').tokenizer.termOf('Straße')).toBe('straße');
  });
});

const words = (...places: [slot: number, ...at: number[]][]) => ({
  slots: Uint32Array.from(places, ([slot]) => slot),
  weights: Uint8Array.from(places, ([, ...at]) => at.length),
  places: {
    starts: Uint32Array.from([
      0,
      ...places.map((_, i) => places.slice(0, i + 1).reduce((n, p) => n + p.length - 1, 0)),
    ]),
    at: Uint16Array.from(places.flatMap(([, ...at]) => at)),
  },
});

describe('nearness', () => {
  const nearness = createNearness([
    { posting: words([1, 5, 90], [2, 10], [3, 7]), weight: 2 },
    { posting: words([1, 50], [2, 11], [3, 9]), weight: 3 },
  ]);

  it('adds the lesser weight over the distance, and orders anew', () => {
    const found = [1, 2, 3].map((slot) => ({ slot, score: 4 - slot / 10 }));
    expect(nearness(found)).toEqual([
      { slot: 2, score: expect.closeTo(3.8 + 0.4 * 2, 5) },
      { slot: 3, score: expect.closeTo(3.7 + (0.4 * 2) / 2, 5) },
      { slot: 1, score: expect.closeTo(3.9, 5) },
    ]);
  });

  it('sees places of all spellings of a word', () => {
    const both = unite([words([1, 5], [4, 2, 8]), words([2, 1], [4, 5])]);
    expect([...both.slots]).toEqual([1, 2, 4]);
    expect([...(both.places?.starts ?? [])]).toEqual([0, 1, 2, 5]);
    expect([...(both.places?.at ?? [])]).toEqual([5, 1, 2, 5, 8]);
  });
});

describe('highlights', () => {
  const marked = (text: string, query: string, language: string | null = null) => {
    const { wanted } = readQuery(query, [wordingOf(null), wordingOf(language)]);
    const { tokenizer } = wordingOf(language);
    const made = makeSnippet(text, createMatcher(wanted), { header: null, tokenizer });
    return made.highlights.map(([start, end]) => made.text.slice(start, end));
  };

  it.each([
    ['The general said: annual general meetings.', '"general meeting"', ['general', 'meetings']],
    ['Running and runners run; she rants.', 'runn*', ['Running', 'runners']],
    ['A heron, not a stork.', 'heron -stork', ['heron']],
    ['A lease of the lease.', 'title:lease', []],
    ['A lease of land.', 'body:lease OR title:land', ['lease']],
    ['Cats, dogs.', 'cat OR dog', ['Cats', 'dogs']],
    ['Die Straße von Aerzen', 'strasse aerzen', ['Straße', 'Aerzen']],
    ['والكتاب الجديد', 'كتاب', ['والكتاب']],
    ['黑豹队的防守只丢了', '"防守只"', ['防守只']],
    ['黑豹队的防守', '防*', ['防']],
  ])('in %s for %s are %j', (text, query, expected) => {
    expect(marked(text, query)).toEqual(expected);
  });

  it('follow the language of the document', () => {
    expect(marked('Die Häuser am Fluss', 'hauses', 'de')).toEqual(['Häuser']);
  });
});
