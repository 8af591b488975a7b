import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newUser } from './support/actors.ts';
import { type Call, call } from './support/app.ts';
import { allRows } from './support/catalogue.ts';
import { roundTrips } from './support/costs.ts';
import { tick } from './support/cron.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type Me = {
  username: string;
  version: number;
  preferences: Record<string, Json>;
  code: string;
  errors?: { path: string; message: string }[];
};

const me = (token: string, options: Call = {}) => call<Me>('/v1/me', { token, ...options });
const patch = (token: string, body: unknown, headers = {}) => me(token, { method: 'PATCH', body, headers });
const login = (identifier: string, password: string) => call('/v1/auth/login', { body: { identifier, password } });
const register = (username: string) =>
  call<Me>('/v1/auth/register', {
    body: { email: `${crypto.randomUUID()}@example.com`, username, password: 'correct horse battery' },
  });
/** A name that no other test has, of letters that look like nothing else. */
const unique = () => `d${crypto.randomUUID().replaceAll(/[\d-]/g, 'e').slice(0, 12)}`;

describe('a profile', () => {
  it('says what its user wants it to say, and no more', async () => {
    const { token } = await newUser();
    const changed = await patch(token, {
      bio: '  I collect engines. ',
      theme: 'dark',
      locale: 'EN-gb',
      timeZone: 'europe/london',
      preferredModel: '@cf/meta/llama-3.1-8b-instruct',
      preferences: { sidebar: { open: true } },
    });
    const expected = {
      bio: 'I collect engines.',
      theme: 'dark',
      locale: 'en-GB',
      timeZone: 'Europe/London',
      preferredModel: '@cf/meta/llama-3.1-8b-instruct',
      preferences: { sidebar: { open: true } },
      version: 2,
    };
    expect(changed.body).toMatchObject(expected);
    expect(roundTrips(changed)).toBe(2);
    expect((await me(token)).body).toEqual(changed.body);
    const taken = { bio: null, theme: 'system', locale: null, timeZone: null, preferredModel: null, preferences: null };
    const back = await patch(token, taken);
    expect(back.body).toMatchObject({ ...taken, preferences: {}, version: 3 });
    expect(roundTrips(back)).toBe(1);
  });

  it.each([
    ['bio', { bio: 'x'.repeat(2001) }],
    ['bio', { bio: ' ' }],
    ['bio', { bio: 'nul\0l' }],
    ['theme', { theme: 'pink' }],
    ['theme', { theme: null }],
    ['locale', { locale: 'en_GB' }],
    ['locale', { locale: 7 }],
    ['timeZone', { timeZone: 'Mars/Olympus' }],
    ['timeZone', { timeZone: '+02:00' }],
    ['preferredModel', { preferredModel: 'x'.repeat(101) }],
    ['preferences', { preferences: [] }],
    ['preferences', { preferences: 'text' }],
    ['preferences', { preferences: { long: 'x'.repeat(16 * 1024) } }],
    ['username', { username: null }],
    ['username', { username: 'раypal' }],
    ['', { avatar: null }],
    ['', { role: 'admin' }],
    ['', {}],
    ['', { version: 1 }],
  ])('refuses a wrong %s: %j', async (path, wrong) => {
    const { token } = await newUser();
    const answer = await patch(token, wrong);
    expect(answer.status).toBe(422);
    expect(answer.body.errors?.map((error) => error.path)).toContain(path);
    expect((await me(token)).body.version).toBe(1);
  });

  it('is changed by one of two who have read the same', async () => {
    const { token } = await newUser();
    const answers = await Promise.all(
      ['one', 'two', 'three'].map((bio) => patch(token, { bio, preferences: { [bio]: true } }, { 'if-match': '"1"' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
    expect(Object.keys((await me(token)).body.preferences)).toHaveLength(1);
  });
});

describe('preferences', () => {
  /** RFC 7396, section 2, word for word. */
  const merge = (target: Json | undefined, change: Json): Json => {
    if (typeof change !== 'object' || change === null || Array.isArray(change)) return change;
    const isObject = typeof target === 'object' && target !== null && !Array.isArray(target);
    const result = new Map(Object.entries(isObject ? target : {}));
    for (const [name, value] of Object.entries(change)) {
      if (value === null) result.delete(name);
      else result.set(name, merge(result.get(name), value));
    }
    return Object.fromEntries(result);
  };

  it('are merged as RFC 7396 says', async () => {
    const { token } = await newUser();
    const name = fc.constantFrom('a', 'b', 'ä', 'a.b', '"', "'", '$', '', '0', 'a\\b', '\u2028');
    const { node } = fc.letrec<{ node: Json; object: Json }>((tie) => ({
      object: fc.dictionary(name, tie('node'), { maxKeys: 4 }) as fc.Arbitrary<Json>,
      node: fc.oneof(
        { maxDepth: 4 },
        fc.constant(null),
        fc.boolean(),
        fc.integer(),
        fc.string({ unit: 'binary', maxLength: 5 }),
        fc.array(fc.constantFrom<Json>(null, 1, {}), { maxLength: 2 }),
        tie('object'),
      ),
    }));
    const change = fc.dictionary(name, node, { minKeys: 1, maxKeys: 4 });
    let expected: Json = {};
    await fc.assert(
      fc.asyncProperty(change, async (preferences) => {
        expected = merge(expected, preferences);
        const answer = await patch(token, { preferences });
        expect(answer.body.preferences).toEqual(expected);
      }),
      { numRuns: 150, seed: 20261122 },
    );
  });

  it('take no turns: of changes at the same time none is lost', async () => {
    const { token } = await newUser();
    const names = Array.from({ length: 10 }, (_, index) => `app${index}`);
    await Promise.all(names.map((name) => patch(token, { preferences: { [name]: { open: true } } })));
    expect(Object.keys((await me(token)).body.preferences).sort()).toEqual(names.sort());
  });

  it('are never longer than 16 KiB in all', async () => {
    const { token } = await newUser();
    const half = { preferences: { one: 'ä'.repeat(4000) } };
    expect((await patch(token, half)).status).toBe(200);
    const whole = await patch(token, { preferences: { two: 'ä'.repeat(4500) } });
    expect([whole.status, whole.body.errors?.[0]?.path]).toEqual([422, 'preferences']);
    expect(Object.keys((await me(token)).body.preferences)).toEqual(['one']);
    expect((await patch(token, { preferences: { one: null, two: 'ä'.repeat(4500) } })).status).toBe(200);
  });

  it('keep what looks like something of the language', async () => {
    const { token } = await newUser();
    const body = '{"preferences": {"__proto__": {"isAdmin": true}, "constructor": 1, "toString": null}}';
    const answer = await patch(token, body, { 'content-type': 'application/json' });
    expect(answer.status).toBe(200);
    expect(answer.body.preferences.constructor).toBe(1);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });
});

describe('a username', () => {
  it('is changed, and logs in from then on', async () => {
    const { token, user, password } = await newUser();
    const name = unique();
    const renamed = await patch(token, { username: name.toUpperCase() });
    expect(renamed.body).toMatchObject({ username: name.toUpperCase(), version: 2 });
    expect((await login(name, password)).status).toBe(200);
    expect((await login(user.username, password)).status).toBe(401);
    expect((await register(user.username)).status).toBe(201);
    expect((await patch(token, { username: name })).status).toBe(200);
  });

  it('is nobody else’s, nor looks like theirs', async () => {
    const name = `${unique()}paypal`;
    const { token } = await newUser({ username: name });
    const stranger = await newUser();
    const alike = ['paypaI', 'PAYPAL', 'paypa1', 'ｐａｙｐａｌ', 'paypaǀ', 'paypaɪ'].map(
      (end) => name.slice(0, -6) + end,
    );
    for (const username of [name, name.toUpperCase(), ...alike]) {
      for (const answer of [await register(username), await patch(stranger.token, { username })]) {
        expect([answer.status, answer.body.code], username).toEqual([409, 'username_taken']);
      }
    }
    expect((await me(stranger.token)).body).toMatchObject({ username: stranger.user.username, version: 1 });
    for (const username of ['раypal', 'pay\u2010pal', 'pay\u200dpal'])
      expect((await register(username)).status).toBe(422);
    expect((await patch(token, { username: name.toUpperCase() })).status).toBe(200);
  });

  it('of one alphabet is anyone’s who comes first', async () => {
    for (const username of ['李雷', 'Müller', 'Αλέξης', 'Дмитрий', '山田太郎']) {
      expect((await register(username)).status, username).toBe(201);
      expect((await register(username)).body.code, username).toBe('username_taken');
    }
    expect((await register('Muller')).status).toBe(201);
  });

  it('goes to one of twenty who want the same look at the same time', async () => {
    const name = unique();
    const looks = ['paypal', 'paypaI', 'paypa1', 'PAYPAL'];
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => register(name + looks[index % 4])));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(409)]);
  });

  it('that is older than the comparison is compared after the next tick, and kept even if it is not the first', async () => {
    const name = unique();
    const first = await newUser({ username: `${name}l` });
    const second = await newUser({ username: `${name}x` });
    const forget = env.DB.prepare('update users set username_skeleton = null where id = ?');
    const rename = env.DB.prepare('update users set username = ?, username_key = ? where id = ?');
    await env.DB.batch([
      rename.bind(`${name}1`, `${name}1`, second.user.id),
      forget.bind(first.user.id),
      forget.bind(second.user.id),
    ]);
    await tick();
    const rows = (await allRows()).filter(({ row }) => [first.user.id, second.user.id].includes(String(row.id)));
    const skeletons = rows.map(({ row }) => row.username_skeleton);
    expect(new Set(skeletons).size).toBe(2);
    expect(skeletons).toContain(`${name}l`);
    expect(skeletons.some((look) => String(look).startsWith('!'))).toBe(true);
    expect((await register(`${name}I`)).status).toBe(409);
    expect((await login(`${name}1`, second.password)).status).toBe(200);
    await tick();
    expect((await allRows()).filter(({ table, row }) => table === 'users' && row.username_skeleton === null)).toEqual(
      [],
    );
  });
});
