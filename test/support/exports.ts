import { createHash } from 'node:crypto';
import { unzipSync } from 'fflate';
import { expect } from 'vitest';
import { send } from './app.ts';

export type Manifest = {
  format: string;
  version: number;
  documentsUntil: string;
  user: { id: string; username: string };
  counts: { documents: number; files: number };
  incomplete: { documentId: string; reason: string }[];
  next: string | null;
  files: { name: string; size: number; sha256: string }[];
};

export type OpenedArchive = {
  manifest: Manifest;
  names: string[];
  bytes(name: string): Uint8Array;
  text(name: string): string;
  json<T = any>(name: string): T;
};

/** Opens an archive by a reader that is not ours, and checks every file against the manifest. */
export function openArchive(archive: Uint8Array): OpenedArchive {
  const files = unzipSync(archive);
  const bytes = (name: string) => {
    const found = files[name];
    if (!found) throw new Error(`There is no ${name} among ${Object.keys(files).join(', ')}`);
    return found;
  };
  const text = (name: string) => new TextDecoder().decode(bytes(name));
  const manifest: Manifest = JSON.parse(text('manifest.json'));
  const listed = Object.keys(files).map((name) => {
    const sha256 = createHash('sha256').update(bytes(name)).digest('hex');
    return { name, size: bytes(name).byteLength, sha256 };
  });
  expect(manifest.files).toEqual(listed.filter(({ name }) => name !== 'manifest.json'));
  expect(manifest.counts.files).toBe(manifest.files.length);
  return { manifest, names: Object.keys(files), bytes, text, json: (name) => JSON.parse(text(name)) };
}

/** Downloads and opens everything that somebody owns. */
export async function exported(token: string, path = '/v1/me/export'): Promise<OpenedArchive> {
  const response = await send(path, { token });
  expect(response.status).toBe(200);
  return openArchive(new Uint8Array(await response.arrayBuffer()));
}
