import { z } from 'zod';

const MAX_EMAIL_CHARS = 254;
const MAX_NAME_CHARS = 200;

/** Names an account for ever; OpenID Connect bounds it to 255 characters. */
export const accountId = z.string().min(1).max(255);

/** An address as people here may have it; undefined for what is none. */
export const email = z.email().max(MAX_EMAIL_CHARS).optional().catch(undefined);

/** Text of people, cut where it is too long; undefined for what is none. */
export const nameOf = z
  .string()
  .transform((text) => text.toWellFormed().replaceAll('\0', '').trim().slice(0, MAX_NAME_CHARS).toWellFormed())
  .transform((text) => text || undefined)
  .optional()
  .catch(undefined);
