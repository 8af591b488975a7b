import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { subjectHash } from '../src/limit-objects/subject.ts';
import { newApiKey, newUser } from './support/actors.ts';
import { type Call, call } from './support/app.ts';

/**
 * How often a wrong password was hashed. The hash is a built-in that cannot be watched itself; the first thing that is
 * done for it, and for nothing else, is to bring the password into its normal form.
 */
function watchHashing(): () => number {
  const normalize = vi.spyOn(String.prototype, 'normalize');
  return () => normalize.mock.contexts.filter((text) => String(text).startsWith(GUESS)).length;
}

const GUESS = 'guess ';

type Problem = { code: string; status: number };

/** Another isolate of the Worker, with these variables. */
const isolate = (variables: Record<string, unknown>): typeof env => ({ ...env, ...variables });
const many = <T>(count: number, make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));
const countOf = (answers: { status: number }[], status: number) =>
  answers.filter((answer) => answer.status === status).length;
const anAddress = () => `198.51.100.7-${crypto.randomUUID()}`;
const seconds = (headers: Headers) => Number(headers.get('retry-after'));

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Lets the given time pass for everybody. */
function pass(milliseconds: number): void {
  const now = Date.now();
  vi.useFakeTimers({ toFake: ['Date'], now: now + milliseconds });
}

