import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { newAdmin, newApiKey, newUser, type TestUser } from './support/actors.ts';
import { type Call, call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';
import { unrecorded } from './support/statement-recorder.ts';

type Setting = {
  key: string;
  value: unknown;
  default: unknown;
  isDefault: boolean;
  unit: string | null;
  version: number;
  updatedBy: string | null;
  updatedAt: string | null;
};
type Problem = { code: string; errors?: { path: string; message: string }[] };

let admin: TestUser;

/** Another isolate of the Worker. */
const isolate = (variables: Record<string, unknown> = {}): typeof env => ({ ...env, ...variables });

const ask = <T = Setting>(path: string, options: Call = {}) =>
  call<T & Problem>(`/v1/admin/settings${path}`, { token: admin.token, ...options });
const set = (key: string, value: unknown, options: Call = {}) =>
  ask(`/${key}`, { method: 'PATCH', body: { value }, ...options });
const reset = (key: string, options: Call = {}) => ask(`/${key}`, { method: 'DELETE', ...options });

/** Lets the given time pass for everybody. */
function pass(milliseconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + milliseconds });
}

const register = ({ password = `Pw-${crypto.randomUUID()}`, ...options }: Call & { password?: string } = {}) => {
  const username = `user-${crypto.randomUUID().slice(0, 13)}`;
  const body = { email: `${username}@example.com`, username, password };
  return call<Problem>('/v1/auth/register', { body, ...options });
};

beforeAll(async () => {
  admin = await newAdmin();
});

