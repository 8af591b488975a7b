/** Programs and systems by the words that give them away; the more particular ones come first. */
const PROGRAMS: [pattern: RegExp, name: string][] = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\b(OPR|Opera)\//, 'Opera'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|CriOS|Chromium)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
  [/^curl\//i, 'curl'],
  [/^wget\//i, 'Wget'],
  [/\bpython\b|^aiohttp|^httpx/i, 'Python'],
  [/^(node|undici|axios|got)\b/i, 'Node.js'],
  [/^Go-http-client\//, 'Go'],
  [/^(okhttp|Java|Apache-HttpClient)\//, 'Java'],
  [/^PostmanRuntime\//, 'Postman'],
];
const SYSTEMS: [pattern: RegExp, name: string][] = [
  [/\b(iPhone|iPad|iPod)\b/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\b(Macintosh|Mac OS X|macOS)\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

/** Longer ones are nobody's, and need no search. */
const MAX_CHARS = 500;

/**
 * What kind of program a `User-Agent` names: `Firefox on Windows`, `curl`, `other`. In words of our own only, because a
 * client can write anything there and what is written in the log stays.
 */
export function clientKind(userAgent: string | undefined): string | null {
  if (userAgent === undefined || userAgent === '') return null;
  const text = userAgent.slice(0, MAX_CHARS);
  const find = (names: typeof PROGRAMS) => names.find(([pattern]) => pattern.test(text))?.[1];
  const parts = [find(PROGRAMS) ?? 'other', find(SYSTEMS)];
  return parts.filter(Boolean).join(' on ');
}
