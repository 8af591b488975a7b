import { readBytes } from './byte-reader.ts';
import { createRasterSums, RASTER_SIDE, type Raster, type RasterSums, toRasterPlaces } from './image-raster.ts';

type Header = { width: number; height: number; depth: number; colourType: number; palette: Uint8Array };

const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const PALETTE_TYPE = 3;
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
  const filter = row[0];
  if (filter === 0) return;
  for (let i = 1; i < row.length; i++) {
    const left = i > pixelBytes ? (row[i - pixelBytes] ?? 0) : 0;
    const up = above[i] ?? 0;
    const value = row[i] ?? 0;
    if (filter === 1) row[i] = value + left;
    else if (filter === 2) row[i] = value + up;
    else if (filter === 3) row[i] = value + ((left + up) >> 1);
    else row[i] = value + paeth(left, up, i > pixelBytes ? (above[i - pixelBytes] ?? 0) : 0);
  }
}

function paeth(left: number, up: number, upLeft: number): number {
  const estimate = left + up - upLeft;
  const [a, b, c] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - upLeft)];
  return a <= b && a <= c ? left : b <= c ? up : upLeft;
}

type RowPlace = { header: Header; sums: RasterSums; cellsFrom: number; columnPlaces: Uint8Array; pixelBytes: number };

function addRow(row: Uint8Array, { header, sums, cellsFrom, columnPlaces, pixelBytes }: RowPlace): void {
  const { colourType, palette } = header;
  const isGrey = colourType === 0 || colourType === HAS_ALPHA;
  const hasAlpha = (colourType & HAS_ALPHA) !== 0;
  const step = header.depth / 8;
  const source = colourType === PALETTE_TYPE ? palette : row;
  for (let x = 0; x < header.width; x++) {
    const at = 1 + x * pixelBytes;
    const from = colourType === PALETTE_TYPE ? 3 * (row[at] ?? 0) : at;
    const cell = cellsFrom + (columnPlaces[x] ?? 0);
    for (let channel = 0; channel < 3; channel++) {
      sums.add(cell, channel, source[isGrey ? from : from + channel * step] ?? 0);
    }
    if (hasAlpha) sums.add(cell, 3, row[at + pixelBytes - step] ?? 255);
  }
}
