import { copyAssets } from './assets.ts';
import { runTool } from './processes.ts';

// `npm test -- --project unit` runs one project, `npm test -- NAME` the files whose path contains NAME.
await copyAssets();
const { code } = await runTool('vitest', ['run', ...process.argv.slice(2)], {
  // node:sqlite is used to read what a killed server left behind.
  env: { NODE_OPTIONS: '--disable-warning=ExperimentalWarning' },
});
process.exit(code);
