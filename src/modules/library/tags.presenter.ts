import type { z } from '@hono/zod-openapi';
import { isoTime } from '../../shared/time.ts';
import { countedTag } from './entity-tags.ts';
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

export const tagTag = (tag: CountedTag) => countedTag(tag.version, tag.usageCount);
