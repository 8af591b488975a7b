import { describe, expect, it } from 'vitest';
import { chunkDocument, type Profile } from '../../src/modules/ingestion/chunking.ts';
import type { Block } from '../../src/modules/ingestion/extraction/extractor.ts';
import { firstRowAsHeader } from '../../src/modules/ingestion/table-header.ts';

const heading = (text: string, level: number): Block => ({ type: 'heading', text, level });
const paragraph = (text: string): Block => ({ type: 'paragraph', text });
const filler = (count: number) => 'It goes on for a while, and then it goes on. '.repeat(count).trim();

function chunksOf(blocks: Block[], profile: Profile) {
  const { text, chunks } = chunkDocument(blocks, profile);
  return chunks.map((chunk) => ({ ...chunk, text: text.slice(chunk.start, chunk.end) }));
}

describe('a review', () => {
  it.each([
    [
      'questions and answers',
      ['Q1: How do you like it, all in all?', 'A: Very much, and for several reasons.'],
      ['Q: Would you buy it again next year?', 'A: Yes, but not at twice the price.'],
    ],
    [
      'German ones',
      ['Frage 1: Wie gefällt Ihnen das Produkt insgesamt?', 'Antwort: Sehr gut, aus mehreren Gründen.'],
      ['Frage 2: Würden Sie es wieder kaufen?', 'Antwort: Ja, aber nicht zum doppelten Preis.'],
    ],
    [
      'numbered questions',
      ['1. What went well in the last year?', 'The migration, and the holidays.'],
      ['2) What could have gone better?', 'The other migration, and the weather.'],
    ],
    [
      'questions without a number',
      ['What went well in the last year?', 'The migration, and the holidays.'],
      ['What could have gone better, then?', 'The other migration, and the weather.'],
    ],
    [
      'stars',
      ['★★★★★ Great service', 'Quick and friendly, and they even called back.'],
      ['★☆☆☆☆ Never again', 'Slow and rude, and nobody ever called back.'],
    ],
    [
      'ratings',
      ['Rating: 4/5', 'Quick and friendly, and they even called back.'],
      ['Rating: 1/5', 'Slow and rude, and nobody ever called back.'],
    ],
    [
      'sides',
      ['Strengths: writes clearly, listens well, and laughs at bad jokes.'],
      ['Areas for improvement: is late, and then blames the weather.'],
    ],
  ])('is cut by %s', (_what, first, second) => {
    const chunks = chunksOf([...first, ...second].map(paragraph), 'review');
    expect(chunks.map(({ text }) => text)).toEqual([first.join('\n\n'), second.join('\n\n')]);
    for (const [i, { headings }] of chunks.entries()) expect([first, second][i]?.[0]).toContain(headings[0]);
  });

  it('keeps a rating with the question that it belongs to', () => {
    const blocks = [heading('Communication', 2), paragraph('Rating: 4/5'), paragraph(`Clear. ${filler(2)}`)];
    expect(chunksOf([...blocks, heading('Planning', 2), paragraph(filler(3))], 'review')).toHaveLength(2);
    expect(chunksOf(['1. Communication', filler(3), 'Rating: 4/5'].map(paragraph), 'review')).toHaveLength(1);
  });
});

describe('a policy', () => {
  it('is cut by heading, each under the path of its headings', () => {
    const blocks = [
      heading('Travel policy', 1),
      heading('Bookings', 2),
      paragraph('By train.'),
      heading('Exceptions', 3),
      paragraph('By air.'),
      heading('Expenses', 2),
      paragraph('Within a month.'),
    ];
    expect(chunksOf(blocks, 'policy').map(({ headings, text }) => [headings, text.split('\n').at(-1)])).toEqual([
      [['Travel policy', 'Bookings'], 'By train.'],
      [['Travel policy', 'Bookings', 'Exceptions'], 'By air.'],
      [['Travel policy', 'Expenses'], 'Within a month.'],
    ]);
  });

  it.each([
    ['numbered titles', '1. Purpose', '2.1 Contractors', ['2.1 Contractors']],
    ['capitals', 'PURPOSE OF THIS DOCUMENT', 'WHO IS MEANT', ['WHO IS MEANT']],
    ['names that policies have', 'Geltungsbereich', 'Verantwortlichkeiten:', ['Verantwortlichkeiten:']],
  ])('without headings is cut by %s', (_what, first, second, path) => {
    const chunks = chunksOf([first, 'For all.', second, 'They sign.'].map(paragraph), 'policy');
    expect(chunks.map(({ text }) => text)).toEqual([`${first}\n\nFor all.`, `${second}\n\nThey sign.`]);
    expect(chunks[1]?.headings.slice(-1)).toEqual(path);
  });

  it('takes numbered sentences for no titles', () => {
    const rules = ['1. Lock your screen when you leave.', '2. Tell nobody your password.'];
    expect(chunksOf([heading('Rules', 1), ...rules.map(paragraph)], 'policy')).toHaveLength(1);
  });
});

