import { cleanText, cleanTitle, collapseWhitespace, compactMetadata, createBlockCollector } from './blocks.ts';
import type { ExtractedDocument, ExtractionInput, Extractor } from './extractor.ts';
import type { Picture } from './image-container.ts';
import { decodeSmall } from './image-decode.ts';
import { type ExifFacts, readExif } from './image-exif.ts';
import { readPicture } from './image-header.ts';
import { readIptc } from './image-iptc.ts';
import { dominantColours, perceptualHash } from './image-look.ts';
import { turnUpright } from './image-raster.ts';
import { readSvg } from './image-svg.ts';
import { readXmp } from './image-xmp.ts';
import type { ImageMeasurements } from './measurements.ts';
import { looksLikeSvg } from './sniff-text.ts';

/** Pictures: what they say of themselves (EXIF, IPTC, XMP), how they look; drawings (SVG) by their text. */
export const imageExtractor: Extractor = {
  kind: 'image',
  version: 'image/photon@1',
  extract: async (input) => (isDrawing(input.bytes) ? extractDrawing(input) : extractPicture(input)),
};

const FORMAT_NAMES: Record<string, string> = {
  png: 'PNG picture',
  jpeg: 'JPEG picture',
  webp: 'WebP picture',
  gif: 'GIF picture',
  bmp: 'BMP picture',
  tiff: 'TIFF picture',
  avif: 'AVIF picture',
  heic: 'HEIC picture',
  svg: 'SVG drawing',
};

/** Keywords under which PNG's texts are taken over; the others are notes of programs. */
const PNG_KEYWORDS: Record<string, keyof ExifFacts> = {
  Title: 'title',
  Description: 'description',
  Comment: 'comment',
  Author: 'author',
  Copyright: 'copyright',
  Software: 'software',
};
const MAX_KEYWORDS = 50;
const MAX_KEYWORD_CHARACTERS = 100;

async function extractPicture({ bytes }: ExtractionInput): Promise<ExtractedDocument> {
  const picture = readPicture(bytes);
  const facts = await readFacts(picture);
  const measured = await measure(bytes, { picture, facts });
  const title = cleanTitle(facts.title);
  const collector = createBlockCollector();
  // What people wrote comes first; the same words in several places count once.
  const captions = [title, facts.description, facts.comment, facts.keywords?.join(', ')];
  for (const text of new Set(captions.map((caption) => collapseWhitespace(caption ?? '')))) {
    collector.add({ type: 'paragraph', text });
  }
  collector.add({ type: 'paragraph', text: describe(measured, facts) });
  return {
    ...(title === undefined ? {} : { title }),
    metadata: compactMetadata({
      ...factsKept(measured),
      author: facts.author,
      description: facts.description,
      tags: (facts.keywords ?? [])
        .map((word) => collapseWhitespace(cleanText(word.slice(0, MAX_KEYWORD_CHARACTERS))))
        .filter((word) => word !== '')
        .slice(0, MAX_KEYWORDS),
      copyright: facts.copyright,
      generator: facts.software,
      lens: facts.lens,
    }),
    blocks: collector.blocks,
    wanted: ['ocr', 'caption'],
    measurements: { image: measured },
  };
}

/** A drawing says what it has to say: there is nothing that a model for pictures could read. */
async function extractDrawing({ bytes, mediaType }: ExtractionInput): Promise<ExtractedDocument> {
  const { title: ownTitle, width, height, blocks } = await readSvg(bytes, mediaType);
  const measured: ImageMeasurements = { width, height, format: 'svg', colours: [] };
  const title = cleanTitle(ownTitle);
  return {
    ...(title === undefined ? {} : { title }),
    metadata: compactMetadata(factsKept(measured)),
    blocks: [...blocks, { type: 'paragraph', text: describe(measured, {}) }],
    measurements: { image: measured },
  };
}

function isDrawing(bytes: Uint8Array): boolean {
  return looksLikeSvg(new TextDecoder().decode(bytes.subarray(0, 4096)).replaceAll('\0', ''));
}

/** The picture's own notes; where several say something, what people edit last comes first. */
async function readFacts(picture: Picture): Promise<ExifFacts> {
  const sources = [
    picture.xmp === undefined ? {} : await readXmp(picture.xmp),
    picture.iptc === undefined ? {} : readIptc(picture.iptc),
    Object.fromEntries(
      picture.texts.flatMap(([keyword, text]) => {
        const name = PNG_KEYWORDS[keyword];
        return name === undefined ? [] : [[name, text]];
      }),
    ),
    picture.exif === undefined ? {} : readExif(picture.exif),
  ];
  const facts: ExifFacts = {};
  for (const source of sources.reverse()) {
    Object.assign(facts, Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined)));
  }
  return facts;
}

async function measure(
  bytes: Uint8Array,
  { picture, facts }: { picture: Picture; facts: ExifFacts },
): Promise<ImageMeasurements> {
  const { width, height, format } = picture;
  const { orientation, takenAt, latitude, longitude } = facts;
  const raster = await decodeSmall(bytes, picture);
  const hash = raster && perceptualHash(turnUpright(raster, orientation ?? 1));
  const camera = cameraOf(facts);
  return {
    width,
    height,
    format,
    colours: raster === undefined ? [] : dominantColours(raster),
    ...(hash !== undefined && { perceptualHash: hash }),
    ...(orientation !== undefined && { orientation }),
    ...(takenAt !== undefined && { takenAt }),
    ...(camera !== undefined && { camera }),
    ...(latitude !== undefined && longitude !== undefined && { latitude, longitude }),
  };
}

/** Make and model, the make only once and without the company's form. */
function cameraOf({ make, model }: ExifFacts): string | undefined {
  const brand = make?.replace(/\s+(corporation|corp\.?|co\.?,? ?ltd\.?|company|optical|imaging).*$/i, '') ?? '';
  const isNamed = (model ?? '').toLowerCase().startsWith(brand.toLowerCase());
  return cleanTitle(isNamed ? (model ?? brand) : `${brand} ${model ?? ''}`);
}

const factsKept = ({ format, width, height, takenAt, camera, latitude, longitude }: ImageMeasurements) => ({
  format,
  width,
  height,
  takenAt,
  camera,
  latitude,
  longitude,
});

/** One line that a picture without words is found by: with it stand its title and the name of its file. */
function describe({ format, width, height, takenAt, camera }: ImageMeasurements, { author }: ExifFacts): string {
  const size = width > 0 && height > 0 ? `${width} × ${height} pixels` : '';
  const taken = [camera && ` with ${camera}`, takenAt && ` on ${takenAt.slice(0, 10)}`, author && ` by ${author}`];
  const circumstances = taken.filter((part) => part !== undefined && part !== '').join('');
  return [FORMAT_NAMES[format] ?? 'Picture', size, circumstances && `taken${circumstances}`]
    .filter((part) => part !== '')
    .join(', ');
}
