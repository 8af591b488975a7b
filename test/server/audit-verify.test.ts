import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../scripts/client.ts';
import type { LocalServer } from '../../scripts/server.ts';
import { changeCatalogue } from '../faults/persisted-state.ts';
import { type Installation, install } from '../support/local-server.ts';

const SCRIPT = path.resolve(import.meta.dirname, '../../scripts/audit-verify.ts');
const ADMIN = { username: 'operator', password: 'Another horse 77!', email: 'operator@example.com' };

/** Runs the command. */
async function verify(...options: string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', SCRIPT, ...options]);
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code, output: output + errors };
}

describe('npm run audit:verify', () => {
  let installation: Installation;
  let server: LocalServer;

  const restart = async (...statements: string[]) => {
    await server.stop();
    changeCatalogue(installation.persistTo, statements);
    server = await installation.start();
  };
  const onServer = (...options: string[]) =>
    verify('--url', server.url, '--user', ADMIN.username, '--password', ADMIN.password, ...options);

  beforeAll(async () => {
    installation = await install();
    server = await installation.start();
    const client = await createClient(server.url).signIn(ADMIN);
    for (let i = 0; i < 5; i++) await client.call('/v1/tags', { json: { name: `Tag ${i}` } });
    await restart("update users set role = 'admin'");
    await server.tick();
  });

  afterAll(async () => {
    await server?.stop();
    await installation?.remove();
  });

  it('finds nothing wrong with a log that nobody touched, nor with an export of it', async () => {
    const { code, output } = await onServer();
    expect(output).toMatch(/^\d+ entries, \d+ of them not sealed yet: 0 problems\.\nNewest seal: \d+:[\da-f]{64}\n/);
    expect(code).toBe(0);
    const anchor = /Newest seal: (\S+)/.exec(output)?.[1] ?? '';
    expect((await onServer('--anchor', anchor)).code).toBe(0);
    expect(
      (
        await onServer(
          '--anchor',
          anchor.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')),
        )
      ).code,
    ).toBe(1);

    const { body } = await (await createClient(server.url).signIn(ADMIN)).call<string>('/v1/admin/audit-logs/export');
    const lines = String(body).trimEnd().split('\n');
    const file = path.join(installation.persistTo, 'export.ndjson');
    await writeFile(file, lines.join('\n'));
    expect(await verify('--file', file)).toMatchObject({ code: 0, output: expect.stringContaining(': 0 problems') });
    const forged = lines.map((line) =>
      line.replace('"action":"createTag","objectType":"tag"', '"action":"x","objectType":"tag"'),
    );
    await writeFile(file, forged.join('\n'));
    expect(await verify('--file', file)).toMatchObject({ code: 1, output: expect.stringContaining('5 problems') });
  });

  it('says where somebody removed an entry who has the database file and dropped its triggers', async () => {
    await restart('drop trigger audit_logs_stay', 'delete from audit_logs where seq = 3');
    const { code, output } = await onServer();
    expect([code, output]).toEqual([1, expect.stringMatching(/: 1 problems\.\n {2}3 {2}removed {2}/)]);
  });

  it('says whom it was refused to', async () => {
    const client = createClient(server.url);
    await client.call('/v1/auth/register', { json: { ...ADMIN, username: 'nobody', email: 'nobody@example.com' } });
    const refused = await verify('--url', server.url, '--user', 'nobody', '--password', ADMIN.password);
    expect(refused).toMatchObject({ code: 2, output: expect.stringContaining('scope admin') });
  });
});
