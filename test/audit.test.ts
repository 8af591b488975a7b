import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { newApiKey, newUser, type TestUser } from './support/actors.ts';
import { call } from './support/app.ts';
import { entries, newAdmin, rawDatabase, watched } from './support/audit.ts';
import { tick } from './support/cron.ts';
import { jobEnd, uploaded, uploadForm } from './support/library.ts';
import { mailedToken } from './support/outbox.ts';
import { watchedDatabase } from './support/watched-database.ts';

let admin: TestUser;
beforeAll(async () => {
  admin = await newAdmin();
});

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const anAddress = () => `198.51.100.${Math.floor(Math.random() * 250)}`;

describe('a write that takes effect', () => {
  it('leaves one entry: who, what, to what, from where', async () => {
    const { user, token, sessionId } = await newUser();
    const headers = { 'cf-connecting-ip': anAddress(), 'user-agent': BROWSER };
    const { answer, left } = await watched(admin, { path: '/v1/tags', token, headers, body: { name: 'Plans' } });
    expect(answer.status).toBe(201);
    expect(left).toEqual([
      {
        seq: expect.any(Number),
        id: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-7/),
        at: expect.stringMatching(/^20\d\d-.*Z$/),
        actorType: 'user',
        actorId: user.id,
        credentialId: sessionId,
        accountId: user.id,
        action: 'createTag',
        objectType: 'tag',
        objectId: answer.body.id,
        outcome: 'succeeded',
        errorCode: null,
        requestId: answer.headers.get('x-request-id'),
        address: expect.stringMatching(/^[\da-f]{32}$/),
        client: 'Firefox on Linux',
        isSecurity: false,
        details: {},
        previousHash: left[0]?.previousHash,
        hash: left[0]?.hash,
      },
    ]);
  });

  it('is named by its operation and the ids of its path', async () => {
    const { user, token } = await newUser();
    const { document, job } = await uploaded({ token, content: '# Title\n\nText.\n', filename: 'a.md' });
    const { body: collection } = await call('/v1/collections', { token, body: { name: 'Shelf' } });
    const { id: keyId } = await newApiKey({ token }, ['account:read']);
    const cases: [path: string, method: string, body: unknown, entry: object][] = [
      [`/v1/documents/${document.id}`, 'PATCH', { title: 'New' }, { action: 'changeDocument', objectType: 'document' }],
      [`/v1/documents/${document.id}`, 'DELETE', undefined, { action: 'deleteDocument', objectId: document.id }],
      [`/v1/documents/${document.id}/restore`, 'POST', undefined, { action: 'restoreDocument' }],
      [
        `/v1/collections/${collection.id}/items/${document.id}`,
        'PUT',
        undefined,
        { objectType: 'collection', objectId: collection.id, details: { documentId: document.id } },
      ],
      [`/v1/jobs/${job.id}/cancel`, 'POST', undefined, { outcome: 'refused', objectType: 'job', objectId: job.id }],
      ['/v1/me', 'PATCH', { fullName: 'Ada' }, { action: 'changeMe', objectType: null, isSecurity: true }],
      [
        `/v1/api-keys/${keyId}`,
        'DELETE',
        undefined,
        { action: 'deleteApiKey', objectType: 'api_key', objectId: keyId },
      ],
      ['/v1/maintenance/reconcile', 'POST', undefined, { action: 'reconcileLibrary', objectType: 'job' }],
    ];
    for (const [path, method, body, entry] of cases) {
      const { left } = await watched(admin, { path, method, token, ...(body !== undefined && { body }) });
      expect(left, `${method} ${path}`).toMatchObject([{ actorId: user.id, outcome: 'succeeded', ...entry }]);
    }
  });

  it('names what an upload has made, and the key by which it was made', async () => {
    const owner = await newUser();
    const { id, key } = await newApiKey(owner, ['documents:write']);
    const form = uploadForm({ content: '# Title\n\nText.\n', filename: 'a.md' });
    const { answer, left } = await watched(admin, { path: '/v1/documents', token: key, body: form });
    expect(left).toMatchObject([
      { actorType: 'api_key', actorId: owner.user.id, credentialId: id, objectId: answer.body.document.id },
    ]);
  });

  it('leaves one entry however often it is sent with its idempotency key', async () => {
    const { user, token } = await newUser();
    const headers = { 'idempotency-key': crypto.randomUUID() };
    for (const replayed of [null, 'true']) {
      const answer = await call('/v1/tags', { token, headers, body: { name: 'Once' } });
      expect([answer.status, answer.headers.get('idempotency-replayed')]).toEqual([201, replayed]);
    }
    expect(await entries(admin, { actorId: user.id, action: 'createTag' })).toMatchObject([{ outcome: 'succeeded' }]);
    const { left } = await watched(admin, { path: '/v1/tags', token, headers, body: { name: 'Other' } });
    expect(left).toMatchObject([{ outcome: 'refused', errorCode: 'idempotency_key_reused' }]);
  });

  it('keeps its entry when the isolate dies before it can answer', async () => {
    const { token, user } = await newUser();
    const key = crypto.randomUUID();
    let calls = 0;
    // Who asks, the claim of the key, the write; and then nothing any more.
    const DB = watchedDatabase(env.DB, async () => {
      calls += 1;
      if (calls > 3) throw new Error('The isolate has died.');
    });
    const body = { name: 'Survivor' };
    await call('/v1/tags', { token, body, headers: { 'idempotency-key': key }, bindings: { ...env, DB } });
    expect((await call('/v1/tags', { token })).body.items).toHaveLength(1);
    expect(await entries(admin, { actorId: user.id, action: 'createTag' })).toMatchObject([{ outcome: 'succeeded' }]);
  });

  it('leaves each of fifty at once exactly one', async () => {
    const { user, token } = await newUser();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => call('/v1/collections', { token, body: { name: `Shelf ${i}` } })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(50);
    const left = await entries(admin, { actorId: user.id, action: 'createCollection', limit: '200' });
    expect(left.map(({ objectId }) => objectId).sort()).toEqual(answers.map(({ body }) => body.id).sort());
    await tick();
    expect((await call('/v1/admin/audit-logs/verify', admin)).body).toMatchObject({ ok: true, unsealed: 0 });
  });
});

