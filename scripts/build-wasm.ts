import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import loadWabt from 'wabt';
import { ROOT } from './project.ts';

const SOURCE = path.join(ROOT, 'src/index-object/vector-scan.wat');
export const BINARY = path.join(ROOT, 'src/index-object/vector-scan.wasm');

/** The kernel of the vector scan, assembled from its text. */
export async function assembleVectorScan(): Promise<Uint8Array> {
  const wabt = await loadWabt();
  const parsed = wabt.parseWat(SOURCE, await readFile(SOURCE), { simd: true });
  return parsed.toBinary({}).buffer;
}

if (import.meta.main) await writeFile(BINARY, await assembleVectorScan());