beforeEach(async () => {
  const { body } = await ask<{ items: Setting[] }>('');
  for (const { key } of body.items.filter(({ isDefault }) => !isDefault)) await reset(key);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('a setting', () => {
  it('is seen, changed and reset by an administrator', async () => {
    const { body, status } = await ask<{ items: Setting[] }>('');
    expect(status).toBe(200);
    expect(body.items.length).toBeGreaterThan(15);
    expect(body.items).toContainEqual(
      expect.objectContaining({ key: 'registrationOpen', value: true, default: true, isDefault: true, unit: null }),
    );

    const changed = await set('passwordMinScore', 70);
    expect(changed.status).toBe(200);
    const { version } = changed.body;
    expect(changed.body).toMatchObject({
      key: 'passwordMinScore',
      value: 70,
      default: 29,
      isDefault: false,
      unit: 'points',
      updatedBy: admin.user.id,
      updatedAt: expect.any(String),
    });
    expect(changed.headers.get('etag')).toBe(`"${version}"`);
    expect((await ask('/passwordMinScore')).body).toEqual(changed.body);
    expect((await ask<{ items: Setting[] }>('')).body.items).toContainEqual(changed.body);

    const back = await reset('passwordMinScore');
    expect([back.status, back.body.value, back.body.isDefault]).toEqual([200, 29, true]);
    expect(back.body.version).toBe(version + 1);
    expect((await ask('/passwordMinScore')).body).toEqual(back.body);
  });

  it('that was never changed has version 0, and keeps count over resets', async () => {
    const first = await ask('/invitationSeconds');
    expect([first.headers.get('etag'), first.body.version, first.body.updatedBy]).toEqual(['"0"', 0, null]);
    expect((await set('invitationSeconds', 7200, { headers: { 'if-match': '"0"' } })).body.version).toBe(1);
    const stale = await set('invitationSeconds', 9999, { headers: { 'if-match': '"0"' } });
    expect([stale.status, stale.body.code]).toEqual([412, 'stale_version']);
    expect((await reset('invitationSeconds', { headers: { 'if-match': '"0"' } })).status).toBe(412);
    expect((await reset('invitationSeconds', { headers: { 'if-match': '"1"' } })).body.version).toBe(2);
    const inBody = { method: 'PATCH', body: { value: 3600, version: 1 } };
    expect((await ask('/invitationSeconds', inBody)).status).toBe(412);
    expect((await ask('/invitationSeconds')).body).toMatchObject({ version: 2, isDefault: true });
  });

  it('is changed by one of two who have read the same', async () => {
    const { headers } = await ask('/maxUploadBytes');
    const tag = headers.get('etag') ?? '';
    const answers = await Promise.all(
      [1_000_001, 1_000_002].map((value) => set('maxUploadBytes', value, { headers: { 'if-match': tag } })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    const winner = answers.find(({ status }) => status === 200);
    expect((await ask('/maxUploadBytes')).body.value).toBe(winner?.body.value);
  });

  it.each([
    ['passwordMinScore', 101],
    ['passwordMinScore', -1],
    ['passwordMinScore', 1.5],
    ['passwordMinScore', true],
    ['passwordMinScore', '50'],
    ['registrationOpen', 'true'],
    ['registrationOpen', 1],
    ['requestsPerMinutePerUser', 1_000_001],
    ['accessTokenSeconds', 1],
  ])('%s cannot be %s', async (key, value) => {
    const before = await ask(`/${key}`);
    const answer = await set(key, value);
    expect([answer.status, answer.body.code]).toEqual([422, 'invalid_fields']);
    expect(answer.body.errors).toEqual([{ path: 'value', message: expect.any(String) }]);
    expect((await ask(`/${key}`)).body).toEqual(before.body);
  });

  it.each([
    ['GET', 'ENVIRONMENT'],
    ['PATCH', 'environment'],
    ['DELETE', '__proto__'],
    ['GET', 'constructor'],
  ])('%s %s is none', async (method, key) => {
    const body = method === 'PATCH' ? { value: 1 } : undefined;
    const answer = await ask(`/${key}`, { method, ...(body && { body }) });
    expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
  });

  it('is no business of users, nor of an administrator who is none any more', async () => {
    const user = await newUser();
    expect((await ask('', { token: user.token })).status).toBe(403);
    const former = await newAdmin();
    const { key } = await newApiKey(former, ['admin']);
    expect((await ask('', { token: key })).status).toBe(200);
    await env.DB.prepare("update users set role = 'user' where id = ?").bind(former.user.id).run();
    for (const token of [former.token, key]) {
      // This isolate still trusts the credentials for a moment, as far as reading goes.
      const refused = await set('passwordMinScore', 1, { token });
      expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
    }
    expect((await ask('/passwordMinScore')).body.value).toBe(29);
  });

  it('survives who changed it', async () => {
    const other = await newAdmin();
    await set('passwordMinScore', 31, { token: other.token });
    await env.DB.prepare('delete from users where id = ?').bind(other.user.id).run();
    expect((await ask('/passwordMinScore')).body).toMatchObject({ value: 31, updatedBy: null });
  });
});

describe('a changed setting', () => {
  it('takes effect at once where it was changed', async () => {
    await set('registrationOpen', false);
    const refused = await register();
    expect([refused.status, refused.body.code]).toEqual([403, 'registration_closed']);
    await reset('registrationOpen');
    expect((await register()).status).toBe(201);

    await set('passwordMinScore', 100);
    const password = 'correct horse';
    expect((await register({ password })).body.code).toBe('weak_password');
    await set('passwordMinScore', 10);
    expect((await register({ password })).status).toBe(201);
  });

  it('governs what is made from now on', async () => {
    await set('accessTokenSeconds', 120);
    const { user, password } = await newUser();
    const { body } = await call('/v1/auth/login', { body: { identifier: user.username, password } });
    const lifetime = Date.parse(body.session.accessTokenExpiresAt) - Date.now();
    expect(lifetime).toBeGreaterThan(100_000);
    expect(lifetime).toBeLessThanOrEqual(120_000);
  });

  it('takes effect everywhere within 30 seconds, and not a request later', async () => {
    const elsewhere = isolate();
    expect((await register({ bindings: elsewhere })).status).toBe(201);
    await set('registrationOpen', false);
    expect((await register({ bindings: elsewhere })).status).toBe(201);
    pass(30_000);
    expect((await register({ bindings: elsewhere })).status).toBe(403);
  });

  it('is read again in the background while there is traffic', async () => {
    const elsewhere = isolate();
    await register({ bindings: elsewhere });
    await set('registrationOpen', false);
    pass(15_000);
    expect((await register({ bindings: elsewhere })).status).toBe(201);
    expect((await register({ bindings: elsewhere })).status).toBe(403);
  });

  it('holds from the first request of an isolate', async () => {
    await set('registrationOpen', false);
    expect((await register({ bindings: isolate() })).status).toBe(403);
  });

  it('that a later version does not allow is left out', async () => {
    await set('passwordMinScore', 70);
    await env.DB.prepare("update system_settings set value = '900', version = version + 1 where key = ?")
      .bind('passwordMinScore')
      .run();
    expect((await register({ bindings: isolate() })).status).toBe(201);
    expect((await ask('/passwordMinScore')).body).toMatchObject({ value: 29, isDefault: true });
  });
});

describe('reading the settings', () => {
  /** Counts the calls that read settings, and makes them fail on demand. */
  function watch() {
    const seen = { reads: 0 };
    let isBroken = false;
    const database = unrecorded(env.DB);
    const watched = (session: D1DatabaseSession) => ({
      prepare(sql: string) {
        if (!/system_settings/.test(sql)) return session.prepare(sql);
        seen.reads += 1;
        return session.prepare(isBroken ? 'select * from nowhere where ? = ?' : sql);
      },
      batch: session.batch.bind(session),
      getBookmark: () => session.getBookmark(),
    });
    const DB = new Proxy(database, {
      get: (_, name) => (name === 'withSession' ? (at?: string) => watched(database.withSession(at)) : undefined),
    });
    const breakdown = (begins: boolean) => {
      isBroken = begins;
    };
    return { seen, bindings: isolate({ DB }), breakdown };
  }

  it('costs a request nothing', async () => {
    const { token } = await newUser();
    const { seen, bindings } = watch();
    const me = () => call('/v1/me', { token, bindings });
    // The first one checks the credential, reads the account, and beside them the settings.
    expect(roundTrips(await me())).toBe(2);
    expect(seen.reads).toBe(1);
    for (let index = 0; index < 5; index++) expect(roundTrips(await me())).toBe(1);
    expect(seen.reads).toBe(1);
    pass(15_000);
    const answers = await Promise.all([me(), me(), me(), me()]);
    expect(answers.map(roundTrips)).toEqual([1, 1, 1, 1]);
    expect(seen.reads).toBe(2);
  });

  it('is seen in Server-Timing when a request has waited for it', async () => {
    const { bindings } = watch();
    const strength = () => call('/v1/auth/password/strength', { body: { password: 'x' }, bindings });
    expect((await strength()).headers.get('server-timing')).toMatch(/settings;dur=/);
    expect((await strength()).headers.get('server-timing')).not.toMatch(/settings;dur=/);
  });

  it('that fails leaves what is known in force, and is tried again', async () => {
    await set('registrationOpen', false);
    const { seen, bindings, breakdown } = watch();
    expect((await register({ bindings })).status).toBe(403);
    await reset('registrationOpen');
    breakdown(true);
    pass(40_000);
    expect((await register({ bindings })).status).toBe(403);
    expect((await register({ bindings })).status).toBe(403);
    expect(seen.reads).toBe(2);
    breakdown(false);
    pass(5_000);
    expect((await register({ bindings })).status).toBe(201);
  });

  it('that fails at first lets nobody in by a default', async () => {
    const { token } = await newUser();
    await set('registrationOpen', false);
    const { bindings, breakdown } = watch();
    breakdown(true);
    const refused = await register({ bindings });
    expect([refused.status, refused.body.code, refused.headers.get('retry-after')]).toEqual([503, 'unavailable', '2']);
    expect((await call('/v1/me', { token, bindings })).status).toBe(503);
    breakdown(false);
    expect((await call('/v1/me', { token, bindings })).status).toBe(200);
    expect((await register({ bindings })).status).toBe(403);
  });

  it('is not waited for by who asks whether the service is alive', async () => {
    const { seen, bindings } = watch();
    expect((await call('/health', { bindings })).status).toBe(200);
    expect(seen.reads).toBe(0);
  });
});
