import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { copyAssets } from '../../scripts/assets.ts';
import { applyMigrations } from '../../scripts/migrations.ts';
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
  await Promise.all([copyAssets(), applyMigrations({ persistTo })]);
  return {
    persistTo,
    start: async (more = {}) =>
      startServer({ port: await freePort(), persistTo, vars: { ...vars, ...more }, ...options }),
    remove: () => rm(persistTo, { recursive: true, force: true }),
  };
}
