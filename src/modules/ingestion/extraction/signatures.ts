import type { DocumentKind } from './extractor.ts';

/** Recognising formats by their first bytes. The first that fits counts. */

type Signature = { at: number; bytes: string /** What must be at the beginning as well. */; begin?: string } & (
  | { kind: DocumentKind }
  | { name: string }
);

const SIGNATURES: Signature[] = [
  { at: 0, bytes: '\x89PNG', kind: 'image' },
  { at: 0, bytes: '\xff\xd8\xff', kind: 'image' },
  { at: 0, bytes: 'GIF8', kind: 'image' },
  { at: 8, bytes: 'WEBP', begin: 'RIFF', kind: 'image' },
  { at: 0, bytes: 'II*\0', kind: 'image' },
  { at: 0, bytes: 'MM\0*', kind: 'image' },
  { at: 4, bytes: 'ftypavif', kind: 'image' },
  { at: 4, bytes: 'ftypavis', kind: 'image' },
  { at: 4, bytes: 'ftyphei', kind: 'image' },
  { at: 4, bytes: 'ftyphev', kind: 'image' },
  { at: 4, bytes: 'ftypmif1', kind: 'image' },
  { at: 4, bytes: 'ftypmsf1', kind: 'image' },
  { at: 6, bytes: '\0\0\0\0', begin: 'BM', kind: 'image' },
  { at: 0, bytes: '8BPS', name: 'a Photoshop document' },
  { at: 4, bytes: 'ftypM4A', kind: 'audio' },
  { at: 4, bytes: 'ftypM4B', kind: 'audio' },
  { at: 4, bytes: 'ftyp', begin: '\0', kind: 'video' },
  { at: 4, bytes: 'moov', begin: '\0', kind: 'video' },
  { at: 4, bytes: 'mdat', begin: '\0', kind: 'video' },
  { at: 4, bytes: 'wide', begin: '\0', kind: 'video' },
  { at: 8, bytes: 'WAVE', begin: 'RIFF', kind: 'audio' },
  { at: 8, bytes: 'AVI ', begin: 'RIFF', kind: 'video' },
  { at: 8, bytes: 'AIF', begin: 'FORM', kind: 'audio' },
  { at: 0, bytes: 'ID3', kind: 'audio' },
  { at: 0, bytes: '\xff\xfb', kind: 'audio' },
  { at: 0, bytes: '\xff\xfa', kind: 'audio' },
  { at: 0, bytes: '\xff\xf1', kind: 'audio' },
  { at: 0, bytes: '\xff\xf9', kind: 'audio' },
  { at: 0, bytes: '\xff\xf3', kind: 'audio' },
  { at: 0, bytes: '\xff\xf2', kind: 'audio' },
  { at: 0, bytes: '\xff\xe3', kind: 'audio' },
  { at: 0, bytes: '\xff\xe2', kind: 'audio' },
  { at: 0, bytes: 'fLaC', kind: 'audio' },
  { at: 0, bytes: 'OggS', kind: 'audio' },
  { at: 0, bytes: '\x1aE\xdf\xa3', kind: 'video' },
  { at: 0, bytes: '\x30\x26\xb2\x75\x8e\x66\xcf\x11', name: 'a Windows Media file' },
  { at: 0, bytes: '\0\0\x01\xba', name: 'an MPEG film' },
  { at: 0, bytes: 'FLV\x01', name: 'a Flash film' },
  { at: 0, bytes: 'MThd', name: 'a MIDI file' },
  { at: 0, bytes: '\x1f\x8b', name: 'a gzip archive' },
  { at: 0, bytes: '7z\xbc\xaf\x27\x1c', name: 'a 7-Zip archive' },
  { at: 0, bytes: 'Rar!', name: 'a RAR archive' },
  { at: 257, bytes: 'ustar', name: 'a tar archive' },
  { at: 0, bytes: 'SQLite format 3', name: 'an SQLite database' },
  { at: 0, bytes: '\x7fELF', name: 'a program' },
  { at: 0, bytes: 'MZ\x90', name: 'a Windows program' },
  { at: 0, bytes: '\0asm', name: 'a WebAssembly program' },
  { at: 0, bytes: '{\\rtf', kind: 'rtf' },
  { at: 0, bytes: '%!PS', name: 'a PostScript document' },
];

/** What the first bytes say the file is: a kind that can be read, or a format that is not, in words for a person. */
export function recognise(bytes: Uint8Array): { kind: DocumentKind } | { name: string } | undefined {
  return SIGNATURES.find(
    ({ at, bytes: sign, begin = '' }) => startsWithAt(bytes, sign, at) && startsWithAt(bytes, begin, 0),
  );
}

/** Whether the bytes hold the Latin-1 text at that place. */
export function startsWithAt(bytes: Uint8Array, latin1: string, at: number): boolean {
  if (bytes.length < at + latin1.length) return false;
  for (let i = 0; i < latin1.length; i++) {
    if (bytes[at + i] !== latin1.charCodeAt(i)) return false;
  }
  return true;
}

/** Whether the bytes hold the text as UTF-16 LE anywhere, as names in compound files are written. */
export function holdsUtf16(bytes: Uint8Array, text: string): boolean {
  const wide = Array.from(text, (character) => `${character}\0`).join('');
  const first = text.charCodeAt(0);
  for (let at = bytes.indexOf(first); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (startsWithAt(bytes, wide, at)) return true;
  }
  return false;
}
