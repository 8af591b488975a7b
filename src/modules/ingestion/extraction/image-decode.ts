import type { Picture } from './image-container.ts';
import { damagedPicture } from './image-header.ts';
import { MIN_SIDE_FOR_MEANS } from './image-jpeg-means.ts';
import type { Raster } from './image-raster.ts';

/** What decoding a picture may take of the 128 MB that a Worker has, beside the file itself. */
export const MAX_DECODER_BYTES = 72_000_000;
/** The decoders that hold no pixels are bounded by time only: a second or two for so many. */
export const MAX_STREAMED_PIXELS = 100_000_000;

const BY_PHOTON = new Set(['png', 'jpeg', 'webp', 'gif', 'bmp', 'tiff']);

/**
 * The picture at 64 × 64, whatever decoder can make that within bounds that are checked by its declared size before
 * anything is decoded. Undefined where there is none: AVIF and HEIC, very large pictures, rare codings.
 * @throws ExtractionError `malformed` when its data is damaged or cut off
 */
export async function decodeSmall(bytes: Uint8Array, picture: Picture): Promise<Raster | undefined> {
  const { format, width, height } = picture;
  const isStreamable = width * height <= MAX_STREAMED_PIXELS;
  try {
    if (BY_PHOTON.has(format)) {
      const { decodeByPhoton, photonMemoryBytes } = await import('./image-photon.ts');
      if (photonMemoryBytes(picture, bytes.length) <= MAX_DECODER_BYTES) return decodeByPhoton(bytes);
    }
    if (format === 'jpeg' && isStreamable && Math.min(width, height) >= MIN_SIDE_FOR_MEANS) {
      const { decodeJpegMeans } = await import('./image-jpeg-means.ts');
      return decodeJpegMeans(bytes);
    }
    if (format === 'png' && isStreamable) {
      const { decodePngMeans } = await import('./image-png-means.ts');
      return await decodePngMeans(bytes);
    }
  } catch (error) {
    // TIFF is a family of codings, of which the decoder knows some.
    if (format === 'tiff') return undefined;
    throw damagedPicture(error);
  }
  return undefined;
}
