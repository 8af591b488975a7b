import { describe, expect, it } from 'vitest';
import type { Extraction } from '../../src/modules/ingestion/extraction/extract.ts';
import { readPicture } from '../../src/modules/ingestion/extraction/image-header.ts';
import { decodeJpegMeans } from '../../src/modules/ingestion/extraction/image-jpeg-means.ts';
import { dominantColours, imageSimilarity, perceptualHash } from '../../src/modules/ingestion/extraction/image-look.ts';
import { decodeByPhoton, photonMemoryBytes } from '../../src/modules/ingestion/extraction/image-photon.ts';
import { decodePngMeans } from '../../src/modules/ingestion/extraction/image-png-means.ts';
import { type Raster, turnUpright } from '../../src/modules/ingestion/extraction/image-raster.ts';
import { bytesOf, extract, reasonOf, textOf } from './extraction.fixtures.ts';
import {
  bmp,
  exifSegment,
  gif,
  heif,
  iptcSegment,
  joined,
  jpeg,
  jpegSegment,
  landscape,
  latin,
  png,
  pngChunk,
  rgbaOf,
  tiff,
  webp,
  xmpSegment,
} from './extraction-images.fixtures.ts';

const SIZE = { width: 160, height: 120 };
const view = landscape(SIZE);

const imageOf = ({ document }: Extraction) => document.measurements?.['image'] ?? {};
const hashOf = (raster: Raster | undefined) => (raster && perceptualHash(raster)) ?? 'none';
type Turn = (x: number, y: number) => [number, number];
const likeness = (a: unknown, b: unknown) => imageSimilarity(String(a), String(b));

describe('pictures of all formats', () => {
  it.each<[string, Uint8Array, string]>([
    ['PNG', png(SIZE, view), 'png'],
    ['PNG without alpha', png(SIZE, view, { alpha: false }), 'png'],
    ['JPEG', jpeg(SIZE, view), 'jpeg'],
    ['WebP', webp(SIZE, view), 'webp'],
    ['BMP', bmp(SIZE, view), 'bmp'],
  ])('%s: size, hash and colours', async (_name, bytes, format) => {
    const { kind, document } = await extract(bytes, 'holiday.txt', 'text/plain');
    expect(kind).toBe('image');
    expect(document.wanted).toEqual(['ocr', 'caption']);
    expect(document.metadata).toMatchObject({ format, ...SIZE });
    const image = document.measurements?.['image'] ?? {};
    expect(image).toMatchObject({ format, ...SIZE });
    expect(likeness(image['perceptualHash'], hashOf(decodeByPhoton(png(SIZE, view))))).toBeGreaterThan(0.9);
    expect(document.blocks.at(-1)?.text).toMatch(/^[A-Za-z]+ picture, 160 × 120 pixels$/);
  });

  it('GIF: the first picture, and its comment', async () => {
    const extraction = await extract(gif({ width: 64, height: 48 }, (x, y) => x > 40 || y < 10, 'made by hand'));
    expect(imageOf(extraction)).toMatchObject({ width: 64, height: 48, format: 'gif' });
    expect(imageOf(extraction)['colours']).toMatchObject([
      { share: expect.any(Number) },
      { share: expect.any(Number) },
    ]);
    expect(textOf(extraction)).toContain('made by hand');
  });

  it('HEIC, AVIF, TIFF: size and notes, also where nothing is decoded', async () => {
    const exif = tiff({ 271: 'Apple', 272: 'iPhone 15', 274: 6 }, 'be');
    for (const [brand, format] of [
      ['heic', 'heic'],
      ['avif', 'avif'],
    ] as const) {
      const extraction = await extract(heif(brand, { width: 4032, height: 3024 }, exif));
      expect(extraction.kind).toBe('image');
      expect(imageOf(extraction)).toEqual({
        width: 4032,
        height: 3024,
        format,
        colours: [],
        orientation: 6,
        camera: 'Apple iPhone 15',
      });
    }
    const rgb = rgbaOf(SIZE, view).filter((_, i) => i % 4 !== 3);
    const plain = { 256: 160, 257: 120, 258: 8, 259: 1, 262: 2, 277: 3, 278: 120, 279: rgb.length };
    const scan = await extract(tiff({ ...plain, 270: 'A letter of 1912' }, 'le', rgb));
    expect(imageOf(scan)).toMatchObject({ ...SIZE, format: 'tiff' });
    expect(textOf(scan)).toContain('A letter of 1912');
  });
});

