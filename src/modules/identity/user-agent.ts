/** Programs by what only they say of themselves; those that pretend to be another come before it. */
const PROGRAMS: [name: string, sign: RegExp][] = [
  ['Edge', /\bEdg(?:e|A|iOS)?\//],
  ['Opera', /\b(?:OPR|Opera|OPiOS)\//],
  ['Vivaldi', /\bVivaldi\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Chrome|CriOS|Chromium)\//],
  ['Safari', /\bVersion\/.*\bSafari\//],
];

/** Systems; those that name another beside themselves come before it. */
const SYSTEMS: [name: string, sign: RegExp][] = [
  ['Windows', /\bWindows\b/],
  ['Android', /\bAndroid\b/],
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['macOS', /\bMac OS X\b|\bMacintosh\b/],
  ['Linux', /\bLinux\b|\bX11\b/],
];

/** What a program that is no browser calls itself, as in `curl/8.9.1`. */
const PRODUCT = /^([A-Za-z][\w.-]{0,39})(?:\/|$)/;

/** A device in a few words, such as `Firefox on Windows`; null when the program does not say what it is. */
export function describeUserAgent(userAgent: string | null): string | null {
  if (userAgent === null) return null;
  const nameOf = (list: [string, RegExp][]) => list.find(([, sign]) => sign.test(userAgent))?.[0];
  const product = PRODUCT.exec(userAgent)?.[1];
  const program = nameOf(PROGRAMS) ?? (product === 'Mozilla' ? undefined : product);
  const system = nameOf(SYSTEMS);
  if (program && system) return `${program} on ${system}`;
  return program ?? system ?? null;
}
