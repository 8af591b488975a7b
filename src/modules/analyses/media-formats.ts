/** How models are told what they are given: by its first bytes, never by what an uploader said. */
export type MediaFormat = { mediaType: string; extension: string };

const FORMATS: [at: number, bytes: string, format: MediaFormat][] = [
  [0, '\x89PNG', { mediaType: 'image/png', extension: 'png' }],
  [0, '\xff\xd8\xff', { mediaType: 'image/jpeg', extension: 'jpg' }],
  [0, 'GIF8', { mediaType: 'image/gif', extension: 'gif' }],
  [8, 'WEBP', { mediaType: 'image/webp', extension: 'webp' }],
  [8, 'WAVE', { mediaType: 'audio/wav', extension: 'wav' }],
  [0, 'ID3', { mediaType: 'audio/mpeg', extension: 'mp3' }],
  [0, '\xff\xfb', { mediaType: 'audio/mpeg', extension: 'mp3' }],
  [0, '\xff\xfa', { mediaType: 'audio/mpeg', extension: 'mp3' }],
  [0, '\xff\xe3', { mediaType: 'audio/mpeg', extension: 'mp3' }],
  [0, '\xff\xf3', { mediaType: 'audio/mpeg', extension: 'mp3' }],
  [0, '\xff\xf2', { mediaType: 'audio/mpeg', extension: 'mp3' }],
  [0, 'fLaC', { mediaType: 'audio/flac', extension: 'flac' }],
  [0, 'OggS', { mediaType: 'audio/ogg', extension: 'ogg' }],
  [4, 'ftypM4A', { mediaType: 'audio/mp4', extension: 'm4a' }],
  [4, 'ftypM4B', { mediaType: 'audio/mp4', extension: 'm4a' }],
  [4, 'ftyp', { mediaType: 'video/mp4', extension: 'mp4' }],
  [0, '\x1aE\xdf\xa3', { mediaType: 'video/webm', extension: 'webm' }],
];

/** Undefined for what no model takes. */
export function formatOf(bytes: Uint8Array): MediaFormat | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 32));
  return FORMATS.find(([at, signature]) => head.startsWith(signature, at))?.[2];
}
