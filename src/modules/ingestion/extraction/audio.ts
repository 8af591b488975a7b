import { cleanTitle, compactMetadata } from './blocks.ts';
import type { ExtractedDocument, ExtractionInput, Extractor } from './extractor.ts';
import type { AudioMeasurements } from './measurements.ts';
import { clockTime, finite, type MediaFile, readMedia, readTags, tagBlocks } from './media-tags.ts';
import { startsWithAt } from './signatures.ts';

/** Sound: its tags, and what is measured of the formats that can be decoded here. Words in it are a model's work. */
export const audioExtractor: Extractor = {
  kind: 'audio',
  version: 'audio/music-metadata@1',
  extract: extractAudio,
};

/** What the container is, by its first bytes. */
const SIGNS: { at: number; sign: string; format: string }[] = [
  { at: 8, sign: 'WAVE', format: 'wav' },
  { at: 0, sign: 'FORM', format: 'aiff' },
  { at: 0, sign: 'fLaC', format: 'flac' },
  { at: 0, sign: 'OggS', format: 'ogg' },
  { at: 4, sign: 'ftyp', format: 'm4a' },
  { at: 0, sign: '\x1aE\xdf\xa3', format: 'matroska' },
  { at: 0, sign: '\xff\xf1', format: 'aac' },
  { at: 0, sign: '\xff\xf9', format: 'aac' },
];

const FORMAT_NAMES: Record<string, string> = {
  wav: 'WAV sound',
  aiff: 'AIFF sound',
  flac: 'FLAC sound',
  ogg: 'Ogg sound',
  m4a: 'M4A sound',
  matroska: 'Matroska sound',
  aac: 'AAC sound',
  mp3: 'MP3 sound',
};

async function extractAudio({ bytes, whole }: ExtractionInput): Promise<ExtractedDocument> {
  const media = await readMedia({ bytes, whole });
  const measured = { ...readFormat(media), ...(await measureSound(bytes)) };
  const title = cleanTitle(media.common.title);
  const format = SIGNS.find(({ at, sign }) => startsWithAt(bytes, sign, at))?.format ?? 'mp3';
  return {
    ...(title === undefined ? {} : { title }),
    metadata: { ...readTags(media), format, ...factsKept(measured) },
    blocks: tagBlocks(media, `${FORMAT_NAMES[format] ?? 'Sound'} recording, ${clockTime(measured.durationMs)} minutes`),
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
  compactMetadata({ codec, durationMs, bitrate, sampleRate, channels, tempoBpm, key });
