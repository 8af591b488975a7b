/** A language tag (BCP 47) as it is usually written, such as `zh-Hant-TW`; undefined for what is none. */
export function canonicalLocale(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch {
    return undefined;
  }
}

/** Names begin with a letter: offsets such as `+01:00`, which know no summer time, are no zones. */
const ZONE_NAME = /^[A-Za-z][\w+/-]*$/;

/** A time zone of the IANA database as it is usually written, such as `Europe/Paris`; undefined for what is none. */
export function canonicalTimeZone(name: string): string | undefined {
  if (!ZONE_NAME.test(name)) return undefined;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}
