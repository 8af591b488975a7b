import { isFrame, type JpegSegment, jpegSegments, MARKER } from './image-jpeg.ts';
import { buildHuffmanTable, CodedDataError, type HuffmanTable, readScan, type ScanBits } from './image-jpeg-huffman.ts';
import { createRasterSums, RASTER_SIDE, type Raster, type RasterSums, toRasterPlaces } from './image-raster.ts';

/** A share of the blocks, below which a picture that breaks off is refused. */
const MIN_SHARE = 0.9;
const BLOCK = 8;
const BLOCK_COEFFICIENTS = 64;

type Component = {
  id: number;
  horizontal: number;
  vertical: number;
  quantisation: number;
  dcTable: number;
  acTable: number;
};
type Frame = {
  progressive: boolean;
  width: number;
  height: number;
  components: Component[];
  maxH: number;
  maxV: number;
};
type Decoder = {
  bytes: Uint8Array;
  frame: Frame;
  /** Segments of tables since the beginning; they are only built for a scan that is read. */
  tables: Map<string, { counts: Uint8Array; values: Uint8Array }>;
  firstQuantisers: number[];
  restartInterval: number;
  /** 0: the colours are stored as they are. */
  adobeTransform: number | undefined;
  sums: RasterSums;
  done: Set<number>;
};

/**
 * A JPEG picture of any size as a raster, from nothing but the first coefficient of each block, which is the mean of its
 * 8 × 8 pixels: no pixel is ever computed or held. It is as sharp as a larger picture's from some 500 pixels a side on. Undefined for codings that are not read (arithmetic, lossless, 12 bits).
 * @throws CodedDataError when a tenth of it or more is missing
 */
export function decodeJpegMeans(bytes: Uint8Array): Raster | undefined {
  const decoder: Decoder = {
    bytes,
    frame: { progressive: false, width: 0, height: 0, components: [], maxH: 1, maxV: 1 },
    tables: new Map(),
    firstQuantisers: [],
    restartInterval: 0,
    adobeTransform: undefined,
    sums: createRasterSums(),
    done: new Set(),
  };
  const { components } = decoder.frame;
  for (const segment of jpegSegments(bytes)) {
    // A second frame is that of a picture within, or an attempt to confuse.
    if (isFrame(segment.marker) && (components.length > 0 || !readFrame(decoder.frame, segment))) break;
    readSegment(decoder, segment);
    if (components.length > 0 && decoder.done.size === components.length) return toColours(decoder);
  }
  if (components.length === 0) return undefined;
  throw new CodedDataError('Colours are missing.');
}

function readSegment(decoder: Decoder, segment: JpegSegment): void {
  const { marker, content } = segment;
  if (marker === MARKER.scan) decodeScan(decoder, segment);
  if (marker === MARKER.quantisation) readQuantisers(decoder, content);
  if (marker === MARKER.huffman) readHuffmanTables(decoder, content);
  if (marker === MARKER.restartInterval) decoder.restartInterval = (content[0] ?? 0) * 256 + (content[1] ?? 0);
  const isAdobe = marker === MARKER.app14 && String.fromCharCode(...content.subarray(0, 5)) === 'Adobe';
  if (isAdobe) decoder.adobeTransform = content[11];
}

/** @returns false for a coding that is not read. */
function readFrame(frame: Frame, { marker, content }: JpegSegment): boolean {
  const [precision = 0, heightHigh = 0, heightLow = 0, widthHigh = 0, widthLow = 0, count = 0] = content;
  if (precision !== 8 || marker > 0xc2 || count < 1 || count > 4) return false;
  frame.progressive = marker === 0xc2;
  frame.height = heightHigh * 256 + heightLow;
  frame.width = widthHigh * 256 + widthLow;
  for (let i = 0; i < count; i++) {
    const [id = 0, sampling = 0, quantisation = 0] = content.subarray(6 + 3 * i);
    const [horizontal, vertical] = [sampling >> 4, sampling & 15];
    if (horizontal < 1 || horizontal > 4 || vertical < 1 || vertical > 4) return false;
    frame.components.push({ id, horizontal, vertical, quantisation, dcTable: 0, acTable: 0 });
  }
  frame.maxH = Math.max(...frame.components.map(({ horizontal }) => horizontal));
  frame.maxV = Math.max(...frame.components.map(({ vertical }) => vertical));
  return true;
}

function readQuantisers({ firstQuantisers }: Decoder, content: Uint8Array): void {
  for (let at = 0; at < content.length; ) {
    const [place = 0, high = 0, low = 0] = content.subarray(at);
    const isWide = place >> 4 > 0;
    firstQuantisers[place & 15] = isWide ? high * 256 + low : high;
    at += 1 + BLOCK_COEFFICIENTS * (isWide ? 2 : 1);
  }
}

function readHuffmanTables({ tables }: Decoder, content: Uint8Array): void {
  for (let at = 0; at + 17 <= content.length; ) {
    const place = content[at] ?? 0;
    const counts = content.subarray(at + 1, at + 17);
    const size = counts.reduce((sum, count) => sum + count, 0);
    const values = content.subarray(at + 17, at + 17 + size);
    tables.set(`${place >> 4 === 0 ? 'dc' : 'ac'}${place & 15}`, { counts, values });
    at += 17 + size;
  }
}

