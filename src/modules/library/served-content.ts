import type { FiledDocument } from './documents.repository.ts';
import { attachmentNamed, inlineNamed } from './filenames.ts';

/** Formats, as their readers name them, that every browser shows and that cannot hold anything that runs. Never SVG. */
const SHOWN: Record<string, Record<string, string>> = {
  image: {
    png: 'image/png',
    jpeg: 'image/jpeg',
    webp: 'image/webp',
    gif: 'image/gif',
    bmp: 'image/bmp',
    avif: 'image/avif',
  },
  audio: {
    wav: 'audio/wav',
    mp3: 'audio/mpeg',
    flac: 'audio/flac',
    ogg: 'audio/ogg',
    m4a: 'audio/mp4',
    aac: 'audio/aac',
  },
  video: { mp4: 'video/mp4', webm: 'video/webm' },
};

/**
 * How an original is handed over. Pictures, sound and films that were recognised by their content are shown in place,
 * under the type of what they are; everything else is a download under the type that its uploader declared, never to be
 * shown or run in the API's origin.
 */
export function servedAs(
  document: Pick<FiledDocument, 'status' | 'kind' | 'filename' | 'mediaType' | 'extractedMetadata'>,
): { mediaType: string; disposition: string } {
  const { status, kind, filename, mediaType, extractedMetadata } = document;
  // Only what was read is known to be what it says; new bytes are of nobody knows what kind until they are.
  const format = status === 'ready' ? extractedMetadata['format'] : undefined;
  const shown = typeof format === 'string' ? lookUp(lookUp(SHOWN, kind ?? ''), format) : undefined;
  return shown === undefined
    ? { mediaType, disposition: attachmentNamed(filename) }
    : { mediaType: shown, disposition: inlineNamed(filename) };
}

const lookUp = <T>(table: Record<string, T> | undefined, name: string): T | undefined =>
  table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
