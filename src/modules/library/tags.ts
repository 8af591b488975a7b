/** Longest tag name, in characters. */
export const MAX_TAG_NAME_LENGTH = 100;

const SPACES = /\s+/gu;

/** A tag's name as it is kept and shown: without surplus spaces, otherwise as it was typed. */
export function tidyTagName(name: string): string {
  return name.toWellFormed().replace(SPACES, ' ').trim();
}

/** What tag names are compared by: `  TO  do`, `to do` and `Ｔo Ｄo` are one tag. */
export function foldTagName(name: string): string {
  const lower = name.toWellFormed().normalize('NFKC').toLowerCase();
  // Lower-casing can leave letters decomposed, and compatibility forms can bring spaces of their own.
  return lower.normalize('NFKC').replace(SPACES, ' ').trim();
}

/** The names that are different when folded, each as first written; blank ones are left out. */
export function distinctTagNames(names: readonly string[]): { name: string; key: string }[] {
  const byKey = new Map<string, string>();
  for (const name of names) {
    const key = foldTagName(name);
    if (key !== '' && !byKey.has(key)) byKey.set(key, tidyTagName(name));
  }
  return [...byKey].map(([key, name]) => ({ name, key }));
}
