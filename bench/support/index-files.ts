import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** Bytes on disk of the largest library index, its write-ahead log included. */
export function largestIndexBytes(persistTo: string): number {
  const folder = path.join(persistTo, 'v3', 'do', 'commonplace-LibraryIndex');
  const sizes = new Map<string, number>();
  for (const file of readdirSync(folder)) {
    const database = file.replace(/-(wal|shm)$/, '');
    sizes.set(database, (sizes.get(database) ?? 0) + statSync(path.join(folder, file)).size);
  }
  return Math.max(0, ...sizes.values());
}
