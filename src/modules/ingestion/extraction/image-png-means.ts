import { readBytes } from './byte-reader.ts';
import { createRasterSums, RASTER_SIDE, type Raster, type RasterSums, toRasterPlaces } from './image-raster.ts';

type Header = { width: number; height: number; depth: number; colourType: number; palette: Uint8Array };

const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const PALETTE_TYPE = 3;
const HAS_COLOUR = 2;
const HAS_ALPHA = 4;

/**
 * A PNG picture of any size as a raster, row by row while it is unpacked: two rows are held at a time. Undefined for
 * interlaced ones and for less than 8 bits, which large pictures never are. @throws RangeError when it is cut off
 */
export async function decodePngMeans(bytes: Uint8Array): Promise<Raster | undefined> {
  const reader = readBytes(bytes, 'big-endian');
  const header: Header = {
    width: reader.u32(16),
    height: reader.u32(20),
    depth: reader.u8(24),
    colourType: reader.u8(25),
    palette: new Uint8Array(),
  };
  if (header.depth < 8 || reader.u8(28) !== 0 || CHANNELS[header.colourType] === undefined) return undefined;
  const data: Uint8Array[] = [];
  for (let at = 8; at + 8 <= bytes.length; at += 12 + reader.u32(at)) {
    const type = reader.latin1(at + 4, 4);
    if (type === 'PLTE') header.palette = reader.slice(at + 8, reader.u32(at));
    if (type === 'IDAT') data.push(reader.slice(at + 8, reader.u32(at)));
  }
  return await sumRows(header, data);
}

async function sumRows(header: Header, data: Uint8Array[]): Promise<Raster> {
  const sums = createRasterSums();
  const rows = createRows(header, sums);
  const packed = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = data.shift();
      if (next === undefined) controller.close();
      else controller.enqueue(next);
    },
  });
  const unpacked = packed.pipeThrough(new DecompressionStream('deflate')).getReader();
  while (!rows.isComplete()) {
    const { done, value } = await unpacked.read();
    if (done) throw new RangeError('Rows are missing.');
    rows.take(value);
  }
  // What follows the last row is of no interest, however much it is.
  await unpacked.cancel().catch(() => {});
  return sums.toRaster([255, 255, 255, 255]);
}

/** Puts rows together from pieces, undoes their filters and adds them up. */
function createRows(header: Header, sums: RasterSums) {
  const pixelBytes = (CHANNELS[header.colourType] ?? 1) * (header.depth / 8);
  const rowBytes = 1 + header.width * pixelBytes;
  const [columnPlaces, rowPlaces] = [toRasterPlaces(header.width), toRasterPlaces(header.height)];
  let [current, above] = [new Uint8Array(rowBytes), new Uint8Array(rowBytes)];
  let filled = 0;
  let row = 0;
  return {
    isComplete: () => row >= header.height,
    take(piece: Uint8Array): void {
      for (let at = 0; at < piece.length && row < header.height; ) {
        const part = piece.subarray(at, at + rowBytes - filled);
        current.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled < rowBytes) return;
        undoFilter(current, { above, pixelBytes });
        addRow(current, { header, sums, cellsFrom: (rowPlaces[row] ?? 0) * RASTER_SIDE, columnPlaces, pixelBytes });
        [current, above] = [above, current];
        filled = 0;
        row++;
      }
    },
  };
}

/** The first byte of a row says how the others are predicted from the left and from above (PNG, 9.2). */
function undoFilter(row: Uint8Array, { above, pixelBytes }: { above: Uint8Array; pixelBytes: number }): void {
  const predict = PREDICTORS[row[0] ?? 0];
  if (predict === undefined) return;
  for (let i = 1; i < row.length; i++) {
    const before = i - pixelBytes;
    const [left, upLeft] = before > 0 ? [row[before] ?? 0, above[before] ?? 0] : [0, 0];
    row[i] = (row[i] ?? 0) + predict(left, above[i] ?? 0, upLeft);
  }
}

type Predictor = (left: number, up: number, upLeft: number) => number;

const PREDICTORS: (Predictor | undefined)[] = [
  undefined,
  (left) => left,
  (_left, up) => up,
  (left, up) => (left + up) >> 1,
  paeth,
];

function paeth(left: number, up: number, upLeft: number): number {
  const estimate = left + up - upLeft;
  const [a, b, c] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - upLeft)];
  return a <= b && a <= c ? left : b <= c ? up : upLeft;
}

type RowPlace = { header: Header; sums: RasterSums; cellsFrom: number; columnPlaces: Uint8Array; pixelBytes: number };

function addRow(row: Uint8Array, { header, sums, cellsFrom, columnPlaces, pixelBytes }: RowPlace): void {
  const isIndexed = header.colourType === PALETTE_TYPE;
  const source = isIndexed ? header.palette : row;
  const sampleBytes = header.depth / 8;
  // Grey is the same place three times.
  const step = isIndexed || (header.colourType & HAS_COLOUR) !== 0 ? sampleBytes : 0;
  const alphaAt = (header.colourType & HAS_ALPHA) !== 0 ? pixelBytes - sampleBytes : undefined;
  for (let x = 0, at = 1; x < header.width; x++, at += pixelBytes) {
    const from = isIndexed ? 3 * (row[at] ?? 0) : at;
    const cell = cellsFrom + (columnPlaces[x] ?? 0);
    sums.add(cell, 0, source[from] ?? 0);
    sums.add(cell, 1, source[from + step] ?? 0);
    sums.add(cell, 2, source[from + 2 * step] ?? 0);
    if (alphaAt !== undefined) sums.add(cell, 3, row[at + alphaAt] ?? 255);
  }
}
