import { env } from 'cloudflare:workers';
import { describe, expect, it, vi } from 'vitest';
import { createApp } from '../src/app.ts';
import { createRuntime } from '../src/services.ts';
import { newApiKey, newUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { uploaded } from './support/library.ts';
import { describedOperations } from './support/openapi-operations.ts';
import { describeAccess, describeAdministration, describeInput, describeIsolation } from './support/security-suite.ts';
import { checkedCall } from './support/well-formed.ts';

/** What anyone may call. Everything else is found in the API's description and held to the rules without being named. */
const PUBLIC = [
  'OPTIONS /v1/uploads',
  'GET /health',
  'GET /health/ready',
  'GET /v1/auth/oauth/providers',
  'GET /v1/auth/oauth/{provider}/authorize',
  'GET /v1/auth/oauth/{provider}/callback',
  'GET /v1/auth/password/generate',
  'GET /v1/dev/outbox',
  'GET /v1/erasures/{token}',
  'POST /v1/auth/email/verify',
  'POST /v1/auth/login',
  'POST /v1/auth/passkeys/options',
  'POST /v1/auth/passkeys/verify',
  'POST /v1/auth/oauth/exchange',
  'POST /v1/auth/password/forgot',
  'POST /v1/auth/password/generate',
  'POST /v1/auth/password/reset',
  'POST /v1/auth/password/strength',
  'POST /v1/auth/reactivate',
  'POST /v1/auth/refresh',
  'POST /v1/auth/register',
  'POST /v1/auth/two-factor/passkey/options',
  'POST /v1/auth/two-factor/passkey/verify',
  'POST /v1/auth/two-factor/verify',
];

const operations = await describedOperations();

describe('access', () => describeAccess(operations, { publicNames: PUBLIC }));
describe('administration', () => describeAdministration(operations));
describe('isolation', () => describeIsolation(operations, { publicNames: PUBLIC }));
describe('input', () => describeInput(operations));

describe('the description', () => {
  it('names every route', () => {
    const described = new Set(operations.map(({ name }) => name));
    const routes = createApp(createRuntime(env))
      .routes.filter(({ method, path }) => method !== 'ALL' && path !== '/' && !/^\/(docs|openapi\.json)/.test(path))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(routes.length).toBeGreaterThan(20);
    expect(routes.filter((route) => !described.has(route))).toEqual([]);
  });

  it.each(operations)('$name says what it does', async ({ name }) => {
    const { body } = await call('/openapi.json');
    const [method = '', path = ''] = name.split(' ');
    const operation = body.paths[path][method.toLowerCase()];
    expect(operation).toMatchObject({
      operationId: expect.any(String),
      summary: expect.any(String),
      tags: [expect.any(String)],
    });
  });

  it('names each operation once', async () => {
    const { body } = await call<{ paths: Record<string, Record<string, { operationId: string }>> }>('/openapi.json');
    const ids = Object.values(body.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(ids).toHaveLength(new Set(ids).size);
  });
});

describe('every other answer', () => {
  it.each(['/nowhere', '/v1', '/v1/documents/x/y/z', '/%00', '/v1/../../etc/passwd'])(
    '%s is a problem',
    async (path) => {
      expect((await checkedCall(path)).status).toBe(404);
    },
  );

  it('keeps a request id only if it is one', async () => {
    for (const wrong of ['short', 'x'.repeat(101), 'with space', '<script>']) {
      const answer = await call('/health', { headers: { 'x-request-id': wrong } });
      expect(answer.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
    }
  });

  it('lets no foreign origin read', async () => {
    const answer = await checkedCall('/v1/me', { headers: { origin: 'https://evil.example' } });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
  });
});

describe('log lines', () => {
  const listen = () => {
    const lines: string[] = [];
    const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation((...parts) => void lines.push(parts.map(String).join(' '))),
    );
    return { lines, stop: () => spies.forEach((spy) => void spy.mockRestore()) };
  };

  it('hold nothing that a user has entrusted', async () => {
    const { lines, stop } = listen();
    const mark = `zebra${crypto.randomUUID().slice(0, 8)}`;
    const { user, token, refreshToken, password } = await newUser({
      email: `${mark}@example.com`,
      fullName: `${mark} Lovelace`,
      password: `secret of ${mark.slice(-8)} horses`,
    });
    const signIn = (secret: string) => call('/v1/auth/login', { body: { identifier: user.email, password: secret } });
    const { body } = await signIn(password);
    await signIn(`${mark}-wrong`);
    const { body: refreshed } = await call('/v1/auth/refresh', { body: { refreshToken } });
    const { key } = await newApiKey({ token: body.session.accessToken }, ['documents:write', 'search:read']);
    await uploaded({
      token: body.session.accessToken,
      content: `# ${mark} title\n\nThe ${mark} sleeps at noon.\n`,
      filename: `${mark}.md`,
      fields: { tags: mark, metadata: JSON.stringify({ [mark]: mark }) },
    });
    await call(`/v1/search?q=${mark}`, { token: key });
    await call('/v1/search', { token: key, body: { q: mark, mode: 'keyword' } });
    await call(`/v1/documents/${mark}?q=${mark}`, { token: key });
    stop();

    const log = lines.join('\n');
    expect(lines.length).toBeGreaterThan(10);
    expect(log).toContain(user.id);
    const tokens = [token, refreshToken, key, body.session.accessToken, body.session.refreshToken];
    for (const secret of [...tokens, refreshed.session.accessToken, password, mark, user.username])
      expect(log).not.toContain(secret);
  });

  it('hold nothing of it when the database fails', async () => {
    const mark = `zebra${crypto.randomUUID().slice(0, 8)}`;
    const person = { email: `${mark}@example.com`, username: mark, password: 'correct horse battery', fullName: mark };
    await env.DB.exec('alter table users rename to users_away');
    const { lines, stop } = listen();
    const answers = [
      await call('/v1/auth/register', { body: person }),
      await call('/v1/auth/login', { body: { identifier: person.email, password: person.password } }),
    ];
    stop();
    await env.DB.exec('alter table users_away rename to users');
    for (const { status, body } of answers) {
      expect([status, body.code]).toEqual([500, 'internal']);
      expect(JSON.stringify(body)).not.toContain('users');
    }
    const log = lines.join('\n');
    expect(log.match(/no such table: users/g)?.length).toBeGreaterThan(1);
    for (const secret of [mark, person.password, 'scrypt$']) expect(log).not.toContain(secret);
  });
});
