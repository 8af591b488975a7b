/**
 * The entity tag of an answer about a row: its version, and the count that the answer also tells, if it tells one, since
 * that changes without the row.
 */
export const entityTag = (version: number, count?: number) =>
  count === undefined ? `"${version}"` : `"${version}-${count}"`;

// A proxy that compresses answers makes their tags weak; the version in it is as good as before.
const TAG = /^(?:W\/)?"(\d{1,15})(?:-\d{1,15})?"$/;
const LIST = /^\s*(?:W\/)?"[^"]*"(?:\s*,\s*(?:W\/)?"[^"]*")*\s*$/;
const LISTED = /(?:W\/)?"[^"]*"/g;

/** The version in an {@link entityTag}; undefined for any other text. */
export function versionInTag(tag: string): number | undefined {
  const version = TAG.exec(tag.trim())?.[1];
  return version === undefined ? undefined : Number(version);
}

/** The entity tags of a list, as `If-Match` and `If-None-Match` carry it; none for any other text. */
export const tagsInList = (list: string): string[] => (LIST.test(list) ? (list.match(LISTED) ?? []) : []);

/**
 * The version that a row must have to be one of those in a list of tags: the newest, since versions only rise and a tag
 * is not given before its version. Undefined when no tag of the list can be a row's.
 */
export function newestVersionIn(list: string): number | undefined {
  const versions = tagsInList(list)
    .map(versionInTag)
    .filter((version) => version !== undefined);
  return versions.length === 0 ? undefined : Math.max(...versions);
}
