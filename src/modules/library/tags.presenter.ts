import type { z } from '@hono/zod-openapi';
import { entityTag } from '../../shared/entity-tag.ts';
import { isoTime } from '../../shared/time.ts';
import type { CountedTag } from './tags.repository.ts';
import type { tagSchema } from './tags.schemas.ts';

export function presentTag(tag: CountedTag): z.output<typeof tagSchema> {
  return {
    id: tag.id,
    name: tag.name,
    colour: tag.colour,
    usageCount: tag.usageCount,
    version: tag.version,
    createdAt: isoTime(tag.createdAt),
    updatedAt: isoTime(tag.updatedAt),
  };
}

export const tagTag = (tag: CountedTag) => entityTag(tag.version, tag.usageCount);