describe('the limit of a user', () => {
  it('is shown on every answer, and holds', async () => {
    const { token } = await newUser();
    const bindings = isolate({ REQUESTS_PER_MINUTE_PER_USER: '5' });
    for (const left of [4, 3, 2, 1, 0]) {
      const { status, headers } = await call('/v1/me', { token, bindings });
      expect(status).toBe(200);
      expect(headers.get('ratelimit-policy')).toBe('"default";q=5;w=60');
      expect(headers.get('ratelimit')).toMatch(new RegExp(`^"default";r=${left};t=\\d+$`));
    }
    const refused = await call<Problem>('/v1/me', { token, bindings });
    expect(refused.body).toMatchObject({ status: 429, code: 'rate_limited' });
    expect(seconds(refused.headers)).toBeGreaterThan(0);
    expect(seconds(refused.headers)).toBeLessThanOrEqual(12);
    expect(refused.headers.get('ratelimit')).toMatch(/^"default";r=0;t=\d+$/);

    const other = await newUser();
    expect((await call('/v1/me', { token: other.token, bindings })).status).toBe(200);

    pass(12_000);
    expect((await call('/v1/me', { token, bindings })).status).toBe(200);
    expect((await call('/v1/me', { token, bindings })).status).toBe(429);
  });

  it('is one for all sessions and isolates, however many calls come at once', async () => {
    const { token } = await newUser();
    const isolates = [1, 2, 3].map(() => isolate({ REQUESTS_PER_MINUTE_PER_USER: '20' }));
    const answers = await many(60, (index) => {
      const bindings = isolates[index % isolates.length];
      return call('/v1/me', { token, ...(bindings && { bindings }) });
    });
    expect(countOf(answers, 200)).toBe(20);
    expect(countOf(answers, 429)).toBe(40);
  });

  it('counts what the scope refuses, too', async () => {
    const { key } = await newApiKey(await newUser(), ['tags:read']);
    const bindings = isolate({ REQUESTS_PER_MINUTE_PER_USER: '2' });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await call('/v1/me', { token: key, bindings })).status);
    expect(statuses).toEqual([403, 403, 429]);
  });

  it('is off unless it is configured', async () => {
    const { token } = await newUser();
    const { headers } = await call('/v1/me', { token });
    expect([headers.get('ratelimit'), headers.get('ratelimit-policy')]).toEqual([null, null]);
  });

  it('costs a call to its object for one request in many, and lets no more through for it', async () => {
    const { token } = await newUser();
    let calls = 0;
    const counting = (namespace: typeof env.RATE_LIMITER) =>
      new Proxy(namespace, {
        get(target, property) {
          if (property === 'get') calls += 1;
          const value: unknown = Reflect.get(target, property);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    const variables = { REQUESTS_PER_MINUTE_PER_USER: '300', RATE_LIMITER: counting(env.RATE_LIMITER) };
    const isolates = [isolate(variables), isolate(variables)];
    const start = Date.now();
    let allowed = 0;
    for (let index = 0; index < 360; index++) {
      const bindings = isolates[index % 2];
      const { status } = await call('/v1/me', { token, ...(bindings && { bindings }) });
      if (status === 200) allowed += 1;
    }
    const refilled = ((Date.now() - start) / 60_000) * 300;
    expect(allowed).toBeGreaterThanOrEqual(300);
    expect(allowed).toBeLessThanOrEqual(300 + Math.ceil(refilled));
    expect(calls).toBeLessThanOrEqual(360 / 5);
  });

  it('does not end the service when it cannot be counted', async () => {
    const { token } = await newUser();
    const broken = {
      ...env.RATE_LIMITER,
      idFromName: () => ({}),
      get: () => ({ take: () => Promise.reject(new Error('down')) }),
    };
    const bindings = isolate({ REQUESTS_PER_MINUTE_PER_USER: '1', RATE_LIMITER: broken });
    for (let i = 0; i < 3; i++) expect((await call('/v1/me', { token, bindings })).status).toBe(200);
  });

  it('survives the object in memory, and leaves nothing behind', async () => {
    const { user, token } = await newUser();
    const variables = { REQUESTS_PER_MINUTE_PER_USER: '4' };
    const object = env.RATE_LIMITER.get(env.RATE_LIMITER.idFromName(`user:${user.id}`));
    const stored = () => runInDurableObject(object, (_, { storage }) => storage.list().then(({ size }) => size));
    const statuses = async (count: number) => {
      const bindings = isolate(variables);
      const answers = [];
      for (let i = 0; i < count; i++) answers.push((await call('/v1/me', { token, bindings })).status);
      return answers;
    };
    await statuses(1);
    expect(await stored()).toBe(0);
    await statuses(2);
    expect(await stored()).toBe(1);
    await evictDurableObject(object);
    expect(await statuses(2)).toEqual([200, 429]);
    expect(await runDurableObjectAlarm(object)).toBe(true);
    expect(await stored()).toBe(0);
  });
});

describe('the limit of an API key', () => {
  it('can be its own, and is shown', async () => {
    const { token } = await newUser();
    const made = await call('/v1/api-keys', {
      token,
      body: { name: 'Slow', scopes: ['account:read', 'account:write'], requestsPerMinute: 3 },
    });
    expect([made.status, made.body.requestsPerMinute]).toEqual([201, 3]);
    expect((await call(`/v1/api-keys/${made.body.id}`, { token })).body.requestsPerMinute).toBe(3);
    const { key } = made.body;

    const faster = { name: 'Fast', scopes: ['account:read'], requestsPerMinute: 1000 };
    expect((await call('/v1/api-keys', { token: key, body: faster })).body.requestsPerMinute).toBe(3);
    const { requestsPerMinute: _, ...unlimited } = faster;
    expect((await call('/v1/api-keys', { token: key, body: unlimited })).body.requestsPerMinute).toBe(3);
    const last = await call('/v1/me', { token: key });
    expect([last.status, last.headers.get('ratelimit-policy')]).toEqual([200, '"key";q=3;w=60']);
    expect((await call('/v1/me', { token: key })).status).toBe(429);
    expect((await call('/v1/me', { token })).status).toBe(200);
  });

  it.each([0, -1, 1.5, 1_000_001, '5'])('cannot be %s', async (requestsPerMinute) => {
    const { token } = await newUser();
    const body = { name: 'k', scopes: ['account:read'], requestsPerMinute };
    expect((await call('/v1/api-keys', { token, body })).status).toBe(422);
  });

  it('stands beside that of its user, which it does not use up when it is over', async () => {
    const owner = await newUser();
    const { key } = await newApiKey(owner, ['account:read']);
    const bindings = isolate({ REQUESTS_PER_MINUTE_PER_USER: '5', REQUESTS_PER_MINUTE_PER_KEY: '2' });
    const first = await call('/v1/me', { token: key, bindings });
    expect(first.headers.get('ratelimit-policy')).toBe('"default";q=5;w=60, "key";q=2;w=60');
    expect(first.headers.get('ratelimit')).toMatch(/^"default";r=4;t=\d+, "key";r=1;t=\d+$/);
    const more = await many(10, () => call('/v1/me', { token: key, bindings }));
    expect(countOf(more, 200)).toBe(1);
    const own = await call('/v1/me', { token: owner.token, bindings });
    expect(own.headers.get('ratelimit')).toMatch(/^"default";r=2;/);
  });
});

describe('the limit of an address', () => {
  const bindings = isolate({ REQUESTS_PER_MINUTE_PER_ADDRESS: '3' });

  it('counts calls without a valid credential', async () => {
    const headers = { 'cf-connecting-ip': anAddress() };
    expect((await call('/v1/me', { headers, bindings })).status).toBe(401);
    expect((await call('/v1/me', { token: `cpa_${'A'.repeat(43)}`, headers, bindings })).status).toBe(401);
    const login = { body: { identifier: crypto.randomUUID(), password: 'x' }, headers, bindings };
    const third = await call('/v1/auth/login', login);
    expect([third.status, third.headers.get('ratelimit-policy')]).toEqual([401, '"default";q=3;w=60']);
    const fourth = await call<Problem>('/v1/auth/login', login);
    expect([fourth.status, fourth.body.code]).toEqual([429, 'rate_limited']);
    expect((await call('/v1/me', { headers, bindings })).status).toBe(429);
    const { token } = await newUser();
    expect((await call('/v1/me', { token, headers, bindings })).status).toBe(200);
    expect((await call('/health', { headers, bindings })).status).toBe(200);
    expect((await call('/v1/me', { headers: { 'cf-connecting-ip': anAddress() }, bindings })).status).toBe(401);
  });

  it('is nobody’s where no address is known', async () => {
    const answers = await many(5, () => call('/v1/me', { bindings }));
    expect(countOf(answers, 401)).toBe(5);
  });
});

describe('attempts at a password', () => {
  const login = (identifier: string, password: string, options: Call = {}) =>
    call<Problem>('/v1/auth/login', { body: { identifier, password }, ...options });
  const fail = (identifier: string, count: number, options: Call = {}) =>
    many(count, (index) => login(identifier, `${GUESS}${index}`, options));

  it.each([
    ['an account', async () => (await newUser()).user.username],
    ['an account that does not exist', async () => `nobody-${crypto.randomUUID()}`],
  ])('at %s: of 200 at once ten are looked at', async (_, name) => {
    const identifier = await name();
    const hashed = watchHashing();
    const answers = await fail(identifier, 200);
    expect(hashed()).toBe(10);
    expect([countOf(answers, 401), countOf(answers, 429)]).toEqual([10, 190]);
    const refused = answers.filter(({ status }) => status === 429);
    expect(new Set(refused.map(({ body }) => body.code))).toEqual(new Set(['too_many_attempts']));
    for (const { headers } of refused) {
      expect(seconds(headers)).toBeGreaterThan(50);
      expect(seconds(headers)).toBeLessThanOrEqual(60);
    }
    expect((await login(identifier.toUpperCase(), `${GUESS}x`)).status).toBe(429);
    expect(hashed()).toBe(10);
  });

  it('have to wait even for the right password, twice as long after each failure', async () => {
    const { user, password } = await newUser();
    await fail(user.username, 10);
    expect((await login(user.username, password)).status).toBe(429);
    pass(60_000);
    expect((await login(user.username, `${GUESS}x`)).status).toBe(401);
    expect(seconds((await login(user.username, password)).headers)).toBe(120);
    pass(120_000);
    expect((await login(user.username, password)).status).toBe(200);
    expect(countOf(await fail(user.username, 11), 401)).toBe(10);
  });

  it('are forgotten with a success', async () => {
    const { user, password } = await newUser();
    for (let round = 0; round < 3; round++) {
      expect(countOf(await fail(user.username, 9), 401)).toBe(9);
      expect((await login(user.username, password)).status).toBe(200);
    }
  });

  it('are a hundred from one address, whatever the accounts, and successes are none', async () => {
    const headers = { 'cf-connecting-ip': anAddress() };
    const { user, password } = await newUser();
    for (let i = 0; i < 3; i++) expect((await login(user.username, password, { headers })).status).toBe(200);
    const hashed = watchHashing();
    const answers = await many(130, () => login(`nobody-${crypto.randomUUID()}`, `${GUESS}x`, { headers }));
    expect([countOf(answers, 401), countOf(answers, 429)]).toEqual([100, 30]);
    expect(hashed()).toBe(100);
    expect((await login(user.username, password, { headers })).status).toBe(429);
    expect((await login(user.username, password, { headers: { 'cf-connecting-ip': anAddress() } })).status).toBe(200);
    // What the address was refused has cost the account nothing.
    expect(countOf(await fail(user.username, 11), 401)).toBe(10);
  });

  it('are counted for a change of the password as well', async () => {
    const { user, token, password } = await newUser();
    const change = (currentPassword: string) =>
      call<Problem>('/v1/auth/password/change', { token, body: { currentPassword, newPassword: 'Another horse 77!' } });
    const hashed = watchHashing();
    const answers = await many(50, () => change(`${GUESS}x`));
    expect([countOf(answers, 422), countOf(answers, 429)]).toEqual([10, 40]);
    expect(hashed()).toBe(10);
    expect((await change(password)).body.code).toBe('too_many_attempts');
    expect((await login(user.username, password)).status).toBe(200);
    pass(60_000);
    expect((await change(password)).status).toBe(204);
  });

  it('survive the object in memory, and leave nothing behind', async () => {
    const identifier = `nobody-${crypto.randomUUID()}`;
    await fail(identifier, 10);
    const name = `login:account:${subjectHash(JSON.stringify({ usernameKey: identifier }))}`;
    const guard = env.ATTEMPT_GUARD.get(env.ATTEMPT_GUARD.idFromName(name));
    await evictDurableObject(guard);
    expect((await login(identifier, `${GUESS}x`)).status).toBe(429);
    const stored = () => runInDurableObject(guard, (_, { storage }) => storage.list().then(({ size }) => size));
    expect(await stored()).toBe(1);
    expect(await runDurableObjectAlarm(guard)).toBe(true);
    expect(await stored()).toBe(0);
  });

  it('are not made when they cannot be counted', async () => {
    const broken = { idFromName: () => ({}), get: () => ({ begin: () => Promise.reject(new Error('down')) }) };
    const hashed = watchHashing();
    const answer = await login('somebody', `${GUESS}x`, { bindings: isolate({ ATTEMPT_GUARD: broken }) });
    expect([answer.status, answer.body.code, seconds(answer.headers)]).toEqual([503, 'unavailable', 2]);
    expect(hashed()).toBe(0);
  });
});
