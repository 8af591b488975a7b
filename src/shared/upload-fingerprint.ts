import { createHash } from 'node:crypto';

/** A file as its sender named it, and the hash of its bytes. */
type SentFile = { filename: string; mediaType: string; sha256: string };

/** The same for a form with any number of files. */
export function formFingerprint(files: SentFile[], fields: Record<string, string>): string {
  const [first = { filename: '', mediaType: '', sha256: '' }, ...others] = files;
  if (others.length === 0) return uploadFingerprint(first, fields);
  const each = files.map((file) => uploadFingerprint(file, fields));
  return createHash('sha256').update(JSON.stringify(each)).digest('hex');
}

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
