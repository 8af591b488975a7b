import { z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../http/pagination.ts';
import { changesSomething, colour, line, timestamp, versionInBody } from './library.schemas.ts';
import { MAX_TAG_NAME_LENGTH } from './tags.ts';

const name = line(MAX_TAG_NAME_LENGTH).openapi({ example: 'Meeting Notes' });

export const createTagBody = z.object({ name, colour: colour.nullable().optional() }).strict().openapi('NewTag');

export const changeTagBody = z
  .object({ name: name.optional(), colour: colour.nullable().optional(), version: versionInBody })
  .strict()
  .refine(changesSomething, 'Give at least one field to change.')
  .openapi('TagChanges');

export const listTagsQuery = pageQuery(['createdAt', 'name']).extend({
  q: line(MAX_TAG_NAME_LENGTH).optional().openapi({ description: 'Part of the name.', example: 'note' }),
});

export const tagSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    colour: z.string().nullable(),
    usageCount: z.number().int().openapi({ description: 'Live documents that have it.' }),
    version: z.number().int(),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .openapi('Tag', {
    example: {
      id: '0199c0de-0000-7000-8000-000000000000',
      name: 'Meeting Notes',
      colour: '#3366cc',
      usageCount: 12,
      version: 1,
      createdAt: '2026-11-22T09:30:00.000Z',
      updatedAt: '2026-11-22T09:30:00.000Z',
    },
  });

export const tagPageSchema = pageOf(tagSchema, 'TagPage');
