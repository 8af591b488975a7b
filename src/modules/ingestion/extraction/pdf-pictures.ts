import { crc32, deflateSync } from 'node:zlib';

/** Of 600 dpi in colour a page would not fit an isolate beside its file; 400 dpi do. */
const MAX_PIXELS = 20_000_000;
/** Text of ordinary size is still clear: A4 at 150 dpi. */
const LONGEST_SIDE_PIXELS = 2_000;
/** Signatures and logos are no pages. A scan may come in strips. */
const LEAST_SHARE = 0.1;
const MAX_PER_PAGE = 6;
/** How PDF.js names the layouts of its pixels. */
const ONE_BIT = 1;

/** A picture on a page, as PNG in shades of grey. */
export type PagePicture = { page: number; bytes: Uint8Array };

type Pixels = { width: number; height: number; isOneBit: boolean; data: Uint8Array | Uint8ClampedArray };

/**
 * The large pictures on pages of a PDF, page by page, small enough to be shown to a model. What cannot be decoded is left
 * out.
 */
export async function* picturesOf(bytes: Uint8Array, pages: number[]): AsyncGenerator<PagePicture[]> {
  const { getDocumentProxy, getResolvedPDFJS } = await import('unpdf');
  const pdf = await getDocumentProxy(bytes.slice(), {
    verbosity: 0,
    enableXfa: false,
    disableFontFace: true,
    maxImageSize: MAX_PIXELS,
    isOffscreenCanvasSupported: false,
    isImageDecoderSupported: false,
  });
  const { OPS } = await getResolvedPDFJS();
  const painting = new Set<number>([OPS.paintImageXObject, OPS.paintInlineImageXObject]);
  try {
    for (const number of pages) {
      const page = await pdf.getPage(number).catch(() => undefined);
      const list = await page?.getOperatorList().catch(() => undefined);
      if (!page || !list) continue;
      const { fnArray, argsArray } = list;
      const painted = argsArray.filter((_, i) => painting.has(fnArray[i] ?? -1)).map(([first]: unknown[]) => first);
      const found = await Promise.all(painted.slice(0, MAX_PAINTED).map((given) => resolve(page, given)));
      yield pagePictures(
        number,
        found.filter((pixels) => pixels !== undefined),
      );
      page.cleanup();
    }
  } finally {
    await pdf.loadingTask.destroy();
  }
}

/** Drawings may be made of thousands of small pictures. */
const MAX_PAINTED = 64;

type Store = { get(key: string, callback: (value: unknown) => void): unknown };

/** Pictures are named; only small ones stand where they are painted. */
async function resolve(page: { objs: Store; commonObjs: Store }, given: unknown): Promise<Pixels | undefined> {
  if (typeof given !== 'string') return asPixels(given);
  const store = given.startsWith('g_') ? page.commonObjs : page.objs;
  return asPixels(await new Promise((done) => store.get(given, done)));
}

function asPixels(value: unknown): Pixels | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { width, height, kind, data }: Record<string, unknown> = { ...value };
  const isWhole = data instanceof Uint8Array || data instanceof Uint8ClampedArray;
  if (!isWhole || typeof width !== 'number' || typeof height !== 'number' || width * height === 0) return undefined;
  return { width, height, isOneBit: kind === ONE_BIT, data };
}

function pagePictures(page: number, found: Pixels[]): PagePicture[] {
  const largest = Math.max(0, ...found.map(({ width, height }) => width * height));
  return found
    .filter(({ width, height }) => width * height >= largest * LEAST_SHARE)
    .slice(0, MAX_PER_PAGE)
    .map((pixels) => ({ page, bytes: encodePng(shrink(pixels)) }));
}

type Grey = { width: number; height: number; levels: Uint8Array };

/** Shades of grey, each the mean of a square of pixels. */
function shrink(pixels: Pixels): Grey {
  const step = Math.max(1, Math.ceil(Math.max(pixels.width, pixels.height) / LONGEST_SIDE_PIXELS));
  const width = Math.ceil(pixels.width / step);
  const height = Math.ceil(pixels.height / step);
  const levelAt = readerOf(pixels);
  const levels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) levels[y * width + x] = mean(levelAt, { x: x * step, y: y * step, step, pixels });
  }
  return { width, height, levels };
}

type LevelAt = (x: number, y: number) => number;

function mean(
  levelAt: LevelAt,
  { x, y, step, pixels }: { x: number; y: number; step: number; pixels: Pixels },
): number {
  let [sum, count] = [0, 0];
  const right = Math.min(x + step, pixels.width);
  const bottom = Math.min(y + step, pixels.height);
  for (let row = y; row < bottom; row++) {
    for (let column = x; column < right; column++) {
      sum += levelAt(column, row);
      count++;
    }
  }
  return Math.round(sum / count);
}

/** Luminance by ITU-R BT.601. */
function readerOf({ width, height, isOneBit, data }: Pixels): LevelAt {
  if (isOneBit) {
    const rowBytes = (width + 7) >> 3;
    return (x, y) => ((((data[y * rowBytes + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1) === 1 ? 255 : 0);
  }
  const channels = Math.max(1, Math.floor(data.length / (width * height)));
  if (channels < 3) return (x, y) => data[(y * width + x) * channels] ?? 0;
  return (x, y) => {
    const at = (y * width + x) * channels;
    return 0.299 * (data[at] ?? 0) + 0.587 * (data[at + 1] ?? 0) + 0.114 * (data[at + 2] ?? 0);
  };
}

const PNG_SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** PNG (ISO 15948) with 8 bits of grey and rows as they are. */
function encodePng({ width, height, levels }: Grey): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8;
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y++) rows.set(levels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const parts = [
    PNG_SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', new Uint8Array()),
  ];
  return new Uint8Array(Buffer.concat(parts));
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, crc32(bytes.subarray(4, data.length + 8)));
  return bytes;
}
