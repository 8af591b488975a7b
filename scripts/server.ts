import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathOf, QUIET_ENVIRONMENT } from './processes.ts';
import { ROOT } from './project.ts';

export type ServerOptions = {
  port: number;
  /** The checkout to serve. */
  root?: string;
  /** The Worker's module, from `root`; that of wrangler.toml unless given. */
  entry?: string;
  /** Where D1, R2 and the Durable Objects live; `.wrangler/state` of the checkout unless given. */
  persistTo?: string;
  /** `none` for measurements: logging each request halves the throughput. */
  logLevel?: 'log' | 'info' | 'warn' | 'error' | 'none';
  /** Overrides of wrangler.toml's vars. */
  vars?: Record<string, string>;
  /** Show what the server prints; it is kept for error messages either way. */
  show?: boolean;
  /** Told what the server prints, piece by piece. */
  onOutput?: (text: string) => void;
  readyTimeoutMs?: number;
};

export type LocalServer = {
  url: string;
  port: number;
  /** Leader of the process group that everything the server started belongs to. */
  pid: number;
  /** Resolves when the server is gone, with what it last printed. */
  exited: Promise<string>;
  /** Fires the cron trigger once, which nothing does by itself on one machine. */
  tick(): Promise<void>;
  /** Lets the server close and clean up, and kills what is left after a moment. */
  stop(): Promise<void>;
  /** SIGKILL for the whole process group, as a crash would; resolves when it is gone. */
  kill(): Promise<void>;
};

const READY_TIMEOUT_MS = 45_000;
const READY_ANSWER_MS = 5_000;
const STOP_TIMEOUT_MS = 3_000;
const KEPT_OUTPUT_CHARACTERS = 20_000;
const CRON = '*+*+*+*+*';

/** Starts the real Worker on this machine and waits until every dependency of it answers. */
export async function startServer(options: ServerOptions): Promise<LocalServer> {
  const child = spawnServer(options);
  const url = `http://127.0.0.1:${options.port}`;
  const kept = keepOutput(child, options);
  const exited = new Promise<string>((resolve) => child.once('close', () => resolve(kept.text)));
  const server: LocalServer = {
    url,
    port: options.port,
    pid: child.pid ?? 0,
    exited,
    tick: () => tick(url),
    stop: async () => {
      signalGroup(child, 'SIGTERM');
      await Promise.race([exited, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
      signalGroup(child, 'SIGKILL');
      await exited;
    },
    kill: async () => {
      signalGroup(child, 'SIGKILL');
      await exited;
    },
  };
  try {
    await waitReady(server, { timeoutMs: options.readyTimeoutMs ?? READY_TIMEOUT_MS, output: () => kept.text.trim() });
  } catch (error) {
    await server.kill();
    throw error;
  }
  return server;
}

function spawnServer({
  port,
  root = ROOT,
  entry,
  persistTo,
  logLevel = 'error',
  vars: given = {},
}: ServerOptions): ChildProcess {
  // Links in mails lead back here.
  const vars = { PUBLIC_URL: `http://localhost:${port}`, ...given };
  const home = persistTo ?? path.join(root, '.wrangler');
  const temporary = path.join(home, 'tmp', 'runtime');
  mkdirSync(temporary, { recursive: true });
  const args = [
    ...[path.join(import.meta.dirname, 'guard.ts'), process.execPath, pathOf('wrangler'), 'dev'],
    ...(entry === undefined ? [] : [entry]),
    ...['--port', String(port), '--ip', '127.0.0.1', '--inspector-port', '0', '--log-level', logLevel],
    ...['--show-interactive-dev-session=false', '--no-types'],
    ...(persistTo === undefined ? [] : ['--persist-to', persistTo]),
    ...Object.entries(vars).flatMap(([name, value]) => ['--var', `${name}:${value}`]),
  ];
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    cwd: root,
    detached: process.platform !== 'win32',
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...QUIET_ENVIRONMENT,
      // Servers that run side by side must not find each other.
      WRANGLER_REGISTRY_PATH: path.join(home, 'registry'),
      // What a killed server leaves goes away with its state.
      TMPDIR: temporary,
    },
  });
}

function keepOutput(
  child: ChildProcess,
  { show = false, onOutput }: Pick<ServerOptions, 'show' | 'onOutput'>,
): { text: string } {
  const kept = { text: '' };
  for (const [stream, target] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    stream?.on('data', (data: Buffer) => {
      kept.text = (kept.text + data.toString()).slice(-KEPT_OUTPUT_CHARACTERS);
      if (show) target.write(data);
      onOutput?.(data.toString());
    });
  }
  return kept;
}

type Patience = { timeoutMs: number; output: () => string };

async function waitReady({ url, exited }: LocalServer, { timeoutMs, output }: Patience): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let gone = false;
  void exited.then(() => {
    gone = true;
  });
  let last = 'no answer';
  while (Date.now() < deadline) {
    if (gone) throw new Error(`The server ended before it was ready.\n${output()}`);
    // While the Worker does not build, the development server holds its requests back.
    const signal = AbortSignal.timeout(READY_ANSWER_MS);
    const answer = await fetch(`${url}/health/ready`, { signal }).catch(() => undefined);
    if (answer?.status === 200) return;
    if (answer !== undefined) last = `${answer.status} ${await answer.text().catch(() => '')}`;
    await sleep(50);
  }
  throw new Error(
    `The server was not ready within ${timeoutMs / 1000} s. Last answer of /health/ready: ${last}\n${output()}`,
  );
}

async function tick(url: string): Promise<void> {
  const answer = await fetch(`${url}/cdn-cgi/local/scheduled?cron=${CRON}`);
  if (!answer.ok) throw new Error(`The cron trigger answered ${answer.status}.`);
  await answer.body?.cancel();
}

function signalGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') spawn('taskkill', ['/pid', String(child.pid), '/t', '/f']);
    else process.kill(-child.pid, signal);
  } catch {
    // It was gone already.
  }
}

/** A port that nothing listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

/** Whether this port can be listened on now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
