const MAX_FILENAME_CHARACTERS = 255;
const MAX_TITLE_CHARACTERS = 300;

/** A name as it may be stored and sent back in a header: no path, no control characters, never empty. */
export function safeFilename(name: string): string {
  const base = name.normalize('NFC').split(/[/\\]/).at(-1) ?? '';
  const printable = base.replace(/[\p{Cc}\p{Cf}]/gu, '').trim();
  const short = cut(printable, MAX_FILENAME_CHARACTERS).trim();
  return NAMES_A_FOLDER.test(short) ? 'unnamed' : short;
}

const NAMES_A_FOLDER = /^\.{0,2}$/;

/** The header that has a file saved under its name, whatever its letters (RFC 6266, with the escapes of RFC 8187). */
export const attachmentNamed = (filename: string): string => `attachment; ${nameParameters(filename)}`;

/** The same for a file that may be shown where it was asked for. */
export const inlineNamed = (filename: string): string => `inline; ${nameParameters(filename)}`;

function nameParameters(filename: string): string {
  const ascii = filename.replace(/[^\x20-\x7e]|["\\]/g, '_');
  const escaped = encodeURIComponent(filename).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
  return `filename="${ascii}"; filename*=UTF-8''${escaped}`;
}

const MEDIA_TYPE =
  /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}(\s*;\s*charset=[\w.:-]{1,40})?$/i;

/** The declared media type when it is well-formed. */
export function safeMediaType(declared: string): string {
  return MEDIA_TYPE.test(declared) ? declared.toLowerCase() : 'application/octet-stream';
}

/** A title for a file that names none of its own. */
export function titleOf(filename: string): string {
  const stem = filename.replace(/\.[a-z0-9]{1,8}$/i, '');
  return clipTitle(stem.replace(/[_\s]+/g, ' ')) || filename;
}

export function clipTitle(title: string): string {
  return cut(title.replace(/\s+/g, ' ').trim(), MAX_TITLE_CHARACTERS);
}

/** The beginning of a text, without half a character at its end. */
const cut = (text: string, length: number) =>
  text
    .slice(0, length)
    .replace(/[\ud800-\udbff]$/, '')
    .toWellFormed();
