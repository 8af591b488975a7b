import type { Database } from '../../db/client.ts';
import type { IndexOf } from '../../index-object/client.ts';
import type { FileStore } from '../../platform/files/file-store.ts';
import type { Logger } from '../../platform/logger.ts';
import { withTimeout } from '../../shared/attempts.ts';
import { pingDatabase } from './system.repository.ts';

type Deps = { database: Database; files: FileStore; indexOf: IndexOf; logger: Logger };

export type Probe = { name: string; status: 'up' | 'down'; latencyMs: number };
export type Readiness = { status: 'ready' | 'degraded' | 'unavailable'; dependencies: Probe[] };

const PROBE_TIMEOUT_MS = 2_000;

/** An object that belongs to nobody, to see whether objects answer. */
const PROBE_OWNER = 'health-probe';

/** Whether the platform's dependencies answer, and how fast. */
export function createHealthService({ database, files, indexOf, logger }: Deps) {
  const probe = async (name: string, ask: () => Promise<unknown>): Promise<Probe> => {
    const start = performance.now();
    const took = () => Math.round((performance.now() - start) * 10) / 10;
    try {
      await withTimeout(ask(), PROBE_TIMEOUT_MS);
      return { name, status: 'up', latencyMs: took() };
    } catch (error) {
      logger.error('health.probe_failed', error, { dependency: name });
      return { name, status: 'down', latencyMs: took() };
    }
  };

  return {
    /** Without the database nothing works; without the others, something. */
    async readiness(): Promise<Readiness> {
      const dependencies = await Promise.all([
        probe('database', () => pingDatabase(database)),
        probe('files', () => files.read('health-probe')),
        probe('index', () => indexOf(PROBE_OWNER).statistics()),
      ]);
      const down = dependencies.filter((dependency) => dependency.status === 'down').map(({ name }) => name);
      if (down.includes('database')) return { status: 'unavailable', dependencies };
      return { status: down.length > 0 ? 'degraded' : 'ready', dependencies };
    },
  };
}
