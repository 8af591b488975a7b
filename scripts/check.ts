import { type Finished, runTool } from './processes.ts';

// Format, lint and types, side by side. `npm run format` repairs what can be repaired.
const checks: Record<string, Promise<Finished>> = {
  'format and lint': runTool('biome', ['check', '--error-on-warnings', '--colors=off'], { capture: true }),
  types: runTool('tsc', ['--noEmit', '-p', '.'], { capture: true }),
};

let failed = false;
for (const [name, check] of Object.entries(checks)) {
  const { code, output } = await check;
  failed ||= code !== 0;
  console.log(code === 0 ? `${name}: good` : `${name}: wrong\n${output.trim()}\n`);
}
process.exit(failed ? 1 : 0);
