import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, createClient, type DocumentView } from '../../scripts/client.ts';
import type { LocalServer } from '../../scripts/server.ts';
import { type Installation, install } from '../support/local-server.ts';

const ACCOUNT = { username: 'leaving', password: 'Long-enough-8', email: 'leaving@example.org' };
const LARGE_BYTES = 40 * 1024 * 1024;
const READY_MS = 60_000;

type Manifest = { counts: { documents: number }; files: { name: string; size: number; sha256: string }[] };

function haveUnzip(): boolean {
  try {
    execFileSync('unzip', ['-v']);
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!haveUnzip())('an account that is taken along (skipped where there is no unzip)', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'commonplace-export-'));
  let installation: Installation;
  let server: LocalServer;
  let client: Client;

  beforeAll(async () => {
    installation = await install({ SCRYPT_COST_LOG2: '10' });
    server = await installation.start();
    client = await createClient(server.url).signIn(ACCOUNT);
  });

  afterAll(async () => {
    await server?.stop();
    await installation?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  async function settled(): Promise<void> {
    for (const until = Date.now() + READY_MS; Date.now() < until; ) {
      const documents = await client.all<DocumentView>('/v1/documents');
      if (documents.every(({ status }) => status === 'ready' || status === 'failed')) return;
      await server.tick();
    }
    throw new Error(`Not everything was read within ${READY_MS} ms.`);
  }

  it('is unpacked by another program, and every file is what its hash says', async () => {
    const large = Buffer.alloc(LARGE_BYTES, 'Some bytes that are no text.\0');
    const names = ['a.txt', 'A.TXT', '../up.txt', 'nul.txt', 'größe 大.txt', 'metadata.json'];
    for (const name of names)
      await client.upload({ name, type: 'text/plain', bytes: `The heron of ${name} stood still.` });
    await client.upload({ name: 'large.bin', bytes: large });
    await settled();

    const headers = { authorization: `Bearer ${client.token}` };
    const response = await fetch(`${server.url}/v1/me/export`, { headers });
    expect(response.status).toBe(200);
    const file = path.join(folder, 'account.zip');
    await writeFile(file, new Uint8Array(await response.arrayBuffer()));
    expect(execFileSync('unzip', ['-t', file]).toString()).toContain('No errors detected');
    const unpacked = path.join(folder, 'unpacked');
    mkdirSync(unpacked);
    execFileSync('unzip', ['-q', file, '-d', unpacked], { env: { ...process.env, LC_ALL: 'C.UTF-8' } });

    const manifest: Manifest = JSON.parse(readFileSync(path.join(unpacked, 'manifest.json'), 'utf8'));
    expect(manifest.counts.documents).toBe(names.length + 1);
    for (const { name, size, sha256 } of manifest.files) {
      const bytes = readFileSync(path.join(unpacked, name));
      expect([name, bytes.byteLength, createHash('sha256').update(bytes).digest('hex')]).toEqual([name, size, sha256]);
    }
    const originals = manifest.files.map(({ name }) => path.posix.basename(name));
    expect(originals).toEqual(expect.arrayContaining(['_nul.txt', 'up.txt', 'original-metadata.json', 'large.bin']));
  });

  it('that is broken off half-way is no archive, and can be asked for again', async () => {
    const headers = { authorization: `Bearer ${client.token}` };
    const stop = new AbortController();
    const response = await fetch(`${server.url}/v1/me/export`, { headers, signal: stop.signal });
    const reader = response.body?.getReader();
    const parts: Uint8Array[] = [];
    while (parts.reduce((total, part) => total + part.byteLength, 0) < LARGE_BYTES / 4) {
      const { value } = (await reader?.read()) ?? {};
      if (value) parts.push(value);
    }
    stop.abort();
    const file = path.join(folder, 'half.zip');
    await writeFile(file, Buffer.concat(parts));
    expect(() => execFileSync('unzip', ['-t', file], { stdio: 'ignore' })).toThrow();
    const again = await fetch(`${server.url}/v1/me/export`, { headers });
    expect((await again.arrayBuffer()).byteLength).toBeGreaterThan(LARGE_BYTES);
  });
});
