import { RASTER_SIDE, type Raster } from './image-raster.ts';

const GREY_SIDE = 32;
const HASH_SIDE = 8;
/** Of a range of 255: less is noise of the coding, of which no hash should be made. */
const MIN_DEVIATION = 1;

const MAX_COLOURS = 5;
const MIN_COLOUR_SHARE = 0.03;
/** Colours nearer than this (Euclidean, of a largest distance of 441) look like one. */
const SAME_COLOUR_DISTANCE = 48;
const BIN_BITS = 4;

/**
 * Perceptual hash of 64 bits as 16 hex digits: the lowest 8 × 8 frequencies of the picture in grey at 32 × 32 (DCT-II),
 * one bit each for lying above their median. Scaling, compression and small changes of colour leave most bits as they
 * are. Undefined for a picture of one colour, which is like every other one.
 * Source: C. Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions (2010), 3.2.1.
 */
export function perceptualHash(raster: Raster): string | undefined {
  const grey = toGrey(raster);
  if (deviationOf(grey) < MIN_DEVIATION) return undefined;
  const frequencies = lowFrequencies(grey);
  const sorted = frequencies.toSorted();
  const median = ((sorted[31] ?? 0) + (sorted[32] ?? 0)) / 2;
  let hash = 0n;
  for (const frequency of frequencies) hash = (hash << 1n) | (frequency > median ? 1n : 0n);
  return hash.toString(16).padStart(16, '0');
}

/** How alike two perceptual hashes are: 1 for equal ones, about 0.5 for those of unrelated pictures. */
export function imageSimilarity(a: string, b: string): number {
  let differing = BigInt(`0x${a}`) ^ BigInt(`0x${b}`);
  let bits = 0;
  for (; differing > 0n; differing &= differing - 1n) bits++;
  return 1 - bits / 64;
}

/** The colours that make up most of what is not transparent, the most frequent first; similar ones count together. */
export function dominantColours({ rgba }: Raster): { hex: string; share: number }[] {
  const bins = new Map<number, Colour>();
  let pixels = 0;
  for (let at = 0; at < rgba.length; at += 4) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = rgba.subarray(at, at + 4);
    if (alpha < 128) continue;
    pixels++;
    const key = [red, green, blue].reduce((sum, value) => (sum << BIN_BITS) | (value >> (8 - BIN_BITS)), 0);
    addTo(bins, key, { red, green, blue, count: 1 });
  }
  const merged: Colour[] = [];
  for (const bin of [...bins.values()].sort((a, b) => b.count - a.count)) {
    const like = merged.find((colour) => distance(colour, bin) < SAME_COLOUR_DISTANCE);
    if (like === undefined) merged.push({ ...bin });
    else like.count += bin.count;
  }
  return merged
    .map((colour) => ({ hex: hexOf(colour), share: Math.round((colour.count / pixels) * 1000) / 1000 }))
    .filter(({ share }) => share >= MIN_COLOUR_SHARE)
    .sort((a, b) => b.share - a.share)
    .slice(0, MAX_COLOURS);
}

type Colour = { red: number; green: number; blue: number; count: number };

/** Keeps the mean of each bin. */
function addTo(bins: Map<number, Colour>, key: number, pixel: Colour): void {
  const bin = bins.get(key);
  if (bin === undefined) {
    bins.set(key, pixel);
    return;
  }
  bin.count++;
  bin.red += (pixel.red - bin.red) / bin.count;
  bin.green += (pixel.green - bin.green) / bin.count;
  bin.blue += (pixel.blue - bin.blue) / bin.count;
}

const distance = (a: Colour, b: Colour) => Math.hypot(a.red - b.red, a.green - b.green, a.blue - b.blue);

const hexOf = ({ red, green, blue }: Colour) =>
  `#${[red, green, blue].map((value) => Math.round(value).toString(16).padStart(2, '0')).join('')}`;

/** Luma (ITU-R BT.601) on white, halved to 32 × 32. */
function toGrey({ rgba }: Raster): Float64Array {
  const grey = new Float64Array(GREY_SIDE * GREY_SIDE);
  const step = RASTER_SIDE / GREY_SIDE;
  for (let y = 0; y < RASTER_SIDE; y++) {
    for (let x = 0; x < RASTER_SIDE; x++) {
      const [red = 0, green = 0, blue = 0, alpha = 0] = rgba.subarray(4 * (y * RASTER_SIDE + x));
      const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
      const onWhite = (luma * alpha + 255 * (255 - alpha)) / 255;
      const at = Math.floor(y / step) * GREY_SIDE + Math.floor(x / step);
      grey[at] = (grey[at] ?? 0) + onWhite / step ** 2;
    }
  }
  return grey;
}

function deviationOf(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/** Cosines of the DCT-II, by frequency and place. */
const COSINES = Array.from({ length: HASH_SIDE }, (_, frequency) =>
  Float64Array.from({ length: GREY_SIDE }, (_, at) => Math.cos((Math.PI * frequency * (2 * at + 1)) / (2 * GREY_SIDE))),
);

function lowFrequencies(grey: Float64Array): Float64Array {
  const rows = COSINES.map((cosine) =>
    Float64Array.from({ length: GREY_SIDE }, (_, y) => dot(cosine, grey.subarray(y * GREY_SIDE, (y + 1) * GREY_SIDE))),
  );
  // What is nil but for rounding must be nil, or the hash of a symmetrical picture would be of chance.
  const values = COSINES.flatMap((cosine) => rows.map((row) => Math.round(dot(cosine, row) * 1000) / 1000));
  return Float64Array.from(values);
}

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
