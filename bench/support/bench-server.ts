import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { copyAssets } from '../../scripts/assets.ts';
import { applyMigrations } from '../../scripts/migrations.ts';
import { ROOT } from '../../scripts/project.ts';
import { freePort, type LocalServer, type ServerOptions, startServer } from '../../scripts/server.ts';
import { findInnerPort } from './inner-port.ts';

export type BenchServer = {
  server: LocalServer;
  /** Where to send the load. */
  url: string;
  /** `inner`: without the development proxy. */
  port: 'inner' | 'outer';
  persistTo: string;
  close(): Promise<void>;
};

const COPIED = ['src', 'migrations', 'public', 'wrangler.toml', 'package.json', 'tsconfig.json'];
const TICK_EVERY_MS = 5_000;

/**
 * The Worker on a fresh state, without request logging. It runs from a copy of the sources, for the development server
 * reloads whenever one of them is saved, and a reload in the middle of a measurement spoils it. The copy declares no
 * static assets: their local stand-in puts Workers of its own before each request, which the platform does not.
 */
export async function startBenchServer(
  vars: Record<string, string> = {},
  options: Pick<ServerOptions, 'logLevel' | 'onOutput'> = { logLevel: 'none' },
): Promise<BenchServer> {
  await copyAssets();
  const root = await mkdtemp(path.join(tmpdir(), 'commonplace-bench-'));
  const persistTo = path.join(root, 'state');
  await Promise.all(COPIED.map((name) => cp(path.join(ROOT, name), path.join(root, name), { recursive: true })));
  await withoutAssets(path.join(root, 'wrangler.toml'));
  await symlink(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'));
  await applyMigrations({ root, persistTo });
  const quiet = { LOG_LEVEL: 'warn', ...vars };
  const server = await startServer({ root, persistTo, port: await freePort(), vars: quiet, ...options });
  const inner = await findInnerPort(server);
  const ticking = setInterval(() => void server.tick().catch(() => {}), TICK_EVERY_MS);
  return {
    server,
    url: inner === undefined ? server.url : `http://127.0.0.1:${inner}`,
    port: inner === undefined ? 'outer' : 'inner',
    persistTo,
    async close() {
      clearInterval(ticking);
      await server.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function withoutAssets(configuration: string): Promise<void> {
  const text = await readFile(configuration, 'utf8');
  await writeFile(configuration, text.replace(/^\[assets\]\n(?:.+\n)+/m, ''));
}
