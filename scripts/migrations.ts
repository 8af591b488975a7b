import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { runTool } from './processes.ts';
import { ROOT } from './project.ts';

export type MigrationsOptions = {
  root?: string;
  /** As in `wrangler dev --persist-to`. */
  persistTo?: string;
};

/** Brings the local D1 database up to the newest migration. The server must not be running. */
export async function applyMigrations({ root = ROOT, persistTo }: MigrationsOptions): Promise<void> {
  const state = persistTo ?? path.join(root, '.wrangler', 'state');
  if (await isCurrent(path.join(root, 'migrations'), state)) return;
  const { code, output } = await runTool(
    'wrangler',
    ['d1', 'migrations', 'apply', 'DB', '--local', '--persist-to', state],
    { capture: true, cwd: root, env: { CI: 'true' } },
  );
  if (code !== 0) throw new Error(`The migrations could not be applied.\n${output.trim()}`);
}

/** Asks the database file itself, which takes milliseconds; starting wrangler to ask takes two seconds. */
async function isCurrent(migrations: string, state: string): Promise<boolean> {
  const wanted = (await readdir(migrations)).filter((file) => file.endsWith('.sql')).sort();
  const folder = path.join(state, 'v3', 'd1', 'miniflare-D1DatabaseObject');
  const files = await readdir(folder).catch(() => []);
  const databases = files.filter((file) => /^[0-9a-f]{64}\.sqlite$/.test(file));
  const [only] = databases;
  if (only === undefined || databases.length > 1) return false;
  const applied = appliedMigrations(path.join(folder, only));
  return wanted.every((file) => applied.has(file));
}

function appliedMigrations(file: string): Set<string> {
  try {
    const database = new DatabaseSync(file);
    try {
      const rows = database.prepare('SELECT name FROM d1_migrations').all();
      return new Set(rows.map((row) => String(row.name)));
    } finally {
      database.close();
    }
  } catch {
    return new Set();
  }
}
