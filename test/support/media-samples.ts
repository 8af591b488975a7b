import { exifSegment, jpeg, landscape, png, tiff } from '../unit/extraction-images.fixtures.ts';
import { wav } from '../unit/extraction-media.fixtures.ts';
import { chords, cMajorSong, eMinorSong, sine } from '../unit/extraction-sound.fixtures.ts';

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

/** One landscape in two files: as a photograph, and smaller without loss. */
export const twiceTheLandscape = () => ({
  photo: jpeg(SIZE, landscape(SIZE), { quality: 70 }),
  smaller: png({ width: 48, height: 32 }, landscape({ width: 48, height: 32 })),
});

const RATE = 11_025;

/** A song in two files, one of them fainter and begun later, and another song. */
export const songs = () => {
  const song = chords([...cMajorSong, ...cMajorSong], RATE);
  const fainter = song.slice(RATE * 2).map((value) => value * 0.4);
  const other = chords([...eMinorSong, ...eMinorSong], RATE);
  const file = (samples: Float32Array) => wav([samples], { rate: RATE });
  return { song: file(song), fainter: file(fainter), other: file(other) };
};
