/** Enough text to tell a language by, and little enough to be quick. */
const SAMPLE_CHARACTERS = 4_000;
const MIN_LETTERS = 24;

/** The language of a text as a BCP 47 primary subtag; null where it is too short or unclear. */
export async function detectLanguage(text: string): Promise<string | null> {
  const middle = Math.max(0, Math.floor((text.length - SAMPLE_CHARACTERS) / 2));
  const sample = text.slice(middle, middle + SAMPLE_CHARACTERS);
  if ((sample.match(/\p{L}/gu)?.length ?? 0) < MIN_LETTERS) return null;
  const { detect } = await import('tinyld/light');
  return detect(sample) || null;
}
