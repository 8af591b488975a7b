import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { assembleVectorScan, BINARY } from '../../scripts/build-wasm.ts';

it('the binary of the vector scan is its text, assembled', async () => {
  expect(new Uint8Array(await readFile(BINARY))).toEqual(new Uint8Array(await assembleVectorScan()));
});
