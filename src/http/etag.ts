import type { Context } from 'hono';
import { AppError } from '../shared/app-error.ts';
import { newestVersionIn, tagsInList } from '../shared/entity-tag.ts';
import type { AppContext } from './context.ts';

/** Whether the caller already has what the tag names (`If-None-Match`). */
export function isNotModified(c: Context<AppContext>, tag: string): boolean {
  const given = c.req.header('if-none-match');
  if (given === undefined) return false;
  return given.trim() === '*' || tagsInList(given).some((known) => known.replace(/^W\//, '') === tag);
}

/**
 * The version that a change must find: from `If-Match`, one tag or a list, else from the body; undefined for any.
 * @throws AppError `stale_version` for tags that no version of a row can have.
 */
export function expectedVersion(c: Context<AppContext>, inBody?: number): number | undefined {
  const given = c.req.header('if-match');
  if (given === undefined || given.trim() === '*') return inBody;
  const version = newestVersionIn(given);
  if (version === undefined)
    throw new AppError('stale_version', '`If-Match` is not the `ETag` that reading this gave.');
  return version;
}