describe('a recording', () => {
  const cue = (i: number, text: string, seconds = 4): Block => ({
    type: 'paragraph',
    text,
    time: { startMs: i * seconds * 1000, endMs: (i * seconds + seconds) * 1000 },
  });
  const lasts = ({ time }: { time?: { startMs: number; endMs: number } | undefined }) =>
    ((time?.endMs ?? 0) - (time?.startMs ?? 0)) / 1000;

  it('is cut at the end of the sentence with which half a minute is full', () => {
    const chunks = chunksOf(
      Array.from({ length: 60 }, (_, i) => cue(i, i % 3 === 2 ? 'and that is it.' : 'we go on')),
      'audio',
    );
    for (const [i, chunk] of chunks.entries()) {
      expect(chunk.text).toMatch(/it\.$/);
      expect(chunk.time?.startMs).toBe(chunks[i - 1]?.time?.endMs ?? 0);
    }
    expect(chunks.slice(0, -1).map(lasts)).toEqual(chunks.slice(0, -1).map(() => 36));
  });

  it('is cut after a minute where no sentence ends', () => {
    const chunks = chunksOf(
      Array.from({ length: 60 }, (_, i) => cue(i, 'we go on')),
      'audio',
    );
    expect(chunks.map(lasts)).toEqual([60, 60, 60, 60]);
  });

  it('ends before a long silence', () => {
    const chunks = chunksOf([cue(0, 'One.'), cue(1, 'Two.'), cue(100, 'Three.')], 'audio');
    expect(chunks.map(({ time }) => time)).toEqual([
      { startMs: 0, endMs: 8000 },
      { startMs: 400_000, endMs: 404_000 },
    ]);
  });

  it('is cut within a long paragraph by the time that its sentences take', () => {
    const chunks = chunksOf([cue(0, filler(40), 300)], 'audio');
    expect(chunks.length).toBeGreaterThanOrEqual(5);
    expect(chunks.length).toBeLessThanOrEqual(10);
    for (const { time } of chunks) expect(time).toEqual({ startMs: 0, endMs: 300_000 });
  });
});

describe('source code', () => {
  const code = (text: string, ...path: string[]): Block => ({ type: 'code', text, ...(path.length > 0 && { path }) });
  const body = (lines: number) => Array.from({ length: lines }, (_, i) => `    call(${i}, "some words");`).join('\n');

  it('keeps a symbol whole if it fits, under its signature and those above', () => {
    const blocks = [
      code('import os'),
      code('class Shop:\n    """Sells."""', 'Shop'),
      code(`    # Opens it.\n    def open(self, key):\n${body(12)}`, 'Shop', 'open'),
      code(`    def close(self):\n${body(12)}`, 'Shop', 'close'),
      code(`def main():\n${body(12)}`, 'main'),
    ];
    expect(chunksOf(blocks, 'code').map(({ headings, text }) => [headings, text.split('\n')[0]])).toEqual([
      [[], 'import os'],
      [['class Shop:'], 'class Shop:'],
      [['class Shop:', 'def open(self, key):'], '# Opens it.'],
      [['class Shop:', 'def close(self):'], 'def close(self):'],
      [['def main():'], 'def main():'],
    ]);
  });

  it('cuts a long symbol at lines, each piece under its signature', () => {
    const chunks = chunksOf([code(`function long(a: string): void {\n${body(200)}\n}`, 'long')], 'code');
    expect(chunks.length).toBeGreaterThan(3);
    for (const { headings, text } of chunks) {
      expect(headings).toEqual(['function long(a: string): void {']);
      for (const line of text.split('\n').slice(1, -1)) expect(line).toMatch(/^ {4}call\(\d+, "some words"\);$/);
    }
  });

  it('joins short neighbours under one parent, and nothing with what follows a class', () => {
    const getter = (name: string) => code(`  get ${name}() { return this.#${name}; }`, 'Point', name);
    const blocks = [
      code('class Point {', 'Point'),
      getter('x'),
      getter('y'),
      getter('z'),
      code('}', 'Point'),
      code(`run(new Point());\n${body(8)}`),
    ];
    expect(chunksOf(blocks, 'code').map(({ headings }) => headings)).toEqual([
      ['class Point {'],
      ['class Point {'],
      [],
    ]);
  });
});

