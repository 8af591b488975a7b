import { decodeAiff, decodeWav } from './audio-pcm.ts';
import type { Sound } from './audio-sound.ts';
import { startsWithAt } from './signatures.ts';

/** The beginning of a recording as samples, where there is a decoder: WAV and AIFF, MP3, FLAC. */
export async function decodeSound(bytes: Uint8Array): Promise<Sound | undefined> {
  if (startsWithAt(bytes, 'WAVE', 8)) return decodeWav(bytes);
  if (startsWithAt(bytes, 'FORM', 0)) return decodeAiff(bytes);
  if (startsWithAt(bytes, 'fLaC', 0)) {
    const { decodeFlac } = await import('./audio-flac.ts');
    return await decodeFlac(bytes);
  }
  if (startsWithAt(bytes, 'ID3', 0) || bytes[0] === 0xff) {
    const { decodeMp3 } = await import('./audio-mp3.ts');
    return await decodeMp3(bytes);
  }
  return undefined;
}
