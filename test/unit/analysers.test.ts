import { describe, expect, it } from 'vitest';
import { analyse, BEES, readingOf } from './analysers.fixtures.ts';

describe('language', () => {
  it.each([
    ['en', BEES],
    [
      'de',
      'Die Bienen halten den Stock das ganze Jahr über auf gleicher Temperatur und tragen im Sommer Wasser ein, um die Brut zu kühlen.',
    ],
    [
      'fr',
      'Les abeilles maintiennent la ruche à une température constante toute l’année et apportent de l’eau pour rafraîchir le couvain.',
    ],
    ['ru', 'Пчёлы круглый год поддерживают в улье ровную температуру и летом приносят воду, чтобы охладить расплод.'],
    [
      'ja',
      '蜜蜂は一年中巣の温度を一定に保ち、夏には水を運んで幼虫を冷やします。冬には女王蜂の周りに集まって体を震わせます。',
    ],
  ])('is %s', async (language, text) => {
    const found = await analyse('language', await readingOf(text));
    expect(found?.language).toBe(language);
    expect(found?.confidence).toBeGreaterThan(0.5);
  });

  it('is less sure of a text in two, and names both', async () => {
    const german =
      'Die Königin legt im frühen Sommer bis zu zweitausend Eier am Tag, und die Arbeiterinnen pflegen sie. ';
    const both = await analyse(
      'language',
      await readingOf(`${BEES.replace(/\s+/g, ' ').repeat(12)}\n\n${german.repeat(160)}`),
    );
    expect(both?.confidence).toBeLessThan(0.8);
    expect([both?.language, ...(both?.alternatives.map(({ language }) => language) ?? [])].slice(0, 2).sort()).toEqual([
      'de',
      'en',
    ]);
  });
});

describe('key phrases', () => {
  const phrases = async (text: string) =>
    (await analyse('keyphrases', await readingOf(text)))?.phrases.map(({ text: phrase }) => phrase.toLowerCase()) ?? [];

  it('are what a text is about', async () => {
    const found = await phrases(BEES);
    expect(found.slice(0, 6)).toEqual(expect.arrayContaining(['worker bees', 'hive', 'honey', 'cluster']));
    expect(found).toContain('beekeeper');
    expect(found).not.toContain('bees');
  });

  it('are phrases where those are meant, in the spelling that is used most', async () => {
    const text = `The notice period is three months. A Notice Period may be shortened by agreement, and the notice period of a
      month-to-month lease is one month. The landlord and the tenant may agree on a longer notice period in writing.`;
    expect((await phrases(text))[0]).toBe('notice period');
  });

  it.each([
    [
      'German',
      'Die Kündigungsfrist beträgt drei Monate. Eine kürzere Kündigungsfrist muss der Vermieter schriftlich bestätigen, sonst gilt die gesetzliche Kündigungsfrist für den Mieter und den Vermieter.',
      'kündigungsfrist',
    ],
    [
      'Russian',
      'Срок уведомления составляет три месяца. Более короткий срок уведомления арендодатель подтверждает письменно, иначе действует законный срок уведомления для арендатора.',
      'срок уведомления',
    ],
    [
      'Chinese',
      '蜜蜂全年保持蜂巢的温度。夏天蜜蜂把水带到蜂巢里降温，冬天蜜蜂围绕蜂王取暖。养蜂人在冬天之前检查蜂巢，给蜜蜂留下蜂蜜。蜂巢很重要。',
      '蜂巢',
    ],
    [
      'Japanese',
      '蜜蜂は巣箱の温度を一定に保ちます。夏の蜜蜂は水を運んで巣箱を冷やし、冬の蜜蜂は女王蜂を温めます。養蜂家は冬の前に巣箱の重さを量ります。',
      '蜜蜂',
    ],
  ])('are found in %s', async (_, text, phrase) => {
    expect((await phrases(text)).slice(0, 4)).toContain(phrase);
  });

  it('are distinct, and none for a text of a few words', async () => {
    const found = await phrases(BEES);
    for (const phrase of found) {
      expect(found.filter((other) => other !== phrase && other.split(' ').includes(phrase))).toEqual([]);
    }
    expect(await analyse('keyphrases', await readingOf('Two words.'))).toBeUndefined();
  });
});

