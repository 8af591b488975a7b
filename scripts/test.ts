import { copyAssets } from './assets.ts';
import { runTool } from './processes.ts';

// `npm test -- --project unit` runs one project, `npm test -- NAME` the files whose path contains NAME.
const args = process.argv.slice(2);

const vitest = (own: string[], capture = false) =>
  runTool('vitest', ['run', ...own], {
    capture,
    // node:sqlite is used to read what a killed server left behind.
    env: { NODE_OPTIONS: '--disable-warning=ExperimentalWarning' },
  });

await copyAssets();
if (args.length > 0) process.exit((await vitest(args)).code);

// Real servers are mostly waited for, one after another: the other tests run beside them, in half the time of both.
const [servers, others] = await Promise.all([
  vitest(['--project', 'server'], true),
  vitest(['--project', 'unit', '--project', 'worker']),
]);
process.stdout.write(servers.output);
process.exit(servers.code === 0 ? others.code : servers.code);
