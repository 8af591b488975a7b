import type { z } from '@hono/zod-openapi';
import { isoTime } from '../../shared/time.ts';
import type { versionSchema } from './versions.schemas.ts';
import type { Version } from './versions.service.ts';

export function presentVersion(version: Version): z.output<typeof versionSchema> {
  return {
    number: version.number,
    isPresent: version.isPresent,
    filename: version.filename,
    mediaType: version.mediaType,
    sizeBytes: version.sizeBytes,
    sha256: version.sha256,
    madeBy: version.keyId === null ? { type: 'user', id: version.ownerId } : { type: 'api_key', id: version.keyId },
    restoredFrom: version.restoredFrom,
    createdAt: isoTime(version.createdAt),
  };
}