describe('entities', () => {
  const found = async (text: string, type: string) =>
    (await analyse('entities', await readingOf(text)))?.entities
      .filter((entity) => entity.type === type)
      .map(({ text: name, value }) => (value === undefined ? name : `${name} = ${value}`)) ?? [];

  it.each([
    ['2024-02-29', ['2024-02-29 = 2024-02-29']],
    ['2024-02-30 and 2024-13-01', []],
    ['at 2024-05-01T10:00:00Z sharp', ['2024-05-01T10:00:00Z = 2024-05-01']],
    ['am 3.4.2024 und am 31. 12. 2023', ['3.4.2024 = 2024-04-03', '31. 12. 2023 = 2023-12-31']],
    ['on 3/4/2024', ['3/4/2024']],
    ['on 13/4/2024 and 4/13/2024', ['13/4/2024 = 2024-04-13']],
    ['on 2 May 2024, not in May 2023', ['2 May 2024 = 2024-05-02', 'May 2023 = 2023-05']],
    ['March 3rd, 2024', ['March 3rd, 2024 = 2024-03-03']],
    ['le 1er janvier 2024', ['1er janvier 2024 = 2024-01-01']],
    ['am 3. März 2024', ['3. März 2024 = 2024-03-03']],
    ['el 3 de marzo de 2024', ['3 de marzo de 2024 = 2024-03-03']],
    ['2024年3月5日', ['2024年3月5日 = 2024-03-05']],
    ['version 1.2.2024.7, part 12-34-2024-5, 99999', []],
  ])('dates: %s', async (text, dates) => {
    expect(await found(text, 'date')).toEqual(dates);
  });

  it.each([
    ['It costs $1,234.50 or 99 €.', ['$1,234.50', '99 €']],
    ['USD 5 million, EUR 1.234,56 and 3 Mio. €', ['USD 5 million', 'EUR 1.234,56', '3 Mio. €']],
    ['1 234 567 kr and £20k', ['1 234 567 kr', '£20k']],
    ['5 apples and US history', []],
  ])('money: %s', async (text, sums) => {
    expect(await found(text, 'money')).toEqual(sums);
  });

  it.each([
    ['Write to ada@example.co.uk, or (bob.b+c@x.example).', ['ada@example.co.uk', 'bob.b+c@x.example']],
    ['not@an and @handle', []],
  ])('e-mail: %s', async (text, addresses) => {
    expect(await found(text, 'email')).toEqual(addresses);
  });

  it.each([
    [
      'See https://example.com/a_(b)?q=1#c. Or www.example.org/x, too',
      ['https://example.com/a_(b)?q=1#c', 'www.example.org/x'],
    ],
    ['(https://example.com/)', ['https://example.com/']],
    ['ada@www.example.com', []],
  ])('urls: %s', async (text, urls) => {
    expect(await found(text, 'url')).toEqual(urls);
  });

  it('people, places and organisations of an English text, counted, where they stand', async () => {
    const text = `Marie Curie was born in Warsaw and worked in Paris. The University of Paris gave Marie Curie a laboratory.
      "Marie Curie," wrote Albert Einstein of Princeton, "is not to be corrupted by fame." Microsoft was founded later.`;
    const reading = await readingOf(text);
    const { entities = [] } = (await analyse('entities', reading)) ?? {};
    const curie = entities.find((entity) => entity.text === 'Marie Curie');
    expect(curie).toMatchObject({ type: 'person', count: 3 });
    for (const { start, end } of curie?.mentions ?? []) expect(reading.text.slice(start, end)).toBe('Marie Curie');
    expect(await found(text, 'person')).toContain('Albert Einstein');
    expect(await found(text, 'place')).toEqual(expect.arrayContaining(['Warsaw', 'Paris']));
    expect(await found(text, 'organisation')).toContain('Microsoft');
  });
});

describe('reading time', () => {
  it.each([
    ['words', 'word '.repeat(476), 476, 2],
    ['characters of a script without spaces', '蜜'.repeat(780), 780, 2],
    ['both', `${'word '.repeat(238)}${'蜜'.repeat(390)}`, 628, 2],
  ])('counts %s', async (_, text, words, minutes) => {
    expect(await analyse('reading_time', await readingOf(text.trim()))).toMatchObject({ words, minutes });
  });

  it('is the same for a long text, in proportion', async () => {
    const reading = await readingOf(`${BEES}\n\n`.repeat(3_000).trim());
    const one = await analyse('reading_time', await readingOf(BEES));
    const many = await analyse('reading_time', reading);
    expect(many?.words).toBeGreaterThan((one?.words ?? 0) * 3_000 * 0.98);
    expect(many?.words).toBeLessThan((one?.words ?? 0) * 3_000 * 1.02);
  });
});