describe('what pictures say of themselves', () => {
  it('EXIF: camera, time, place and orientation, in either byte order', async () => {
    for (const order of ['le', 'be'] as const) {
      const exif = tiff(
        {
          270: 'Sunset over the old harbour',
          271: 'NIKON CORPORATION',
          272: 'NIKON D70',
          274: 6,
          315: 'Ada Lovelace',
          34665: {
            36867: '2008:03:15 09:52:01',
            36881: '+02:00',
            37510: joined(latin('ASCII\0\0\0'), latin('the pier')),
          },
          34853: {
            1: 'N',
            2: [
              [48, 1],
              [51, 1],
              [296, 10],
            ],
            3: 'W',
            4: [
              [2, 1],
              [17, 1],
              [402, 10],
            ],
          },
        },
        order,
      );
      const extraction = await extract(jpeg(SIZE, view, { segments: [exifSegment(exif)] }));
      expect(imageOf(extraction)).toMatchObject({
        camera: 'NIKON D70',
        takenAt: '2008-03-15T09:52:01+02:00',
        orientation: 6,
        latitude: 48.858222,
        longitude: -2.2945,
      });
      expect(extraction.document.metadata).toMatchObject({
        description: 'Sunset over the old harbour',
        author: 'Ada Lovelace',
        latitude: 48.858222,
      });
      expect(textOf(extraction)).toBe(
        'Sunset over the old harbour the pier JPEG picture, 160 × 120 pixels, taken with NIKON D70 on 2008-03-15 by Ada Lovelace',
      );
    }
  });

  it('IPTC and XMP: title, caption and keywords; what was edited last counts', async () => {
    const xmp = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
      <rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" dc:rights="© Ada">
        <dc:title><rdf:Alt><rdf:li xml:lang="x-default">Ships &amp; sails</rdf:li></rdf:Alt></dc:title>
        <dc:subject><rdf:Bag><rdf:li>harbour</rdf:li><rdf:li>evening</rdf:li></rdf:Bag></dc:subject>
      </rdf:Description></rdf:RDF></x:xmpmeta>`;
    const iptc = iptcSegment([
      [5, 'Old title'],
      [120, 'Größere Schiffe im Hafen'],
      [25, 'one'],
      [25, 'two'],
      [80, 'Grace'],
    ]);
    const { document } = await extract(jpeg(SIZE, view, { segments: [iptc, xmpSegment(xmp)] }));
    expect(document.title).toBe('Ships & sails');
    expect(document.metadata).toMatchObject({
      tags: ['harbour', 'evening'],
      author: 'Grace',
      copyright: '© Ada',
      description: 'Größere Schiffe im Hafen',
    });
  });

  it('PNG: texts, plain, packed and international; WebP: its chunks', async () => {
    const chunks = [
      pngChunk('tEXt', latin('Title\0A map of Saint-Malo')),
      pngChunk('iTXt', joined(latin('Description\0\0\0\0\0'), bytesOf('港の地図'))),
    ];
    const { document } = await extract(png(SIZE, view, { chunks }));
    expect(document.title).toBe('A map of Saint-Malo');
    expect(document.metadata['description']).toBe('港の地図');
    const notes = webp(SIZE, view, [['EXIF', tiff({ 270: 'From a web page' })]]);
    expect(textOf(await extract(notes))).toContain('From a web page');
  });
});

describe('looks', () => {
  const large = { width: 1600, height: 1200 };
  const scene = landscape(large);

  it('hashes of one picture are alike: scaled, compressed, in other formats; of others they are not', () => {
    const original = hashOf(decodeByPhoton(png(SIZE, view)));
    expect(original).toMatch(/^[0-9a-f]{16}$/);
    for (const quality of [20, 60, 95]) {
      expect(likeness(hashOf(decodeByPhoton(jpeg(large, scene, { quality }))), original)).toBeGreaterThan(0.93);
    }
    const mirrored = hashOf(decodeByPhoton(png(SIZE, (x, y) => view(SIZE.width - 1 - x, y))));
    const waves = hashOf(
      decodeByPhoton(png(SIZE, (x, y) => [128 + 127 * Math.sin(x / 9), 128 + 127 * Math.sin(y / 5), 0])),
    );
    expect(likeness(mirrored, original)).toBeLessThan(0.75);
    expect(likeness(waves, original)).toBeLessThan(0.75);
  });

  it('the decoders that hold no pixels see the same picture', async () => {
    const whole = png(large, scene, { alpha: false });
    const [byPhoton, byRows] = [decodeByPhoton(whole), await decodePngMeans(whole)];
    const byBlocks = decodeJpegMeans(jpeg(large, scene, { quality: 90 }));
    expect(likeness(hashOf(byRows), hashOf(byPhoton))).toBeGreaterThan(0.95);
    expect(likeness(hashOf(byBlocks), hashOf(byPhoton))).toBeGreaterThan(0.95);
    for (const raster of [byRows, byBlocks]) {
      const difference =
        raster?.rgba.reduce((sum, value, i) => sum + Math.abs(value - (byPhoton.rgba[i] ?? 0)), 0) ?? 0;
      expect(difference / byPhoton.rgba.length).toBeLessThan(3);
    }
  });

  it.each([
    [2, (x: number, y: number) => [SIZE.width - 1 - x, y]],
    [3, (x: number, y: number) => [SIZE.width - 1 - x, SIZE.height - 1 - y]],
    [4, (x: number, y: number) => [x, SIZE.height - 1 - y]],
  ] satisfies [number, Turn][])(
    'a picture stored with orientation %i has the hash of the upright one',
    (orientation, place) => {
      const stored = decodeByPhoton(png(SIZE, (x, y) => view(...place(x, y))));
      expect(hashOf(turnUpright(stored, orientation))).toBe(hashOf(decodeByPhoton(png(SIZE, view))));
    },
  );

  it.each([
    // Where the pixel at (x, y) of the picture turned upright stands in the stored one, whose sides are exchanged.
    [5, (u: number, v: number) => [v, u]],
    [6, (u: number, v: number) => [v, 1 - u]],
    [7, (u: number, v: number) => [1 - v, 1 - u]],
    [8, (u: number, v: number) => [1 - v, u]],
  ] satisfies [number, Turn][])('and with orientation %i as well', (orientation, toStored) => {
    const side = 64;
    const square = landscape({ width: side, height: side });
    const stored = new Map<string, [number, number]>();
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const [u, v] = toStored(x / (side - 1), y / (side - 1));
        stored.set(`${Math.round(u * (side - 1))},${Math.round(v * (side - 1))}`, [x, y]);
      }
    }
    const turned = png({ width: side, height: side }, (x, y) => square(...(stored.get(`${x},${y}`) ?? [0, 0])));
    const upright = decodeByPhoton(png({ width: side, height: side }, square));
    expect(hashOf(turnUpright(decodeByPhoton(turned), orientation))).toBe(hashOf(upright));
  });

  it('colours are those that cover most, similar ones together, transparent ones not at all', () => {
    const flag = png({ width: 90, height: 60 }, (x, y) =>
      y > 50 ? [0, 255, 0, 0] : x < 45 ? [200, 16, 46] : x < 75 ? [255, 255, 255] : [0, 36 + (x % 3), 125],
    );
    const colours = dominantColours(decodeByPhoton(flag));
    expect(colours.slice(0, 2)).toEqual([
      { hex: '#c8102e', share: expect.closeTo(0.5, 1) },
      { hex: '#ffffff', share: expect.closeTo(0.33, 1) },
    ]);
    expect(colours[2]?.hex).toMatch(/^#0[0-4]2[0-9a-f]7/);
    expect(colours.some(({ hex }) => hex.includes('ff00'))).toBe(false);
  });

  it('a picture of one colour has no hash', async () => {
    const extraction = await extract(png(SIZE, () => [20, 120, 220]));
    expect(imageOf(extraction)['perceptualHash']).toBeUndefined();
    expect(imageOf(extraction)['colours']).toEqual([{ hex: '#1478dc', share: 1 }]);
  });
});

describe('drawings', () => {
  const drawing = `<?xml version="1.0"?><!-- made by hand -->
    <!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd" [<!ENTITY x SYSTEM "file:///etc/passwd">]>
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 200" onload="steal()">
      <title>The flow of money</title><desc>From left to right</desc>
      <script>alert("never")</script><style>.a{fill:red}</style>
      <g><text x="1"><tspan>Income</tspan><tspan>tax</tspan></text></g><text>&x; &amp; rent</text>
      <foreignObject><p xmlns="http://www.w3.org/1999/xhtml">Savings</p></foreignObject>
    </svg>`;

  it('are read as text: nothing in them is run or resolved', async () => {
    const extraction = await extract(bytesOf(drawing), 'plan.svg', 'image/svg+xml');
    expect(extraction).toMatchObject({ kind: 'image', document: { title: 'The flow of money' } });
    expect(imageOf(extraction)).toEqual({ width: 300, height: 200, format: 'svg', colours: [] });
    expect(textOf(extraction)).toContain('The flow of money From left to right Income tax');
    expect(textOf(extraction)).toContain('& rent Savings');
    expect(textOf(extraction)).not.toMatch(/never|fill|steal|root:/);
    expect(extraction.document.wanted).toBeUndefined();
  });

  it('refuses what is nested too deep, and is not fooled by bombs of entities', async () => {
    expect(await reasonOf(extract(bytesOf(`<svg>${'<g>'.repeat(100_000)}`)))).toBe('malformed');
    const entities = Array.from({ length: 20 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join('');
    const bomb = `<!DOCTYPE svg [<!ENTITY e0 "ha">${entities}]><svg><text>&e20; quiet</text></svg>`;
    expect(textOf(await extract(bytesOf(bomb))).length).toBeLessThan(200);
  });
});

describe('pictures that are not what they say', () => {
  it('does not decode what is declared larger than memory', async () => {
    const declared = { width: 60_000, height: 60_000 };
    const startedAt = performance.now();
    expect(imageOf(await extract(png(SIZE, view, { declared })))).toMatchObject({ ...declared, colours: [] });
    expect(performance.now() - startedAt).toBeLessThan(1000);
    // A size that is streamed row by row ends where the rows do.
    expect(await reasonOf(extract(png(SIZE, view, { declared: { width: 9000, height: 9000 } })))).toBe('malformed');
    const frame = jpegSegment(0xc0, Uint8Array.of(8, 0xff, 0xff, 0xff, 0xff, 1, 1, 0x11, 0));
    expect(imageOf(await extract(jpeg(SIZE, view, { segments: [frame] })))).toMatchObject({
      width: 65_535,
      colours: [],
    });
  });

  it.each<[string, (size: typeof SIZE) => Uint8Array]>([
    ['PNG', (size) => png(size, landscape(size))],
    ['JPEG', (size) => jpeg(size, landscape(size))],
    ['WebP', (size) => webp(size, landscape(size))],
    ['BMP', (size) => bmp(size, landscape(size))],
  ])('decoding a %s takes no more memory than was reckoned before', (_name, make) => {
    const bytes = make({ width: 1400, height: 900 });
    const reckoned = photonMemoryBytes(readPicture(bytes), bytes.length);
    expect(decodeByPhoton(bytes).memoryBytes).toBeLessThan(1.1 * reckoned);
  });

  it.each<[string, Uint8Array]>([
    ['PNG', png(SIZE, view)],
    ['JPEG', jpeg(SIZE, view)],
    ['large JPEG', jpeg({ width: 3000, height: 2000 }, landscape({ width: 3000, height: 2000 }))],
    ['WebP', webp(SIZE, view)],
    ['BMP', bmp(SIZE, view)],
    ['GIF', gif(SIZE, (x, y) => x > y)],
  ])('a %s that is cut off in the middle is damaged', async (_name, bytes) => {
    expect(await reasonOf(extract(bytes.slice(0, bytes.length / 2), 'a'))).toBe('malformed');
  });

  it('a JPEG of a rare coding is kept though nothing can decode it', async () => {
    const bytes = jpeg(SIZE, view);
    // Frames of arithmetic coding have another marker.
    const at = bytes.findIndex((byte, i) => byte === 0xff && (bytes[i + 1] === 0xc0 || bytes[i + 1] === 0xc2));
    bytes[at + 1] = 0xc9;
    expect(imageOf(await extract(bytes))).toEqual({ ...SIZE, format: 'jpeg', colours: [] });
  });

  it('directories of notes that point at themselves end', async () => {
    const loop = tiff({ 270: 'still read', 34665: 8, 34853: 8 });
    expect(textOf(await extract(jpeg(SIZE, view, { segments: [exifSegment(loop)] })))).toContain('still read');
    const huge = tiff({ 270: 'abc' });
    new DataView(huge.buffer).setUint32(14, 0xffff_ffff, true);
    expect(textOf(await extract(jpeg(SIZE, view, { segments: [exifSegment(huge)] })))).toContain('JPEG picture');
  });
});
