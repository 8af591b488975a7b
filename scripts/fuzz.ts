import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { copyAssets } from './assets.ts';
import type { Report } from './fuzz/bench.ts';
import { runCampaign } from './fuzz/campaign.ts';
import { renderReport } from './fuzz/report.ts';
import { applyMigrations } from './migrations.ts';
import { freePort, startServer } from './server.ts';
import { explain } from './session.ts';

const USAGE = `npm run fuzz -- [--seconds 60] [--seed N] [--rounds N] [--url URL] [--only "METHOD /path"]
                [--admin NAME --password PASSWORD]

Calls every operation of /openapi.json with whatever may break it, and judges each answer. Starts a server with a state of
its own unless --url names one; what only administrators may do needs the name of one. Ends with 1 when it has found
something, and says how to see it again.`;

const { values } = parseArgs({
  allowPositionals: false,
  options: {
    seconds: { type: 'string', default: '60' },
    rounds: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    url: { type: 'string' },
    only: { type: 'string' },
    admin: { type: 'string' },
    password: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(USAGE);
  process.exit(0);
}

const seed = wholeNumber(values.seed);
const options = {
  seed,
  seconds: wholeNumber(values.seconds),
  maxRounds: values.rounds === undefined ? undefined : wholeNumber(values.rounds),
  only: values.only,
  admin: values.admin === undefined ? undefined : { username: values.admin, password: values.password },
};
const baseUrl = values.url?.replace(/\/$/, '');

try {
  console.log(`Seed ${seed}.`);
  const started = performance.now();
  const report = baseUrl === undefined ? await onOwnServer() : await runCampaign({ ...options, baseUrl });
  console.log(renderReport(report, { seed, seconds: (performance.now() - started) / 1000 }));
  process.exit(report.findings.length === 0 ? 0 : 1);
} catch (error) {
  console.error(explain(error, { url: baseUrl ?? 'the server', user: values.admin ?? 'the user', password: '' }));
  process.exit(2);
}

/** Passwords are hashed at the lowest cost: hashing is not what is looked for. */
async function onOwnServer(): Promise<Report> {
  const persistTo = await mkdtemp(path.join(tmpdir(), 'commonplace-fuzz-'));
  await Promise.all([copyAssets(), applyMigrations({ persistTo })]);
  const vars = { SCRYPT_COST_LOG2: '10' };
  const server = await startServer({ port: await freePort(), persistTo, logLevel: 'none', vars });
  try {
    return await runCampaign({ ...options, baseUrl: server.url });
  } finally {
    await server.stop();
    await rm(persistTo, { recursive: true, force: true });
  }
}

function wholeNumber(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  console.error(`“${text}” is no whole number.\n\n${USAGE}`);
  process.exit(2);
}
