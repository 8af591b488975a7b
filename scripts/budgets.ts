import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { copyAssets } from './assets.ts';
import { BUNDLE_BUDGET_BYTES, weighBundle } from './bundle.ts';
import { runTool } from './processes.ts';
import { ROOT } from './project.ts';

/** CPU before the first request. The platform refuses a Worker at 1 s; half of the people on a cold start notice less. */
const START_UP_BUDGET_MS = 300;
const FILE_BUDGET_LINES = 350;
const SOURCE_FOLDERS = ['src', 'scripts', 'bench', 'test'];
/** The profile is of this machine at this moment: the quietest of a few runs is nearest the truth. */
const START_UP_RUNS = 3;

type Row = { what: string; value: number; budget: number; unit: string; detail?: string };

type CpuProfile = {
  nodes: { id: number; callFrame: { functionName: string } }[];
  samples: number[];
  timeDeltas: number[];
};

await copyAssets();
const rows = [await bundleSize(), await startUp(), await longestFile()];
for (const row of rows) print(row);
process.exit(rows.some(({ value, budget }) => value > budget) ? 1 : 0);

async function bundleSize(): Promise<Row> {
  const { gzipBytes } = await weighBundle('production');
  return { what: 'bundle, gzip', value: Math.round(gzipBytes / 1024), budget: BUNDLE_BUDGET_BYTES / 1024, unit: 'KiB' };
}

async function startUp(): Promise<Row> {
  const folder = await mkdtemp(path.join(tmpdir(), 'commonplace-startup-'));
  try {
    const runs: number[] = [];
    for (let run = 0; run < START_UP_RUNS; run += 1)
      runs.push(await profileStartUp(path.join(folder, `${run}.cpuprofile`)));
    const value = Math.round(Math.min(...runs));
    return {
      what: 'start-up, CPU',
      value,
      budget: START_UP_BUDGET_MS,
      unit: 'ms',
      detail: `runs: ${runs.map(Math.round).join(', ')}`,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Milliseconds in which the profiler saw the isolate at work while the module was evaluated. */
async function profileStartUp(outfile: string): Promise<number> {
  const { code, output } = await runTool('wrangler', ['check', 'startup', '--outfile', outfile], { capture: true });
  if (code !== 0) throw new Error(`wrangler check startup did not succeed.\n${output.trim()}`);
  const profile: CpuProfile = JSON.parse(await readFile(outfile, 'utf8'));
  const idle = new Set(
    profile.nodes.filter(({ callFrame }) => callFrame.functionName === '(idle)').map(({ id }) => id),
  );
  const busy = profile.timeDeltas.filter((_, index) => !idle.has(profile.samples[index] ?? -1));
  return busy.reduce((total, microseconds) => total + microseconds, 0) / 1000;
}

async function longestFile(): Promise<Row> {
  const files = (await Promise.all(SOURCE_FOLDERS.map(sourceFiles))).flat();
  const lengths = await Promise.all(files.map(async (file) => ({ file, lines: await countLines(file) })));
  const longest = lengths.reduce((a, b) => (b.lines > a.lines ? b : a), { file: 'none', lines: 0 });
  return {
    what: 'longest source file',
    value: longest.lines,
    budget: FILE_BUDGET_LINES,
    unit: 'lines',
    detail: longest.file,
  };
}

async function sourceFiles(folder: string): Promise<string[]> {
  const entries = await readdir(path.join(ROOT, folder), { recursive: true }).catch(() => []);
  return entries.filter((entry) => /\.(ts|mjs)$/.test(entry)).map((entry) => path.join(folder, entry));
}

async function countLines(file: string): Promise<number> {
  return (await readFile(path.join(ROOT, file), 'utf8')).trimEnd().split('\n').length;
}

function print({ what, value, budget, unit, detail }: Row): void {
  const verdict = value <= budget ? 'within' : 'OVER';
  console.log(
    `${what.padEnd(20)} ${String(value).padStart(6)} of ${String(budget).padEnd(5)} ${unit.padEnd(6)} ${verdict}${detail ? `  (${detail})` : ''}`,
  );
}
