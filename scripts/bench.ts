import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { ROOT } from './project.ts';

// `npm run bench` runs every benchmark, `npm run bench -- NAME [OPTIONS]` one of them.

type Benchmark = { run: (args: string[]) => Promise<void> };

const folder = path.join(ROOT, 'bench');
const names = (await readdir(folder)).filter((file) => file.endsWith('.ts')).map((file) => file.replace(/\.ts$/, ''));

const [first, ...rest] = process.argv.slice(2);
const named = first !== undefined && !first.startsWith('-');
if (named && !names.includes(first)) {
  console.error(`There is no benchmark named "${first}". There are: ${names.join(', ')}.`);
  process.exit(2);
}
const args = named ? rest : process.argv.slice(2);
for (const name of named ? [first] : names) {
  const benchmark: Benchmark = await import(path.join(folder, `${name}.ts`));
  await benchmark.run(args);
}