describe('a table', () => {
  const rows = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => `Person ${from + i} with a long name\t${20 + (i % 50)}\tCity`).join('\n');
  const HEADER = 'Name\tAge\tTown';

  it('is cut between rows, with the names of its columns in front of all but the first rows', () => {
    const chunks = chunksOf([heading('People', 1), { type: 'table', text: `${HEADER}\n${rows(0, 100)}` }], 'table');
    expect(chunks.map(({ header }) => header)).toEqual([undefined, ...chunks.slice(1).map(() => HEADER)]);
    expect(chunks.length).toBeGreaterThan(3);
    for (const { text, headings } of chunks) {
      expect(headings).toEqual(['People']);
      expect(text).toMatch(/\tCity$/);
    }
  });

  it('takes the header of a block that goes on from the one before', () => {
    const table = { type: 'table' as const, path: ['Sheet 1'], page: 1 };
    const blocks: Block[] = [
      { ...table, text: `${HEADER}\n${rows(0, 5)}` },
      { ...table, text: rows(5, 60), header: HEADER },
    ];
    const chunks = chunksOf(blocks, 'table');
    expect(chunks.map(({ header }) => header)).toEqual([undefined, ...chunks.slice(1).map(() => HEADER)]);
    expect(new Set(chunks.map(({ headings }) => headings.join()))).toEqual(new Set(['Sheet 1']));
  });

  it('has its header once where a first column without a name begins it', () => {
    const header = '\t2023\t2024';
    const blocks: Block[] = [
      { type: 'table', header, text: `${header}\n${rows(0, 40)}` },
      { type: 'table', header, text: rows(40, 3) },
    ];
    const chunks = chunksOf(blocks, 'table');
    expect(chunks.map((chunk) => chunk.header)).toEqual([undefined, ...chunks.slice(1).map(() => header)]);
  });

  it('shares no chunk with another one', () => {
    const blocks: Block[] = [
      paragraph('Sales'),
      { type: 'table', text: 'A\tB\n1\t2' },
      paragraph('Costs'),
      { type: 'table', text: 'C\tD\n3\t4' },
    ];
    expect(chunksOf(blocks, 'table').map(({ text }) => text)).toEqual(['Sales\n\nA\tB\n1\t2', 'Costs\n\nC\tD\n3\t4']);
  });

  it('carries its header whatever the profile', () => {
    const chunks = chunksOf([{ type: 'table', text: `${HEADER}\n${rows(0, 100)}` }], 'general');
    expect(chunks[1]?.header).toBe(HEADER);
  });

  it('shortens the header of a very wide table at a column', () => {
    const names = Array.from(
      { length: 200 },
      (_, i) => `Column number ${String.fromCharCode(97 + (i % 26)).repeat(1 + i / 26)}`,
    );
    const row = names.map((_, i) => i).join('\t');
    const chunks = chunksOf([{ type: 'table', text: [names.join('\t'), row, row, row].join('\n') }], 'table');
    expect(chunks[1]?.header).toMatch(/^Column number a\t.*[a-z]…$/);
    expect(chunks[1]?.header?.length).toBeLessThanOrEqual(301);
  });

  it.each([
    ['names over values', 'Name\tAge\nAda\t36\nBob\t41', 'Name\tAge'],
    ['Japanese names', '名前\t年齢\n佐藤\t30\n三木\t25', '名前\t年齢'],
    ['years', 'Region\t2023\t2024\nEurope\t1.5\t1.7', 'Region\t2023\t2024'],
    ['values', 'Ada\t36\nBob\t41', undefined],
    ['names alone', 'Name\tTown', undefined],
    ['text alone', 'Top left\tTop right\nBottom left\tBottom right', undefined],
    ['one column', 'Name\n1\n2', undefined],
    ['the same name twice', 'A\tA\n1\t2', undefined],
  ])('has a header or none: %s', (_what, table, expected) => {
    expect(firstRowAsHeader(table)).toBe(expected);
  });
});
