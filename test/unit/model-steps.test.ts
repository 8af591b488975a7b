import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { formatOf } from '../../src/modules/analyses/media-formats.ts';
import { transcriptBlocks } from '../../src/modules/analyses/transcript-blocks.ts';
import { chunkDocument } from '../../src/modules/ingestion/chunking.ts';
import type { Block } from '../../src/modules/ingestion/extraction/extractor.ts';
import { picturesOf } from '../../src/modules/ingestion/extraction/pdf-pictures.ts';
import { type ModelReading, withModelReadings } from '../../src/modules/ingestion/model-reading.ts';
import { scannedPdf } from '../support/scans.ts';
import { mutate, pdf, seeded } from './extraction.fixtures.ts';

async function pictures(bytes: Uint8Array, pages: number[]) {
  const found = [];
  for await (const page of picturesOf(bytes, pages)) found.push(...page);
  return found;
}

/** Sides and shades of a PNG that was made by `picturesOf`. */
function decode(png: Uint8Array) {
  const view = new DataView(png.buffer, png.byteOffset);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const length = view.getUint32(33);
  const rows = inflateSync(png.subarray(41, 41 + length));
  return { width, height, levelAt: (x: number, y: number) => rows[y * (width + 1) + 1 + x] };
}

describe('the pictures on the pages of a PDF', () => {
  it.each([
    ['eight bits', { width: 40, height: 50 }, 31],
    ['one bit', { width: 40, height: 50, bits: 1 as const }, 0],
    ['colours', { width: 40, height: 50, colour: true }, 31],
  ])('of %s become PNGs in shades of grey', async (_, page, second) => {
    const [picture] = await pictures(scannedPdf(['Text', page]), [2]);
    expect(picture?.page).toBe(2);
    expect(formatOf(picture?.bytes ?? new Uint8Array())).toEqual({ mediaType: 'image/png', extension: 'png' });
    const { width, height, levelAt } = decode(picture?.bytes ?? new Uint8Array());
    expect([width, height]).toEqual([40, 50]);
    if (!('colour' in page)) expect(levelAt(1, 0)).toBe(second);
  });

  it('are made small enough to be sent, whatever the scanner’s resolution', async () => {
    const [picture] = await pictures(scannedPdf([{ width: 2480, height: 3508 }]), [1]);
    expect(decode(picture?.bytes ?? new Uint8Array())).toMatchObject({ width: 1240, height: 1754 });
  });

  it('are left out where they would not fit into memory, and where there are none', async () => {
    const pages = scannedPdf([
      { width: 5000, height: 7016, bits: 1 },
      { width: 20, height: 20 },
    ]);
    expect((await pictures(pages, [1, 2])).map(({ page }) => page)).toEqual([2]);
    expect(await pictures(pdf(['Text']), [1])).toEqual([]);
  });

  it('of damaged files end in pictures or an error, soon', { timeout: 60_000 }, async () => {
    const original = scannedPdf([
      { width: 30, height: 30 },
      { width: 64, height: 8, bits: 1 },
    ]);
    const random = seeded(20_261_125);
    const startedAt = performance.now();
    for (let i = 0; i < 40; i++) await pictures(mutate(original, random), [1, 2]).catch(() => []);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });
});

describe('what was said', () => {
  const segment = (startMs: number, endMs: number, text: string) => ({ startMs, endMs, text });

  it('is joined to paragraphs of whole sentences, with their time', () => {
    const sentence = 'and then the tide came in and the boats were lifted off the sand one after the other';
    const segments = Array.from({ length: 8 }, (_, i) =>
      segment(i * 1000, i * 1000 + 900, `${sentence}${i % 2 ? '.' : ''}`),
    );
    const blocks = transcriptBlocks(segments);
    expect(blocks.map(({ time }) => time)).toEqual([
      { startMs: 0, endMs: 3900 },
      { startMs: 4000, endMs: 7900 },
    ]);
    for (const { text } of blocks) expect(text.endsWith('.')).toBe(true);
  });

  it('begins anew after a silence, and has no empty paragraphs', () => {
    const segments = [segment(0, 900, 'Hello.'), segment(900, 1000, ' \u0000'), segment(9000, 9500, 'Goodbye.')];
    expect(transcriptBlocks(segments)).toEqual([
      { type: 'paragraph', text: 'Hello.', time: { startMs: 0, endMs: 900 } },
      { type: 'paragraph', text: 'Goodbye.', time: { startMs: 9000, endMs: 9500 } },
    ]);
  });

  it('is cut into passages with their time', () => {
    const blocks = transcriptBlocks(
      Array.from({ length: 60 }, (_, i) =>
        segment(i * 4000, i * 4000 + 3900, `Sentence number ${i} of a talk about boats and tides and the sand below.`),
      ),
    );
    const { chunks } = chunkDocument(blocks, 'general');
    expect(chunks.length).toBeGreaterThan(2);
    for (const { time } of chunks) expect(time?.endMs).toBeGreaterThan(time?.startMs ?? Number.NaN);
    expect(chunks.at(-1)?.time?.endMs).toBe(59 * 4000 + 3900);
  });
});

describe('a text with what models have read', () => {
  const reading = (blocks: Block[]): ModelReading => ({
    format: 1,
    step: 'ocr',
    model: 'eye',
    language: null,
    durationMs: null,
    pages: [],
    blocks,
  });
  const block = (text: string, page?: number): Block => ({
    type: 'paragraph',
    text,
    ...(page !== undefined && { page }),
  });

  it.each<[string, Block[], Block[], string[]]>([
    [
      'on their pages',
      [block('two', 2), block('two b', 2)],
      [block('one', 1), block('three', 3)],
      ['one', 'two', 'two b', 'three'],
    ],
    ['behind it, without pages', [block('a'), block('b')], [block('c')], ['a', 'b', 'c']],
    ['alone', [], [block('one', 1)], ['one']],
    ['not, where there is nothing', [block('b', 2), block('a', 1)], [], ['b', 'a']],
  ])('has it %s', (_, own, read, texts) => {
    expect(withModelReadings(own, [reading(read)]).map(({ text }) => text)).toEqual(texts);
  });
});
