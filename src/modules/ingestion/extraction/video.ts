import { cleanTitle, collapseWhitespace, compactMetadata } from './blocks.ts';
import {
  type Block,
  type ExtractedDocument,
  ExtractionError,
  type ExtractionInput,
  type Extractor,
} from './extractor.ts';
import type { VideoMeasurements } from './measurements.ts';
import { clockTime, finite, type MediaFile, readMedia, readTags, tagBlocks } from './media-tags.ts';
import { startsWithAt } from './signatures.ts';
import { readAvi } from './video-avi.ts';
import { isoFrameSize } from './video-frame-size.ts';

/** Films: what their container says. Nothing of them is decoded. */
export const videoExtractor: Extractor = {
  kind: 'video',
  version: 'video/music-metadata@1',
  extract: async (input) => (startsWithAt(input.bytes, 'AVI ', 8) ? extractAvi(input) : extractFilm(input)),
};

export const MAX_TRACKS = 32;
/** Track types of Matroska, which music-metadata uses for all. */
const TRACK_TYPES: Record<number, string> = { 1: 'video', 2: 'audio', 17: 'subtitles' };

async function extractFilm({ bytes, whole }: ExtractionInput): Promise<ExtractedDocument> {
  const media = await readMedia({ bytes, whole });
  const measured = measureFilm(media, { bytes, size: whole?.size ?? bytes.length });
  const title = cleanTitle(media.common.title);
  return {
    ...(title === undefined ? {} : { title }),
    metadata: { ...readTags(media), ...factsKept(measured) },
    blocks: tagBlocks(media, describe(measured)),
    wanted: ['transcript'],
    measurements: { video: measured },
  };
}

async function extractAvi({ bytes, whole }: ExtractionInput): Promise<ExtractedDocument> {
  const file = attemptAvi(bytes);
  const { info, ...facts } = file;
  const measured: VideoMeasurements = {
    ...facts,
    container: 'avi',
    bitrate: bitrateOf(whole?.size ?? bytes.length, facts.durationMs),
  };
  const title = cleanTitle(info.get('INAM'));
  const texts = [title, info.get('IART'), info.get('ISBJ'), info.get('ICMT'), info.get('IKEY'), describe(measured)];
  const blocks = texts.map((text): Block => ({ type: 'paragraph', text: collapseWhitespace(text ?? '') }));
  return {
    ...(title === undefined ? {} : { title }),
    metadata: compactMetadata({ ...factsKept(measured), title, artist: info.get('IART'), comment: info.get('ICMT') }),
    blocks: blocks.filter(({ text }) => text !== ''),
    wanted: ['transcript'],
    measurements: { video: measured },
  };
}

function attemptAvi(bytes: Uint8Array): ReturnType<typeof readAvi> {
  try {
    return readAvi(bytes);
  } catch (error) {
    throw new ExtractionError(
      'malformed',
      'The film is damaged or cut off and cannot be played. Save or download it anew and upload it again.',
      { cause: error },
    );
  }
}

function measureFilm(
  { format }: MediaFile,
  { bytes, size: inAll }: { bytes: Uint8Array; size: number },
): VideoMeasurements {
  const tracks = format.trackInfo.slice(0, MAX_TRACKS);
  const picture = tracks.find((track) => track.video !== undefined)?.video;
  const size = isoFrameSize(bytes);
  const durationMs = Math.round((finite(format.duration) ?? 0) * 1000);
  const createdAt = format.creationTime;
  // Programs that know no date leave it at the beginning of 1904 or 1970.
  const isDated = createdAt !== undefined && createdAt.getTime() > 0;
  return {
    durationMs,
    container: containerOf(format, bytes),
    width: size?.width ?? finite(picture?.displayWidth ?? picture?.pixelWidth) ?? 0,
    height: size?.height ?? finite(picture?.displayHeight ?? picture?.pixelHeight) ?? 0,
    bitrate: bitrateOf(inAll, durationMs),
    tracks: tracks.map(({ type, codecName, codecId, language }) => ({
      type: TRACK_TYPES[type ?? 0] ?? 'other',
      codec: cleanTitle(codecName ?? codecId) ?? 'unknown',
      ...(language !== undefined && /^[a-z]{2,3}(-\w+)*$/i.test(language) && { language }),
    })),
    ...(isDated && { createdAt: createdAt.toISOString() }),
  };
}

function containerOf({ container }: MediaFile['format'], bytes: Uint8Array): string {
  if (startsWithAt(bytes, 'ftypqt', 4)) return 'mov';
  if (!startsWithAt(bytes, '\x1aE\xdf\xa3', 0)) return 'mp4';
  return /webm/i.test(container ?? '') ? 'webm' : 'matroska';
}

const bitrateOf = (size: number, durationMs: number) => (durationMs === 0 ? 0 : Math.round((size * 8000) / durationMs));

const factsKept = ({ container, durationMs, width, height, tracks, createdAt }: VideoMeasurements) =>
  compactMetadata({
    format: container,
    durationMs,
    width,
    height,
    codec: tracks.find(({ type }) => type === 'video')?.codec,
    createdAt,
  });

/** A line for films without tags: with it stand title and name of the file. */
function describe({ container, durationMs, width, height }: VideoMeasurements): string {
  const size = width > 0 && height > 0 ? `, ${width} × ${height} pixels` : '';
  return `${CONTAINER_NAMES[container] ?? 'Film'}, ${clockTime(durationMs)} minutes${size}`;
}

const CONTAINER_NAMES: Record<string, string> = {
  mp4: 'MP4 video film',
  mov: 'QuickTime video film',
  matroska: 'Matroska video film',
  webm: 'WebM video film',
  avi: 'AVI video film',
};
