import { z } from '@hono/zod-openapi';
import { pageOf, pageQuery } from '../../http/pagination.ts';
import { changesSomething, colour, line, lines, timestamp, versionInBody } from './library.schemas.ts';

const name = line(200).openapi({ example: 'Research' });
const parentId = z.uuid().nullable().openapi({ description: 'The collection that contains it; null at the top.' });
const description = lines(2000).nullable().openapi({ example: 'Papers to read' });
const icon = line(64).nullable().openapi({ example: '📚', description: 'A sign or the name of one.' });

const fields = z.object({
  parentId: parentId.optional(),
  description: description.optional(),
  colour: colour.nullable().optional(),
  icon: icon.optional(),
});

export const createCollectionBody = fields.extend({ name }).strict().openapi('NewCollection');

export const changeCollectionBody = fields
  .extend({ name: name.optional(), version: versionInBody })
  .strict()
  .refine(changesSomething, 'Give at least one field to change.')
  .openapi('CollectionChanges');

export const listCollectionsQuery = pageQuery(['createdAt', 'name', 'updatedAt']).extend({
  parentId: z
    .union([z.literal('root'), z.uuid()])
    .optional()
    .openapi({ description: 'Only those directly in this collection; `root`: those at the top.', example: 'root' }),
  q: line(200).optional().openapi({ description: 'Part of the name.', example: 'search' }),
});

export const collectionSchema = z
  .object({
    id: z.uuid(),
    parentId,
    name: z.string(),
    description: z.string().nullable(),
    colour: z.string().nullable(),
    icon: z.string().nullable(),
    version: z.number().int(),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .openapi('Collection', {
    example: {
      id: '0199c0de-0000-7000-8000-000000000000',
      parentId: null,
      name: 'Research',
      description: 'Papers to read',
      colour: '#3366cc',
      icon: '📚',
      version: 1,
      createdAt: '2026-11-22T09:30:00.000Z',
      updatedAt: '2026-11-22T09:30:00.000Z',
    },
  });

export const countedCollectionSchema = collectionSchema
  .extend({
    documentCount: z.number().int().openapi({ description: 'Live documents directly in it.', example: 12 }),
  })
  .openapi('CollectionWithCount');

export const collectionPageSchema = pageOf(collectionSchema, 'CollectionPage');
