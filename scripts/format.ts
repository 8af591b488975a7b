import { runTool } from './processes.ts';

const { code } = await runTool('biome', ['check', '--write']);
process.exit(code);
