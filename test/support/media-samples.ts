import { exifSegment, jpeg, landscape, png, tiff } from '../unit/extraction-images.fixtures.ts';
import { wav } from '../unit/extraction-media.fixtures.ts';
import { sine } from '../unit/extraction-sound.fixtures.ts';

const SIZE = { width: 96, height: 64 };

/** A photograph with a caption and a camera. */
export const exifPhoto = (): Uint8Array => {
  const exif = tiff({ 270: 'Sunset over the old harbour', 271: 'NIKON CORPORATION', 272: 'NIKON D70' });
  return jpeg(SIZE, landscape(SIZE), { segments: [exifSegment(exif)] });
};

/** A picture of two colours. */
export const redAndBlue = (): Uint8Array => png(SIZE, (x) => (x < SIZE.width / 2 ? [200, 0, 0] : [0, 0, 200]));

/** A second of sound with a title and an artist. */
export const toneWithTags = (): Uint8Array =>
  wav([sine(1, { hertz: 440 }, 8000)], {
    rate: 8000,
    info: [
      ['INAM', 'Morning song'],
      ['IART', 'Ada Lovelace'],
    ],
  });
