import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../scripts/processes.ts';
import { ROOT } from '../../scripts/project.ts';
import type { LocalServer } from '../../scripts/server.ts';
import { type Client, connect } from '../support/http-client.ts';
import { type Installation, install } from '../support/local-server.ts';

describe('npm run admin', () => {
  let installation: Installation;
  let server: LocalServer;
  let client: Client;
  let email: string;

  const admin = (...args: string[]) =>
    run(process.execPath, [path.join(ROOT, 'scripts/admin.ts'), ...args, '--persist-to', installation.persistTo], {
      capture: true,
    });
  const me = async (who: Client) => (await who.request<{ role: string; email: string }>('/v1/me')).body;

  beforeAll(async () => {
    // Roles show at once: nothing is remembered of credentials.
    installation = await install({ IDENTITY_CACHE_SECONDS: '0' });
    server = await installation.start();
    client = await connect(server.url);
    ({ email } = await me(client));
  });

  afterAll(async () => {
    await server?.stop();
    await installation?.remove();
  });

  it('makes an account an administrator, once, while the server runs', async () => {
    expect((await me(client)).role).toBe('user');
    expect((await client.request('/v1/admin/users')).status).toBe(403);
    const made = await admin(email.toUpperCase());
    expect([made.code, made.output]).toEqual([0, expect.stringContaining('is an administrator now')]);
    expect((await me(client)).role).toBe('admin');
    expect((await client.request('/v1/admin/users')).status).toBe(200);
    const again = await admin(email);
    expect([again.code, again.output]).toEqual([0, expect.stringContaining('Nothing was changed')]);
  });

  it('makes it an ordinary user again, unless nobody else would be left', async () => {
    const last = await admin('--revoke', email);
    expect([last.code, last.output]).toEqual([1, expect.stringContaining('last active administrator')]);
    expect((await me(client)).role).toBe('admin');

    const other = await connect(server.url);
    await admin((await me(other)).email);
    const revoked = await admin(email, '--revoke');
    expect([revoked.code, revoked.output]).toEqual([0, expect.stringContaining('no administrator any more')]);
    expect((await client.request('/v1/admin/users')).status).toBe(403);
    expect((await other.request('/v1/admin/users')).status).toBe(200);
    const again = await admin('--revoke', email);
    expect([again.code, again.output]).toEqual([0, expect.stringContaining('Nothing was changed')]);
  });

  it.each([
    ['nobody@example.com', 'No account has the address'],
    ["o'brien'--@example.com", 'No account has the address'],
    ['no address', 'One e-mail address is needed'],
    ['', 'One e-mail address is needed'],
  ])('says what is wrong with %j', async (address, message) => {
    const refused = await admin(address);
    expect([refused.code, refused.output]).toEqual([1, expect.stringContaining(message)]);
  });
});
