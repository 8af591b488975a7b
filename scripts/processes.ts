import { spawn } from 'node:child_process';
import path from 'node:path';
import { ROOT } from './project.ts';

export type Finished = { code: number; output: string };

export type RunOptions = {
  /** Keep what it prints instead of showing it. */
  capture?: boolean;
  cwd?: string;
  env?: Record<string, string>;
  /** Fed to its standard input. */
  input?: string;
};

/** What wrangler needs to stay off the network and silent about itself. */
export const QUIET_ENVIRONMENT = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_WRITE_LOGS: 'false',
  // A data browser and a trace store on the dev port: neither is wanted, and the traces cost time on each request.
  X_LOCAL_EXPLORER: 'false',
  X_LOCAL_OBSERVABILITY: 'false',
};

/** Node scripts of the tools: run by path, they need no PATH and no shell. */
const TOOLS = {
  wrangler: 'wrangler/bin/wrangler.js',
  vitest: 'vitest/vitest.mjs',
  biome: '@biomejs/biome/bin/biome',
  tsc: 'typescript/bin/tsc',
};

export type Tool = keyof typeof TOOLS;

export const pathOf = (tool: Tool): string => path.join(ROOT, 'node_modules', TOOLS[tool]);

/** Runs one of the project's tools to its end. */
export function runTool(tool: Tool, args: string[], options: RunOptions = {}): Promise<Finished> {
  return run(process.execPath, [pathOf(tool), ...args], options);
}

/** Runs a command to its end. Its own failure is a code, not an exception. */
export function run(command: string, args: string[], options: RunOptions = {}): Promise<Finished> {
  const { capture = false, cwd = ROOT, env = {}, input } = options;
  return new Promise((resolveRun, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...QUIET_ENVIRONMENT, ...env },
      stdio: [
        input === undefined ? (capture ? 'ignore' : 'inherit') : 'pipe',
        capture ? 'pipe' : 'inherit',
        capture ? 'pipe' : 'inherit',
      ],
    });
    let output = '';
    const keep = (text: Buffer) => {
      output += text.toString();
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.stdin?.end(input);
    child.on('error', reject);
    child.on('close', (code) => resolveRun({ code: code ?? 1, output }));
  });
}
