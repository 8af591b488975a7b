import { z } from '@hono/zod-openapi';

/** One line that a person typed, trimmed: no control characters, no broken surrogates. */
export const line = (maxCharacters: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maxCharacters)
    .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'It contains characters that are not text.');

/** Lines that a person typed. */
export const lines = (maxCharacters: number) =>
  z
    .string()
    .trim()
    .max(maxCharacters)
    .refine((text) => text.isWellFormed() && !text.includes('\0'), 'It contains characters that are not text.');

export const colour = z
  .string()
  .regex(/^#[\da-f]{6}$/i, 'Give a colour as #rrggbb.')
  .toLowerCase()
  .openapi({ example: '#3366cc' });

export const versionInBody = z
  .number()
  .int()
  .positive()
  .optional()
  .openapi({ description: 'The version that you read; the change is refused when there is a newer one.', example: 1 });

export const timestamp = z.iso.datetime().openapi({ example: '2026-11-22T09:30:00.000Z' });

/** Of an answer that carries one row. */
export const entityTag = z.object({
  ETag: z
    .string()
    .openapi({ description: 'Send it as `If-Match` to change only what you have read.', example: '"1-0"' }),
});

/** Of a 201. */
export const createdHeaders = entityTag.extend({ Location: z.string().openapi({ description: 'Where it is.' }) });

/** Whether a body of changes changes anything. */
export const changesSomething = ({ version: _, ...changes }: Record<string, unknown>) =>
  Object.values(changes).some((value) => value !== undefined);
