import { createHash } from 'node:crypto';

/** A file as its sender named it, and the hash of its bytes. */
type SentFile = { filename: string; mediaType: string; sha256: string };

/**
 * What an upload says, whatever its multipart boundary, which clients choose anew for each attempt, and whatever the
 * order of its fields.
 */
export function uploadFingerprint({ filename, mediaType, sha256 }: SentFile, fields: Record<string, string>): string {
  const sorted = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([filename, mediaType, sha256, sorted]))
    .digest('hex');
}
