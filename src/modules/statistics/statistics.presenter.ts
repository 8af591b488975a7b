import type { z } from '@hono/zod-openapi';
import { isoTimeOrNull } from '../../shared/time.ts';
import type { statisticsSchema } from './statistics.schemas.ts';
import type { Statistics } from './statistics.service.ts';

export function presentStatistics(statistics: Statistics): z.output<typeof statisticsSchema> {
  return { ...statistics, lastLoginAt: isoTimeOrNull(statistics.lastLoginAt) };
}
