import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { copyAssets } from './assets.ts';
import { applyMigrations } from './migrations.ts';
import { DEFAULT_PORT, ROOT, SEED_USER } from './project.ts';
import { seed } from './seed.ts';
import { isFree, type LocalServer, type ServerOptions, startServer } from './server.ts';

const CRON_EVERY_MS = 15_000;
const PORT_WAIT_MS = 5_000;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: process.env.PORT ?? String(DEFAULT_PORT) },
    'log-level': { type: 'string', default: 'error' },
    'no-seed': { type: 'boolean', default: false },
  },
});

let server: LocalServer | undefined;
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect'] as const) process.on(signal, () => void stop());

await start(parsePort(values.port));

async function start(port: number): Promise<void> {
  if (!(await becomesFree(port))) {
    const owner = (await isCommonplace(port)) ? 'Commonplace is already running there' : 'something else uses it';
    fail(`Port ${port} is taken: ${owner}. Stop it, or choose another port: npm start -- --port ${port + 1}`);
  }
  await Promise.all([copyAssets(), applyMigrations({})]);
  server = await startServer({ port, logLevel: parseLogLevel(values['log-level']), show: true });
  void server.exited.then(() => {
    if (!stopping) fail('The server has ended by itself. See its messages above.');
  });
  const note = values['no-seed'] ? '' : await seedOnce(server);
  welcome(server.url, note);
  setInterval(() => void server?.tick().catch(() => {}), CRON_EVERY_MS);
}

/** The seed is a convenience: a library that has it changed, or refuses it, is served all the same. */
async function seedOnce({ url }: LocalServer): Promise<string> {
  try {
    const { documents } = await seed(url);
    return documents === 0 ? '' : `${documents} short documents to search in were added. `;
  } catch (error) {
    return `The example data could not be added: ${error instanceof Error ? error.message : error}. `;
  }
}

function welcome(url: string, note: string): void {
  const { username, password } = SEED_USER;
  console.log(`
Commonplace is ready after ${process.uptime().toFixed(1)} s. ${note}Everything stays in ${ROOT}/.wrangler/state.

  Try the API     ${url}/docs/
  Log in          ${username} / ${password}
  With a file     npm run demo -- FILE
  With curl       TOKEN=$(curl -s ${url}/v1/auth/login -H 'content-type: application/json' \\
                    -d '{"identifier":"${username}","password":"${password}"}' | sed 's/.*"accessToken":"\\([^"]*\\).*/\\1/')
                  curl -s "${url}/v1/search?q=meeting" -H "authorization: Bearer $TOKEN"

Ctrl-C stops it.`);
}

async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await server?.stop();
  process.exit(0);
}

/** A server that was killed a moment ago may still hold its port. */
async function becomesFree(port: number): Promise<boolean> {
  const deadline = Date.now() + PORT_WAIT_MS;
  while (!(await isFree(port))) {
    if (Date.now() > deadline) return false;
    await sleep(100);
  }
  return true;
}

async function isCommonplace(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(1_000) }).catch(
    () => undefined,
  );
  await answer?.body?.cancel();
  return answer?.status === 200 && answer.headers.has('x-request-id');
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) fail(`"${text}" is no port number.`);
  return port;
}

function parseLogLevel(text: string): NonNullable<ServerOptions['logLevel']> {
  const levels = ['log', 'info', 'warn', 'error', 'none'] as const;
  return levels.find((level) => level === text) ?? fail(`--log-level is one of ${levels.join(', ')}.`);
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
