import { cp, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { ROOT } from './project.ts';

const FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png', 'LICENSE'];

/** Copies what the /docs page loads from npm packages into the Worker's own assets. Files of the same size stay. */
export async function copyAssets(root: string = ROOT): Promise<void> {
  const source = path.join(ROOT, 'node_modules', 'swagger-ui-dist');
  const target = path.join(root, 'public', 'docs', 'vendor');
  await mkdir(target, { recursive: true });
  await Promise.all(FILES.map((file) => copyIfChanged(path.join(source, file), path.join(target, file))));
}

async function copyIfChanged(from: string, to: string): Promise<void> {
  const [wanted, held] = await Promise.all([stat(from), stat(to).catch(() => undefined)]);
  if (held === undefined || held.size !== wanted.size || held.mtimeMs < wanted.mtimeMs) await cp(from, to);
}
