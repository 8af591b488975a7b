import type { DocumentKind } from './extractor.ts';

/** Recognising formats by their first bytes. The first that fits counts. */

type Signature = { at: number; bytes: string } & ({ kind: DocumentKind } | { name: string });

const SIGNATURES: Signature[] = [
  { at: 0, bytes: '\x89PNG', kind: 'image' },
  { at: 0, bytes: '\xff\xd8\xff', kind: 'image' },
  { at: 0, bytes: 'GIF8', kind: 'image' },
  { at: 8, bytes: 'WEBP', kind: 'image' },
  { at: 0, bytes: 'II*\0', kind: 'image' },
  { at: 0, bytes: 'MM\0*', kind: 'image' },
  { at: 4, bytes: 'ftypavif', kind: 'image' },
  { at: 4, bytes: 'ftypavis', kind: 'image' },
  { at: 4, bytes: 'ftyphei', kind: 'image' },
  { at: 4, bytes: 'ftyphev', kind: 'image' },
  { at: 4, bytes: 'ftypmif1', kind: 'image' },
  { at: 4, bytes: 'ftypmsf1', kind: 'image' },
  { at: 4, bytes: 'ftypM4A', kind: 'audio' },
  { at: 4, bytes: 'ftypM4B', kind: 'audio' },
  { at: 4, bytes: 'ftyp', kind: 'video' },
  { at: 8, bytes: 'WAVE', kind: 'audio' },
  { at: 0, bytes: 'ID3', kind: 'audio' },
  { at: 0, bytes: '\xff\xfb', kind: 'audio' },
  { at: 0, bytes: '\xff\xf3', kind: 'audio' },
  { at: 0, bytes: '\xff\xf2', kind: 'audio' },
  { at: 0, bytes: 'fLaC', kind: 'audio' },
  { at: 0, bytes: 'OggS', kind: 'audio' },
  { at: 0, bytes: '\x1aE\xdf\xa3', kind: 'video' },
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
  return SIGNATURES.find((signature) => startsWithAt(bytes, signature.bytes, signature.at));
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
