import type { IAudioMetadata } from 'music-metadata';
import { cleanText, cleanTitle, collapseWhitespace, compactMetadata, createBlockCollector } from './blocks.ts';
import { type Block, type ExtractedDocument, ExtractionError } from './extractor.ts';
import { startsWithAt } from './signatures.ts';

/** What music-metadata reads of a recording or a film. */
export type MediaFile = IAudioMetadata;

const MAX_LYRICS_CHARACTERS = 200_000;
const MAX_LYRICS_LINES = 5000;
const MAX_CHAPTERS = 1000;
const MAX_LIST = 50;
const MAX_TAG_CHARACTERS = 200;

/** Container, streams and tags, of any format that music-metadata knows. Throws `malformed` for what it cannot read. */
export async function readMedia(bytes: Uint8Array): Promise<MediaFile> {
  const { parseBuffer } = await import('music-metadata');
  const read = (mimeType?: string) =>
    parseBuffer(bytes, mimeType, { duration: true, skipCovers: true, includeChapters: true });
  try {
    // What follows tags of ID3 may be too far behind for the parser to see what it is: nearly always MP3.
    return await read().catch((error: unknown) => {
      if (startsWithAt(bytes, 'ID3', 0)) return read('audio/mpeg');
      throw error;
    });
  } catch (error) {
    throw new ExtractionError(
      'malformed',
      'The recording is damaged or cut off and cannot be played. Save or download it anew and upload it again.',
      { cause: error },
    );
  }
}

/** What the tags say, as far as it is kept. */
export function readTags({ common }: MediaFile): ExtractedDocument['metadata'] {
  return compactMetadata({
    title: common.title,
    artist: listOf(common.artists ?? common.artist).join(', ') || common.artist,
    album: common.album,
    albumArtist: common.albumartist,
    track: finite(common.track.no),
    year: finite(common.year),
    genre: listOf(common.genre),
    composer: listOf(common.composer).join(', '),
    comment: common.comment?.map(({ text }) => text ?? '').join(' '),
    description: common.longDescription ?? listOf(common.description).join(' '),
    copyright: common.copyright,
    show: common.tvShow,
    language: common.language,
  });
}

/** Everything by which a recording is to be found: what the tags say in one line, descriptions, chapters, lyrics. */
export function tagBlocks(media: MediaFile, summary: string): Block[] {
  const { common, format } = media;
  const collector = createBlockCollector();
  const add = (text: string | undefined, time?: Block['time']) =>
    collector.add({ type: 'paragraph', text: collapseWhitespace(text ?? ''), ...(time && { time }) });
  add(nameLine(media));
  add([summary, ...listOf(common.genre)].join(', '));
  for (const { text } of (common.comment ?? []).slice(0, MAX_LIST)) add(text);
  add(common.longDescription ?? listOf(common.description).join(' '));
  for (const { title, start, end, timeScale = 1000 } of (format.chapters ?? []).slice(0, MAX_CHAPTERS)) {
    add(title, timeSpan((start * 1000) / timeScale, end === undefined ? undefined : (end * 1000) / timeScale));
  }
  addLyrics(collector, media);
  return collector.blocks;
}

/** Song, artist, album, year: in one line, because they are searched for together. */
function nameLine({ common }: MediaFile): string {
  const artists = [...new Set([...listOf(common.artists ?? common.artist), ...listOf(common.albumartist)])];
  const names = [common.title, artists.join(', '), common.album].map((name) => cleanTitle(name) ?? '');
  const line = names.filter((name) => name !== '').join(' – ');
  return line !== '' && finite(common.year) !== undefined ? `${line} (${common.year})` : line;
}

function addLyrics(collector: ReturnType<typeof createBlockCollector>, { common }: MediaFile): void {
  for (const { text, syncText } of (common.lyrics ?? []).slice(0, MAX_LIST)) {
    // Lyrics of some containers have no times, whatever the parser's types promise.
    const lines = Array.isArray(syncText) ? syncText.slice(0, MAX_LYRICS_LINES) : [];
    for (const [i, line] of lines.entries()) {
      const time = timeSpan(line.timestamp ?? 0, lines[i + 1]?.timestamp);
      collector.add({ type: 'paragraph', text: line.text, time });
    }
    if (lines.length > 0) continue;
    for (const verse of (text ?? '').slice(0, MAX_LYRICS_CHARACTERS).split(/\r?\n\s*\r?\n/)) {
      collector.add({ type: 'paragraph', text: verse });
    }
  }
}

const timeSpan = (start: number, end: number | undefined): { startMs: number; endMs: number } => {
  const startMs = Math.max(0, Math.round(start) || 0);
  return { startMs, endMs: Math.max(startMs, Math.round(end ?? startMs) || startMs) };
};

/** Milliseconds as people say them: 3:05, 1:02:03. */
export function clockTime(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const pad = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}

/** A number that a file states, if it is one. */
export const finite = (value: number | null | undefined): number | undefined =>
  value !== null && value !== undefined && Number.isFinite(value) && value >= 0 ? value : undefined;

/** Tags that may be there once or several times. */
function listOf(tag: string | string[] | undefined): string[] {
  const values = tag === undefined ? [] : Array.isArray(tag) ? tag : [tag];
  return values
    .slice(0, MAX_LIST)
    .map((value) => collapseWhitespace(cleanText(String(value).slice(0, MAX_TAG_CHARACTERS))))
    .filter((value) => value !== '');
}
