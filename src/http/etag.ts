import type { Context } from 'hono';
import { AppError } from '../shared/app-error.ts';
import { versionInTag } from '../shared/entity-tag.ts';
import type { AppContext } from './context.ts';

/** Whether the caller already has what the tag names (`If-None-Match`). */
export function isNotModified(c: Context<AppContext>, tag: string): boolean {
  const given = c.req.header('if-none-match');
  if (given === undefined) return false;
  const bare = (value: string) => value.trim().replace(/^W\//, '');
  return given.split(',').some((value) => value.trim() === '*' || bare(value) === tag);
}

/**
 * The version that a change must find: from `If-Match`, else from the body; undefined for any.
 * @throws AppError `stale_version` for a tag that no version of a row can have.
 */
export function expectedVersion(c: Context<AppContext>, inBody?: number): number | undefined {
  const given = c.req.header('if-match');
  if (given === undefined || given.trim() === '*') return inBody;
  const version = versionInTag(given);
  if (version === undefined)
    throw new AppError('stale_version', '`If-Match` is not the `ETag` that reading this gave.');
  return version;
}
