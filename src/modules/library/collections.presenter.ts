import type { z } from '@hono/zod-openapi';
import { entityTag } from '../../shared/entity-tag.ts';
import { isoTime } from '../../shared/time.ts';
import type { CountedCollection } from './collections.repository.ts';
import type { collectionSchema, countedCollectionSchema } from './collections.schemas.ts';
import type { Collection } from './library.table.ts';

export function presentCollection(collection: Collection): z.output<typeof collectionSchema> {
  return {
    id: collection.id,
    parentId: collection.parentId,
    name: collection.name,
    description: collection.description,
    colour: collection.colour,
    icon: collection.icon,
    version: collection.version,
    createdAt: isoTime(collection.createdAt),
    updatedAt: isoTime(collection.updatedAt),
  };
}

export function presentCountedCollection(collection: CountedCollection): z.output<typeof countedCollectionSchema> {
  return { ...presentCollection(collection), documentCount: collection.documentCount };
}

export const collectionTag = (collection: CountedCollection) => entityTag(collection.version, collection.documentCount);
