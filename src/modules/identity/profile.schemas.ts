import { z } from '@hono/zod-openapi';
import { boundedJson } from '../../shared/bounded-json.ts';
import { canonicalLocale, canonicalTimeZone } from '../../shared/places.ts';
import { THEMES } from './identity.table.ts';
import { PICTURE_TYPES } from './picture.ts';

const MAX_BIO_CHARS = 2000;
const MAX_MODEL_CHARS = 100;
const MAX_PREFERENCES_CHARS = 16 * 1024;
export const EXAMPLE_TIME = '2026-11-22T09:30:00.000Z';

/** Text of people: no null characters, no half characters. */
export const text = (maxChars: number) =>
  z.string().max(maxChars).refine(isText, 'It contains a null character or half a surrogate pair.');

export const timestamp = z.iso.datetime().openapi({ example: EXAMPLE_TIME });

/** A text in the one form in which it is stored, such as `en-GB` for `EN-gb`. */
const canonical = (
  maxChars: number,
  { fold, message }: { fold: (text: string) => string | undefined; message: string },
) =>
  text(maxChars).transform((given, context) => {
    const folded = fold(given);
    if (folded !== undefined) return folded;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

const locale = canonical(100, { fold: canonicalLocale, message: 'It is no language tag (BCP 47), such as `en-GB`.' });
const timeZone = canonical(64, {
  fold: canonicalTimeZone,
  message: 'It is no time zone (IANA), such as `Europe/Paris`.',
});
const preferences = z
  .record(z.string(), boundedJson)
  .refine((patch) => JSON.stringify(patch).length <= MAX_PREFERENCES_CHARS, 'It is longer than 16,384 characters.');

/** What people may say about themselves; what is absent stays, null takes it back. */
export const profileFields = {
  bio: text(MAX_BIO_CHARS).trim().min(1).nullable().optional().openapi({ example: 'I collect engines.' }),
  theme: z.enum(THEMES).optional(),
  locale: locale
    .nullable()
    .optional()
    .openapi({ type: ['string', 'null'], example: 'en-GB', description: 'BCP 47.' }),
  timeZone: timeZone
    .nullable()
    .optional()
    .openapi({ type: ['string', 'null'], example: 'Europe/London', description: 'From the IANA database.' }),
  preferredModel: text(MAX_MODEL_CHARS).trim().min(1).nullable().optional().openapi({
    example: '@cf/meta/llama-3.1-8b-instruct',
    description: 'The model that answers are asked of, where there is a choice.',
  }),
  preferences: preferences
    .nullable()
    .optional()
    .openapi({
      type: ['object', 'null'],
      example: { sidebar: { open: false }, pageSize: null },
      description:
        'What apps remember, as a JSON merge patch (RFC 7396): members are merged, at any depth; null removes one; lists ' +
        'are replaced whole. Null instead of an object removes everything. At most 16 KiB in all.',
    }),
};

/** The same as answers show it. */
export const profileSchemas = {
  bio: z.string().nullable(),
  theme: z.enum(THEMES),
  locale: z.string().nullable(),
  timeZone: z.string().nullable(),
  preferredModel: z.string().nullable(),
  preferences: z.record(z.string(), z.unknown()),
  avatar: z
    .object({
      url: z.string().openapi({ example: '/v1/me/avatar' }),
      mediaType: z.enum(PICTURE_TYPES),
      sizeBytes: z.number().int(),
      width: z.number().int(),
      height: z.number().int(),
    })
    .nullable(),
};

export const PROFILE_EXAMPLE = {
  bio: 'I collect engines.',
  theme: 'dark' as const,
  locale: 'en-GB',
  timeZone: 'Europe/London',
  preferredModel: null,
  preferences: { sidebar: { open: false } },
  avatar: { url: '/v1/me/avatar', mediaType: 'image/png' as const, sizeBytes: 18_202, width: 256, height: 256 },
};

function isText(value: string): boolean {
  return value.isWellFormed() && !value.includes('\0');
}
