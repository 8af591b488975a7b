import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { ZodError } from 'zod';
import { AppError } from '../shared/app-error.ts';
import type { AppContext } from './context.ts';
import { validationError } from './errors.ts';

/** The one version of the protocol for resumable uploads (https://tus.io) that is spoken here. */
export const TUS_VERSION = '1.0.0';

/** Puts the version on every answer but those to OPTIONS, and on refusals of other versions what is spoken. */
export const tusVersion = createMiddleware<AppContext>(async (c, next) => {
  await next();
  if (c.req.method === 'OPTIONS') return;
  c.header('tus-resumable', TUS_VERSION);
  if (c.res.status === 412) c.header('tus-version', TUS_VERSION);
});

type Validated = { success: boolean; error?: ZodError };

/**
 * Judges what a request says, its version before anything else. Those who only read need not name one.
 * @throws AppError unsupported_version, invalid_fields
 */
export function judgeTusRequest(result: Validated, c: Context<AppContext>): undefined {
  const given = c.req.header('tus-resumable');
  const isMissing = given === undefined && c.req.method !== 'GET' && c.req.method !== 'HEAD';
  if (isMissing || (given !== undefined && given !== TUS_VERSION)) {
    throw new AppError(
      'unsupported_version',
      `Send \`Tus-Resumable: ${TUS_VERSION}\`: no other version is spoken here.`,
    );
  }
  if (!result.success && result.error) throw validationError(result.error);
  return undefined;
}
