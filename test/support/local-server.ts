import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { copyAssets } from '../../scripts/assets.ts';
import { applyMigrations } from '../../scripts/migrations.ts';
import { ROOT } from '../../scripts/project.ts';
import { freePort, type LocalServer, type ServerOptions, startServer } from '../../scripts/server.ts';

export type Installation = {
  /** Where its state is on disk. */
  persistTo: string;
  /** Starts the Worker on the state that earlier runs left, with further variables if there are any. */
  start(vars?: Record<string, string>): Promise<LocalServer>;
  /** Throws the state away; stop the server first. */
  remove(): Promise<void>;
};

/** The real Worker on this machine with state of its own, to be started, killed and started again. */
export async function install(
  vars: Record<string, string> = {},
  options: Pick<ServerOptions, 'entry'> = {},
): Promise<Installation> {
  const persistTo = await mkdtemp(path.join(tmpdir(), 'commonplace-test-'));
  await Promise.all([copyAssets(), copyMigrated(persistTo)]);
  return {
    persistTo,
    start: async (more = {}) =>
      startServer({ port: await freePort(), persistTo, vars: { ...vars, ...more }, ...options }),
    remove: () => rm(persistTo, { recursive: true, force: true }),
  };
}

/** Puts the state there that the migrations leave. Making it takes seconds: it is made once, beside everybody's, and copied. */
async function copyMigrated(persistTo: string): Promise<void> {
  const made = path.join(tmpdir(), `commonplace-migrated-${await hashMigrations()}`);
  if (!existsSync(made)) {
    const making = await mkdtemp(path.join(tmpdir(), 'commonplace-migrating-'));
    await applyMigrations({ persistTo: making });
    // Somebody else may have been faster.
    await rename(making, made).catch(() => rm(making, { recursive: true, force: true }));
  }
  await cp(made, persistTo, { recursive: true });
  await applyMigrations({ persistTo });
}

async function hashMigrations(): Promise<string> {
  const folder = path.join(ROOT, 'migrations');
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\n`).update(await readFile(path.join(folder, file)));
  return hash.digest('hex').slice(0, 16);
}