describe('a write that takes no effect', () => {
  it.each([
    ['for a name that is taken', 'POST', '/v1/tags', { name: 'Taken' }, 'name_taken'],
    ['for a wrong field', 'POST', '/v1/tags', { name: '' }, 'invalid_fields'],
    ['for a body that is none', 'POST', '/v1/tags', '{', 'malformed'],
    ['for a thing that is not there', 'DELETE', `/v1/tags/${crypto.randomUUID()}`, undefined, 'not_found'],
  ])('leaves one entry, %s', async (_, method, path, body, errorCode) => {
    const { user, token } = await newUser();
    await call('/v1/tags', { token, body: { name: 'Taken' } });
    const headers = { 'content-type': 'application/json' };
    const { answer, left } = await watched(admin, { path, method, token, headers, body });
    expect(answer.body.code).toBe(errorCode);
    expect(left).toMatchObject([{ outcome: 'refused', errorCode, actorId: user.id, isSecurity: false }]);
    // What was to be made never was.
    expect(left[0]?.objectId).toBe(path.split('/')[3] ?? null);
  });

  it('has failed when the database did', async () => {
    const { user, token } = await newUser();
    await rawDatabase().exec('alter table tags rename to tags_away');
    const { answer, left } = await watched(admin, { path: '/v1/tags', token, body: { name: 'Lost' } });
    await rawDatabase().exec('alter table tags_away rename to tags');
    expect(answer.status).toBe(500);
    expect(left).toMatchObject([{ outcome: 'failed', errorCode: 'internal', actorId: user.id, objectId: null }]);
  });

  it('does not fail because its entry cannot be written', async () => {
    const { token } = await newUser();
    await rawDatabase().exec('alter table audit_logs rename to audit_logs_away');
    const refused = await call('/v1/tags', { token, body: { name: '' } });
    const undone = await call('/v1/tags', { token, body: { name: 'Unseen' } });
    await rawDatabase().exec('alter table audit_logs_away rename to audit_logs');
    expect(refused.status).toBe(422);
    // What would take effect unseen does not.
    expect(undone.status).toBe(500);
    expect((await call('/v1/tags', { token })).body.items).toEqual([]);
  });

  it('is seen when a credential lacks the scope, also of a read', async () => {
    const owner = await newUser();
    const { id, key } = await newApiKey(owner, ['tags:read']);
    for (const [path, method, action] of [
      ['/v1/documents', 'GET', 'listDocuments'],
      ['/v1/tags', 'POST', 'createTag'],
      ['/v1/admin/audit-logs', 'GET', 'listAuditLogs'],
    ]) {
      const { answer, left } = await watched(admin, { path: path ?? '', method: method ?? '', token: key });
      expect(answer.status).toBe(403);
      expect(left).toMatchObject([
        { action, outcome: 'refused', errorCode: 'forbidden', credentialId: id, isSecurity: true },
      ]);
    }
  });

  it('leaves nothing when it is only read, or nobody asks', async () => {
    const { token } = await newUser();
    for (const path of ['/v1/tags', '/v1/search?q=word', '/v1/documents/x', '/health', '/health/ready', '/nowhere']) {
      expect((await watched(admin, { path, token })).left, path).toEqual([]);
    }
    expect((await watched(admin, { path: '/v1/search', token, body: { q: 'word' } })).left).toEqual([]);
    for (const [path, body] of [
      ['/v1/tags', { name: 'x' }],
      ['/v1/auth/register', {}],
      ['/v1/auth/password/strength', { password: 'x' }],
      ['/v1/auth/password/generate', {}],
    ] as const) {
      expect((await watched(admin, { path, body })).left, path).toEqual([]);
    }
  });
});

