/** A small version of a picture, stretched to a square: what hashes and colours are taken from. */
export type Raster = {
  /** {@link RASTER_SIDE} rows of as many pixels, each red, green, blue and alpha from 0 to 255. */
  rgba: Float32Array;
};

export const RASTER_SIDE = 64;
const ROW_VALUES = RASTER_SIDE * 4;

/**
 * The raster turned as EXIF's orientation says (1 to 8): the same picture has the same hash, whether its pixels were
 * turned or only the camera.
 */
export function turnUpright({ rgba }: Raster, orientation: number): Raster {
  const last = RASTER_SIDE - 1;
  // Of 5 to 8, rows and columns are exchanged.
  const place = (x: number, y: number): [number, number] => {
    const [column, row] = orientation >= 5 ? [y, x] : [x, y];
    const mirrorsColumns = orientation === 2 || orientation === 3 || orientation === 7 || orientation === 8;
    const mirrorsRows = orientation === 3 || orientation === 4 || orientation === 6 || orientation === 7;
    return [mirrorsColumns ? last - column : column, mirrorsRows ? last - row : row];
  };
  const turned = new Float32Array(rgba.length);
  for (let y = 0; y < RASTER_SIDE; y++) {
    for (let x = 0; x < RASTER_SIDE; x++) {
      const [column, row] = place(x, y);
      const from = (row * RASTER_SIDE + column) * 4;
      turned.set(rgba.subarray(from, from + 4), (y * RASTER_SIDE + x) * 4);
    }
  }
  return { rgba: turned };
}

/** Gathers means for each pixel of a raster from the pixels of a picture that are too many to be held. */
export type RasterSums = {
  /** Adds to the place at `cell` (row × {@link RASTER_SIDE} + column): one value of one of the four channels. */
  add(cell: number, channel: number, value: number): void;
  /** The means; a place without values takes those to its left or above, a channel without any is `missing`. */
  toRaster(missing: [red: number, green: number, blue: number, alpha: number]): Raster;
};

export function createRasterSums(): RasterSums {
  const sums = new Float64Array(RASTER_SIDE * RASTER_SIDE * 4);
  const counts = new Uint32Array(sums.length);
  return {
    add(cell, channel, value) {
      const at = cell * 4 + channel;
      sums[at] = (sums[at] ?? 0) + value;
      counts[at] = (counts[at] ?? 0) + 1;
    },
    toRaster(missing) {
      const rgba = new Float32Array(sums.length);
      for (let at = 0; at < sums.length; at++) {
        const count = counts[at] ?? 0;
        const isFirst = at % ROW_VALUES < 4;
        const neighbour = isFirst ? rgba[at - ROW_VALUES] : rgba[at - 4];
        const mean = count === 0 ? (neighbour ?? missing[at % 4] ?? 0) : (sums[at] ?? 0) / count;
        rgba[at] = Math.min(255, Math.max(0, mean));
      }
      return { rgba };
    },
  };
}

/** For each of so many columns or rows the one of the raster that it falls into. */
export const toRasterPlaces = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => Math.min(RASTER_SIDE - 1, Math.floor((i * RASTER_SIDE) / count)));
