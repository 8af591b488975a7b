import { staleVersion } from '../../shared/app-error.ts';

// A proxy that compresses answers makes their tags weak; the version in it is as good as before.
const COUNTED = /^(?:W\/)?"(\d{1,15})-\d+"$/;

/** Tag of an answer that also tells a count, which changes without the row's version. */
export const countedTag = (version: number, count: number) => `"${version}-${count}"`;

/**
 * The version that a change must find: from an `If-Match` that carries a {@link countedTag}, else from the body.
 * @throws AppError `stale_version` when the header can match nothing.
 */
export function versionToMatch(
  ifMatch: string | undefined,
  { what, inBody }: { what: string; inBody?: number | undefined },
): number | undefined {
  const given = ifMatch?.trim();
  if (given === undefined || given === '*') return inBody;
  const version = COUNTED.exec(given)?.[1];
  if (version === undefined) throw staleVersion(what);
  return Number(version);
}