describe('quality', () => {
  const judged = async (text: string, kind = 'text') => analyse('quality', await readingOf(text, { kind }));
  const misread = (text: string) =>
    [...text].map((letter, i) => (/\p{L}/u.test(letter) && i % 9 === 4 ? '|°!{~1§'.charAt(i % 7) : letter)).join('');

  it.each([
    ['good prose', BEES, 100, []],
    ['hardly any text', 'Just a note.', 40, ['very_short']],
    ['a bad scan', misread(BEES), 60, ['garbled_words']],
    ['torn words', [...BEES].join(' '), 45, ['broken_words']],
    ['the wrong encoding', 'Die KÃ¶nigin hÃ¤lt die Bienen fÃ¼r den Imker. '.repeat(20), 60, ['lost_characters']],
    [
      'lost characters',
      'The qu\ufffdn l\ufffdys eggs in the h\ufffdve all summer long. '.repeat(20),
      50,
      ['lost_characters'],
    ],
    ['numbers', `${BEES.slice(0, 200)} ${'12.5 17.25 99 1024 '.repeat(200)}`, 75, ['few_letters']],
    ['the same again and again', 'Home\nProducts\nAbout us\nContact us\nCookies\n'.repeat(40), 60, ['repetitive']],
  ])('of %s', async (_, text, most, reasons) => {
    const { score, reasons: given } = (await judged(text)) ?? { score: -1, reasons: [] };
    expect(score, JSON.stringify(given)).toBeLessThanOrEqual(most);
    expect(given.map(({ code }) => code)).toEqual(expect.arrayContaining(reasons));
    expect(score).toBe(Math.max(0, 100 - given.reduce((sum, { penalty }) => sum + penalty, 0)));
  });

  it('is not judged of the line that says what a picture is', async () => {
    expect(await judged('PNG picture, 40 × 50 pixels', 'image')).toBeUndefined();
    expect(await judged(BEES, 'image')).toMatchObject({ score: 100 });
  });

  it('does not expect prose of code and tables', async () => {
    const code =
      'const xs = ys.map((y) => y * 2);\nif (a && b) { return f(x[0]!.z_1); }\n'.replaceAll('\n', '\n') +
      BEES.slice(0, 0);
    const lines = Array.from({ length: 30 }, (_, i) =>
      code.replace('xs', `xs${'abcdefghij'.charAt(i % 10)}${'klm'.charAt(i % 3)}`),
    ).join('');
    expect((await judged(lines, 'code'))?.reasons.map(({ code: reason }) => reason)).not.toContain('garbled_words');
  });
});

describe('summary', () => {
  it('is made of sentences that stand where it says, in order, none twice', async () => {
    const reading = await readingOf(`${BEES}\n\n${BEES}`);
    const { sentences = [] } = (await analyse('summary', reading)) ?? {};
    expect(sentences.length).toBeGreaterThanOrEqual(2);
    for (const { start, end, text } of sentences)
      expect(reading.text.slice(start, end).replace(/\s+/g, ' ')).toBe(text);
    expect(sentences.map(({ start }) => start)).toEqual(sentences.map(({ start }) => start).sort((a, b) => a - b));
    expect(new Set(sentences.map(({ text }) => text)).size).toBe(sentences.length);
  });

  it('says what the text is about, and not what it says by the way', async () => {
    const aside = 'My uncle once bought a red bicycle from a man in a hat.';
    const { sentences = [] } = (await analyse('summary', await readingOf(`${BEES}\n\n${aside}`))) ?? {};
    const text = sentences.map((sentence) => sentence.text).join(' ');
    expect(text).toMatch(/worker bees|honey|hive/);
    expect(text).not.toContain('bicycle');
  });

  it('has pages, times, and neither headings nor rows of tables', async () => {
    const [first = '', second = '', third = ''] = BEES.split('\n\n');
    const reading = await readingOf([
      { type: 'heading', level: 1, text: 'Worker bees and the honey of the hive in winter and summer!', page: 1 },
      { type: 'paragraph', text: first, page: 1 },
      { type: 'table', text: 'worker bees\thoney\thive.\n'.repeat(20).trim(), page: 2 },
      { type: 'paragraph', text: second, page: 3, time: { startMs: 1000, endMs: 2000 } },
      { type: 'paragraph', text: third, page: 3, time: { startMs: 2000, endMs: 3000 } },
    ]);
    const { sentences = [] } = (await analyse('summary', reading)) ?? {};
    expect(sentences.every(({ text }) => !text.includes('\t'))).toBe(true);
    for (const { text, page, time } of sentences) {
      const isFirst = first.replace(/\s+/g, ' ').includes(text);
      if (!isFirst && page === 1) continue;
      expect([page, time !== undefined]).toEqual(isFirst ? [1, false] : [3, true]);
    }
  });

  it('is in Chinese of a Chinese text', async () => {
    const text =
      '蜜蜂全年保持蜂巢的温度，夏天工蜂用翅膀扇风。冬天工蜂围绕蜂王取暖，靠夏天储存的蜂蜜生活。养蜂人在冬天之前检查蜂巢的重量，给工蜂留下蜂蜜。有人喜欢骑自行车去山里。';
    const { sentences = [] } = (await analyse('summary', await readingOf(text))) ?? {};
    expect(sentences.length).toBeGreaterThanOrEqual(2);
  });

  it.each([
    ['', 'Too short.'],
    ['a list', '- one\n- two\n- three\n- four'],
  ])('is not there for %s', async (_, text) => {
    expect(await analyse('summary', await readingOf(text))).toBeUndefined();
  });
});

describe('measurements', () => {
  it('are taken over from the reader of the format', async () => {
    const reading = await readingOf('', { kind: 'image', measurements: { image: { width: 3, height: 2 } } });
    expect(await analyse('image', reading)).toEqual({ width: 3, height: 2 });
    expect(await analyse('audio', reading)).toBeUndefined();
    const audio = { durationMs: 9, fingerprint: 'f00d' };
    expect(await analyse('audio', { ...reading, measurements: { audio } })).toEqual({ durationMs: 9 });
  });
});
