import type { z } from '@hono/zod-openapi';
import { isoTime, isoTimeOrNull } from '../../shared/time.ts';
import type { erasureBegunSchema, erasureSchema } from './erasure.schemas.ts';
import type { Begun } from './erasure.service.ts';
import type { Erasure } from './erasure.table.ts';

export function presentBegun({ erasureId, receipt }: Begun): z.output<typeof erasureBegunSchema> {
  return {
    job: { id: erasureId, type: 'erase_account', status: 'queued' },
    receipt,
    statusUrl: `/v1/erasures/${receipt}`,
  };
}

export function presentErasure(erasure: Erasure): z.output<typeof erasureSchema> {
  return {
    status: erasure.status,
    requestedAt: isoTime(erasure.createdAt),
    startedAt: isoTimeOrNull(erasure.startedAt),
    finishedAt: isoTimeOrNull(erasure.finishedAt),
    attempts: erasure.attempts,
    remaining: erasure.remaining,
    forgottenAt: isoTimeOrNull(erasure.expiresAt),
  };
}