describe('an administrator', () => {
  it('leaves an entry by looking', async () => {
    for (const [path, action] of [
      ['/v1/admin/audit-logs', 'listAuditLogs'],
      ['/v1/admin/audit-logs/verify', 'verifyAuditLogs'],
      ['/v1/admin/audit-logs/export?limit=1', 'exportAuditLogs'],
    ]) {
      const { left } = await watched(admin, { path: path ?? '', token: admin.token });
      expect(left).toMatchObject([{ action, outcome: 'succeeded', actorId: admin.user.id, isSecurity: true }]);
    }
  });
});

describe('jobs', () => {
  it('leave an entry for what they delete for good', async () => {
    const { user, token } = await newUser();
    const { document } = await uploaded({ token, content: '# Title\n\nText.\n', filename: 'a.md' });
    const path = `/v1/documents/${document.id}?permanent=true`;
    const { answer, left } = await watched(admin, { path, method: 'DELETE', token });
    expect(left).toMatchObject([{ action: 'deleteDocument', outcome: 'succeeded' }]);
    const { job } = answer.body;
    expect((await jobEnd(token, job.id)).status).toBe('succeeded');
    const byJob = await entries(admin, { objectId: document.id, action: 'job.deleteDocument' });
    expect(byJob).toMatchObject([
      {
        actorType: 'job',
        actorId: user.id,
        credentialId: job.id,
        outcome: 'succeeded',
        details: { removed: 1 },
        requestId: answer.headers.get('x-request-id'),
      },
    ]);
  });

  it('leave one for what they mend, and sweeps for what they have swept away', async () => {
    const { user, token } = await newUser();
    const { body: job } = await call('/v1/maintenance/reconcile', { method: 'POST', token });
    await jobEnd(token, job.id);
    expect(await entries(admin, { actorId: user.id, action: 'job.reconcileLibrary' })).toMatchObject([
      { actorType: 'job', credentialId: job.id, details: { problemCount: 0 } },
    ]);
    const headers = { 'idempotency-key': crypto.randomUUID() };
    await call('/v1/tags', { token, headers, body: { name: 'Kept for a day' } });
    await rawDatabase().prepare('update idempotency_keys set expires_at = 1 where owner_id = ?').bind(user.id).run();
    await rawDatabase().prepare('update verifications set expires_at = 1 where user_id = ?').bind(user.id).run();
    for (let i = 0; i < 2; i++) await tick();
    const swept = await entries(admin, { actionPrefix: 'sweep.' });
    expect(swept.map(({ action }) => action).sort()).toEqual(['sweep.expiredIdempotencyKeys', 'sweep.expiredTokens']);
    for (const entry of swept) {
      expect(entry).toMatchObject({ actorType: 'job', actorId: null, details: { removed: 1 } });
    }
  });
});

describe('what is never in an entry', () => {
  it('is anything that people wrote, or that opens something', async () => {
    const mark = `zebra${crypto.randomUUID().slice(0, 8)}`;
    const person = await newUser({ email: `${mark}@example.com`, username: mark, fullName: `${mark} Lovelace` });
    const { user, token, password, refreshToken } = person;
    const headers = { 'user-agent': `${mark} ${token}`, 'cf-connecting-ip': anAddress(), 'if-match': `"${mark}"` };
    const send = (path: string, body: unknown, method = 'POST') => call(path, { token, headers, body, method });
    await send('/v1/auth/login', { identifier: user.email, password: `${mark} wrong` });
    await send('/v1/auth/login', { identifier: `${mark}-nobody`, password: `${mark} wrong` });
    await send('/v1/auth/password/forgot', { email: user.email });
    await send('/v1/auth/password/forgot', { email: `${mark}-nobody@example.com` });
    await send('/v1/auth/email/verify', { token: await mailedToken(user.email, 'cpv_') });
    const { key } = await newApiKey({ token }, ['documents:write']);
    const fields = { tags: mark, title: mark, metadata: JSON.stringify({ [mark]: mark }) };
    const { document } = await uploaded({
      token,
      content: `# ${mark}\n\n${mark} sleeps.\n`,
      filename: `${mark}.md`,
      fields,
    });
    await send(`/v1/documents/${document.id}`, { title: mark }, 'PATCH');
    await send(`/v1/documents/${mark}`, { title: mark }, 'PATCH');
    await send('/v1/tags', { name: mark });
    await send('/v1/collections', { name: mark, description: mark });
    await send('/v1/auth/refresh', { refreshToken });
    const { results } = await rawDatabase().prepare('/* test */ select * from audit_logs').all();
    const log = JSON.stringify(results);
    expect(log).toContain(user.id);
    expect(log).toContain(document.id);
    const address = headers['cf-connecting-ip'];
    for (const secret of [mark, password, token, refreshToken, key, `"${address}"`]) expect(log).not.toContain(secret);
  });
});
