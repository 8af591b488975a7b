import { z } from '@hono/zod-openapi';
import { timestamp } from './library.schemas.ts';

const MAX_NUMBER = 2 ** 31;

export const versionParams = z.object({
  id: z.uuid().openapi({ param: { name: 'id', in: 'path' }, description: 'Id of the document.' }),
  number: z.coerce
    .number()
    .int()
    .min(1)
    .max(MAX_NUMBER)
    .openapi({ param: { name: 'number', in: 'path' }, description: 'Number of the version.', example: 1 }),
});

export const versionSchema = z
  .object({
    number: z.number().int(),
    isPresent: z.boolean().openapi({ description: 'Whether the document consists of it now.' }),
    filename: z.string(),
    mediaType: z.string(),
    sizeBytes: z.number().int(),
    sha256: z.string(),
    madeBy: z
      .object({ type: z.enum(['user', 'api_key']), id: z.uuid() })
      .openapi({ description: 'Who handed these bytes in, or brought them back.' }),
    restoredFrom: z
      .number()
      .int()
      .nullable()
      .openapi({ description: 'The version that was brought back by this one.' }),
    createdAt: timestamp,
  })
  .openapi('DocumentVersion');

export const versionPageSchema = z
  .object({
    items: z.array(versionSchema),
    nextCursor: z.string().nullable(),
    storedBytes: z
      .number()
      .int()
      .openapi({ description: 'What the files of all versions take; one that was brought back takes nothing more.' }),
  })
  .openapi('DocumentVersionPage');

export const versionsQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(2000).optional(),
});
