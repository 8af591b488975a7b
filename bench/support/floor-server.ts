import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort, startServer } from '../../scripts/server.ts';
import { findInnerPort } from './inner-port.ts';

/** What the least that a Worker can do costs on this machine: answer at once, and answer with one row of D1. */
export type FloorServer = { url: string; paths: { request: string; read: string }; close(): Promise<void> };

const CONFIGURATION = `
name = "floor"
main = "worker.js"
compatibility_date = "2026-11-02"
[[d1_databases]]
binding = "DB"
database_name = "floor"
database_id = "floor"
`;

// The header is how the inner port is recognised.
const WORKER = `
const headers = { 'x-request-id': 'floor' };
export default {
  async fetch(request, { DB }) {
    const { pathname } = new URL(request.url);
    if (pathname === '/health/ready') {
      await DB.batch([
        DB.prepare('CREATE TABLE IF NOT EXISTS one (id TEXT PRIMARY KEY, value TEXT)'),
        DB.prepare("INSERT OR IGNORE INTO one VALUES ('id', 'value')"),
      ]);
    }
    if (pathname !== '/read') return new Response('{}', { headers });
    return Response.json(await DB.prepare('SELECT value FROM one WHERE id = ?').bind('id').first(), { headers });
  },
};
`;

/** A Worker of a few lines under the same server and the same conditions as the one that is measured. */
export async function startFloorServer(): Promise<FloorServer> {
  const root = await mkdtemp(path.join(tmpdir(), 'commonplace-floor-'));
  await writeFile(path.join(root, 'wrangler.toml'), CONFIGURATION);
  await writeFile(path.join(root, 'worker.js'), WORKER);
  const persistTo = path.join(root, 'state');
  const server = await startServer({ root, persistTo, port: await freePort(), logLevel: 'none' });
  const inner = await findInnerPort(server);
  return {
    url: inner === undefined ? server.url : `http://127.0.0.1:${inner}`,
    paths: { request: '/', read: '/read' },
    async close() {
      await server.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}
