import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { newAdmin, newApiKey, newUser, type TestUser } from './support/actors.ts';
import { type Call, call } from './support/app.ts';
import { roundTrips } from './support/costs.ts';
import { tick } from './support/cron.ts';

type Pressure = {
  userId: string | null;
  apiKeyId: string | null;
  addressHash: string | null;
  policy: string;
  quota: number;
  remaining: number;
  refusals: number;
  refusedAt: string | null;
};
type Lockout = {
  id: string;
  secret: string;
  userId: string | null;
  addressHash: string | null;
  lockedUntil: string;
  refusals: number;
};
type RateLimits = {
  limits: { requestsPerMinute: { user: number }; lockout: { attemptsPerAccount: number } };
  overrides: {
    users: { id: string; requestsPerMinute: number | null; requestsPerHour: number | null }[];
    apiKeys: { id: string; userId: string; requestsPerMinute: number | null }[];
  };
  pressure: Pressure[];
  lockouts: Lockout[];
};
type Problem = { code: string };

let admin: TestUser;

const isolate = (variables: Record<string, unknown>): typeof env => ({ ...env, ...variables });
const anAddress = () => `198.51.100.7-${crypto.randomUUID()}`;
const many = <T>(count: number, make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));
const me = (token: string, options: Call = {}) => call<Problem>('/v1/me', { token, ...options });

const ask = <T>(path: string, options: Call = {}) =>
  call<T & Problem>(`/v1/admin${path}`, { token: admin.token, ...options });
const limits = async () => (await ask<RateLimits>('/rate-limits')).body;
const change = (body: unknown, options: Call = {}) => ask('/rate-limits', { method: 'PATCH', body, ...options });
const set = (key: string, value: unknown) => ask(`/settings/${key}`, { method: 'PATCH', body: { value } });
const reset = (key: string) => ask(`/settings/${key}`, { method: 'DELETE' });
const pressureOn = async (userId: string) => (await limits()).pressure.filter((entry) => entry.userId === userId);
const lockoutsOf = async (userId: string) => (await limits()).lockouts.filter((entry) => entry.userId === userId);

/** Lets the given time pass for everybody. */
function pass(milliseconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + milliseconds });
}

