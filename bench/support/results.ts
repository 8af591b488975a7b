import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';
import { ROOT } from '../../scripts/project.ts';

/** Keeps a run's figures as JSON. @returns the file, relative to the checkout. */
export async function writeResults(name: string, results: object): Promise<string> {
  const at = new Date().toISOString();
  const file = path.join('bench', 'results', `${name}-${at.replaceAll(':', '-').slice(0, 19)}.json`);
  const machine = { processors: cpus().length, model: cpus()[0]?.model ?? 'unknown', node: process.version };
  await mkdir(path.join(ROOT, 'bench', 'results'), { recursive: true });
  await writeFile(path.join(ROOT, file), `${JSON.stringify({ name, at, machine, ...results }, undefined, 2)}\n`);
  return file;
}
