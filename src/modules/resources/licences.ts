/** Creative Commons licences and public-domain marks by the path of their deeds. */
const CREATIVE_COMMONS = /^https?:\/\/(?:www\.)?creativecommons\.org\/(licenses|publicdomain)\/([a-z-]+)\/(\d\.\d)\b/i;

const KNOWN: [pattern: RegExp, name: string][] = [
  [/^https?:\/\/(www\.)?opensource\.org\/licen[cs]es?\/mit\b/i, 'MIT'],
  [/^https?:\/\/(www\.)?apache\.org\/licenses\/license-2\.0\b/i, 'Apache-2.0'],
  [/^https?:\/\/(www\.)?gnu\.org\/licenses\/fdl\b/i, 'GFDL'],
  [/^https?:\/\/(www\.)?gnu\.org\/licenses\/gpl-3\.0\b/i, 'GPL-3.0'],
  [/^https?:\/\/(www\.)?nationalarchives\.gov\.uk\/doc\/open-government-licence\/version\/3\b/i, 'OGL-UK-3.0'],
];

const PUBLIC_DOMAIN: Record<string, string> = { zero: 'CC0', mark: 'Public domain' };

/** A licence by the address of its text: `CC-BY-SA-4.0`; undefined for an address that is no known one's. */
export function licenceOf(url: string): string | undefined {
  const [, family, kind = '', version = ''] = CREATIVE_COMMONS.exec(url) ?? [];
  if (family?.toLowerCase() === 'licenses') return `CC-${kind.toUpperCase()}-${version}`;
  const mark = family && PUBLIC_DOMAIN[kind.toLowerCase()];
  if (mark) return mark === 'CC0' ? `CC0-${version}` : mark;
  return KNOWN.find(([pattern]) => pattern.test(url))?.[1];
}
