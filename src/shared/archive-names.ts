/** Long enough to recognise a file by; paths stay short enough for every system. */
const MAX_NAME_CHARACTERS = 120;
const MAX_EXTENSION_CHARACTERS = 16;

/** Characters that some system does not allow in names, or takes for something else. */
const FORBIDDEN = /[<>:"/\\|?*\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu;
/** Devices of Windows, whatever follows the first dot. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])\s*(\.|$)/i;

/**
 * A file's name as every system can unpack it, in its folder and nowhere else.
 * @param taken names that are taken there, in lower case.
 */
export function archiveName(name: string, taken: ReadonlySet<string> = new Set()): string {
  const plain = name.toWellFormed().normalize('NFC').replace(FORBIDDEN, '_').replace(/\s+/g, ' ');
  const short = shorten(trimEnds(plain));
  const named = short === '' ? 'file' : short;
  const harmless = DEVICE.test(named) ? `_${named}` : named;
  return taken.has(harmless.toLowerCase()) ? `original-${harmless}` : harmless;
}

/** Windows drops dots and spaces at the end; a dot at the beginning hides a file, or climbs. */
const trimEnds = (name: string) => name.replace(/^[\s.]+|[\s.]+$/g, '');

function shorten(name: string): string {
  const characters = [...name];
  if (characters.length <= MAX_NAME_CHARACTERS) return name;
  const extension = [...(/\.[^.\s]+$/.exec(name)?.[0] ?? '')];
  const kept = extension.length <= MAX_EXTENSION_CHARACTERS ? extension : [];
  const stem = characters.slice(0, MAX_NAME_CHARACTERS - kept.length).join('');
  return trimEnds(stem) + kept.join('');
}
