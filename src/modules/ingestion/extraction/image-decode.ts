import type { Picture } from './image-container.ts';
import { damagedPicture } from './image-header.ts';
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
  try {
    return (await decodeWhole(bytes, picture)) ?? (await decodeStreamed(bytes, picture));
  } catch (error) {
    // TIFF is a family of codings, of which the decoder knows some.
    if (picture.format === 'tiff') return undefined;
    throw damagedPicture(error);
  }
}

/** By photon, where its memory suffices. */
async function decodeWhole(bytes: Uint8Array, picture: Picture): Promise<Raster | undefined> {
  if (!BY_PHOTON.has(picture.format)) return undefined;
  const { decodeByPhoton, photonMemoryBytes } = await import('./image-photon.ts');
  if (photonMemoryBytes(picture, bytes.length) > MAX_DECODER_BYTES) return undefined;
  try {
    return decodeByPhoton(bytes);
  } catch (error) {
    // It does not say whether the picture is damaged or of a coding that it does not know; of JPEG there are such.
    if (picture.format === 'jpeg') return undefined;
    throw error;
  }
}

/** Without holding pixels, where the format allows that. */
async function decodeStreamed(bytes: Uint8Array, { format, width, height }: Picture): Promise<Raster | undefined> {
  if (width * height > MAX_STREAMED_PIXELS) return undefined;
  if (format === 'png') {
    const { decodePngMeans } = await import('./image-png-means.ts');
    return await decodePngMeans(bytes);
  }
  if (format !== 'jpeg') return undefined;
  const { decodeJpegMeans } = await import('./image-jpeg-means.ts');
  return decodeJpegMeans(bytes);
}