beforeAll(async () => {
  admin = await newAdmin();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('the limit of an hour', () => {
  const HOURLY = { REQUESTS_PER_MINUTE_PER_USER: '4', REQUESTS_PER_HOUR_PER_USER: '6' };
  const statuses = async (token: string, { count, bindings }: { count: number; bindings: typeof env }) => {
    const seen = [];
    for (let index = 0; index < count; index++) seen.push((await me(token, { bindings })).status);
    return seen;
  };

  it('stands beside that of a minute, slides, and both are shown', async () => {
    const { key: token } = await newApiKey(await newUser(), ['account:read']);
    const bindings = isolate(HOURLY);
    const first = await me(token, { bindings });
    expect(first.headers.get('ratelimit-policy')).toBe('"default";q=4;w=60, "hourly";q=6;w=3600');
    expect(first.headers.get('ratelimit')).toMatch(/^"default";r=3;t=\d+, "hourly";r=5;t=\d+$/);
    expect(await statuses(token, { count: 4, bindings })).toEqual([200, 200, 200, 429]);
    pass(60_000);
    expect(await statuses(token, { count: 3, bindings })).toEqual([200, 200, 429]);
    pass(60_000);
    const refused = await me(token, { bindings });
    expect([refused.status, refused.headers.get('ratelimit')]).toEqual([
      429,
      expect.stringMatching(/^"default";r=4;t=0, "hourly";r=0;t=\d+$/),
    ]);
    const waitSeconds = Number(refused.headers.get('retry-after'));
    expect(waitSeconds).toBeGreaterThan(57 * 60);
    expect(waitSeconds).toBeLessThanOrEqual(60 * 60);
    pass(waitSeconds * 1000);
    expect(await statuses(token, { count: 5, bindings })).toEqual([200, 200, 200, 200, 429]);
  });

  it('holds without one of a minute, for addresses, and over isolates', async () => {
    const headers = { 'cf-connecting-ip': anAddress() };
    const isolates = [1, 2].map(() => isolate({ REQUESTS_PER_HOUR_PER_ADDRESS: '10' }));
    const answers = await many(30, (index) => {
      const bindings = isolates[index % 2];
      return call('/v1/me', { headers, ...(bindings && { bindings }) });
    });
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(20);
    expect(answers[0]?.headers.get('ratelimit-policy')).toBe('"hourly";q=10;w=3600');
  });

  it('outlives its object in memory, and is swept away when it is over', async () => {
    const { user, token } = await newUser();
    const object = env.RATE_LIMITER.get(env.RATE_LIMITER.idFromName(`user:${user.id}`));
    const stored = () => runInDurableObject(object, (_, { storage }) => storage.list().then(({ size }) => size));
    expect(await statuses(token, { count: 2, bindings: isolate(HOURLY) })).toEqual([200, 200]);
    await evictDurableObject(object);
    const { headers } = await me(token, { bindings: isolate(HOURLY) });
    expect(headers.get('ratelimit')).toMatch(/"hourly";r=3;/);
    // An alarm for the bucket leaves the window alone.
    expect(await runDurableObjectAlarm(object)).toBe(true);
    expect(await stored()).toBe(1);
    pass(62 * 60_000);
    expect(await runDurableObjectAlarm(object)).toBe(true);
    expect(await stored()).toBe(0);
  });

  it('is not used up by who comes seldom: blocks begin with one call', async () => {
    const { token } = await newUser();
    const bindings = isolate({ REQUESTS_PER_MINUTE_PER_USER: '5000', REQUESTS_PER_HOUR_PER_USER: '10000' });
    for (const left of [9999, 9998, 9997]) {
      const { headers } = await me(token, { bindings });
      expect(headers.get('ratelimit')).toContain(`"hourly";r=${left};`);
      pass(31_000);
    }
  });
});

describe('limits that are changed', () => {
  it('for everybody hold at once here, and within 30 seconds elsewhere', async () => {
    const { token } = await newUser();
    const elsewhere = isolate({});
    expect((await me(token)).headers.get('ratelimit-policy')).toBeNull();
    expect((await me(token, { bindings: elsewhere })).headers.get('ratelimit-policy')).toBeNull();
    await set('requestsPerMinutePerUser', 50);
    expect((await limits()).limits.requestsPerMinute.user).toBe(50);
    expect((await me(token)).headers.get('ratelimit-policy')).toBe('"default";q=50;w=60');
    pass(30_000);
    expect((await me(token, { bindings: elsewhere })).headers.get('ratelimit-policy')).toBe('"default";q=50;w=60');
    await set('requestsPerMinutePerUser', 80);
    const { headers } = await me(token);
    expect(headers.get('ratelimit')).toMatch(/^"default";r=\d+;/);
    expect(headers.get('ratelimit-policy')).toBe('"default";q=80;w=60');
    await reset('requestsPerMinutePerUser');
    expect((await me(token)).headers.get('ratelimit-policy')).toBeNull();
  });

  it('for one user or key hold for them only, until they are taken back', async () => {
    const [one, other] = await Promise.all([newUser(), newUser()]);
    const { id, key } = await newApiKey(one, ['account:read']);
    const policy = async (token: string) => (await me(token)).headers.get('ratelimit-policy');
    expect(await policy(one.token)).toBeNull();
    const given = await change({
      users: [{ id: one.user.id, requestsPerMinute: 30, requestsPerHour: 300 }],
      apiKeys: [{ id, requestsPerMinute: 7 }],
    });
    expect(given.status).toBe(204);
    expect(await policy(one.token)).toBe('"default";q=30;w=60, "hourly";q=300;w=3600');
    expect(await policy(key)).toBe('"default";q=30;w=60, "hourly";q=300;w=3600, "key";q=7;w=60');
    expect(await policy(other.token)).toBeNull();
    expect((await limits()).overrides).toEqual({
      users: [{ id: one.user.id, requestsPerMinute: 30, requestsPerHour: 300 }],
      apiKeys: [{ id, userId: one.user.id, requestsPerMinute: 7 }],
    });
    expect((await ask(`/users/${one.user.id}`)).body).toMatchObject({ requestsPerMinute: 30, requestsPerHour: 300 });

    const bindings = isolate({ REQUESTS_PER_MINUTE_PER_USER: '5' });
    expect((await me(one.token, { bindings })).headers.get('ratelimit-policy')).toContain('"default";q=30;w=60');
    await change({ users: [{ id: one.user.id, requestsPerMinute: 0, requestsPerHour: null }] });
    expect(await policy(one.token)).toBeNull();
    await change({ users: [{ id: one.user.id, requestsPerMinute: null }], apiKeys: [{ id, requestsPerMinute: null }] });
    expect(await policy(key)).toBeNull();
    expect((await limits()).overrides).toEqual({ users: [], apiKeys: [] });
  });

  it('are given to all, or to none if one is not there', async () => {
    const { user } = await newUser();
    const nobody = crypto.randomUUID();
    const known = { id: user.id, requestsPerMinute: 5 };
    for (const body of [
      { users: [known, { id: nobody, requestsPerMinute: 5 }] },
      { users: [known], apiKeys: [{ id: nobody, requestsPerMinute: 5 }] },
    ]) {
      const answer = await change(body);
      expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
    }
    expect((await limits()).overrides.users).toEqual([]);
  });

  it.each([
    [{ users: [{ id: 'x' }] }],
    [{ users: [{ id: crypto.randomUUID(), requestsPerMinute: -1 }] }],
    [{ users: [{ id: crypto.randomUUID(), requestsPerMinute: 1_000_001 }] }],
    [{ apiKeys: [{ id: crypto.randomUUID(), requestsPerMinute: 0 }] }],
    [{ apiKeys: [{ id: crypto.randomUUID() }] }],
    [{ addresses: [] }],
    [{ users: Array.from({ length: 41 }, () => ({ id: crypto.randomUUID() })) }],
  ])('cannot be %j', async (body) => {
    expect((await change(body)).status).toBe(422);
  });

  it('take one round trip, and to be seen another', async () => {
    const { user } = await newUser();
    await limits();
    expect(roundTrips(await change({ users: [{ id: user.id, requestsPerMinute: 5 }] }))).toBe(1);
    expect(roundTrips(await ask('/rate-limits'))).toBe(1);
    await change({ users: [{ id: user.id, requestsPerMinute: null }] });
  });
});

describe('who is near or over a limit', () => {
  const bindings = isolate({ REQUESTS_PER_MINUTE_PER_USER: '20', REQUESTS_PER_MINUTE_PER_ADDRESS: '2' });

  it('is seen by administrators, with refusals counted', async () => {
    const { user, token } = await newUser();
    await many(10, () => me(token, { bindings }));
    expect(await pressureOn(user.id)).toEqual([]);
    await many(9, () => me(token, { bindings }));
    expect(await pressureOn(user.id)).toMatchObject([
      { policy: 'default', quota: 20, refusals: 0, refusedAt: null, apiKeyId: null, addressHash: null },
    ]);
    await many(10, () => me(token, { bindings }));
    const [over] = await pressureOn(user.id);
    expect(over).toMatchObject({ remaining: 0, refusedAt: expect.any(String) });
    expect(over?.refusals).toBeGreaterThan(0);
    pass(10_000);
    await many(10, () => me(token, { bindings }));
    // Those that the first note left out, and the first of now.
    expect((await pressureOn(user.id))[0]?.refusals).toBe(9 + 1);
  });

  it('is seen of keys and addresses, too', async () => {
    const owner = await newUser();
    const { id, key } = await newApiKey(owner, ['account:read']);
    const slow = isolate({ REQUESTS_PER_MINUTE_PER_KEY: '1' });
    await me(key, { bindings: slow });
    await me(key, { bindings: slow });
    expect(await pressureOn(owner.user.id)).toMatchObject([{ apiKeyId: id, policy: 'key', quota: 1, refusals: 1 }]);
    const headers = { 'cf-connecting-ip': anAddress() };
    for (let index = 0; index < 3; index++) await call('/v1/me', { headers, bindings });
    const addresses = (await limits()).pressure.filter(({ addressHash, quota }) => addressHash !== null && quota === 2);
    expect(addresses).toMatchObject([
      { userId: null, quota: 2, refusals: 1, addressHash: expect.stringMatching(/^[\da-f]{64}$/) },
    ]);
    expect(JSON.stringify(await limits())).not.toContain(headers['cf-connecting-ip']);
  });

  it('is forgotten after a while, and with the account', async () => {
    const [one, other] = await Promise.all([newUser(), newUser()]);
    for (const { token } of [one, other]) await many(21, () => me(token, { bindings }));
    await env.DB.prepare('delete from users where id = ?').bind(other.user.id).run();
    expect(await pressureOn(other.user.id)).toEqual([]);
    const rows = () => env.DB.prepare('select subject from limit_events where user_id = ?').bind(one.user.id).all();
    pass(61 * 60_000);
    admin = await newAdmin();
    expect(await pressureOn(one.user.id)).toEqual([]);
    await tick();
    expect((await rows()).results).toHaveLength(1);
    pass(24 * 60 * 60_000);
    await tick();
    expect((await rows()).results).toEqual([]);
    vi.useRealTimers();
    admin = await newAdmin();
  });
});

describe('who is locked out', () => {
  const login = (identifier: string, password: string, options: Call = {}) =>
    call<Problem>('/v1/auth/login', { body: { identifier, password }, ...options });
  const fail = (identifier: string, count: number, options: Call = {}) =>
    many(count, () => login(identifier, 'a wrong guess', options));

  it('is seen, and unlocked, by an administrator', async () => {
    const { user, password } = await newUser();
    await fail(user.email, 12);
    expect((await login(user.email, password)).body.code).toBe('too_many_attempts');
    const [lockout] = await lockoutsOf(user.id);
    expect(lockout).toMatchObject({ secret: 'login', addressHash: null, id: expect.stringMatching(/^login:account:/) });
    expect(lockout?.refusals).toBeGreaterThan(0);
    expect(Date.parse(lockout?.lockedUntil ?? '') - Date.now()).toBeGreaterThan(50_000);

    const path = `/rate-limits/lockouts/${lockout?.id}`;
    expect((await ask(path, { method: 'DELETE' })).status).toBe(204);
    expect(await lockoutsOf(user.id)).toEqual([]);
    expect((await login(user.email, password)).status).toBe(200);
    expect((await ask(path, { method: 'DELETE' })).status).toBe(404);
  });

  it('may be an address, known by its hash', async () => {
    await set('lockoutAttemptsPerAddress', 3);
    const headers = { 'cf-connecting-ip': anAddress() };
    for (let index = 0; index < 4; index++) await login(`nobody-${crypto.randomUUID()}`, 'x', { headers });
    const [lockout] = (await limits()).lockouts.filter(({ addressHash }) => addressHash !== null);
    expect(lockout).toMatchObject({ secret: 'login', userId: null, refusals: 1 });
    expect((await ask(`/rate-limits/lockouts/${lockout?.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await login(`nobody-${crypto.randomUUID()}`, 'x', { headers })).status).toBe(401);
    await reset('lockoutAttemptsPerAddress');
  });

  it('is nobody who was right in the end', async () => {
    const { user, password, token } = await newUser();
    await fail(user.username, 9);
    expect((await login(user.username, password)).status).toBe(200);
    expect(await lockoutsOf(user.id)).toEqual([]);
    const change = (currentPassword: string) =>
      call('/v1/auth/password/change', { token, body: { currentPassword, newPassword: 'Another horse 77!' } });
    await many(11, () => change('a wrong guess'));
    expect(await lockoutsOf(user.id)).toMatchObject([{ secret: 'password' }]);
  });

  it('is so after as many attempts, and for as long, as the settings say', async () => {
    await set('lockoutAttemptsPerAccount', 3);
    await set('lockoutFirstWaitSeconds', 10);
    await set('lockoutLongestWaitSeconds', 15);
    expect((await limits()).limits.lockout).toMatchObject({ attemptsPerAccount: 3, firstWaitSeconds: 10 });
    const identifier = `nobody-${crypto.randomUUID()}`;
    const waits = [];
    const answers = await fail(identifier, 20);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(3);
    for (const seconds of [0, 10, 15]) {
      pass(seconds * 1000);
      if (seconds > 0) expect((await login(identifier, 'x')).status).toBe(401);
      waits.push(Number((await login(identifier, 'x')).headers.get('retry-after')));
    }
    expect(waits).toEqual([10, 15, 15]);
    vi.useRealTimers();
    for (const key of ['AttemptsPerAccount', 'FirstWaitSeconds', 'LongestWaitSeconds']) await reset(`lockout${key}`);
  });

  it.each(['x', 'login:account:', `login:nobody:${'a'.repeat(64)}`, `login:account:${'A'.repeat(64)}`, '..%2F'])(
    'is not known by %s',
    async (id) => {
      expect((await ask(`/rate-limits/lockouts/${id}`, { method: 'DELETE' })).status).toBe(422);
    },
  );
});