/** Reads a scan that holds first coefficients; the others of a progressive file only refine them. */
function decodeScan(decoder: Decoder, { content, end }: JpegSegment): void {
  const { frame } = decoder;
  const count = content[0] ?? 0;
  const [firstCoefficient = 0, , approximation = 0] = content.subarray(1 + 2 * count);
  if (firstCoefficient > 0 || approximation >> 4 > 0) return;
  const components: Component[] = [];
  for (let i = 0; i < count; i++) {
    const [id, tables = 0] = content.subarray(1 + 2 * i);
    const component = frame.components.find((candidate) => candidate.id === id);
    if (component === undefined || decoder.done.has(component.id)) return;
    components.push({ ...component, dcTable: tables >> 4, acTable: tables & 15 });
  }
  for (const { id } of components) decoder.done.add(id);
  decodeUnits(decoder, { components, start: end, shift: approximation & 15 });
}

function decodeUnits(
  decoder: Decoder,
  { components, start, shift }: { components: Component[]; start: number; shift: number },
): void {
  const { frame } = decoder;
  const bits = readScan(decoder.bytes, start);
  const planes = components.map((component) =>
    createPlane(decoder, { component, shift, alone: components.length === 1 }),
  );
  const first = planes[0];
  if (first === undefined) return;
  const isAlone = planes.length === 1;
  const across = isAlone ? first.columns : Math.ceil(frame.width / (BLOCK * frame.maxH));
  const down = isAlone ? first.rows : Math.ceil(frame.height / (BLOCK * frame.maxV));
  const interval = decoder.restartInterval > 0 ? decoder.restartInterval : Number.POSITIVE_INFINITY;
  const restart = () => {
    bits.restart();
    for (const plane of planes) plane.reset();
  };
  let decoded = 0;
  try {
    for (; decoded < across * down; decoded++) {
      if (decoded > 0 && decoded % interval === 0) restart();
      const place = { x: decoded % across, y: Math.floor(decoded / across) };
      for (const plane of planes) plane.decodeUnit(bits, place);
    }
  } catch (error) {
    if (!(error instanceof CodedDataError) || decoded < MIN_SHARE * across * down) throw error;
  }
}

/** One component's blocks within a scan. */
function createPlane(
  decoder: Decoder,
  { component, shift, alone }: { component: Component; shift: number; alone: boolean },
) {
  const { frame, sums } = decoder;
  const { horizontal, vertical } = component;
  const channel = frame.components.findIndex(({ id }) => id === component.id);
  const columns = Math.ceil((Math.ceil(frame.width / BLOCK) * horizontal) / frame.maxH);
  const rows = Math.ceil((Math.ceil(frame.height / BLOCK) * vertical) / frame.maxV);
  const [columnPlaces, rowPlaces] = [toRasterPlaces(columns), toRasterPlaces(rows)];
  const dc = tableOf(decoder, `dc${component.dcTable}`);
  const ac = frame.progressive ? undefined : tableOf(decoder, `ac${component.acTable}`);
  // The mean of 8 × 8 pixels is an eighth of the coefficient, around 128.
  const scale = ((decoder.firstQuantisers[component.quantisation] ?? 1) * 2 ** shift) / 8;
  let previous = 0;
  const decodeBlock = (bits: ScanBits, column: number, row: number) => {
    const size = bits.decode(dc);
    if (size > 11) throw new CodedDataError('The coded data makes no sense.');
    previous += bits.receive(size);
    if (ac !== undefined) skipCoefficients(bits, ac);
    const [x, y] = [columnPlaces[column], rowPlaces[row]];
    // Blocks beyond the edge only fill up the last unit.
    if (x !== undefined && y !== undefined) sums.add(y * RASTER_SIDE + x, channel, 128 + previous * scale);
  };
  return {
    columns,
    rows,
    reset() {
      previous = 0;
    },
    decodeUnit(bits: ScanBits, { x, y }: { x: number; y: number }) {
      if (alone) return decodeBlock(bits, x, y);
      for (let v = 0; v < vertical; v++) {
        for (let h = 0; h < horizontal; h++) decodeBlock(bits, x * horizontal + h, y * vertical + v);
      }
    },
  };
}

function skipCoefficients(bits: ScanBits, ac: HuffmanTable): void {
  for (let k = 1; k < BLOCK_COEFFICIENTS; k++) {
    const code = bits.decode(ac);
    const size = code & 15;
    const run = code >> 4;
    if (size > 0) bits.skip(size);
    else if (run < 15) return;
    k += run;
  }
}

function tableOf(decoder: Decoder, name: string): HuffmanTable {
  const table = decoder.tables.get(name);
  if (table === undefined) throw new CodedDataError('A table is missing.');
  return buildHuffmanTable(table.counts, table.values);
}

/** From what the file stores (brightness and two differences of colour, or inks) to red, green and blue. */
function toColours({ frame, sums, adobeTransform }: Decoder): Raster {
  const count = frame.components.length;
  const { rgba } = sums.toRaster([128, 128, 128, 255]);
  const isStoredAsColours = count === 4 ? adobeTransform !== 2 : adobeTransform === 0;
  for (let at = 0; at < rgba.length; at += 4) {
    const [a = 0, b = 0, c = 0, d = 255] = rgba.subarray(at, at + 4);
    const [red, green, blue] = count < 3 ? [a, a, a] : isStoredAsColours ? [a, b, c] : fromDifferences(a, b, c);
    // Inks are stored inverted by the programs that write them at all: 255 is none.
    const ink = count === 4 ? d / 255 : 1;
    rgba.set([red * ink, green * ink, blue * ink, 255], at);
  }
  return { rgba };
}

const fromDifferences = (y: number, cb: number, cr: number): [number, number, number] => [
  clamp(y + 1.402 * (cr - 128)),
  clamp(y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128)),
  clamp(y + 1.772 * (cb - 128)),
];

const clamp = (value: number) => Math.min(255, Math.max(0, value));
