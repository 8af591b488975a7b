import type { z } from '@hono/zod-openapi';
import { isoTime, isoTimeOrNull } from '../../../shared/time.ts';
import type { Passkey } from './factors.table.ts';
import type { passkeySchema } from './passkeys.schemas.ts';

export function presentPasskey(passkey: Passkey): z.output<typeof passkeySchema> {
  return {
    id: passkey.id,
    name: passkey.name,
    backedUp: passkey.backedUp,
    transports: passkey.transports,
    lastUsedAt: isoTimeOrNull(passkey.lastUsedAt),
    version: passkey.version,
    createdAt: isoTime(passkey.createdAt),
    updatedAt: isoTime(passkey.updatedAt),
  };
}
