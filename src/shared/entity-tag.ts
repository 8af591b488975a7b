/**
 * The entity tag of an answer about a row: its version, and the count that the answer also tells, if it tells one, since
 * that changes without the row.
 */
export const entityTag = (version: number, count?: number) =>
  count === undefined ? `"${version}"` : `"${version}-${count}"`;

// A proxy that compresses answers makes their tags weak; the version in it is as good as before.
const TAG = /^(?:W\/)?"(\d{1,15})(?:-\d{1,15})?"$/;

/** The version in an {@link entityTag}; undefined for any other text. */
export function versionInTag(tag: string): number | undefined {
  const version = TAG.exec(tag.trim())?.[1];
  return version === undefined ? undefined : Number(version);
}
