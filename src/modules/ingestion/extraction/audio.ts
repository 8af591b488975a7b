import { cleanTitle, compactMetadata } from './blocks.ts';
import type { ExtractedDocument, ExtractionInput, Extractor } from './extractor.ts';
import type { AudioMeasurements } from './measurements.ts';
import { clockTime, finite, type MediaFile, readMedia, readTags, tagBlocks } from './media-tags.ts';

/** Sound: its tags, and what is measured of the formats that can be decoded here. Words in it are a model's work. */
export const audioExtractor: Extractor = {
  kind: 'audio',
  version: 'audio/music-metadata@1',
  extract: extractAudio,
};

async function extractAudio({ bytes }: ExtractionInput): Promise<ExtractedDocument> {
  const media = await readMedia(bytes);
  const measured = { ...readFormat(media), ...(await measureSound(bytes)) };
  const title = cleanTitle(media.common.title);
  return {
    ...(title === undefined ? {} : { title }),
    metadata: { ...readTags(media), ...factsKept(measured) },
    blocks: tagBlocks(media, describe(measured)),
    wanted: ['transcript'],
    measurements: { audio: measured },
  };
}

function readFormat({ format }: MediaFile): AudioMeasurements {
  return {
    durationMs: Math.round((finite(format.duration) ?? 0) * 1000),
    bitrate: Math.round(finite(format.bitrate) ?? 0),
    sampleRate: finite(format.sampleRate) ?? 0,
    channels: finite(format.numberOfChannels) ?? 0,
    codec: cleanTitle(format.codec ?? format.container) ?? 'unknown',
  };
}

async function measureSound(bytes: Uint8Array): Promise<Partial<AudioMeasurements>> {
  const { decodeSound } = await import('./audio-samples.ts');
  // What a player could still make something of is no reason to refuse the recording.
  const sound = await decodeSound(bytes).catch(() => undefined);
  if (sound === undefined) return {};
  const { measureFeatures } = await import('./audio-features.ts');
  return await measureFeatures(sound);
}

const factsKept = ({ codec, durationMs, bitrate, sampleRate, channels, tempoBpm, key }: AudioMeasurements) =>
  compactMetadata({ format: codec, durationMs, bitrate, sampleRate, channels, tempoBpm, key });

/** A line for recordings without tags: with it stand title and name of the file. */
function describe({ codec, durationMs }: AudioMeasurements): string {
  return `${codec} sound recording, ${clockTime(durationMs)} minutes`;
}
