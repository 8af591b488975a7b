import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { runTool } from './processes.ts';

export type Bundle = { environment: string; rawBytes: number; gzipBytes: number };

/** What a deployment uploads may weigh this much compressed. */
export const BUNDLE_BUDGET_BYTES = 3 * 1024 * 1024;

/**
 * Bundles the Worker as a deployment would, without an account or the network, and weighs it.
 * @param environment an `[env.NAME]` of wrangler.toml; empty for the default one.
 */
export async function weighBundle(environment: string): Promise<Bundle> {
  const folder = await mkdtemp(path.join(tmpdir(), 'commonplace-bundle-'));
  try {
    const { code, output } = await runTool(
      'wrangler',
      ['deploy', '--dry-run', '--outdir', folder, '--env', environment],
      {
        capture: true,
      },
    );
    if (code !== 0) throw new Error(`The ${environment || 'default'} environment does not bundle.\n${output.trim()}`);
    const modules = (await readdir(folder, { recursive: true })).filter((file) =>
      /\.(js|mjs|wasm|bin|txt)$/.test(file),
    );
    const contents = await Promise.all(modules.map((file) => readFile(path.join(folder, file))));
    const compressed = await Promise.all(contents.map((content) => promisify(gzip)(content, { level: 9 })));
    return { environment: environment || 'default', rawBytes: sum(contents), gzipBytes: sum(compressed) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const sum = (parts: Uint8Array[]) => parts.reduce((total, part) => total + part.byteLength, 0);

export const kibibytes = (bytes: number) => `${Math.round(bytes / 1024).toLocaleString('en')} KiB`;
